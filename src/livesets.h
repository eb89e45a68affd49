/*
 * livesets: keeps the kernel sets agreeing with the bans, as far as the
 * kernel lets us.
 *
 * At the start, and whenever a set had to be made anew, all live bans are put.
 * Otherwise only new ones, so what an admin deletes from a set stays deleted.
 * Where ipset cannot be used at all, this says so once, goes on without, and
 * tries again after 10 s, 20 s, ... up to an hour.
 */
#ifndef LIVESETS_H
#define LIVESETS_H

#include <stdbool.h>
#include <stdint.h>

#include "bans.h"
#include "sets.h"

struct livesets {
	struct sets *sets;
	const struct bans *bans;
	bool off;    /* both names are empty */
	bool broken; /* until a retry works */
	int64_t next_look_ms;
	int64_t retry_ms;
};

/*
 * Creates the sets where needed and puts all live bans of the table, which
 * must live as long as l. now_s is unix seconds, now_ms a monotonic clock.
 * Returns what there is to tell, or NULL; valid until the next call on l.
 */
const char *livesets_start(struct livesets *l, struct sets *sets, bool off,
    const struct bans *bans, int64_t now_s, int64_t now_ms);

/* Collects one new or renewed ban. One that is over by now_s is left out. */
void livesets_add(
    struct livesets *l, const struct recent_ban *ban, int64_t now_s);

/*
 * Sends what was collected, and when it is time, looks whether the sets are
 * still there. Returns what there is to tell, or NULL.
 */
const char *livesets_flush(struct livesets *l, int64_t now_s, int64_t now_ms);

#endif
