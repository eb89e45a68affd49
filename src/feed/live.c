/* SPDX-License-Identifier: ISC */
#include "feed/live.h"

#include "base/paths.h"

/* ---- what the pairs are to have ---- */

static struct livesets_entry
ban_entry(const struct live *l, const struct recent_ban *ban, int64_t now_s)
{
	(void)l;
	return (struct livesets_entry){ban->ip, recent_left_s(ban, now_s)};
}

static struct livesets_entry
drop_entry(const struct live *l, const struct recent_ban *ban, int64_t now_s)
{
	struct livesets_entry e = ban_entry(l, ban, now_s);

	if (ban->refused < l->wishes.drop_after)
		e.left_s = 0;
	return e;
}

/* What a ban is in a set. */
typedef struct livesets_entry entry_of(
    const struct live *l, const struct recent_ban *ban, int64_t now_s);

static void
all_as(const struct live *l, entry_of *of, int64_t now_s, livesets_take *take,
    void *to)
{
	for (size_t i = 0; i < bans_count(l->state->bans); i++) {
		struct livesets_entry e;
		struct recent_ban ban;

		bans_nth(l->state->bans, i, &ban);
		e = of(l, &ban, now_s);
		take(to, &e);
	}
}

static void
find_as(
    const struct live *l, entry_of *of, int64_t now_s, struct livesets_entry *e)
{
	struct recent_ban ban;

	if (bans_find(l->state->bans, &e->ip, &ban))
		*e = of(l, &ban, now_s);
}

static void
all_bans(const void *user, int64_t now_s, livesets_take *take, void *to)
{
	all_as(user, ban_entry, now_s, take, to);
}

static void
find_ban(const void *user, int64_t now_s, struct livesets_entry *e)
{
	find_as(user, ban_entry, now_s, e);
}

static void
all_drops(const void *user, int64_t now_s, livesets_take *take, void *to)
{
	all_as(user, drop_entry, now_s, take, to);
}

static void
find_drop(const void *user, int64_t now_s, struct livesets_entry *e)
{
	find_as(user, drop_entry, now_s, e);
}

/* Of the passes nothing is kept. */
static void
no_passes(const void *user, int64_t now_s, livesets_take *take, void *to)
{
	(void)user;
	(void)now_s;
	(void)take;
	(void)to;
}

static void
find_no_pass(const void *user, int64_t now_s, struct livesets_entry *e)
{
	(void)user;
	(void)now_s;
	e->left_s = 0;
}

/* ---- the pairs ---- */

static const struct {
	const char *set4, *set6; /* NULL: as the options say */
	enum sets_holds holds;
	struct livesets_table table;
} pairs[LIVE_PAIRS] = {
    [LIVE_BANS] = {NULL, NULL, SETS_BANS, {NULL, all_bans, find_ban}},
    [LIVE_DROP] = {PATHS_DROP4, PATHS_DROP6, SETS_BANS,
	{NULL, all_drops, find_drop}},
    [LIVE_PASS] = {PATHS_PASS4, PATHS_PASS6, SETS_HOSTS,
	{NULL, no_passes, find_no_pass}},
};

static bool
is_wanted(const struct live_wishes *w, enum live_pair which)
{
	switch (which) {
	case LIVE_BANS:
		return true;
	case LIVE_DROP:
		return w->drop_after > 0;
	case LIVE_PASS:
		return w->pass;
	case LIVE_PAIRS:
		break;
	}
	return false;
}

static int
open_pair(struct live *l, enum live_pair which)
{
	struct livesets_table table = pairs[which].table;
	const char *set4 = pairs[which].set4;
	const char *set6 = pairs[which].set6;

	table.user = l;
	if (set4 == NULL || *l->set4 == 0)
		set4 = l->set4;
	if (set6 == NULL || *l->set6 == 0)
		set6 = l->set6;
	if (is_wanted(&l->wishes, which))
		return livesets_open(
		    &l->pair[which], set4, set6, pairs[which].holds, &table);
	sets_retire(set4, set6);
	return livesets_open(
	    &l->pair[which], "", "", pairs[which].holds, &table);
}

int
live_open(struct live *l, const char *set4, const char *set6,
    const struct live_wishes *wishes, const struct state *state)
{
	*l = (struct live){
	    .set4 = set4, .set6 = set6, .state = state, .wishes = *wishes};
	for (int i = 0; i < LIVE_PAIRS; i++)
		if (open_pair(l, (enum live_pair)i) != 0)
			return -1;
	return 0;
}

void
live_close(struct live *l)
{
	for (int i = 0; i < LIVE_PAIRS; i++)
		livesets_close(&l->pair[i]);
}

static void
start_pairs(struct live *l, int first, int64_t now_s, int64_t now_ms,
    live_tell *tell, void *user)
{
	for (int i = first; i < LIVE_PAIRS; i++)
		tell(user, livesets_start(&l->pair[i], now_s, now_ms));
}

int
live_change(struct live *l, const struct live_wishes *wishes, int64_t now_s,
    int64_t now_ms, live_tell *tell, void *user)
{
	l->wishes = *wishes;
	for (int i = LIVE_BANS + 1; i < LIVE_PAIRS; i++) {
		livesets_close(&l->pair[i]);
		if (open_pair(l, (enum live_pair)i) != 0)
			return -1;
	}
	start_pairs(l, LIVE_BANS + 1, now_s, now_ms, tell, user);
	return 0;
}

void
live_start(
    struct live *l, int64_t now_s, int64_t now_ms, live_tell *tell, void *user)
{
	start_pairs(l, 0, now_s, now_ms, tell, user);
}

void
live_flush(
    struct live *l, int64_t now_s, int64_t now_ms, live_tell *tell, void *user)
{
	for (int i = 0; i < LIVE_PAIRS; i++)
		tell(user, livesets_flush(&l->pair[i], now_s, now_ms));
}

void
live_look_soon(struct live *l)
{
	for (int i = 0; i < LIVE_PAIRS; i++)
		livesets_look_soon(&l->pair[i]);
}

/* ---- entries ---- */

void
live_ban(struct live *l, const struct recent_ban *ban, int64_t now_s)
{
	struct livesets_entry e = ban_entry(l, ban, now_s);

	livesets_add(&l->pair[LIVE_BANS], &e);
	live_drop(l, ban, now_s);
}

void
live_drop(struct live *l, const struct recent_ban *ban, int64_t now_s)
{
	struct livesets_entry e = drop_entry(l, ban, now_s);

	if (e.left_s > 0)
		livesets_add(&l->pair[LIVE_DROP], &e);
}

void
live_lift(struct live *l, const struct addr *a)
{
	livesets_del(&l->pair[LIVE_BANS], a);
	livesets_del(&l->pair[LIVE_DROP], a);
}

void
live_pass(struct live *l, const struct addr *a, uint32_t left_s)
{
	const struct livesets_entry e = {*a, left_s};

	livesets_add(&l->pair[LIVE_PASS], &e);
}

void
live_no_pass(struct live *l, const struct addr *a)
{
	livesets_del(&l->pair[LIVE_PASS], a);
}

const char *
live_no_passes(struct live *l)
{
	return livesets_empty(&l->pair[LIVE_PASS]);
}

const char *
live_empty(struct live *l)
{
	const char *first = NULL;

	for (int i = 0; i < LIVE_PAIRS; i++) {
		const char *trouble;

		if (i == LIVE_PASS) /* these are refused nothing */
			continue;
		trouble = livesets_empty(&l->pair[i]);
		if (first == NULL)
			first = trouble;
	}
	return first;
}

const char *
live_trouble(const struct live *l)
{
	return livesets_trouble(&l->pair[LIVE_BANS]);
}
