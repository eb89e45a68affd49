/* SPDX-License-Identifier: ISC */
#include "feed/livesets.h"

#include "base/paths.h"
#include "state/doubts.h"

/* ---- what the pairs are to have ---- */

/*
 * A firewall's set hides a host from the hook, and so from doubt: none stays there
 * for long.
 */
#define DROP_MAX_S 86400U

static uint32_t
at_most(uint32_t s, uint32_t max_s)
{
	return s < max_s ? s : max_s;
}

/* Those that the hook has refused so often, or more, for max_s at most. */
static void
all_refused(const struct livesets *l, unsigned times, uint32_t max_s,
    int64_t now_s, ipsetpair_take *take, void *to)
{
	for (size_t i = 0; i < bans_count(l->state->bans); i++) {
		struct bans_left ban;

		bans_nth_left(l->state->bans, i, now_s, &ban);
		if (ban.refused >= times)
			take(to, &(struct ipsetpair_entry){
				     ban.ip, at_most(ban.left_s, max_s)});
	}
}

static void
find_refused(const struct livesets *l, unsigned times, uint32_t max_s,
    int64_t now_s, struct ipsetpair_entry *e)
{
	struct bans_left ban;

	if (bans_left(l->state->bans, &e->ip, now_s, &ban) &&
	    ban.refused >= times)
		*e = (struct ipsetpair_entry){
		    ban.ip, at_most(ban.left_s, max_s)};
}

static void
all_bans(const void *user, int64_t now_s, ipsetpair_take *take, void *to)
{
	all_refused(user, 0, UINT32_MAX, now_s, take, to);
}

static void
find_ban(const void *user, int64_t now_s, struct ipsetpair_entry *e)
{
	find_refused(user, 0, UINT32_MAX, now_s, e);
}

static void
all_drops(const void *user, int64_t now_s, ipsetpair_take *take, void *to)
{
	const struct livesets *l = user;

	all_refused(l, l->wishes.drop_after, DROP_MAX_S, now_s, take, to);
}

static void
find_drop(const void *user, int64_t now_s, struct ipsetpair_entry *e)
{
	const struct livesets *l = user;

	find_refused(l, l->wishes.drop_after, DROP_MAX_S, now_s, e);
}

static void
find_pass(const void *user, int64_t now_s, struct ipsetpair_entry *e)
{
	const struct livesets *l = user;

	e->left_s = doubts_pass_left(
	    l->state->doubts, &e->ip, now_s, l->wishes.pass_most_s);
}

static void
all_passes(const void *user, int64_t now_s, ipsetpair_take *take, void *to)
{
	const struct livesets *l = user;
	const struct doubts_entry *host;
	size_t at = 0;

	while ((host = lru_next(l->state->doubts, &at)) != NULL) {
		struct ipsetpair_entry e = {.ip = host->ip};

		find_pass(l, now_s, &e);
		if (e.left_s > 0)
			take(to, &e);
	}
}

/* ---- the pairs ---- */

static const struct {
	const char *set4, *set6; /* NULL: as the options say */
	enum sets_holds holds;
	struct ipsetpair_table table;
} pairs[LIVESETS_PAIRS] = {
    [LIVESETS_BANS] = {NULL, NULL, SETS_BANS, {NULL, all_bans, find_ban}},
    [LIVESETS_DROP] = {PATHS_DROP4, PATHS_DROP6, SETS_BANS,
	{NULL, all_drops, find_drop}},
    [LIVESETS_PASS] = {PATHS_PASS4, PATHS_PASS6, SETS_HOSTS,
	{NULL, all_passes, find_pass}},
};

static bool
is_wanted(const struct livesets_wishes *w, enum livesets_pair which)
{
	switch (which) {
	case LIVESETS_BANS:
		return true;
	case LIVESETS_DROP:
		return w->drop_after > 0;
	case LIVESETS_PASS:
		return w->pass_most_s > 0;
	case LIVESETS_PAIRS:
		break;
	}
	return false;
}

static int
open_pair(struct livesets *l, enum livesets_pair which)
{
	struct ipsetpair_table table = pairs[which].table;
	const char *set4 = pairs[which].set4;
	const char *set6 = pairs[which].set6;

	table.user = l;
	if (set4 == NULL || *l->set4 == 0)
		set4 = l->set4;
	if (set6 == NULL || *l->set6 == 0)
		set6 = l->set6;
	if (!is_wanted(&l->wishes, which)) {
		sets_retire(set4, set6);
		set4 = set6 = "";
	}
	if (ipsetpair_open(
		&l->pair[which], set4, set6, pairs[which].holds, &table) != 0)
		return -1;
	ipsetpair_room(&l->pair[which], l->wishes.room);
	return 0;
}

int
livesets_open(struct livesets *l, const char *set4, const char *set6,
    const struct livesets_wishes *wishes, const struct state *state)
{
	*l = (struct livesets){
	    .set4 = set4, .set6 = set6, .state = state, .wishes = *wishes};
	for (int i = 0; i < LIVESETS_PAIRS; i++)
		if (open_pair(l, (enum livesets_pair)i) != 0)
			return -1;
	return 0;
}

void
livesets_close(struct livesets *l)
{
	for (int i = 0; i < LIVESETS_PAIRS; i++)
		ipsetpair_close(&l->pair[i]);
}

static void
start_pairs(struct livesets *l, int first, int64_t now_s, int64_t now_ms,
    livesets_tell *tell, void *user)
{
	for (int i = first; i < LIVESETS_PAIRS; i++)
		tell(user, ipsetpair_start(&l->pair[i], now_s, now_ms));
}

int
livesets_change(struct livesets *l, const struct livesets_wishes *wishes,
    int64_t now_s, int64_t now_ms, livesets_tell *tell, void *user)
{
	l->wishes = *wishes;
	ipsetpair_room(&l->pair[LIVESETS_BANS], wishes->room);
	for (int i = LIVESETS_BANS + 1; i < LIVESETS_PAIRS; i++) {
		ipsetpair_close(&l->pair[i]);
		if (open_pair(l, (enum livesets_pair)i) != 0)
			return -1;
	}
	start_pairs(l, LIVESETS_BANS + 1, now_s, now_ms, tell, user);
	return 0;
}

void
livesets_start(struct livesets *l, int64_t now_s, int64_t now_ms,
    livesets_tell *tell, void *user)
{
	start_pairs(l, 0, now_s, now_ms, tell, user);
}

void
livesets_flush(struct livesets *l, int64_t now_s, int64_t now_ms,
    livesets_tell *tell, void *user)
{
	for (int i = 0; i < LIVESETS_PAIRS; i++)
		tell(user, ipsetpair_flush(&l->pair[i], now_s, now_ms));
}

void
livesets_look_soon(struct livesets *l)
{
	for (int i = 0; i < LIVESETS_PAIRS; i++)
		ipsetpair_look_soon(&l->pair[i]);
}

/* ---- entries ---- */

void
livesets_ban(struct livesets *l, const struct addr *a, int64_t now_s)
{
	struct ipsetpair_entry e = {.ip = *a};
	struct addr gone;

	/* else the kernel would make room, and take any other */
	if (bans_pushed_out(l->state->bans, &gone))
		livesets_lift(l, &gone);
	find_ban(l, now_s, &e);
	ipsetpair_add(&l->pair[LIVESETS_BANS], &e);
	livesets_drop(l, a, now_s);
}

void
livesets_drop(struct livesets *l, const struct addr *a, int64_t now_s)
{
	struct ipsetpair_entry e = {.ip = *a};

	find_drop(l, now_s, &e);
	if (e.left_s > 0)
		ipsetpair_add(&l->pair[LIVESETS_DROP], &e);
}

void
livesets_lift(struct livesets *l, const struct addr *a)
{
	ipsetpair_del(&l->pair[LIVESETS_BANS], a);
	ipsetpair_del(&l->pair[LIVESETS_DROP], a);
}

void
livesets_pass(struct livesets *l, const struct addr *a, int64_t now_s)
{
	struct ipsetpair_entry e = {.ip = *a};

	find_pass(l, now_s, &e);
	ipsetpair_add(&l->pair[LIVESETS_PASS], &e);
}

void
livesets_no_pass(struct livesets *l, const struct addr *a)
{
	ipsetpair_del(&l->pair[LIVESETS_PASS], a);
}

const char *
livesets_no_passes(struct livesets *l)
{
	return ipsetpair_empty(&l->pair[LIVESETS_PASS]);
}

const char *
livesets_empty(struct livesets *l)
{
	const char *first = NULL;

	for (int i = 0; i < LIVESETS_PAIRS; i++) {
		const char *trouble;

		if (i == LIVESETS_PASS) /* these are refused nothing */
			continue;
		trouble = ipsetpair_empty(&l->pair[i]);
		if (first == NULL)
			first = trouble;
	}
	return first;
}

const char *
livesets_trouble(const struct livesets *l)
{
	return ipsetpair_trouble(&l->pair[LIVESETS_BANS]);
}
