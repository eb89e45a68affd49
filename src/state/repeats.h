/* SPDX-License-Identifier: ISC */
/*
 * repeats: how often a host was banned in a row, for rules that ban longer each
 * time ("again = x2 up to 7d").
 *
 * Remembered beyond the ban's end, for as long as the longest ban of the rule:
 * a host that keeps quiet that long begins anew. The table is bounded (lru.h):
 * when it is full, the host that was banned longest ago leaves first.
 * No clock: times are unix seconds that the caller got from the log.
 */
#ifndef REPEATS_H
#define REPEATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/lru.h"
#include "state/counts.h"

#define REPEATS_MAX 262144

struct repeats_entry {
	struct counts_key key;
	int64_t until_s; /* the end of the last ban */
	uint32_t max_s;	 /* remembered until until_s + max_s */
	uint32_t n;	 /* bans that followed another one */
};

/* A table of repeats_entry, or NULL with errno. */
struct lru *repeats_new(size_t max) __attribute__((warn_unused_result));

/*
 * How long a rule bans a host at time_s: ban_s, times factor for each earlier
 * ban in a row, and max_s at most. A match while a ban stands is no further
 * one. 0 with errno ENOMEM.
 */
uint32_t repeats_ban(struct lru *past, const char *rule, const struct addr *a,
    int64_t time_s, uint32_t ban_s, unsigned factor, uint32_t max_s)
    __attribute__((warn_unused_result));

/* Forgets what no longer counts at now_s, as far as it is next to leave. */
void repeats_expire(struct lru *past, int64_t now_s);

#endif
