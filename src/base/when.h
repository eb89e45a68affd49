/* SPDX-License-Identifier: ISC */
/*
 * when: a moment in the past as an administrator types it, and reads it.
 *
 *	14:30			today, or yesterday when that is still to come
 *	2026-11-25		midnight
 *	2026-11-25 14:30[:05]	also with a T between
 *	2h			so long ago (timespan.h)
 *	@1795505462		unix seconds
 *
 * Times are local.
 */
#ifndef WHEN_H
#define WHEN_H

#include <stdint.h>

/* Local time as "2026-11-25 14:30:05", which when_parse reads. */
#define WHEN_SIZE 32
const char *when_format(int64_t time_s, char buf[WHEN_SIZE]);

/* Returns 0 and unix seconds, or -1 when it is no such text. */
int when_parse(const char *text, int64_t now, int64_t *time_s)
    __attribute__((warn_unused_result));

#endif
