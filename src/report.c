#include "report.h"

#include <stdlib.h>
#include <string.h>

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

json_t *
report_bans(const struct state *s, int64_t now)
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
	    number(BANS_MAX), "rules", rules);
}

/* ---- the hook ---- */

json_t *
report_hook(const struct tallies *t, int64_t now)
{
	static const char *const names[HOOKLOG_KINDS] = {
	    [HOOKLOG_LOCAL] = "local",
	    [HOOKLOG_IPSET] = "ipset",
	    [HOOKLOG_RECENT] = "recent",
	    [HOOKLOG_WOULD] = "would_refuse",
	    [HOOKLOG_ALLOWED] = "allowed",
	    [HOOKLOG_NO_RIGHT] = "no_right",
	    [HOOKLOG_TROUBLE] = "trouble",
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

/* ---- sets ---- */

static json_t *
one_set(struct sets *s, bool is4, const char *name)
{
	struct sets_size size;

	if (sets_size(s, is4, &size) != 0)
		return json_pack("{s:s, s:o}", "name", name, "error",
		    report_text(sets_error(s)));
	return json_pack("{s:s, s:o, s:o}", "name", name, "entries",
	    number(size.entries), "room", number(size.room));
}

json_t *
report_sets(struct sets *s, const char *set4, const char *set6)
{
	json_t *list = json_array();

	if (s != NULL && *set4 != 0)
		(void)json_array_append_new(list, one_set(s, true, set4));
	if (s != NULL && *set6 != 0)
		(void)json_array_append_new(list, one_set(s, false, set6));
	return list;
}
