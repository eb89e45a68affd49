/* SPDX-License-Identifier: ISC */
/*
 * watched: whether inotify tells of new lines in the logs, and what to do
 * without it.
 */
#ifndef WATCHED_H
#define WATCHED_H

#include <stdint.h>

struct feed;

/* Looks now and then whether inotify watches each log; tells what changed. */
void watched_look(struct feed *f);

/*
 * In how many milliseconds to look at the logs in any case. Without inotify a
 * line is seen when somebody looks: often while lines come, and less and less
 * often while none does.
 */
int64_t watched_interval_ms(const struct feed *f);

#endif
