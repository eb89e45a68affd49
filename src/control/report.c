/* SPDX-License-Identifier: ISC */
#include "control/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNSHOWN_S 86400

static json_t *
number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *
report_text(const char *text)
{
	json_t *value;
	char *clean;

	if (text == NULL)
		return json_null();
	value = json_string(text);
	if (value != NULL)
		return value;
	clean = strdup(text);
	if (clean == NULL)
		return NULL;
	for (char *p = clean; *p != 0; p++)
		if ((unsigned char)*p > 126)
			*p = '?';
	value = json_string(clean);
	free(clean);
	return value;
}

json_t *
report_time(int64_t time_s)
{
	return time_s == 0 ? json_null() : json_integer(time_s);
}

/* ---- bans ---- */

static json_t *
numbers(const struct tally_numbers *n)
{
	json_t *skips = json_object();

	for (int why = 0; why < DECIDE_WHYS; why++)
		(void)json_object_set_new(skips,
		    decide_why_name((enum decide_why)why),
		    number(n->skips[why]));
	return json_pack("{s:o, s:o, s:o}", "bans", number(n->bans), "counts",
	    number(n->counts), "skips", skips);
}

/* What the lines of today gave; nothing once the day is over. */
static bool
is_today(const struct tallies *t, int64_t now)
{
	return now < t->day_to;
}

static json_t *
all_bans(const struct state *s, int64_t now)
{
	static const struct tally_numbers none;
	json_t *rules = json_array();
	size_t all_live = 0;

	for (size_t i = 0; i < s->tallies.n; i++) {
		const struct tally *tally = &s->tallies.list[i];
		size_t live = bans_count_rule(s->bans, tally->rule, now);

		all_live += live;
		(void)json_array_append_new(rules,
		    json_pack("{s:o, s:o, s:o, s:o}", "rule",
			report_text(tally->rule), "live", number(live), "today",
			numbers(
			    is_today(&s->tallies, now) ? &tally->today : &none),
			"all", numbers(&tally->all)));
	}
	return json_pack("{s:o, s:o, s:o}", "live", number(all_live), "max",
	    number(bans_max(s->bans)), "rules", rules);
}

/* ---- the hook ---- */

static json_t *
all_hook(const struct tallies *t, int64_t now)
{
	static const char *const names[HOOKLOG_KINDS] = {
	    [HOOKLOG_LOCAL] = "local",
	    [HOOKLOG_IPSET] = "ipset",
	    [HOOKLOG_RECENT] = "recent",
	    [HOOKLOG_WOULD] = "would_refuse",
	    [HOOKLOG_ALLOWED] = "allowed",
	    [HOOKLOG_PASS] = "pass",
	    [HOOKLOG_RECHECK] = "recheck",
	    [HOOKLOG_PASSED] = "passed",
	    [HOOKLOG_NO_RIGHT] = "no_right",
	    [HOOKLOG_TROUBLE] = "trouble",
	    [HOOKLOG_DECIDED] = "decided",
	};
	json_t *today = json_object();
	json_t *all = json_object();
	json_t *last = json_object();

	for (int i = 0; i < HOOKLOG_KINDS; i++) {
		(void)json_object_set_new(today, names[i],
		    number(is_today(t, now) ? t->hook.today[i] : 0));
		(void)json_object_set_new(
		    all, names[i], number(t->hook.all[i]));
		if (t->hook.last_s[i] != 0)
			(void)json_object_set_new(
			    last, names[i], json_integer(t->hook.last_s[i]));
	}
	return json_pack(
	    "{s:o, s:o, s:o}", "today", today, "all", all, "last", last);
}

/* ---- rechecks ---- */

/*
 * Wilson's interval for a share of k in n, for 95 %: it is right for few and
 * for none as well (E. B. Wilson, Probable inference, the law of succession,
 * and statistical inference, 1927).
 */
static json_t *
estimate(uint64_t k, uint64_t n)
{
	const double z = 1.96;
	double all = (double)n;
	double p;
	double middle;
	double half;
	double whole;

	if (n == 0)
		return json_null();
	p = (double)k / all;
	whole = 1 + z * z / all;
	middle = (p + z * z / (2 * all)) / whole;
	half = z * sqrt(p * (1 - p) / all + z * z / (4 * all * all)) / whole;
	return json_pack("{s:f, s:f, s:f}", "percent", 100 * p, "low",
	    k == 0 ? 0 : 100 * (middle - half), "high",
	    k == n ? 100 : 100 * (middle + half));
}

static json_t *
rechecks(const struct tallies_rechecks *n)
{
	return json_pack("{s:o, s:o}", "refused", number(n->refused), "passed",
	    number(n->passed));
}

static json_t *
all_rechecks(const struct tallies *t, int64_t now)
{
	static const struct tallies_rechecks none;

	return json_pack("{s:o, s:o, s:o}", "today",
	    rechecks(is_today(t, now) ? &t->today : &none), "all",
	    rechecks(&t->all), "outlived",
	    estimate(t->all.passed, t->all.passed + t->all.refused));
}

/* ---- zones, alarms ---- */

static json_t *
one_zone(const struct zone *z)
{
	return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o, s:o}", "zone",
	    report_text(z->shown), "trusted", !zones_is_distrusted(z),
	    "answers", !z->silent, "well", report_time(z->well_s), "why",
	    report_text(z->from_s == 0 ? NULL : z->why), "since",
	    report_time(z->from_s), "until", report_time(z->to_s));
}

static json_t *
all_zones(const struct zones *zones)
{
	json_t *list = json_array();

	for (size_t i = 0; i < zones->n; i++)
		(void)json_array_append_new(list, one_zone(&zones->list[i]));
	return list;
}

json_t *
report_alarm(const struct alarm *b)
{
	char usual[ALARM_TEXT_SIZE];
	char why[ALARM_TEXT_SIZE];
	bool ever = b->alarm.tripped_s != 0;

	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:s}", "on", alarm_is_on(b),
	    "why", report_text(ever ? alarm_why(b, why) : NULL), "since",
	    report_time(b->alarm.tripped_s), "from",
	    report_time(b->alarm.from_s), "ended",
	    report_time(b->alarm.ended_s), "usual", alarm_usual(b, usual));
}

/* ---- lines that ban nobody ---- */

json_t *
report_torn(const struct state_log *log, int64_t now)
{
	bool unshown =
	    !log->shows_tcpserver && log->unshown_s > now - UNSHOWN_S;

	return json_pack("{s:o, s:o, s:i, s:o, s:o, s:b}", "cut",
	    number(log->torn.rests), "torn", number(log->torn.torn), "share",
	    (int)torn_share(&log->torn, now), "late", number(log->late),
	    "taken_back", number(log->recovered), "unshown", unshown);
}

/* ---- sets ---- */

static json_t *
one_set(struct sets *s, bool is4)
{
	const char *name = sets_name(s, is4);
	struct sets_size size;

	if (sets_size(s, is4, &size) != 0)
		return json_pack("{s:s, s:o}", "name", name, "error",
		    report_text(sets_error(s)));
	return json_pack("{s:s, s:o, s:o}", "name", name, "entries",
	    number(size.entries), "room", number(size.room));
}

void
report_sets(json_t *list, struct sets *s)
{
	if (s == NULL)
		return;
	if (*sets_name(s, true) != 0)
		(void)json_array_append_new(list, one_set(s, true));
	if (*sets_name(s, false) != 0)
		(void)json_array_append_new(list, one_set(s, false));
}

/* ---- all of the state ---- */

void
report_state(json_t *status, const struct state *s, int64_t now)
{
	(void)json_object_set_new(status, "bans", all_bans(s, now));
	(void)json_object_set_new(status, "zones", all_zones(&s->zones));
	(void)json_object_set_new(status, "hook", all_hook(&s->tallies, now));
	(void)json_object_set_new(
	    status, "rechecks", all_rechecks(&s->tallies, now));
}
