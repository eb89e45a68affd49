#include "state.h"

#include <stdio.h>
#include <string.h>

#include "counts.h"
#include "past.h"
#include "seen.h"

#define MINUTE_S 60

int
state_new(struct state *s)
{
	*s = (struct state){
	    .bans = bans_new(BANS_MAX),
	    .counts = counts_new(COUNTS_MAX),
	    .past = past_new(PAST_MAX),
	    .seen = seen_new(SEEN_MAX),
	};
	if (s->bans != NULL && s->counts != NULL && s->past != NULL &&
	    s->seen != NULL)
		return 0;
	state_free(s);
	return -1;
}

void
state_free(struct state *s)
{
	bans_free(s->bans);
	lru_free(s->counts);
	lru_free(s->past);
	seen_free(s->seen);
	*s = (struct state){0};
}

void
state_name_log(struct state_log *log, const char *path)
{
	uint64_t h = 14695981039346656037ULL;

	snprintf(log->path, sizeof log->path, "%s", path);
	for (const char *p = log->path; *p != 0; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211ULL;
	log->id = h;
}

static bool
is_connected(
    struct state *s, const struct state_log *log, const struct decision *d)
{
	if (d->rule->seen == RULES_SEEN_NO ||
	    (d->rule->seen == RULES_SEEN_AUTO && !log->shows_tcpserver))
		return true;
	return seen_is(s->seen, log->id, d->pid, &d->ip);
}

/* Whether this is one ban too many for its minute; counts it if not. */
static bool
exceeds(struct state_log *log, int64_t time_s, uint32_t cap)
{
	int64_t minute = time_s / MINUTE_S;

	if (minute != log->minute) {
		log->minute = minute;
		log->minute_bans = 0;
	}
	if (cap != 0 && log->minute_bans >= cap)
		return true;
	log->minute_bans++;
	return false;
}

static int
judge(struct state *s, struct state_log *log, struct decision *d, uint32_t cap)
{
	const struct rules_rule *rule = d->rule;

	if (!is_connected(s, log, d)) {
		decide_skip(d, DECIDE_UNSEEN);
		return 0;
	}
	if (rule->count > 1) {
		d->count = counts_match(s->counts, rule->name, &d->ip, d->time,
		    rule->count, rule->count_s);
		if (d->count < rule->count) {
			d->kind = DECIDE_COUNT;
			return d->count == 0 ? -1 : 0;
		}
	}
	if (exceeds(log, d->time, cap)) {
		decide_skip(d, DECIDE_CAP);
		return 0;
	}
	if (rule->again > 1) {
		uint32_t ban_s = past_ban(s->past, rule->name, &d->ip, d->time,
		    rule->ban_s, rule->again, rule->again_max_s);

		if (ban_s == 0)
			return -1;
		d->ban_s = ban_s;
	}
	return 0;
}

static int
take_other(struct state *s, struct state_log *log, const struct decision *d)
{
	switch (seen_line(s->seen, log->id, d->message, d->message_len)) {
	case SEEN_BEGIN:
		log->shows_tcpserver = true;
		break;
	case SEEN_ERROR:
		return -1;
	case SEEN_OTHER:
		tallies_add_hook(&s->tallies,
		    hooklog_line(d->message, d->message_len), d->time);
		break;
	case SEEN_END:
		break;
	}
	return 0;
}

int
state_take(
    struct state *s, struct state_log *log, struct decision *d, uint32_t cap)
{
	int result = 0;

	log->lines++;
	if (d->time > log->time_s || d->time + RECENT_AHEAD_S < log->time_s)
		log->time_s = d->time;
	if (d->kind == DECIDE_NOTHING)
		return take_other(s, log, d);
	if (d->kind == DECIDE_BAN)
		result = judge(s, log, d, cap);
	tallies_add(&s->tallies, d);
	return result;
}

/* Lines to come are no older than this: of a log that is read to its end they
   are new. */
static int64_t
horizon(const struct state_log *logs, size_t n)
{
	int64_t newest = 0;
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < n; i++) {
		if (logs[i].time_s > newest)
			newest = logs[i].time_s;
		if (logs[i].is_behind && logs[i].time_s < oldest)
			oldest = logs[i].time_s;
	}
	return oldest < newest ? oldest : newest;
}

void
state_expire(struct state *s, const struct state_log *logs, size_t n)
{
	int64_t now_s = horizon(logs, n);

	/* a ban that is over is no different from none */
	bans_expire(s->bans, now_s);
	counts_expire(s->counts, now_s - RECENT_AHEAD_S);
	past_expire(s->past, now_s - RECENT_AHEAD_S);
}

static void
forget_host(struct lru *l, const char *rule, const struct addr *a)
{
	struct counts_key key = counts_key(rule, a);
	void *e = lru_find(l, &key);

	if (e != NULL)
		lru_remove(l, e);
}

bool
state_lift(struct state *s, const struct addr *a)
{
	for (size_t i = 0; i < s->tallies.n; i++) {
		forget_host(s->counts, s->tallies.list[i].rule, a);
		forget_host(s->past, s->tallies.list[i].rule, a);
	}
	return bans_remove(s->bans, a);
}
