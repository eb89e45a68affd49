/* SPDX-License-Identifier: ISC */
/*
 * tallies: what came of the lines, for the admin: by rule, and what the hook
 * says of itself; in all, and today.
 *
 * A day is one of local time, by the stamps of the lines. A line of an earlier
 * day than the last one counts in all only.
 */
#ifndef TALLIES_H
#define TALLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ban.h"
#include "base/hooklog.h"
#include "log/decide.h"

/* names of rules that are remembered, old ones included */
#define TALLIES_MAX 256

struct tally_numbers {
	uint64_t bans, counts;
	uint64_t skips[DECIDE_WHYS];
};

struct tally {
	char rule[BAN_RULE_SIZE];
	struct tally_numbers all, today;
};

struct tallies_hook {
	uint64_t all[HOOKLOG_KINDS], today[HOOKLOG_KINDS];
	int64_t last_s[HOOKLOG_KINDS]; /* unix seconds of the last; 0: none */
};

/* Refusals that the hook left out, to have the lists asked again. */
struct tallies_rechecks {
	uint64_t refused; /* the list did so again */
	uint64_t passed;  /* the ban had outlived the listing */
};

struct tallies {
	struct tally list[TALLIES_MAX];
	size_t n;
	struct tallies_hook hook;
	struct tallies_rechecks all, today;
	int64_t day_from, day_to; /* unix seconds: today, to before the next */
};

/* The tally of a rule; NULL when there is none. */
struct tally *tallies_find(struct tallies *t, const char *rule);

/* The tally of a rule, new if need be; NULL when the table is full. */
struct tally *tallies_of(struct tallies *t, const char *rule);

/* Counts a decision. One of a rule too many is not counted. */
void tallies_add(struct tallies *t, const struct decision *d);

/* Counts a line of the hook's. */
void tallies_add_hook(
    struct tallies *t, enum hooklog_kind kind, int64_t time_s);

/* Counts the outcome of a recheck. */
void tallies_add_recheck(struct tallies *t, bool refused, int64_t time_s);

/* Begins a new day when a line of that time does. */
void tallies_turn(struct tallies *t, int64_t time_s);

#endif
