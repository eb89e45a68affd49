#include "tallies.h"

#include <stdio.h>
#include <string.h>

struct tally *
tallies_of(struct tallies *t, const char *rule)
{
	struct tally *tally;

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->list[i].rule, rule) == 0)
			return &t->list[i];
	if (t->n == TALLIES_MAX)
		return NULL;
	tally = &t->list[t->n++];
	*tally = (struct tally){0};
	snprintf(tally->rule, sizeof tally->rule, "%s", rule);
	return tally;
}

void
tallies_add(struct tallies *t, const struct decision *d)
{
	struct tally *tally;

	if (d->kind == DECIDE_NOTHING)
		return;
	tally = tallies_of(t, d->rule->name);
	if (tally == NULL)
		return;
	if (d->kind == DECIDE_BAN)
		tally->bans++;
	else if (d->kind == DECIDE_COUNT)
		tally->counts++;
	else
		tally->skips[d->why]++;
}
