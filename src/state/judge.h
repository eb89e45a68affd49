/* SPDX-License-Identifier: ISC */
/*
 * judge: the one path of a line, for the feed, its -n, and the trial of
 * rblcachectl replay. The same lines lead to the same bans in all of them.
 *
 *	line -> decide -> connections -> zones -> count -> alarm -> cap
 *	    -> again -> bans
 *	one that no rule matches -> passes
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "state/state.h"

/*
 * Takes the len bytes of a line of a log, without its line feed. One without a
 * stamp happened at unstamped_s; a stamp that is after now_s by more than
 * JUDGE_FUTURE_S counts as now_s (all unix seconds). d is what the line leads
 * to, news what follows from that; both are in the state then. Returns 0, or -1
 * with errno ENOMEM; then nobody is banned by this line.
 */
#define JUDGE_FUTURE_S 60
int judge_line(struct state *s, struct state_log *log,
    const struct policy *policy, const char *line, size_t len,
    int64_t unstamped_s, int64_t now_s, struct decision *d, struct news *news)
    __attribute__((warn_unused_result));

/*
 * The same from a decision of decide_line on. A ban may become a count or a skip
 * (decided, unseen, distrusted, alarm, cap), or last longer.
 */
int judge_decision(struct state *s, struct state_log *log,
    const struct policy *policy, struct decision *d, struct news *news)
    __attribute__((warn_unused_result));

#endif
