/* SPDX-License-Identifier: ISC */
/*
 * judge: the one path of a line, for the feed, its -n, and the trial of
 * rblcachectl replay. The same lines lead to the same bans in all of them.
 *
 *	line -> decide -> torn -> connections -> zones -> count -> alarm
 *	    -> cap -> again -> doubts -> bans
 *	one that no rule matches -> passes
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "log/follow.h"
#include "state/state.h"

/*
 * Takes a line of a log. A stamp that is after now_s by more than JUDGE_FUTURE_S
 * counts as now_s (unix seconds). d is what the line leads
 * to, news what follows from that; both are in the state then. Returns 0, or -1
 * with errno ENOMEM; then nobody is banned by this line.
 */
#define JUDGE_FUTURE_S 60
int judge_line(struct state *s, struct state_log *log,
    const struct policy *policy, const struct follow_line *line, int64_t now_s,
    struct decision *d, struct news *news) __attribute__((warn_unused_result));

/*
 * The same from a decision of decide_line on. A ban may become a count or a skip
 * (torn, decided, unseen, distrusted, alarm, cap), or last longer.
 */
int judge_decision(struct state *s, struct state_log *log,
    const struct policy *policy, struct decision *d, struct news *news)
    __attribute__((warn_unused_result));

/*
 * What came of a line, for people and scripts: decide_format's text, or "lift IP
 * RULE WHY", tab-separated, of a line that takes a ban back: WHY is "recheck",
 * "passed" or "doubt". Returns buf; it is empty if there is nothing to say.
 */
const char *judge_format(const struct decision *d, const struct news *news,
    char buf[DECIDE_TEXT_SIZE]);

#endif
