/* SPDX-License-Identifier: ISC */
#include "state/tallies.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* no log is read that late; the clock had been wrong */
#define BACK_S 604800

struct tally *
tallies_find(struct tallies *t, const char *rule)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->list[i].rule, rule) == 0)
			return &t->list[i];
	return NULL;
}

struct tally *
tallies_of(struct tallies *t, const char *rule)
{
	struct tally *tally = tallies_find(t, rule);

	if (tally != NULL)
		return tally;
	if (t->n == TALLIES_MAX)
		return NULL;
	tally = &t->list[t->n++];
	*tally = (struct tally){0};
	snprintf(tally->rule, sizeof tally->rule, "%s", rule);
	return tally;
}

static int64_t
midnight(struct tm day)
{
	day.tm_hour = day.tm_min = day.tm_sec = 0;
	day.tm_isdst = -1;
	return mktime(&day);
}

static void
set_day(struct tallies *t, int64_t time_s)
{
	time_t seconds = (time_t)time_s;
	struct tm day;

	if (localtime_r(&seconds, &day) == NULL)
		return;
	t->day_from = midnight(day);
	day.tm_mday++;
	t->day_to = midnight(day);
}

static bool
is_today(const struct tallies *t, int64_t time_s)
{
	return time_s >= t->day_from && time_s < t->day_to;
}

void
tallies_turn(struct tallies *t, int64_t time_s)
{
	if (is_today(t, time_s) ||
	    (time_s < t->day_from && time_s > t->day_from - BACK_S))
		return;
	set_day(t, time_s);
	for (size_t i = 0; i < t->n; i++)
		t->list[i].today = (struct tally_numbers){0};
	memset(t->hook.today, 0, sizeof t->hook.today);
	t->today = (struct tallies_rechecks){0};
}

static void
count(struct tally_numbers *n, const struct decision *d)
{
	if (d->kind == DECIDE_BAN)
		n->bans++;
	else if (d->kind == DECIDE_COUNT)
		n->counts++;
	else
		n->skips[d->why]++;
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
	count(&tally->all, d);
	tallies_turn(t, d->time);
	if (is_today(t, d->time))
		count(&tally->today, d);
}

void
tallies_add_hook(struct tallies *t, enum hooklog_kind kind, int64_t time_s)
{
	if (kind == HOOKLOG_OTHER)
		return;
	t->hook.all[kind]++;
	if (time_s > t->hook.last_s[kind])
		t->hook.last_s[kind] = time_s;
	tallies_turn(t, time_s);
	if (is_today(t, time_s))
		t->hook.today[kind]++;
}

void
tallies_add_recheck(struct tallies *t, bool refused, int64_t time_s)
{
	struct tallies_rechecks one = {refused, !refused};

	t->all.refused += one.refused;
	t->all.passed += one.passed;
	tallies_turn(t, time_s);
	if (!is_today(t, time_s))
		return;
	t->today.refused += one.refused;
	t->today.passed += one.passed;
}
