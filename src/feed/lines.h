/* SPDX-License-Identifier: ISC */
/* lines: what a line of a log leads to, in the state and in the kernel sets. */
#ifndef LINES_H
#define LINES_H

#include "feed/feed.h"

/* Takes a line of f's log i, and says what an admin should know of it. */
void lines_take(struct feed *f, size_t i, const struct follow_line *line);

#endif
