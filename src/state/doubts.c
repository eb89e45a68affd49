/* SPDX-License-Identifier: ISC */
#include "state/doubts.h"

#include "base/ban.h"

struct lru *
doubts_new(size_t max)
{
	return lru_new(max, sizeof(struct addr), sizeof(struct doubts_entry));
}

static uint32_t
time32(int64_t time_s)
{
	return time_s < 0	     ? 0
	       : time_s > UINT32_MAX ? UINT32_MAX
				     : (uint32_t)time_s;
}

/* One of a clock that was wrong is worth nothing either. */
static bool
is_worth(const struct doubts_entry *e, int64_t time_s)
{
	return e->keep_s > time_s && e->asked_s <= time_s + BAN_AHEAD_S;
}

/* What a ban around the address covers. */
static struct doubts_entry *
find_banned(const struct lru *hosts, const struct addr *a)
{
	struct addr key = addr_ban_key(a);

	return lru_find(hosts, &key);
}

const struct doubts_entry *
doubts_find(const struct lru *hosts, const struct addr *a, int64_t time_s)
{
	const struct doubts_entry *e = lru_find(hosts, a);

	if (e == NULL || !is_worth(e, time_s))
		e = find_banned(hosts, a);
	return e != NULL && is_worth(e, time_s) ? e : NULL;
}

static void
count(uint8_t *n)
{
	if (*n < UINT8_MAX)
		++*n;
}

/* Notes an answer of the lists. NULL with errno ENOMEM. */
static struct doubts_entry *
answer(
    struct lru *hosts, const struct addr *key, int64_t time_s, bool is_listed)
{
	struct doubts_entry *e = lru_put(hosts, key);

	if (e == NULL)
		return NULL;
	if (e->answers == 0 || !is_worth(e, time_s) ||
	    e->is_listed != is_listed)
		*e = (struct doubts_entry){.ip = *key,
		    .is_listed = is_listed,
		    .since_s = time32(time_s),
		    .asked_s = time32(time_s)};
	/* lines of several logs are not in order */
	if (time_s > e->asked_s)
		e->asked_s = time32(time_s);
	count(&e->answers);
	return e;
}

static void
forget(struct lru *hosts, struct doubts_entry *e)
{
	if (e != NULL)
		lru_remove(hosts, e);
}

/* Whether it had been clean for long; forgets that it was. */
static bool
was_clean(struct lru *hosts, const struct addr *a, int64_t time_s)
{
	struct doubts_entry *e = lru_find(hosts, a);
	bool was = e != NULL && !e->is_listed && is_worth(e, time_s) &&
		   e->asked_s - e->since_s >= DOUBTS_CLEAN_S;

	if (e != NULL && !e->is_listed)
		lru_remove(hosts, e);
	return was;
}

uint32_t
doubts_refused(
    struct lru *hosts, const struct addr *a, int64_t time_s, uint32_t ban_s)
{
	struct addr key = addr_ban_key(a);
	bool was = was_clean(hosts, a, time_s);
	struct doubts_entry *e = answer(hosts, &key, time_s, true);

	if (e == NULL)
		return 0;
	e->refusals = 0;
	e->last_s = e->asked_s;
	e->keep_s = time32((int64_t)e->asked_s + ban_s);
	return was && ban_s > DOUBTS_BROKEN_S ? DOUBTS_BROKEN_S : ban_s;
}

bool
doubts_remembered(struct lru *hosts, const struct addr *a, int64_t time_s,
    uint32_t doubt_s, int64_t since_s, int64_t until_s)
{
	struct addr key = addr_ban_key(a);
	struct doubts_entry *e = lru_put(hosts, &key);
	unsigned enough;

	if (e == NULL)
		return false;
	if (e->answers == 0 || !e->is_listed || !is_worth(e, time_s))
		*e = (struct doubts_entry){.ip = key,
		    .is_listed = true,
		    .answers = 1,
		    .since_s = time32(since_s),
		    .asked_s = time32(since_s),
		    .last_s = time32(since_s),
		    .keep_s = time32(until_s)};
	if (time_s <= (int64_t)e->last_s + doubt_s)
		count(&e->refusals);
	if (time_s > e->last_s)
		e->last_s = time32(time_s);
	enough = e->answers > 3 ? 8 : 1U << (e->answers - 1);
	return e->refusals >= enough &&
	       time_s >= (int64_t)e->asked_s + DOUBTS_AGAIN_S;
}

/* ---- passes ---- */

int
doubts_passed(struct lru *hosts, const struct addr *a, int64_t time_s,
    uint32_t least_s, uint32_t most_s)
{
	struct doubts_entry *listed = find_banned(hosts, a);
	struct doubts_entry *e;
	uint32_t s;

	if (listed != NULL && listed->is_listed)
		lru_remove(hosts, listed);
	e = answer(hosts, a, time_s, false);
	if (e == NULL)
		return -1;
	s = e->asked_s - e->since_s;
	s = s < least_s ? least_s : s > most_s ? most_s : s;
	e->uses = 0;
	e->pass_s = s == 0 ? 0 : time32((int64_t)e->asked_s + s);
	e->keep_s = time32(
	    (int64_t)e->asked_s + (s > DOUBTS_KEEP_S ? s : DOUBTS_KEEP_S));
	return 0;
}

uint32_t
doubts_pass_left(const struct lru *hosts, const struct addr *a, int64_t time_s,
    uint32_t most_s)
{
	const struct doubts_entry *e = lru_find(hosts, a);
	int64_t from_s, until_s;

	if (e == NULL || !is_worth(e, time_s))
		return 0;
	from_s = time_s > e->asked_s ? time_s : e->asked_s;
	until_s = (int64_t)e->asked_s + most_s;
	if (until_s > e->pass_s)
		until_s = e->pass_s;
	return until_s > from_s ? (uint32_t)(until_s - from_s) : 0;
}

bool
doubts_used(
    struct lru *hosts, const struct addr *a, int64_t time_s, uint32_t most_s)
{
	struct doubts_entry *e;

	if (doubts_pass_left(hosts, a, time_s, most_s) == 0)
		return true;
	e = lru_put(hosts, a); /* heard of; it is there */
	if (e == NULL)
		return true;
	count(&e->uses);
	if (e->uses < DOUBTS_PASS_USES)
		return false;
	e->pass_s = 0;
	return true;
}

void
doubts_end_pass(struct lru *hosts, const struct addr *a)
{
	struct doubts_entry *e = lru_find(hosts, a);

	if (e != NULL)
		e->pass_s = 0;
}

void
doubts_end_passes(struct lru *hosts)
{
	const struct doubts_entry *e;
	size_t at = 0;

	while ((e = lru_next(hosts, &at)) != NULL)
		doubts_end_pass(hosts, &e->ip);
}

/* ---- */

void
doubts_forget(struct lru *hosts, const struct addr *a)
{
	forget(hosts, lru_find(hosts, a));
	forget(hosts, find_banned(hosts, a));
}

void
doubts_expire(struct lru *hosts, int64_t now_s)
{
	struct doubts_entry *e;

	while ((e = lru_oldest(hosts)) != NULL && e->keep_s <= now_s)
		lru_remove(hosts, e);
}
