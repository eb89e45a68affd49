/* SPDX-License-Identifier: ISC */
/*
 * timespan: "90", "10m", "4h", "1d", "2w" as seconds.
 */
#ifndef TIMESPAN_H
#define TIMESPAN_H

#include <stdint.h>

/* 366 days: a year, whichever it is. */
#define TIMESPAN_MAX_D 366U
#define TIMESPAN_MAX_S (TIMESPAN_MAX_D * 86400U)

/*
 * Reads a whole string: digits and at most one of s m h d w.
 * Returns 0 and the seconds (1 .. TIMESPAN_MAX_S), or -1 when it is not a
 * time or out of that range.
 */
int timespan_parse(const char *text, uint32_t *seconds)
    __attribute__((warn_unused_result));

/* As timespan_parse reads it, in the largest of s m h without a rest. */
#define TIMESPAN_SIZE 16
const char *timespan_format(uint32_t seconds, char buf[TIMESPAN_SIZE]);

#endif
