/* SPDX-License-Identifier: ISC */
#include "state/counts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct lru *
counts_new(size_t max)
{
	return lru_new(
	    max, sizeof(struct counts_key), sizeof(struct counts_entry));
}

struct counts_key
counts_key(const char *rule, const struct addr *a)
{
	struct counts_key key = {.ip = addr_ban_key(a)};

	snprintf(key.rule, sizeof key.rule, "%s", rule);
	return key;
}

/*
 * Whether a match at then is less than window_s seconds from now. One from the
 * future was made before the clock was set back.
 */
static bool
still_counts(int64_t then, int64_t now, uint32_t window_s)
{
	return then + window_s > now && then < now + window_s;
}

static void
forget_old(struct counts_entry *e, int64_t now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < e->n; i++)
		if (still_counts(e->times_s[i], now, e->window_s))
			e->times_s[kept++] = e->times_s[i];
	e->n = kept;
}

unsigned
counts_match(struct lru *counts, const char *rule, const struct addr *a,
    int64_t time_s, unsigned need, uint32_t window_s)
{
	struct counts_key key = counts_key(rule, a);
	struct counts_entry *e = lru_put(counts, &key);

	if (e == NULL)
		return 0;
	e->window_s = window_s;
	forget_old(e, time_s);
	if (e->n + 1 >= need) {
		lru_remove(counts, e);
		return need;
	}
	e->times_s[e->n++] = time_s < 0 ? 0 : (uint32_t)time_s;
	return e->n;
}

static bool
is_of_another(void *rule, const void *entry)
{
	const struct counts_entry *e = entry;

	return strcmp(e->key.rule, rule) != 0;
}

void
counts_forget(struct lru *counts, const char *rule)
{
	char name[BAN_RULE_SIZE];

	snprintf(name, sizeof name, "%s", rule);
	lru_filter(counts, is_of_another, name);
}

void
counts_expire(struct lru *counts, int64_t now_s)
{
	struct counts_entry *e;

	while ((e = lru_oldest(counts)) != NULL) {
		for (uint32_t i = 0; i < e->n; i++)
			if ((int64_t)e->times_s[i] + e->window_s > now_s)
				return;
		lru_remove(counts, e);
	}
}
