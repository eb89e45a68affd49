/* SPDX-License-Identifier: ISC */
#include "feed/trust.h"

#include <stdio.h>
#include <time.h>

#include "base/when.h"
#include "feed/feed.h"
#include "feed/lift.h"
#include "state/doubts.h"

#define NOW_S 60 /* a busy log, or there were no alarm, has newer lines */

/* ---- zones ---- */

/* What is suspect: since the spell began, or the jump that led to asking. */
static int64_t
suspect_since(const struct feed *f, const struct zone *z)
{
	int64_t since = z->from_s;

	for (size_t i = 0; i < f->o.logs_n; i++) {
		const struct alarm *b = &f->marks[i].alarm;

		if (alarm_is_on(b) && b->alarm.from_s < since)
			since = b->alarm.from_s;
	}
	return since;
}

static void
distrust(struct feed *f, size_t i)
{
	const struct zone *z = &f->state.zones.list[i];
	int64_t since = suspect_since(f, z);
	size_t lifted = lift_zone(f, i, since);
	char when[WHEN_SIZE];

	(void)saver_urge(&f->saver, feed_now_ms());
	if (z->well_s == 0) {
		feed_complain(f,
		    "zone %s: %s, and was never found well; its refusals ban "
		    "nobody, and %zu bans are lifted",
		    z->shown, z->why, lifted);
		return;
	}
	feed_complain(f,
	    "zone %s: %s; its refusals ban nobody, and %zu bans since %s are "
	    "lifted",
	    z->shown, z->why, lifted, when_format(since, when));
}

/* Whether what lists say now is about the lines that are read now. */
static bool
is_up_to_date(const struct state_log *mark)
{
	return !mark->is_behind && mark->time_s > time(NULL) - NOW_S;
}

/*
 * Who passed of late may have done so since the list lists nobody, or does not
 * answer. With one that lists everybody, a pass is what lets good mail in.
 */
static void
end_passes(struct feed *f, const struct zone *z)
{
	if (!z->dead && !z->silent)
		return;
	doubts_end_passes(f->state.doubts);
	feed_tell(f, livesets_no_passes(&f->livesets));
}

/* The jump is real, then: so many are listed. */
static void
end_alarms(struct feed *f)
{
	const struct zones *zones = &f->state.zones;

	if (!zones_all_well(zones))
		return;
	for (size_t k = 0; k < zones->n; k++)
		if (zones->list[k].well_s < f->alarmed_s)
			return;
	for (size_t i = 0; i < f->o.logs_n; i++) {
		struct alarm *b = &f->marks[i].alarm;

		if (!alarm_is_on(b) || !is_up_to_date(&f->marks[i]))
			continue;
		alarm_end(b, f->marks[i].time_s);
		feed_say(f,
		    "%s: alarm over: the lists are well, so there is "
		    "more spam; bans are made again",
		    f->o.logs[i]);
	}
}

static void
zone_taken(void *user, size_t i, enum zones_change change)
{
	struct feed *f = user;
	const struct zone *z = &f->state.zones.list[i];

	saver_mark(&f->saver, feed_now_ms());
	switch (change) {
	case ZONES_SAME:
		break;
	case ZONES_DISTRUSTED:
		distrust(f, i);
		end_passes(f, z);
		break;
	case ZONES_TRUSTED:
		feed_say(f, "zone %s: is well again; its refusals ban again",
		    z->shown);
		break;
	case ZONES_NO_ANSWER:
		feed_complain(f, "zone %s: gives no answer", z->shown);
		end_passes(f, z);
		break;
	case ZONES_ANSWERS:
		feed_say(f, "zone %s: answers again", z->shown);
		break;
	}
	end_alarms(f);
}

/* ---- alarms ---- */

void
trust_line(struct feed *f, size_t i, bool was_on)
{
	const struct alarm *b = &f->marks[i].alarm;
	char why[ALARM_TEXT_SIZE];
	char since[WHEN_SIZE];

	if (alarm_is_on(b) == was_on)
		return;
	if (was_on) {
		feed_say(f,
		    "%s: alarm over: refusals are as usual; bans are "
		    "made again",
		    f->o.logs[i]);
		return;
	}
	f->alarmed_s = time(NULL);
	feed_complain(f,
	    "%s: alarm: %s; no new bans now; if a list was wrong, take back "
	    "what it did: rblcachectl forget RULE since %s",
	    f->o.logs[i], alarm_why(b, why),
	    when_format(b->alarm.from_s, since));
	if (f->canary != NULL)
		canary_ask_soon(f->canary);
}

/* ---- the canary ---- */

static void
resolver_text(const struct settings *s, char *text, size_t size)
{
	char ip[ADDR_STRLEN];

	*text = 0;
	if (s->has_resolver)
		snprintf(text, size,
		    addr_is4(&s->resolver) ? "%s:%u" : "[%s]:%u",
		    addr_format(&s->resolver, ip), (unsigned)s->resolver_port);
}

void
trust_open(struct feed *f)
{
	char error[CANARY_ERROR_SIZE];
	char resolver[ADDR_STRLEN + 16];

	f->canary = NULL;
	if (f->state.zones.n == 0)
		return;
	resolver_text(&f->settings, resolver, sizeof resolver);
	f->canary = canary_open(&f->state.zones, resolver, f->settings.canary_s,
	    zone_taken, f, error);
	if (f->canary == NULL)
		feed_complain(f, "%s; no list is checked", error);
}

void
trust_close(struct feed *f)
{
	canary_close(f->canary);
	f->canary = NULL;
}

size_t
trust_fds(const struct feed *f, struct pollfd fds[CANARY_FDS_MAX])
{
	return f->canary == NULL ? 0 : canary_fds(f->canary, fds);
}

int64_t
trust_wait_ms(const struct feed *f)
{
	return f->canary == NULL ? INT64_MAX
				 : canary_wait_ms(f->canary, feed_now_ms());
}

void
trust_serve(struct feed *f)
{
	if (f->canary != NULL)
		canary_serve(f->canary, feed_now_ms(), time(NULL));
}
