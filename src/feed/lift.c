/* SPDX-License-Identifier: ISC */
#include "feed/lift.h"

#include <string.h>

#include "feed/feed.h"
#include "state/counts.h"

/* Which bans are to be lifted. */
struct which {
	int64_t since_s;
	const char *rule;
	size_t zone;
};

typedef bool is_one(
    const struct feed *f, const struct ban *ban, const struct which *which);

bool
lift_host(struct feed *f, const struct addr *a)
{
	livesets_lift(&f->livesets, a);
	livesets_no_pass(&f->livesets, a);
	return state_lift(&f->state, a);
}

/* is NULL: all, and not from the sets. */
static size_t
lift(struct feed *f, is_one *is, const struct which *which)
{
	size_t lifted = 0;

	for (size_t i = bans_count(f->state.bans); i-- > 0;) {
		struct ban ban;

		bans_nth(f->state.bans, i, &ban);
		if (is == NULL)
			(void)state_lift(&f->state, &ban.ip);
		else if (ban.since >= which->since_s && is(f, &ban, which))
			(void)lift_host(f, &ban.ip);
		else
			continue;
		lifted++;
	}
	return lifted;
}

size_t
lift_all(struct feed *f)
{
	return lift(f, NULL, NULL);
}

static bool
is_of_rule(
    const struct feed *f, const struct ban *ban, const struct which *which)
{
	(void)f;
	return strcmp(ban->rule, which->rule) == 0;
}

static bool
is_of_zone(
    const struct feed *f, const struct ban *ban, const struct which *which)
{
	return state_is_of_list(&f->policy, ban->rule) &&
	       zones_may_have_made(&f->state.zones, which->zone, ban->reply);
}

size_t
lift_rule(struct feed *f, const char *rule, int64_t since_s)
{
	return lift(f, is_of_rule, &(struct which){since_s, .rule = rule});
}

size_t
lift_zone(struct feed *f, size_t i, int64_t since_s)
{
	for (size_t k = 0; k < f->state.tallies.n; k++) {
		const char *rule = f->state.tallies.list[k].rule;

		if (state_is_of_list(&f->policy, rule))
			counts_forget(f->state.counts, rule);
	}
	return lift(f, is_of_zone, &(struct which){since_s, .zone = i});
}
