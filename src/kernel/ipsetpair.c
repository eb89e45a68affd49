/* SPDX-License-Identifier: ISC */
#include "kernel/ipsetpair.h"

#include <string.h>

#define LOOK_MS 10000
#define RETRY_MAX_MS 80000 /* the first of them doubled, and again */
#define RENEW_S 3600	   /* less time than that is not worth it */

static uint32_t
kernel_time(const struct ipsetpair_entry *e)
{
	return e->left_s > SETS_MAX_S ? SETS_MAX_S : e->left_s;
}

/* The kernel takes 0 for "for ever", so what is over is not put. */
static void
put(void *user, const struct ipsetpair_entry *e)
{
	struct ipsetpair *l = user;
	uint32_t s = kernel_time(e);

	l->is_cut |= s < e->left_s;
	if (s > 0)
		sets_add(l->sets, &e->ip, s);
}

static void
put_all(struct ipsetpair *l, int64_t now_s)
{
	l->later_n = 0;
	l->later_all = false;
	l->table.all(l->table.user, now_s, put, l);
}

/* Those that did not get in or out, of which some may do so again. */
static void
put_later(struct ipsetpair *l, int64_t now_s)
{
	struct ipsetpair_entry again[IPSETPAIR_LATER_MAX];
	size_t n = l->later_n;

	memcpy(again, l->later, n * sizeof *again);
	l->later_n = 0;
	for (size_t i = 0; i < n; i++) {
		struct ipsetpair_entry *e = &again[i];

		l->table.find(l->table.user, now_s, e);
		if (e->left_s > 0)
			put(l, e);
		else
			sets_del(l->sets, &e->ip);
	}
}

static void
keep_for_later(void *user, const struct addr *a)
{
	struct ipsetpair *l = user;

	if (l->later_n < IPSETPAIR_LATER_MAX)
		l->later[l->later_n++] = (struct ipsetpair_entry){.ip = *a};
	else
		/* of a set that refuses so many, the rest meets the list */
		l->later_all = l->broken;
}

/* A member of a set; 0: it stays for ever, which somebody else wanted. */
static void
renew(void *user, const struct addr *a, uint32_t kernel_s)
{
	struct ipsetpair_entry e = {.ip = *a};
	struct ipsetpair *l = user;

	if (kernel_s == 0)
		return;
	l->table.find(l->table.user, l->renewed_s, &e);
	if (kernel_time(&e) > kernel_s + RENEW_S)
		put(l, &e);
	else
		l->is_cut |= e.left_s > kernel_s + RENEW_S;
}

/* From the first entry that was cut on. */
static void
plan_renewal(struct ipsetpair *l, int64_t now_ms)
{
	if (l->is_cut && l->renew_ms == 0)
		l->renew_ms = now_ms + IPSETPAIR_RENEW_MS;
}

/*
 * Renews what was cut, when half of the longest time is over. The members are
 * asked for, so that nobody comes back who was taken out by hand. A session that
 * lists can send nothing meanwhile, so there is another one.
 */
static void
renew_when_due(struct ipsetpair *l, int64_t now_s, int64_t now_ms)
{
	struct sets *lister;

	plan_renewal(l, now_ms);
	if (l->renew_ms == 0 || now_ms < l->renew_ms)
		return;
	lister = sets_new(sets_name(l->sets, true), sets_name(l->sets, false),
	    SETS_BANS, NULL, NULL);
	if (lister == NULL)
		return;
	l->is_cut = false;
	l->renewed_s = now_s;
	if (sets_list(lister, true, renew, l) == 0 &&
	    sets_list(lister, false, renew, l) == 0)
		l->renew_ms = l->is_cut ? now_ms + IPSETPAIR_RENEW_MS : 0;
	sets_free(lister);
}

static const char *
failed(struct ipsetpair *l, int64_t now_ms)
{
	bool first = !l->broken;

	if (first)
		l->retry_ms = LOOK_MS;
	else if (l->next_look_ms != 0 && l->retry_ms < RETRY_MAX_MS)
		l->retry_ms *= 2; /* it was not asked for */
	l->broken = true;
	/* it may have handed back more than there is room for */
	l->later_all |= l->later_n == IPSETPAIR_LATER_MAX;
	l->next_look_ms = now_ms + l->retry_ms;
	return first ? sets_error(l->sets) : NULL;
}

/* Said once. */
static const char *
small(struct ipsetpair *l)
{
	const char *tell = l->told_small ? NULL : sets_small(l->sets);

	l->told_small |= tell != NULL;
	return tell;
}

/* Said once, until a look finds nothing refused. */
static const char *
refused(struct ipsetpair *l)
{
	bool first = !l->refused;

	l->refused = true;
	return first ? sets_error(l->sets) : NULL;
}

/*
 * Sees that the sets exist, and puts what is missing: everything when a set is
 * new or it is asked for, else what did not get in before.
 */
static const char *
look(struct ipsetpair *l, bool fill, int64_t now_s, int64_t now_ms)
{
	enum sets_answer answer = sets_create(l->sets);
	const char *tell = NULL;

	if (answer == SETS_ERROR)
		return failed(l, now_ms);
	if (answer == SETS_EMPTY && !fill)
		tell = "a set was gone or replaced; filled again";
	if (l->broken)
		tell = "the sets can be used again";
	/* what was to be taken out is not known any more */
	if (l->later_all && sets_empty(l->sets) == SETS_ERROR)
		return failed(l, now_ms);
	if (answer == SETS_EMPTY || fill || l->later_all)
		put_all(l, now_s);
	else
		put_later(l, now_s);
	renew_when_due(l, now_s, now_ms);
	l->broken = false;
	l->next_look_ms = now_ms + LOOK_MS;
	switch (sets_flush(l->sets)) {
	case SETS_ERROR:
		return failed(l, now_ms);
	case SETS_REFUSED:
		return refused(l);
	case SETS_EMPTY: /* once more, and soon */
		l->next_look_ms = now_ms;
		break;
	case SETS_OK:
		l->refused = false;
		break;
	}
	return tell != NULL ? tell : small(l);
}

int
ipsetpair_open(struct ipsetpair *l, const char *set4, const char *set6,
    enum sets_holds holds, const struct ipsetpair_table *table)
{
	*l = (struct ipsetpair){.table = *table};
	if (*set4 == 0 && *set6 == 0)
		return 0;
	l->sets = sets_new(set4, set6, holds, keep_for_later, l);
	return l->sets == NULL ? -1 : 0;
}

void
ipsetpair_close(struct ipsetpair *l)
{
	sets_free(l->sets);
	l->sets = NULL;
}

void
ipsetpair_room(struct ipsetpair *l, uint32_t room)
{
	l->told_small = false;
	if (l->sets != NULL)
		sets_set_room(l->sets, room);
}

const char *
ipsetpair_start(struct ipsetpair *l, int64_t now_s, int64_t now_ms)
{
	return l->sets == NULL ? NULL : look(l, true, now_s, now_ms);
}

void
ipsetpair_look_soon(struct ipsetpair *l)
{
	l->next_look_ms = 0;
}

void
ipsetpair_add(struct ipsetpair *l, const struct ipsetpair_entry *e)
{
	if (l->sets == NULL)
		return;
	if (l->broken)
		keep_for_later(l, &e->ip);
	else
		put(l, e);
}

const char *
ipsetpair_flush(struct ipsetpair *l, int64_t now_s, int64_t now_ms)
{
	const char *tell = NULL;

	if (l->sets == NULL)
		return NULL;
	plan_renewal(l, now_ms);
	if (!l->broken)
		switch (sets_flush(l->sets)) {
		case SETS_OK:
			break;
		case SETS_REFUSED:
			tell = refused(l);
			break;
		case SETS_EMPTY:
			(void)look(l, true, now_s, now_ms);
			return "a set was gone or replaced; filled again";
		case SETS_ERROR:
			return failed(l, now_ms);
		}
	if (now_ms < l->next_look_ms)
		return tell;
	return look(l, false, now_s, now_ms);
}

void
ipsetpair_del(struct ipsetpair *l, const struct addr *a)
{
	if (l->sets == NULL)
		return;
	if (l->broken)
		keep_for_later(l, a);
	else
		sets_del(l->sets, a);
}

const char *
ipsetpair_empty(struct ipsetpair *l)
{
	if (l->sets == NULL)
		return NULL;
	l->later_n = 0;
	l->later_all = false;
	return sets_empty(l->sets) == SETS_ERROR ? sets_error(l->sets) : NULL;
}

const char *
ipsetpair_trouble(const struct ipsetpair *l)
{
	return l->broken ? sets_error(l->sets) : NULL;
}
