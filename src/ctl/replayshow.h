/* SPDX-License-Identifier: ISC */
/*
 * replayshow: what a replay (replay.h) has found, for people and for programs.
 */
#ifndef REPLAYSHOW_H
#define REPLAYSHOW_H

#include <jansson.h>
#include <stdio.h>

#include "ctl/replay.h"

/*
 * {"first": TIME, "last": TIME, and the other counts of struct replay_counts by
 * their names, "trials": [{"ban": SECONDS, "pass": SECONDS, "queries": N,
 * "outdated": N, "outdated_hosts": N, "let_in": N}, ...]}. For the caller to
 * own; NULL: ENOMEM.
 */
json_t *replayshow_report(const struct replay_counts *n);

/*
 * The same as a table and what has to be said of it. There must be a
 * connection. Errors are the stream's.
 */
void replayshow_show(FILE *to, const struct replay_counts *n);

#endif
