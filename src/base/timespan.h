/* SPDX-License-Identifier: ISC */
/*
 * timespan: "90", "10m", "4h", "1d", "2w" as seconds.
 */
#ifndef TIMESPAN_H
#define TIMESPAN_H

#include <stdint.h>

/*
 * The longest time an ipset entry can have, in seconds: the kernel counts in
 * milliseconds in 32 bits (IPSET_MAX_TIMEOUT in linux/netfilter/ipset/
 * ip_set.h, UINT_MAX >> 1 ms). 0 would mean "for ever" there.
 */
#define TIMESPAN_MAX_S 2147483U

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
