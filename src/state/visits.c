/* SPDX-License-Identifier: ISC */
#include "state/visits.h"

#define MINUTE_S 60

struct lru *
visits_new(size_t max)
{
	return lru_new(
	    max, sizeof(struct visits_key), sizeof(struct visits_entry));
}

/* Whether it was so long ago that the host counts again; or the clock was wrong. */
static bool
is_over(uint32_t then, uint32_t now)
{
	return then + ALARM_WINDOW <= now || then > now;
}

/* Those that count again leave by themselves. */
static void
forget_old(struct lru *visits, uint32_t now)
{
	const struct visits_entry *e;

	while ((e = lru_oldest(visits)) != NULL) {
		for (int i = 0; i < VISITS_KINDS; i++)
			if (e->minutes[i] + ALARM_WINDOW > now)
				return;
		lru_remove(visits, lru_oldest(visits));
	}
}

/* Without memory none is, and so no alarm begins. */
static bool
is_first(struct state *s, const struct state_log *log, const struct addr *a,
    enum visits_kind kind)
{
	const struct visits_key key = {log->id, addr_ban_key(a)};
	uint32_t now =
	    log->time_s < 0 ? 0 : (uint32_t)(log->time_s / MINUTE_S) + 1;
	struct visits_entry *e;

	forget_old(s->visits, now);
	e = lru_put(s->visits, &key);
	if (e == NULL ||
	    (e->minutes[kind] != 0 && !is_over(e->minutes[kind], now)))
		return false;
	e->minutes[kind] = now;
	return true;
}

void
visits_connected(struct state *s, struct state_log *log, const struct addr *a,
    int64_t time_s)
{
	if (is_first(s, log, a, VISITS_CONNECTED))
		alarm_connection(&log->alarm, time_s);
	else
		alarm_time(&log->alarm, time_s);
}

void
visits_refused(struct state *s, struct state_log *log, const struct addr *a,
    int64_t time_s)
{
	if (is_first(s, log, a, VISITS_REFUSED))
		alarm_refusal(&log->alarm, time_s);
}

bool
visits_may_ban(struct state *s, struct state_log *log, const struct addr *a,
    int64_t time_s)
{
	if (is_first(s, log, a, VISITS_TO_BAN))
		return alarm_ban(&log->alarm, time_s);
	alarm_time(&log->alarm, time_s);
	return !alarm_is_on(&log->alarm);
}
