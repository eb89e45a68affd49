/* SPDX-License-Identifier: ISC */
/*
 * counts: how often a rule has matched a host lately, for rules that ban only
 * the host that does it again and again ("count = 3 in 10m").
 *
 * One entry a rule and addr_ban_key. The table is bounded (lru.h): when it is
 * full, the host that was matched longest ago leaves first. No clock: times
 * are unix seconds that the caller got from the log.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/ban.h"
#include "base/lru.h"
#include "log/rules.h"

#define COUNTS_MAX 65536

/* What is known of a host under a rule. Also the key of repeats.h. */
struct counts_key {
	struct addr ip;		  /* an addr_ban_key */
	char rule[BAN_RULE_SIZE]; /* zero to its end */
};

struct counts_entry {
	struct counts_key key;
	uint32_t window_s;
	uint32_t n;			       /* 1 .. RULES_COUNT_MAX - 1 */
	uint32_t times_s[RULES_COUNT_MAX - 1]; /* the first n, as they came */
};

/* A table of counts_entry, or NULL with errno. */
struct lru *counts_new(size_t max) __attribute__((warn_unused_result));

/* The key of a host under a rule. */
struct counts_key counts_key(const char *rule, const struct addr *a);

/*
 * Takes note that a rule matched a host at time_s. Returns how many matches
 * there were in the window_s seconds up to then, this one included. When that
 * is need (2 .. RULES_COUNT_MAX), the entry is gone: the next match is the
 * first again. 0 with errno ENOMEM.
 */
unsigned counts_match(struct lru *counts, const char *rule,
    const struct addr *a, int64_t time_s, unsigned need, uint32_t window_s)
    __attribute__((warn_unused_result));

/* Forgets all that a rule has counted. */
void counts_forget(struct lru *counts, const char *rule);

/*
 * Forgets entries that can no longer count at now_s or later, as far as they
 * are next to leave.
 */
void counts_expire(struct lru *counts, int64_t now_s);

#endif
