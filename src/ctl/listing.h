/* SPDX-License-Identifier: ISC */
/*
 * listing: who is banned now: the members of the kernel sets, with what
 * recent.cdb knows of them; where a set cannot be read, recent.cdb alone.
 */
#ifndef LISTING_H
#define LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/net.h"
#include "kernel/sets.h"
#include "state/state.h"

struct listing_entry {
	struct net net; /* what the ban covers */
	bool in_set;	/* else it stands in recent.cdb alone */
	bool known;	/* since, rule and reply are set */
	int64_t until;	/* unix seconds; 0: for ever */
	int64_t since;	/* unix seconds: of the log line */
	char rule[BAN_RULE_SIZE];
	char reply[REPLY_SIZE];
};

struct listing {
	struct listing_item {
		struct addr ip;
		uint32_t left_s; /* in the set; 0: for ever */
		bool in_set;
	} * list;
	size_t n, room;
	const struct state *state;
	bool failed; /* ENOMEM */
	int64_t now;
};

/*
 * Collects who is banned at now (unix seconds), in order of address. The state
 * must live as long as l; the pair of sets may be NULL. Returns 0, or -1 with
 * errno ENOMEM.
 */
int listing_open(struct listing *l, const struct state *state,
    struct sets *sets, int64_t now) __attribute__((warn_unused_result));
void listing_close(struct listing *l);

/* The i-th of l->n. */
void listing_nth(
    const struct listing *l, size_t i, struct listing_entry *entry);

#endif
