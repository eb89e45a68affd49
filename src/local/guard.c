/* SPDX-License-Identifier: ISC */
#include "local/guard.h"

#include <string.h>

#include "local/reserved.h"

static bool
same(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int
guard_add_own(struct guard *g, const struct addr *a)
{
	struct addr key = addr_ban_key(a);

	for (size_t i = 0; i < g->own_n; i++)
		if (same(&g->own[i], &key))
			return 0;
	if (g->own_n == GUARD_OWN_MAX)
		return -1;
	g->own[g->own_n++] = key;
	return 0;
}

bool
guard_allows(const struct guard *g, const struct addr *a)
{
	struct local_rule rule;

	if (g->ask_local == NULL)
		return false;
	switch (g->ask_local(g->user, a, &rule)) {
	case LOCAL_FOUND:
		return rule.action == LOCAL_ALLOW;
	case LOCAL_ABSENT:
		return false;
	case LOCAL_ERROR:
		break;
	}
	return true;
}

bool
guard_never_blocks(const struct guard *g, const struct addr *a)
{
	struct addr key = addr_ban_key(a);

	if (reserved_is_any(a) && !(g->ban_private && reserved_is_private(a)))
		return true;
	for (size_t i = 0; i < g->own_n; i++)
		if (same(&g->own[i], &key))
			return true;
	return guard_allows(g, a);
}
