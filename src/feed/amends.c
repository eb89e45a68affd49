/* SPDX-License-Identifier: ISC */
#include "feed/amends.h"

#include <string.h>

#include "state/counts.h"

static size_t
lift_hosts(struct feed *f, size_t zone, int64_t since_s)
{
	size_t lifted = 0;

	for (size_t i = bans_count(f->state.bans); i-- > 0;) {
		struct ban ban;

		bans_nth(f->state.bans, i, &ban);
		if (ban.since < since_s ||
		    !state_is_of_list(&f->policy, ban.rule) ||
		    !zones_may_have_made(&f->state.zones, zone, ban.reply))
			continue;
		(void)state_lift(&f->state, &ban.ip);
		livesets_lift(&f->livesets, &ban.ip);
		lifted++;
	}
	return lifted;
}

size_t
amends_make(struct feed *f, size_t i, int64_t since_s)
{
	size_t lifted = lift_hosts(f, i, since_s);

	for (size_t k = 0; k < f->state.tallies.n; k++) {
		const char *rule = f->state.tallies.list[k].rule;

		if (!state_is_of_list(&f->policy, rule))
			continue;
		counts_forget(f->state.counts, rule);
	}
	return lifted;
}
