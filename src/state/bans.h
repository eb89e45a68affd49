/* SPDX-License-Identifier: ISC */
/*
 * bans: who is banned until when, and what to tell them.
 *
 * One ban an addr_ban_key: a host for IPv4, a /64 for IPv6. The table is
 * bounded; when it is full, the ban that ends first leaves for a new one (of
 * those that end together, the lowest address). Every operation takes constant time but
 * for the order by end, which is a heap.
 * No clock: times are unix seconds that the caller got from the log.
 */
#ifndef BANS_H
#define BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/ban.h"

/* How many there may be: if nothing else is said, and at most. */
#define BANS_USUAL 1048576
#define BANS_MAX 8388608

struct bans;

/* A table for at most max bans (1 .. BANS_MAX), or NULL with errno. */
struct bans *bans_new(size_t max) __attribute__((warn_unused_result));
void bans_free(struct bans *b);

/* Makes it a table for at most max bans; those that are too many leave. */
void bans_bound(struct bans *b, size_t max);
size_t bans_max(const struct bans *b);

/*
 * The ban that left last for a new one and has not been told of by this; false:
 * there is none, or the host is banned again.
 */
bool bans_pushed_out(struct bans *b, struct addr *a);

/*
 * Puts a ban; the strings are copied. A ban that stands already is renewed
 * with the new reason when the new one ends no earlier, and stays as it is
 * otherwise, so that log lines read twice or out of order change nothing; but
 * one that began more than BAN_AHEAD_S later was put by a wrong clock.
 * Returns 0, or -1 with errno ENOMEM.
 */
int bans_put(struct bans *b, const struct ban *ban)
    __attribute__((warn_unused_result));

/* Removes the ban around an address. Whether there was one. */
bool bans_remove(struct bans *b, const struct addr *a);

/*
 * Counts a refusal by the hook. How many there were within the ban, this one
 * included; 0: no ban held at time_s. Renewing a ban keeps the number.
 */
uint32_t bans_refused(struct bans *b, const struct addr *a, int64_t time_s);

/* Removes the bans that end at now or before. */
void bans_expire(struct bans *b, int64_t now);

size_t bans_count(const struct bans *b);

/* The ban around an address; false when there is none. */
bool bans_find(const struct bans *b, const struct addr *a, struct ban *ban);

/* The same, of one that holds at now only. */
bool bans_find_live(
    const struct bans *b, const struct addr *a, int64_t now, struct ban *ban);

/* What there is of a ban but its rule and its reply, which cost the most. */
struct bans_left {
	struct addr ip;	  /* as in struct ban */
	uint32_t left_s;  /* 0: it does not hold */
	uint32_t refused; /* as in struct ban */
};

/* That of the one that holds at now around an address; false: there is none. */
bool bans_left(const struct bans *b, const struct addr *a, int64_t now,
    struct bans_left *left);

/* The bans of a rule that hold at now. Looks at each ban. */
size_t bans_count_rule(const struct bans *b, const char *rule, int64_t now);

/*
 * The i-th ban (0 .. count - 1), in no order, valid until the next change; but
 * going down from the last, one may remove each as one goes.
 */
void bans_nth(const struct bans *b, size_t i, struct ban *ban);
void bans_nth_left(
    const struct bans *b, size_t i, int64_t now, struct bans_left *left);

#endif
