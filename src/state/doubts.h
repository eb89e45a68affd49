/* SPDX-License-Identifier: ISC */
/*
 * doubts: what the lists have said of each host, and for how long that is to be
 * believed.
 *
 * A mail server that is refused tries again within hours; most bots do not. So
 * a refusal may be remembered for weeks, as long as a host that behaves like a
 * mail server is soon asked about again: after its 1st, 2nd, 4th and then each
 * 8th refusal from memory. And a host that was clean for long stays so for long:
 * its pass lasts as long as it has been known clean. rblcache(7) tells an
 * administrator so.
 *
 * One record a host, which outlives the ban and the pass. For IPv6 a ban is one of
 * a /64, and so is the record of a refusal; a host that is clean has its own.
 * The table is bounded (lru.h): when it is full, the host that was heard of
 * longest ago leaves first. No clock: times are unix seconds that the caller got
 * from the log.
 */
#ifndef DOUBTS_H
#define DOUBTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/lru.h"

#define DOUBTS_MAX 1048576	  /* as many as there can be bans */
#define DOUBTS_PASS_USES 20	  /* one in so many is asked about */
#define DOUBTS_AGAIN_S 300	  /* nobody is asked about sooner */
#define DOUBTS_CLEAN_S 86400	  /* of a host that was clean so long, */
#define DOUBTS_BROKEN_S 3600	  /* the first refusal counts so long */
#define DOUBTS_KEEP_S (7 * 86400) /* a clean host is remembered so long */

/* Unix seconds in 32 bits, which last until 2106; 0: never. */
struct doubts_entry {
	struct addr ip;	  /* if listed: its addr_ban_key */
	uint32_t since_s; /* since when the lists have said what they say */
	uint32_t asked_s; /* when they were asked last */
	uint32_t last_s;  /* if listed: when it was last seen refused */
	uint32_t keep_s;  /* until when the record is worth something */
	uint32_t pass_s;  /* until when its pass lasts; 0: it has none */
	uint8_t answers;  /* of the same kind in a row; 255: or more */
	uint8_t refusals; /* from memory, since asked_s; 255: or more */
	uint8_t uses;	  /* of the pass */
	bool is_listed;	  /* what they say */
};

/* A table of doubts_entry, or NULL with errno. */
struct lru *doubts_new(size_t max) __attribute__((warn_unused_result));

/*
 * The record of a host that is worth something at time_s, or NULL: what was said
 * of itself, or else of what a ban around it covers.
 */
const struct doubts_entry *doubts_find(
    const struct lru *hosts, const struct addr *a, int64_t time_s);

/*
 * A list has refused a host. How long that is to be remembered, ban_s being the
 * rule's time; 0 with errno ENOMEM. Its pass ends.
 */
uint32_t doubts_refused(struct lru *hosts, const struct addr *a, int64_t time_s,
    uint32_t ban_s) __attribute__((warn_unused_result));

/*
 * It was refused from memory, for a ban that began at since_s and lasts until
 * until_s. Whether the lists are to be asked again now, so that the ban has to
 * be lifted. A refusal counts when it comes within doubt_s of the one before.
 * A ban whose record has left the table, or was made by an earlier version,
 * counts as one answer. Without memory for a record, nobody is in doubt.
 */
bool doubts_remembered(struct lru *hosts, const struct addr *a, int64_t time_s,
    uint32_t doubt_s, int64_t since_s, int64_t until_s);

/*
 * No list has refused it. Its pass lasts from then on, for least_s to most_s; with
 * 0 there is none. 0, or -1 with errno ENOMEM.
 */
int doubts_passed(struct lru *hosts, const struct addr *a, int64_t time_s,
    uint32_t least_s, uint32_t most_s) __attribute__((warn_unused_result));

/*
 * For how many seconds more it has a pass at time_s; 0: it has none. Never more
 * than the pass had in all, nor than most_s, which may have changed since.
 */
uint32_t doubts_pass_left(const struct lru *hosts, const struct addr *a,
    int64_t time_s, uint32_t most_s);

/*
 * It was let in by a pass. Whether that ends it: its DOUBTS_PASS_USES-th use, or
 * nothing is known of it here.
 */
bool doubts_used(
    struct lru *hosts, const struct addr *a, int64_t time_s, uint32_t most_s);

/* It was refused, by whomever: its pass ends. */
void doubts_end_pass(struct lru *hosts, const struct addr *a);

/* All passes end. */
void doubts_end_passes(struct lru *hosts);

/* Forgets it, and what a ban around it covers. */
void doubts_forget(struct lru *hosts, const struct addr *a);

/* Forgets what no longer counts at now_s, as far as it is next to leave. */
void doubts_expire(struct lru *hosts, int64_t now_s);

#endif
