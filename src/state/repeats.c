/* SPDX-License-Identifier: ISC */
#include "state/repeats.h"

struct lru *
repeats_new(size_t max)
{
	return lru_new(
	    max, sizeof(struct counts_key), sizeof(struct repeats_entry));
}

static uint32_t
ban_length(uint32_t ban_s, unsigned factor, uint32_t n, uint32_t max_s)
{
	uint64_t s = ban_s;

	while (n-- > 0 && s < max_s)
		s *= factor;
	return s < max_s ? (uint32_t)s : max_s;
}

uint32_t
repeats_ban(struct lru *past, const char *rule, const struct addr *a,
    int64_t time_s, uint32_t ban_s, unsigned factor, uint32_t max_s)
{
	struct counts_key key = counts_key(rule, a);
	struct repeats_entry *e = lru_put(past, &key);
	uint32_t s;

	if (e == NULL)
		return 0;
	if (e->until_s > time_s + e->max_s + BAN_AHEAD_S)
		e->until_s = e->n = 0; /* by a wrong clock */
	else if (time_s >= e->until_s + e->max_s)
		e->n = 0;
	else if (time_s >= e->until_s)
		e->n++;
	s = ban_length(ban_s, factor, e->n, max_s);
	e->max_s = max_s;
	if (time_s + s > e->until_s)
		e->until_s = time_s + s;
	return s;
}

void
repeats_expire(struct lru *past, int64_t now_s)
{
	struct repeats_entry *e;

	while ((e = lru_oldest(past)) != NULL && now_s >= e->until_s + e->max_s)
		lru_remove(past, e);
}
