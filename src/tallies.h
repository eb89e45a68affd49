/*
 * tallies: what came of the lines that each rule matched, for the admin.
 */
#ifndef TALLIES_H
#define TALLIES_H

#include <stddef.h>
#include <stdint.h>

#include "decide.h"
#include "recent.h"

/* names of rules that are remembered, old ones included */
#define TALLIES_MAX 256

struct tally {
	char rule[RECENT_RULE_SIZE];
	uint64_t bans, counts;
	uint64_t skips[DECIDE_WHYS];
};

struct tallies {
	struct tally list[TALLIES_MAX];
	size_t n;
};

/* The tally of a rule, new if need be; NULL when the table is full. */
struct tally *tallies_of(struct tallies *t, const char *rule);

/* Counts a decision. One of a rule too many is not counted. */
void tallies_add(struct tallies *t, const struct decision *d);

#endif
