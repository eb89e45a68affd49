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

#include "sets.h"
#include "state.h"

/*
 * {"live": N, "max": N, "rules": [{"rule": NAME, "live": N,
 *  "today": NUMBERS, "all": NUMBERS}, ...]}, with NUMBERS {"bans": N,
 *  "counts": N, "skips": {"ambiguous": N, ...}}
 */
json_t *report_bans(const struct state *s, int64_t now);

/*
 * {"today": NUMBERS, "all": NUMBERS, "last": {...}}, by kind of line: "local",
 * "ipset" and "recent" are refusals from these sources, "would_refuse",
 * "allowed", "no_right" and "trouble" as hooklog.h has them; "last" is when.
 */
json_t *report_hook(const struct tallies *t, int64_t now);

/*
 * [{"name": NAME, "entries": N, "room": N} or {"name": NAME, "error": TEXT}],
 * of the sets that are not switched off. s may be NULL: both are.
 */
json_t *report_sets(struct sets *s, const char *set4, const char *set6);

/*
 * A string as JSON can hold it: where it is no UTF-8, with a '?' for every byte
 * that is not ASCII. null for NULL.
 */
json_t *report_text(const char *text);

#endif
