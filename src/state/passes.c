/* SPDX-License-Identifier: ISC */
#include "state/passes.h"

#include <string.h>

#include "base/hooklog.h"
#include "log/tcpserver.h"
#include "state/connections.h"

#define AGAINST                                                                \
	(CONNECTIONS_REJECTED | CONNECTIONS_UNASKED | CONNECTIONS_HOST_REJECTED)

static const char rblsmtpd[] = "rblsmtpd: ";

/* A list that is wrong or silent says nothing of whom it does not refuse. */
static bool
lists_are_well(const struct state *s, int64_t time_s)
{
	return zones_all_well(&s->zones) &&
	       !zones_doubts(&s->zones, "", time_s);
}

/* No list is asked about such a host, and the hook need not say so. */
static bool
is_allowed(const struct policy *policy, const struct addr *a)
{
	return policy->guard != NULL && guard_allows(policy->guard, a);
}

/* Takes the ban back, and says whose it was. */
static void
lift(struct state *s, const struct ban *ban, const struct addr *a,
    const char *why, struct news *news)
{
	news->ip = *a;
	memcpy(news->rule, ban->rule, sizeof news->rule);
	news->why = why;
	news->lifted = state_lift(s, a);
}

/*
 * A process that was refused never passes, so it was no list that refused it: a
 * ban that a line about this process made is taken back.
 */
static void
recover(struct state *s, struct state_log *log, const struct addr *a,
    uint32_t marks, int64_t time_s, const struct policy *policy,
    struct news *news)
{
	struct ban ban;

	if ((marks & (CONNECTIONS_BANNED | CONNECTIONS_HOST_BANNED)) == 0 ||
	    !bans_find_live(s->bans, a, time_s, &ban) || ban.since > time_s ||
	    !state_is_of_list(policy, ban.rule))
		return;
	lift(s, &ban, a, "passed", news);
	log->recovered++;
}

/* Asked about, and not refused. */
static void
passed(struct state *s, const struct addr *a, uint32_t marks, int64_t time_s,
    const struct policy *policy, struct news *news)
{
	struct ban ban;
	bool banned;

	if ((marks & AGAINST) != 0 || !lists_are_well(s, time_s))
		return;
	banned = bans_find_live(s->bans, a, time_s, &ban);
	/* of a newer line, in another log, or for what no list is about */
	if (banned &&
	    (ban.since > time_s || !state_is_of_list(policy, ban.rule)))
		return;
	if ((marks & CONNECTIONS_RECHECK) != 0)
		tallies_add_recheck(&s->tallies, false, time_s);
	else if (banned) /* the set has been changed by hand, or the hook has -n
			  */
		return;
	news->ip = *a;
	news->passed = true;
	if (banned)
		lift(s, &ban, a, "recheck", news);
}

/* The process number in a line of rblsmtpd's, wherever it has it. */
static uint64_t
pid_of(const struct decision *d)
{
	static const char word[] = " pid ";
	struct slice s = d->message;
	const char *at = memmem(s.p, s.len, word, sizeof word - 1);

	if (at == NULL)
		return 0;
	slice_advance(&s, (size_t)(at - s.p) + sizeof word - 1);
	return slice_number(slice_digits(&s));
}

uint64_t
passes_unclear(const struct decision *d)
{
	static const char harmless[] = ": greetdelay: ";

	if (!slice_begins(&d->message, rblsmtpd) ||
	    memmem(d->message.p, d->message.len, harmless,
		sizeof harmless - 1) != NULL)
		return 0;
	return pid_of(d);
}

/* A line of rblsmtpd's that no rule knows. */
static void
take_rblsmtpd(struct state *s, struct state_log *log, const struct decision *d)
{
	uint64_t pid = passes_unclear(d);

	log->shows_rblsmtpd = true;
	if (pid != 0)
		connections_mark(
		    s->connections, log->id, pid, NULL, CONNECTIONS_REJECTED);
}

/* The hook has refused a host that it knew. */
static void
take_refusal(struct state *s, struct state_log *log, const struct hooklog *h,
    int64_t time_s, const struct policy *policy, struct news *news)
{
	uint32_t marks = connections_mark(
	    s->connections, log->id, h->pid, &h->ip, CONNECTIONS_REJECTED);
	uint32_t n;

	if (log->shows_tcpserver && marks == 0)
		return;
	if (policy->alarm)
		alarm_refusal(&log->alarm, time_s);
	n = bans_refused(s->bans, &h->ip, time_s);
	news->ip = h->ip;
	news->dropped = n > 0 && n == policy->drop_after;
}

/*
 * The server itself refuses the client, and rblsmtpd is about to say so. In a log
 * without lines of tcpserver's, the process is known from here on.
 */
static int
take_decided(struct state *s, struct state_log *log, const struct hooklog *h,
    uint32_t marks)
{
	if (marks == 0 && (log->shows_tcpserver || h->pid == 0))
		return 0;
	if (marks == 0 &&
	    connections_begin(s->connections, log->id, h->pid, &h->ip) != 0)
		return -1;
	connections_mark(s->connections, log->id, h->pid, &h->ip,
	    CONNECTIONS_DECIDED | CONNECTIONS_UNASKED);
	return 0;
}

/* The hook behind rblsmtpd: the connection has got that far. */
static void
take_passed(struct state *s, struct state_log *log, const struct decision *d,
    const struct hooklog *h, uint32_t marks, const struct policy *policy,
    struct news *news)
{
	uint32_t mark = CONNECTIONS_PASSED;

	recover(s, log, &h->ip, marks, d->time, policy, news);
	if (d->torn == TORN_NO) {
		log->shows_passed = true;
		mark |= CONNECTIONS_UNASKED; /* it passes once */
		passed(s, &h->ip, marks, d->time, policy, news);
	}
	connections_mark(s->connections, log->id, h->pid, &h->ip, mark);
}

static int
take_hook(struct state *s, struct state_log *log, const struct decision *d,
    const struct policy *policy, struct news *news)
{
	struct hooklog h = hooklog_line(d->message);
	uint32_t marks = 0;

	tallies_add_hook(&s->tallies, h.kind, d->time);
	/* any process of the host's is not strict enough */
	if (h.pid != 0)
		marks =
		    connections_mark(s->connections, log->id, h.pid, &h.ip, 0);
	switch (h.kind) {
	case HOOKLOG_IPSET:
	case HOOKLOG_RECENT:
		take_refusal(s, log, &h, d->time, policy, news);
		break;
	case HOOKLOG_LOCAL:
		connections_mark(s->connections, log->id, h.pid, &h.ip,
		    CONNECTIONS_REJECTED);
		break;
	case HOOKLOG_ALLOWED:
	case HOOKLOG_PASS:
		connections_mark(
		    s->connections, log->id, h.pid, &h.ip, CONNECTIONS_UNASKED);
		break;
	case HOOKLOG_RECHECK:
		if (marks != 0)
			connections_mark(s->connections, log->id, h.pid, &h.ip,
			    CONNECTIONS_RECHECK);
		break;
	case HOOKLOG_PASSED:
		if (marks != 0)
			take_passed(s, log, d, &h, marks, policy, news);
		break;
	case HOOKLOG_DECIDED:
		return take_decided(s, log, &h, marks);
	case HOOKLOG_WOULD:
	case HOOKLOG_NO_RIGHT:
	case HOOKLOG_TROUBLE:
	case HOOKLOG_OTHER:
		break;
	}
	return 0;
}

/* A connection has ended, with the goodbye of both sides if well. */
static void
take_end(struct state *s, struct state_log *log, const struct decision *d,
    const struct tcpserver_event *event, const struct policy *policy,
    struct news *news)
{
	struct connections_entry ended;

	if (connections_end(s->connections, log->id, event->pid, &ended) &&
	    event->well && d->torn == TORN_NO && log->shows_rblsmtpd &&
	    !log->shows_passed && !is_allowed(policy, &ended.ip))
		passed(s, &ended.ip, ended.marks, d->time, policy, news);
}

int
passes_take(struct state *s, struct state_log *log, const struct decision *d,
    const struct policy *policy, struct news *news)
{
	struct tcpserver_event event;

	if (d->torn == TORN_REST)
		return 0;
	if (slice_begins(&d->message, rblsmtpd)) {
		take_rblsmtpd(s, log, d);
		return 0;
	}
	switch (tcpserver_parse(d->message, &event)) {
	case TCPSERVER_BEGIN:
		log->shows_tcpserver = true;
		if (policy->alarm)
			alarm_connection(&log->alarm, d->time);
		return connections_begin(
		    s->connections, log->id, event.pid, &event.ip);
	case TCPSERVER_OK:
		break;
	case TCPSERVER_DENY:
		connections_mark(s->connections, log->id, event.pid, NULL,
		    CONNECTIONS_REJECTED);
		break;
	case TCPSERVER_END:
		take_end(s, log, d, &event, policy, news);
		break;
	case TCPSERVER_OTHER:
		return take_hook(s, log, d, policy, news);
	}
	return 0;
}

uint32_t
passes_rejected(
    struct state *s, struct state_log *log, const struct decision *d)
{
	uint32_t marks;
	struct connections_entry ended;

	if (slice_begins(&d->message, rblsmtpd))
		log->shows_rblsmtpd = true;
	marks = connections_mark(s->connections, log->id, d->pid,
	    d->has_ip ? &d->ip : NULL, CONNECTIONS_REJECTED);
	/* nothing else tells of its end; see take_decided */
	if ((marks & CONNECTIONS_DECIDED) != 0 && !log->shows_tcpserver)
		(void)connections_end(s->connections, log->id, d->pid, &ended);
	return marks;
}
