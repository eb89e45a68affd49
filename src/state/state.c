/* SPDX-License-Identifier: ISC */
#include "state/state.h"

#include <stdio.h>
#include <string.h>

#include "state/connections.h"
#include "state/counts.h"
#include "state/passes.h"
#include "state/repeats.h"

#define MINUTE_S 60

int
state_new(struct state *s)
{
	*s = (struct state){
	    .bans = bans_new(BANS_MAX),
	    .counts = counts_new(COUNTS_MAX),
	    .repeats = repeats_new(REPEATS_MAX),
	    .connections = connections_new(CONNECTIONS_MAX),
	};
	if (s->bans != NULL && s->counts != NULL && s->repeats != NULL &&
	    s->connections != NULL)
		return 0;
	state_free(s);
	return -1;
}

void
state_free(struct state *s)
{
	bans_free(s->bans);
	lru_free(s->counts);
	lru_free(s->repeats);
	connections_free(s->connections);
	*s = (struct state){0};
}

bool
state_is_of_list(const struct policy *policy, const char *rule)
{
	const struct rules_rule *r = NULL;

	if (policy->rules != NULL)
		r = rules_find(policy->rules, rule);
	return strcmp(rule, BAN_ADDED_RULE) != 0 && (r == NULL || r->list);
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
	return connections_is(s->connections, log->id, d->pid, &d->ip);
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

/* Whether the alarm forbids the ban. To renew one is no new one. */
static bool
is_alarming(
    const struct state *s, struct state_log *log, const struct decision *d)
{
	struct ban ban;

	if (bans_find_live(s->bans, &d->ip, d->time, &ban))
		return alarm_is_on(&log->alarm);
	return !alarm_ban(&log->alarm, d->time);
}

static int
judge(struct state *s, struct state_log *log, struct decision *d,
    const struct policy *policy, uint32_t marks)
{
	const struct rules_rule *rule = d->rule;

	if (!is_connected(s, log, d)) {
		decide_skip(d, DECIDE_UNSEEN);
		return 0;
	}
	if (policy->alarm && rule->list &&
	    (marks & (CONNECTIONS_REJECTED | CONNECTIONS_HOST_REJECTED)) == 0)
		alarm_refusal(&log->alarm, d->time);
	if (rule->list && zones_doubts(&s->zones, d->reply, d->time)) {
		decide_skip(d, DECIDE_DISTRUSTED);
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
	if (policy->alarm && is_alarming(s, log, d)) {
		decide_skip(d, DECIDE_ALARM);
		return 0;
	}
	if (exceeds(log, d->time, policy->cap)) {
		decide_skip(d, DECIDE_CAP);
		return 0;
	}
	if (rule->again > 1) {
		uint32_t ban_s = repeats_ban(s->repeats, rule->name, &d->ip,
		    d->time, rule->ban_s, rule->again, rule->again_max_s);

		if (ban_s == 0)
			return -1;
		d->ban_s = ban_s;
	}
	return 0;
}

/* A line that a rule matches. */
static int
take_match(struct state *s, struct state_log *log, struct decision *d,
    const struct policy *policy)
{
	uint32_t marks = passes_rejected(s, log, d);
	bool rechecked = (marks & CONNECTIONS_RECHECK) != 0 &&
			 (marks & CONNECTIONS_REJECTED) == 0;
	int result = 0;

	if (d->kind == DECIDE_BAN)
		result = judge(s, log, d, policy, marks);
	if (d->kind == DECIDE_BAN)
		secret_mask(policy->secrets, d->reply);
	tallies_add(&s->tallies, d);
	if (d->kind == DECIDE_SKIP || result != 0)
		return result;
	if (rechecked)
		tallies_add_recheck(&s->tallies, true, d->time);
	return 0;
}

int
state_take(struct state *s, struct state_log *log, struct decision *d,
    const struct policy *policy, struct news *news)
{
	news->passed = news->lifted = news->dropped = false;
	log->lines++;
	if (d->time > log->time_s || d->time + BAN_AHEAD_S < log->time_s)
		log->time_s = d->time;
	if (d->kind == DECIDE_NOTHING)
		return passes_take(s, log, d, policy, news);
	return take_match(s, log, d, policy);
}

int
state_ban(struct state *s, const struct decision *d, struct ban *stands)
{
	*stands = (struct ban){
	    .ip = d->ip, .since = d->time, .until = d->time + d->ban_s};
	snprintf(stands->rule, sizeof stands->rule, "%s", d->rule->name);
	memcpy(stands->reply, d->reply, sizeof stands->reply);
	if (bans_put(s->bans, stands) != 0)
		return -1;
	(void)bans_find(s->bans, &d->ip, stands);
	return 0;
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
	int64_t oldest_s = horizon(logs, n) - BAN_AHEAD_S;

	bans_expire(s->bans, oldest_s);
	counts_expire(s->counts, oldest_s);
	repeats_expire(s->repeats, oldest_s);
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
		forget_host(s->repeats, s->tallies.list[i].rule, a);
	}
	return bans_remove(s->bans, a);
}
