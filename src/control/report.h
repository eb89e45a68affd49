/* SPDX-License-Identifier: ISC */
/*
 * report: parts of what `rblcachectl status` shows, as JSON.
 *
 * The feed makes them from what it knows, rblcachectl from recent.cdb when no
 * feed runs. Each returns a new object for the caller to own; NULL: ENOMEM.
 * Times are unix seconds.
 */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>
#include <stdint.h>

#include "kernel/sets.h"
#include "state/state.h"

/*
 * {"on": BOOL, "why": TEXT or null, "since": TIME or null, "from": TIME or
 *  null, "ended": TIME or null, "usual": TEXT}: the last alarm of a log.
 */
json_t *report_alarm(const struct alarm *b);

/*
 * {"cut": N, "torn": N, "share": N, "late": N, "taken_back": N, "unshown": BOOL}:
 * lines of a log that nobody is banned by, the share of time that they cost
 * (torn.h, per cent), and what state.h has of refusals and bans of processes that
 * passed. unshown: lately a line named no process, and the log cannot show who is
 * connected.
 */
json_t *report_torn(const struct state_log *log, int64_t now);

/*
 * Appends {"name": NAME, "entries": N, "room": N} or {"name": NAME, "error":
 * TEXT} for each set of the pair that is not switched off. s may be NULL: both
 * are.
 */
void report_sets(json_t *list, struct sets *s);

/*
 * Adds "bans", "zones", "hook" and "rechecks":
 *
 *	{"live": N, "max": N, "rules": [{"rule": NAME, "live": N,
 *	 "today": NUMBERS, "all": NUMBERS}, ...]}, with NUMBERS {"bans": N,
 *	 "counts": N, "skips": {"ambiguous": N, ...}}
 *
 *	[{"zone": NAME, "trusted": BOOL, "answers": BOOL, "well": TIME or null,
 *	 "why": TEXT or null, "since": TIME or null, "until": TIME or null}]:
 *	when it was last found well, and the last spell of distrust, which lasts
 *	if "until" is null. The name as it may be shown.
 *
 *	{"today": NUMBERS, "all": NUMBERS, "last": {...}}, by kind of line:
 *	"local", "ipset" and "recent" are refusals from these sources,
 *	"would_refuse", "allowed", "pass", "recheck", "passed", "decided", "no_right" and
 *	"trouble" as hooklog.h has them; "last" is when.
 *
 *	{"today": NUMBERS, "all": NUMBERS, "outlived": null or {"percent": X,
 *	 "low": X, "high": X}}, with NUMBERS {"refused": N, "passed": N}: what
 *	became of rechecks, and the estimate of what share of the refusals from
 *	the cache would be none of the list's any more, with its 95 % interval
 *	(Wilson's).
 */
void report_state(json_t *status, const struct state *s, int64_t now);

/*
 * A string as JSON can hold it: where it is no UTF-8, with a '?' for every byte
 * that is not ASCII. null for NULL.
 */
json_t *report_text(const char *text);

/* A time; null for 0, which is none. */
json_t *report_time(int64_t time_s);

#endif
