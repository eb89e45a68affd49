/*
 * livesets: keeps the kernel sets agreeing with the bans, as far as the
 * kernel lets us.
 *
 * At the start, and whenever a set is new or another one, all live bans are
 * put. Otherwise only new ones, so what an admin deletes from a set stays
 * deleted. A ban that a set would not take is tried again at each look, every
 * 10 s. Where ipset cannot be used at all, this says so once, goes on without,
 * and tries again after 10 s, 20 s, ... up to an hour.
 */
#ifndef LIVESETS_H
#define LIVESETS_H

#include <stdbool.h>
#include <stdint.h>

#include "bans.h"
#include "sets.h"

#define LIVESETS_LATER_MAX 1024

struct livesets {
	struct sets *sets; /* NULL: both names are empty */
	const struct bans *bans;
	bool broken;  /* until a retry works */
	bool refused; /* and told */
	int64_t next_look_ms;
	int64_t retry_ms;
	/* what did not get in; more than that: all of them */
	struct addr later[LIVESETS_LATER_MAX];
	size_t later_n;
	bool later_all;
};

/*
 * Prepares for two sets, of which an empty name switches one off. The table
 * must live as long as l, and l must not move. 0, or -1 with errno ENOMEM.
 */
int livesets_open(struct livesets *l, const char *set4, const char *set6,
    const struct bans *bans) __attribute__((warn_unused_result));
void livesets_close(struct livesets *l);

/*
 * Creates the sets where needed and puts all live bans. now_s is unix seconds,
 * now_ms a monotonic clock. Returns what there is to tell, or NULL; valid until
 * the next call on l.
 */
const char *livesets_start(struct livesets *l, int64_t now_s, int64_t now_ms);

/* Makes the next flush look at the sets. */
void livesets_look_soon(struct livesets *l);

/* Collects one new or renewed ban. One that is over by now_s is left out. */
void livesets_add(
    struct livesets *l, const struct recent_ban *ban, int64_t now_s);

/*
 * Collects the removal of a ban, which the table has no more, from its set.
 */
void livesets_del(struct livesets *l, const struct addr *a);

/*
 * Empties both sets, after the table was emptied. NULL, or why not; valid until
 * the next call.
 */
const char *livesets_empty(struct livesets *l);

/* Why the sets cannot be used now; NULL: they can, or are switched off. */
const char *livesets_trouble(const struct livesets *l);

/*
 * Sends what was collected, and when it is time, looks whether the sets are
 * still there. Returns what there is to tell, or NULL.
 */
const char *livesets_flush(struct livesets *l, int64_t now_s, int64_t now_ms);

#endif
