/* SPDX-License-Identifier: ISC */
#include "state/judge.h"

#include <stdio.h>
#include <string.h>

#include "state/connections.h"
#include "state/counts.h"
#include "state/doubts.h"
#include "state/passes.h"
#include "state/repeats.h"
#include "state/visits.h"

#define MINUTE_S 60
#define DAY_S 86400

/*
 * Whether the host need not be connected. A line without a process number could
 * be anybody's.
 */
static bool
may_be_unseen(const struct state_log *log, const struct decision *d)
{
	return d->pid != 0 &&
	       (d->rule->seen == RULES_SEEN_NO ||
		   (d->rule->seen == RULES_SEEN_AUTO && !log->shows_tcpserver));
}

/* No list refuses a process that has passed: the line is a client's. */
static bool
is_late(struct state_log *log, const struct decision *d, uint32_t marks)
{
	bool late = d->rule->list && (marks & CONNECTIONS_PASSED) != 0;

	log->late += late;
	return late;
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
is_alarming(struct state *s, struct state_log *log, const struct decision *d)
{
	struct bans_left left;

	if (bans_left(s->bans, &d->ip, d->time, &left))
		return alarm_is_on(&log->alarm);
	return !visits_may_ban(s, log, &d->ip, d->time);
}

/*
 * Whether the host can be doubted later. Nobody tries again after a permanent
 * refusal; and where the log does not show what the hook does, nobody is seen to.
 */
static bool
may_be_doubted(const struct state_log *log, const struct decision *d,
    const struct policy *policy)
{
	return policy->doubt_s > 0 && log->shows_hook && d->reply[0] != '5';
}

/* How long a list is believed. */
static int
set_list_time(struct state *s, const struct state_log *log, struct decision *d,
    const struct policy *policy)
{
	uint32_t ban_s;

	if (policy->ban_s == 0 && d->ban_s > DAY_S &&
	    !may_be_doubted(log, d, policy))
		d->ban_s = DAY_S;
	if (!state_has_doubts(policy))
		return 0;
	ban_s = doubts_refused(s->doubts, &d->ip, d->time, d->ban_s);
	if (ban_s == 0)
		return -1;
	if (policy->doubt_s > 0)
		d->ban_s = ban_s;
	return 0;
}

/* How long the rule wants it. */
static int
set_rule_time(struct state *s, struct decision *d, const struct policy *policy)
{
	const struct rules_rule *rule = d->rule;
	uint32_t ban_s;

	if (rule->list && policy->ban_s != 0) {
		if (!d->is_vague || d->ban_s > policy->ban_s)
			d->ban_s = policy->ban_s;
		return 0;
	}
	if (rule->again == 1 || d->is_vague)
		return 0;
	ban_s = repeats_ban(s->repeats, rule->name, &d->ip, d->time,
	    rule->ban_s, rule->again, rule->again_max_s);
	if (ban_s == 0)
		return -1;
	d->ban_s = ban_s;
	return 0;
}

/* How long the ban lasts. */
static int
set_time(struct state *s, const struct state_log *log, struct decision *d,
    const struct policy *policy)
{
	if (set_rule_time(s, d, policy) != 0)
		return -1;
	return d->rule->list ? set_list_time(s, log, d, policy) : 0;
}

static int
judge(struct state *s, struct state_log *log, struct decision *d,
    const struct policy *policy, uint32_t marks)
{
	const struct rules_rule *rule = d->rule;

	if (d->torn != TORN_NO || is_late(log, d, marks)) {
		decide_skip(d, DECIDE_TORN);
		return 0;
	}
	if (marks == 0 && !may_be_unseen(log, d)) {
		if (d->pid == 0 && !log->shows_tcpserver)
			log->unshown_s = d->time;
		decide_skip(d, DECIDE_UNSEEN);
		return 0;
	}
	if (policy->alarm && rule->list &&
	    (marks & (CONNECTIONS_REJECTED | CONNECTIONS_HOST_REJECTED)) == 0)
		visits_refused(s, log, &d->ip, d->time);
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
	return set_time(s, log, d, policy);
}

/*
 * A host that was not connected was not refused, so an address that somebody
 * planted ends no pass; nor does a refusal that is no list's, or a client's.
 */
static bool
ends_pass(const struct decision *d, const struct state_log *log, uint32_t marks)
{
	return d->has_ip && (marks != 0 || may_be_unseen(log, d)) &&
	       !(d->kind == DECIDE_SKIP &&
		   (d->why == DECIDE_DECIDED || d->why == DECIDE_TORN));
}

/* A line that a rule matches. */
static int
take_match(struct state *s, struct state_log *log, struct decision *d,
    const struct policy *policy, struct news *news)
{
	uint32_t marks = passes_rejected(s, log, d);
	bool rechecked = (marks & CONNECTIONS_RECHECK) != 0 &&
			 (marks & CONNECTIONS_REJECTED) == 0;
	int result = 0;

	if (d->kind == DECIDE_BAN && (marks & CONNECTIONS_DECIDED) != 0)
		decide_skip(d, DECIDE_DECIDED);
	if (d->kind == DECIDE_BAN)
		result = judge(s, log, d, policy, marks);
	if (d->kind == DECIDE_BAN)
		secret_mask(policy->secrets, d->reply);
	news->ip = d->ip;
	news->ends_pass = ends_pass(d, log, marks);
	if (news->ends_pass)
		doubts_end_pass(s->doubts, &d->ip);
	tallies_add(&s->tallies, d);
	if (d->kind == DECIDE_SKIP || result != 0)
		return result;
	if (rechecked)
		tallies_add_recheck(&s->tallies, true, d->time);
	return 0;
}

static int
put_ban(struct state *s, const struct state_log *log, const struct decision *d)
{
	struct ban ban = {
	    .ip = d->ip, .since = d->time, .until = d->time + d->ban_s};

	snprintf(ban.rule, sizeof ban.rule, "%s", d->rule->name);
	memcpy(ban.reply, d->reply, sizeof ban.reply);
	if (d->rule->list)
		(void)connections_mark(s->connections, log->id, d->pid, &d->ip,
		    CONNECTIONS_BANNED);
	return bans_put(s->bans, &ban);
}

int
judge_decision(struct state *s, struct state_log *log,
    const struct policy *policy, struct decision *d, struct news *news)
{
	news->passed = news->lifted = news->dropped = news->banned = false;
	news->ends_pass = false;
	news->since = 0;
	log->lines++;
	if (d->time > log->time_s || d->time + BAN_AHEAD_S < log->time_s)
		log->time_s = d->time;
	decide_torn(d, &log->torn, policy->line_max);
	if (d->kind == DECIDE_NOTHING)
		return passes_take(s, log, d, policy, news);
	if (take_match(s, log, d, policy, news) != 0)
		return -1;
	if (d->kind != DECIDE_BAN)
		return 0;
	news->banned = put_ban(s, log, d) == 0;
	return news->banned ? 0 : -1;
}

/*
 * A stamp from the future would end other bans too early. A little is normal
 * (s6-log is 27 s ahead, time() some milliseconds behind), and what is taken as it
 * stands is the same however often it is read.
 */
int
judge_line(struct state *s, struct state_log *log, const struct policy *policy,
    const struct follow_line *line, int64_t now_s, struct decision *d,
    struct news *news)
{
	decide_line(d, policy->rules, policy->guard, line->text, line->len,
	    line->written_s);
	if (line->is_part)
		decide_part(d);
	if (d->time > now_s + JUDGE_FUTURE_S)
		d->time = now_s;
	return judge_decision(s, log, policy, d, news);
}

const char *
judge_format(const struct decision *d, const struct news *news,
    char buf[DECIDE_TEXT_SIZE])
{
	char ip[ADDR_STRLEN];

	decide_format(d, buf);
	if (news->lifted)
		snprintf(buf, DECIDE_TEXT_SIZE, "lift\t%s\t%s\t%s",
		    addr_format(&news->ip, ip), news->rule, news->why);
	return buf;
}
