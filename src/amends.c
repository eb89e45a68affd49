#include "amends.h"

#include <string.h>

#include "counts.h"
#include "request.h"

#define NETS_AT_ONCE 256

/* One of a rule that is gone may have been a list's. */
static bool
is_of_list(const struct feed *f, const char *rule)
{
	const struct rules_rule *r = rules_find(f->rules, rule);

	return strcmp(rule, REQUEST_ADD_RULE) != 0 && (r == NULL || r->list);
}

static size_t
lift_hosts(struct feed *f, size_t zone, int64_t since_s)
{
	size_t lifted = 0;

	for (size_t i = bans_count(f->state.bans); i-- > 0;) {
		struct recent_ban ban;

		bans_nth(f->state.bans, i, &ban);
		if (ban.since < since_s || !is_of_list(f, ban.rule) ||
		    !zones_may_have_made(&f->state.zones, zone, ban.reply))
			continue;
		(void)state_lift(&f->state, &ban.ip);
		live_lift(&f->live, &ban.ip);
		lifted++;
	}
	return lifted;
}

/*
 * A network's ban says nothing of the refusals that it is made of. Entries move
 * when one is removed, so they are looked up first, some at a time.
 */
static size_t
lift_some_nets(struct feed *f, int64_t since_s)
{
	struct nets_prefix found[NETS_AT_ONCE];
	const struct nets_ban *ban;
	size_t n = 0;
	size_t at = 0;

	while (n < NETS_AT_ONCE &&
	       (ban = nets_next_ban(f->state.nets, &at)) != NULL)
		if (ban->since >= since_s && is_of_list(f, ban->rule))
			found[n++] = ban->prefix;
	for (size_t i = 0; i < n; i++) {
		(void)nets_remove(f->state.nets, &found[i]);
		live_no_net(&f->live, &found[i]);
	}
	return n;
}

static size_t
lift_nets(struct feed *f, int64_t since_s)
{
	size_t lifted = 0;
	size_t n;

	while ((n = lift_some_nets(f, since_s)) > 0)
		lifted += n;
	return lifted;
}

size_t
amends_make(struct feed *f, size_t i, int64_t since_s)
{
	size_t lifted = lift_hosts(f, i, since_s);

	lifted += lift_nets(f, since_s);
	for (size_t k = 0; k < f->state.tallies.n; k++) {
		const char *rule = f->state.tallies.list[k].rule;

		if (!is_of_list(f, rule))
			continue;
		counts_forget(f->state.counts, rule);
		nets_forget_rule(f->state.nets, rule);
	}
	return lifted;
}
