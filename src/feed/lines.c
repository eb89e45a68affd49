/* SPDX-License-Identifier: ISC */
#include "feed/lines.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/when.h"
#include "feed/trust.h"
#include "state/judge.h"

#define SPARE_FIRST 10000
#define SPARE_EVERY 61

static void
tell_missed(struct feed *f, size_t i, int64_t from_s, int64_t until_s)
{
	char from[WHEN_SIZE] = "its start";
	char to[WHEN_SIZE];

	if (from_s != 0)
		when_format(from_s, from);
	when_format(until_s, to);
	feed_complain(f,
	    "%s: files were deleted or truncated before they could be read; "
	    "lines from %s to %s may be missing",
	    f->o.logs[i], from, to);
	f->logs[i].missed = false;
}

/* What a line led to, for the kernel sets. */
static void
spread(struct feed *f, const struct news *news, int64_t now)
{
	if (news->lifted)
		livesets_lift(&f->livesets, &news->ip);
	if (news->passed)
		livesets_pass(&f->livesets, &news->ip, now);
	if (news->ends_pass)
		livesets_no_pass(&f->livesets, &news->ip);
	if (news->banned)
		livesets_ban(&f->livesets, &news->ip, now);
	if (news->dropped)
		livesets_drop(&f->livesets, &news->ip, now);
}

static void
tell_capped(struct feed *f, size_t i)
{
	char minute[WHEN_SIZE];

	if (f->logs[i].capped_minute == f->marks[i].minute)
		return;
	f->logs[i].capped_minute = f->marks[i].minute;
	when_format(f->marks[i].minute * 60, minute);
	feed_complain(f,
	    "%s: more than %lu bans in the minute from %s; the others are "
	    "left out",
	    f->o.logs[i], (unsigned long)f->o.cap, minute);
}

static void
tell_torn(struct feed *f, size_t i, int64_t time_s)
{
	unsigned share = torn_share(&f->marks[i].torn, time_s);
	int64_t span = time_s / TORN_SPAN_S;

	if (share < TORN_FLOOD || f->logs[i].torn_span == span)
		return;
	f->logs[i].torn_span = span;
	feed_complain(f,
	    "%s: torn lines: nobody could be banned in %u %% of the last "
	    "minutes",
	    f->o.logs[i], share);
}

static void
tell_unknown(struct feed *f, size_t i)
{
	feed_complain(f,
	    "%s: none of %d lines is understood; the first: \"%s\"",
	    f->o.logs[i], UNKNOWN_LINES, f->logs[i].unknown.first);
}

/*
 * A line that no rule knows: does a rule file know it that is not in use? Most
 * lines of a log are such, so of many only a few are looked at. (A prime, since the
 * lines of a connection come in turn.)
 */
static void
look_at_spare(struct feed *f, size_t i, const struct decision *d)
{
	struct log *log = &f->logs[i];

	if (f->spare == NULL || log->spare != NULL ||
	    (++log->unmatched > SPARE_FIRST &&
		log->unmatched % SPARE_EVERY != 0))
		return;
	log->spare = spare_look(f->spare, &d->line);
	if (log->spare != NULL)
		feed_say(f, "%s: %s", f->o.logs[i], log->spare);
}

/* What is to be known of the decision itself. */
static void
report(
    struct feed *f, size_t i, const struct decision *d, const struct news *news)
{
	char text[DECIDE_TEXT_SIZE];

	if (d->kind == DECIDE_NOTHING && d->rule != NULL &&
	    d->rule->gave_up == 1)
		feed_complain(f,
		    "[%s]: a pattern takes too many steps; such lines ban "
		    "nobody",
		    d->rule->name);
	if (decide_has_no_rule(d))
		look_at_spare(f, i, d);
	if (d->kind == DECIDE_SKIP && d->why == DECIDE_CAP)
		tell_capped(f, i);
	if (d->torn == TORN_DOUBT)
		tell_torn(f, i, d->time);
	if (f->o.verbose && *judge_format(d, news, text) != 0)
		feed_say(f, "%s", text);
}

void
lines_take(struct feed *f, size_t i, const struct follow_line *line)
{
	int64_t before_s = f->marks[i].time_s;
	bool alarming = alarm_is_on(&f->marks[i].alarm);
	int64_t now = time(NULL);
	struct decision d;
	struct news news;
	int result = judge_line(
	    &f->state, &f->marks[i], &f->policy, line, now, &d, &news);

	if (f->logs[i].missed)
		tell_missed(f, i, before_s, d.time);
	if (result != 0) {
		feed_complain(f, "%s", strerror(errno));
		return;
	}
	if (unknown_take(&f->logs[i].unknown, &d, f->rules,
		&f->settings.secrets, (struct slice){line->text, line->len}))
		tell_unknown(f, i);
	trust_line(f, i, alarming);
	spread(f, &news, now);
	report(f, i, &d, &news);
}
