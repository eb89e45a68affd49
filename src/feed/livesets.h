/* SPDX-License-Identifier: ISC */
/*
 * livesets: the feed's kernel sets, each pair kept in agreement with the state.
 *
 *	bans	rblcache4/6	whom the hook refuses (or the names of -s, -S)
 *	drop	rbldrop4/6	those of them that a firewall need not let in, for
 *				a day at most
 *	pass	rblpass4/6	whom rblsmtpd let pass a while ago
 *
 * All but the first are there only when they are wanted; one that is not is
 * emptied, so that nobody is refused or let in by what was put there once.
 */
#ifndef LIVESETS_H
#define LIVESETS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/ipsetpair.h"
#include "state/state.h"

enum livesets_pair {
	LIVESETS_BANS,
	LIVESETS_DROP,
	LIVESETS_PASS,
	LIVESETS_PAIRS
};

/* Which sets there are to be, besides those of the bans. */
struct livesets_wishes {
	unsigned drop_after;  /* refusals; 0: no drop */
	uint32_t pass_most_s; /* 0: no pass */
	uint32_t room;	      /* of a set that is made */
};

struct livesets {
	struct ipsetpair pair[LIVESETS_PAIRS];
	const char *set4, *set6;
	const struct state *state;
	struct livesets_wishes wishes;
};

/*
 * Prepares for the sets of these names, of which an empty one switches a family
 * off, and for the others. The state must live as long as l, and l must not
 * move. 0, or -1 with errno ENOMEM.
 */
int livesets_open(struct livesets *l, const char *set4, const char *set6,
    const struct livesets_wishes *wishes, const struct state *state)
    __attribute__((warn_unused_result));
void livesets_close(struct livesets *l);

/*
 * Goes through the pairs: creates and fills (start), or sends what was
 * collected and looks after the sets (flush). Whatever there is to tell is
 * given to tell. now_s is unix seconds, now_ms a monotonic clock.
 */
typedef void livesets_tell(void *user, const char *message);
void livesets_start(struct livesets *l, int64_t now_s, int64_t now_ms,
    livesets_tell *tell, void *user);
void livesets_flush(struct livesets *l, int64_t now_s, int64_t now_ms,
    livesets_tell *tell, void *user);

/* Goes on with other wishes, while the bans stay. 0, or -1 with errno ENOMEM.
 */
int livesets_change(struct livesets *l, const struct livesets_wishes *wishes,
    int64_t now_s, int64_t now_ms, livesets_tell *tell, void *user)
    __attribute__((warn_unused_result));

/* Makes the next flush look at all sets. */
void livesets_look_soon(struct livesets *l);

/*
 * The ban that the state has around the address is new or renewed. The one that
 * had to leave for it leaves the sets, too.
 */
void livesets_ban(struct livesets *l, const struct addr *a, int64_t now_s);

/* Its host may have come so often by now that it is to be dropped. */
void livesets_drop(struct livesets *l, const struct addr *a, int64_t now_s);

/* The state has no ban around the address any more. */
void livesets_lift(struct livesets *l, const struct addr *a);

/* The pass that the state has for the host is new or renewed. */
void livesets_pass(struct livesets *l, const struct addr *a, int64_t now_s);

/* The state has none for it any more. */
void livesets_no_pass(struct livesets *l, const struct addr *a);

/* None for anybody. NULL, or why it cannot be; valid as livesets_empty's. */
const char *livesets_no_passes(struct livesets *l);

/*
 * Empties the sets of all bans, after the state was. NULL, or why not; valid
 * until the next call.
 */
const char *livesets_empty(struct livesets *l);

/* Why the sets of the bans cannot be used; NULL: they can, or are off. */
const char *livesets_trouble(const struct livesets *l);

#endif
