/* SPDX-License-Identifier: ISC */
#include "state/passes.h"

#include <string.h>

#include "base/hooklog.h"
#include "log/tcpserver.h"
#include "state/connections.h"
#include "state/doubts.h"
#include "state/visits.h"

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

/* Soon enough after the connection's begin for an answer of the lists. */
static bool
is_soon(const struct connections_entry *c, int64_t time_s)
{
	return c->begin_s != 0 && time_s >= c->begin_s &&
	       time_s - c->begin_s <= PASSES_ANSWER_S;
}

/* No list is asked about such a host, and the hook need not say so. */
static bool
is_allowed(const struct policy *policy, const struct addr *a)
{
	return policy->guard != NULL && guard_allows(policy->guard, a);
}

/* The ban is taken back; says whose it was. */
static void
tell_lift(const struct ban *ban, const struct addr *a, const char *why,
    struct news *news)
{
	news->ip = *a;
	memcpy(news->rule, ban->rule, sizeof news->rule);
	news->why = why;
	news->lifted = true;
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
	(void)state_lift(s, a);
	tell_lift(&ban, a, "passed", news);
	log->recovered++;
}

/* A pass that grows is for a log that shows how often it is used. */
static void
give_pass(struct state *s, const struct state_log *log,
    const struct connections_entry *c, const struct policy *policy,
    struct news *news)
{
	uint32_t most_s =
	    log->shows_hook ? policy->pass_most_s : policy->pass_s;

	if (state_has_doubts(policy))
		news->passed = doubts_passed(s->doubts, &c->ip, c->begin_s,
				   policy->pass_s, most_s) == 0;
}

/* Asked about at the begin of the connection, and not refused until time_s. */
static void
passed(struct state *s, const struct state_log *log,
    const struct connections_entry *c, int64_t time_s,
    const struct policy *policy, struct news *news)
{
	struct ban ban;
	bool banned;

	if ((c->marks & AGAINST) != 0 || !lists_are_well(s, c->begin_s))
		return;
	banned = bans_find_live(s->bans, &c->ip, time_s, &ban);
	/* of a newer line, in another log, or for what no list is about */
	if (banned &&
	    (ban.since > c->begin_s || !state_is_of_list(policy, ban.rule)))
		return;
	if ((c->marks & CONNECTIONS_RECHECK) != 0)
		tallies_add_recheck(&s->tallies, false, time_s);
	else if (banned) /* the set has been changed by hand, or the hook has -n
			  */
		return;
	news->ip = c->ip;
	news->passed = true;
	news->since = c->begin_s;
	if (banned) {
		(void)state_lift(s, &c->ip);
		tell_lift(&ban, &c->ip, "recheck", news);
	}
	give_pass(s, log, c, policy, news);
}

/* ---- ports ---- */

/* rblsmtpd is at work where that connection came in. */
static void
note_port(struct state_log *log, const struct connections_entry *c)
{
	size_t i = 0;

	if (c->port == 0)
		return;
	while (i < STATE_PORTS - 1 && log->ports[i] != c->port)
		i++;
	memmove(log->ports + 1, log->ports, i * sizeof *log->ports);
	log->ports[0] = c->port;
}

static bool
asks_lists(const struct state_log *log, const struct connections_entry *c)
{
	for (size_t i = 0; i < STATE_PORTS; i++)
		if (c->port != 0 && log->ports[i] == c->port)
			return true;
	return false;
}

/* ---- lines ---- */

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
	uint64_t pid = pid_of(d);
	struct connections_entry c;

	if (connections_find(s->connections, log->id, pid, NULL, &c))
		note_port(log, &c);
	if (passes_unclear(d) != 0)
		connections_mark(
		    s->connections, log->id, pid, NULL, CONNECTIONS_REJECTED);
}

/* Who behaves like a mail server is asked about again. */
static void
doubt(struct state *s, const struct addr *a, int64_t time_s,
    const struct policy *policy, struct news *news)
{
	struct ban ban;

	if (policy->doubt_s == 0 || !bans_find_live(s->bans, a, time_s, &ban) ||
	    !state_is_of_list(policy, ban.rule) ||
	    !doubts_remembered(
		s->doubts, a, time_s, policy->doubt_s, ban.since, ban.until))
		return;
	(void)bans_remove(s->bans, a);
	tell_lift(&ban, a, "doubt", news);
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
		visits_refused(s, log, &h->ip, time_s);
	n = bans_refused(s->bans, &h->ip, time_s);
	news->ip = h->ip;
	doubt(s, &h->ip, time_s, policy, news);
	/* a drop may end before the ban: then so often again */
	news->dropped = !news->lifted && n > 0 && policy->drop_after > 0 &&
			n % policy->drop_after == 0;
}

/* A pass that does not grow is too short to be counted. */
static void
take_pass(struct state *s, const struct state_log *log, const struct hooklog *h,
    bool is_known, int64_t time_s, const struct policy *policy,
    struct news *news)
{
	if (policy->pass_most_s <= policy->pass_s ||
	    (log->shows_tcpserver && !is_known))
		return;
	news->ip = h->ip;
	news->ends_pass =
	    doubts_used(s->doubts, &h->ip, time_s, policy->pass_most_s);
}

/*
 * The server itself refuses the client, and rblsmtpd is about to say so. In a log
 * without lines of tcpserver's, the process is known from here on.
 */
static int
take_decided(struct state *s, struct state_log *log, const struct hooklog *h,
    bool is_known, int64_t time_s)
{
	if (!is_known && (log->shows_tcpserver || h->pid == 0))
		return 0;
	if (!is_known && connections_begin(s->connections, log->id, h->pid,
			     &h->ip, time_s) != 0)
		return -1;
	connections_mark(s->connections, log->id, h->pid, &h->ip,
	    CONNECTIONS_DECIDED | CONNECTIONS_UNASKED);
	return 0;
}

/* The hook behind rblsmtpd: the connection has got that far. Its marks. */
static uint32_t
take_passed(struct state *s, struct state_log *log, const struct decision *d,
    const struct connections_entry *c, const struct policy *policy,
    struct news *news)
{
	recover(s, log, &c->ip, c->marks, d->time, policy, news);
	if (d->torn != TORN_NO)
		return CONNECTIONS_PASSED;
	log->shows_passed = true;
	if (is_soon(c, d->time))
		passed(s, log, c, d->time, policy, news);
	/* once a connection */
	return CONNECTIONS_PASSED | CONNECTIONS_UNASKED;
}

/* The hook says one of these of a connection, once. */
static bool
is_repeated(enum hooklog_kind kind, uint32_t marks)
{
	switch (kind) {
	case HOOKLOG_IPSET:
	case HOOKLOG_RECENT:
	case HOOKLOG_LOCAL:
	case HOOKLOG_ALLOWED:
	case HOOKLOG_PASS:
		return (marks & (CONNECTIONS_REJECTED | CONNECTIONS_UNASKED)) !=
		       0;
	case HOOKLOG_PASSED:
		return (marks & CONNECTIONS_UNASKED) != 0;
	case HOOKLOG_RECHECK:
		return (marks & CONNECTIONS_RECHECK) != 0;
	case HOOKLOG_DECIDED:
		return (marks & CONNECTIONS_DECIDED) != 0;
	case HOOKLOG_WOULD:
	case HOOKLOG_NO_RIGHT:
	case HOOKLOG_TROUBLE:
	case HOOKLOG_OTHER:
		break;
	}
	return false;
}

/* The hook says so of a connection; c NULL: there is none from that host. */
static int
take_said(struct state *s, struct state_log *log, const struct decision *d,
    const struct hooklog *h, const struct connections_entry *c,
    const struct policy *policy, struct news *news)
{
	uint32_t mark = 0;

	switch (h->kind) {
	case HOOKLOG_IPSET:
	case HOOKLOG_RECENT:
		take_refusal(s, log, h, d->time, policy, news);
		break;
	case HOOKLOG_LOCAL:
		mark = CONNECTIONS_REJECTED;
		break;
	case HOOKLOG_PASS:
		take_pass(s, log, h, c != NULL, d->time, policy, news);
		mark = CONNECTIONS_UNASKED;
		break;
	case HOOKLOG_ALLOWED:
		mark = CONNECTIONS_UNASKED;
		break;
	case HOOKLOG_RECHECK: /* any process of the host's is not strict enough */
		if (c == NULL)
			break;
		note_port(log, c);
		mark = CONNECTIONS_RECHECK;
		break;
	case HOOKLOG_PASSED:
		if (c != NULL)
			mark = take_passed(s, log, d, c, policy, news);
		break;
	case HOOKLOG_DECIDED:
		return take_decided(s, log, h, c != NULL, d->time);
	case HOOKLOG_WOULD:
	case HOOKLOG_NO_RIGHT:
	case HOOKLOG_TROUBLE:
	case HOOKLOG_OTHER:
		break;
	}
	if (mark != 0)
		connections_mark(s->connections, log->id, h->pid, &h->ip, mark);
	return 0;
}

/* Whether the hook is at work, and says so. */
static bool
has_acted(enum hooklog_kind kind)
{
	switch (kind) {
	case HOOKLOG_LOCAL:
	case HOOKLOG_IPSET:
	case HOOKLOG_RECENT:
	case HOOKLOG_ALLOWED:
	case HOOKLOG_PASS:
	case HOOKLOG_RECHECK:
	case HOOKLOG_PASSED:
		return true;
	case HOOKLOG_DECIDED:
	case HOOKLOG_WOULD:
	case HOOKLOG_NO_RIGHT:
	case HOOKLOG_TROUBLE:
	case HOOKLOG_OTHER:
		break;
	}
	return false;
}

static int
take_hook(struct state *s, struct state_log *log, const struct decision *d,
    const struct policy *policy, struct news *news)
{
	struct hooklog h = hooklog_line(d->message);
	struct connections_entry c;
	bool is_known;

	if (h.kind == HOOKLOG_OTHER)
		return 0;
	is_known = connections_find(s->connections, log->id, h.pid, &h.ip, &c);
	if (is_known && is_repeated(h.kind, c.marks))
		return 0;
	tallies_add_hook(&s->tallies, h.kind, d->time);
	log->shows_hook |=
	    has_acted(h.kind) && (is_known || !log->shows_tcpserver);
	return take_said(s, log, d, &h, is_known ? &c : NULL, policy, news);
}

/* A connection has ended, with the goodbye of both sides if well. */
static void
take_end(struct state *s, struct state_log *log, const struct decision *d,
    const struct tcpserver_event *event, const struct policy *policy,
    struct news *news)
{
	struct connections_entry ended;

	if (connections_end(s->connections, log->id, event->pid, &ended) &&
	    event->well && d->torn == TORN_NO && asks_lists(log, &ended) &&
	    !log->shows_passed &&
	    (is_soon(&ended, d->time) || s->zones.n > 0) &&
	    !is_allowed(policy, &ended.ip))
		passed(s, log, &ended, d->time, policy, news);
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
			visits_connected(s, log, &event.ip, d->time);
		return connections_begin(
		    s->connections, log->id, event.pid, &event.ip, d->time);
	case TCPSERVER_OK:
		connections_at_port(
		    s->connections, log->id, event.pid, &event.ip, event.port);
		break;
	case TCPSERVER_DENY:
		connections_mark(s->connections, log->id, event.pid, &event.ip,
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
	struct connections_entry c;
	uint32_t marks;

	if (slice_begins(&d->message, rblsmtpd) && d->has_ip &&
	    connections_find(s->connections, log->id, d->pid, &d->ip, &c))
		note_port(log, &c);
	marks = connections_mark(s->connections, log->id, d->pid,
	    d->has_ip ? &d->ip : NULL, CONNECTIONS_REJECTED);
	/* nothing else tells of its end; see take_decided */
	if ((marks & CONNECTIONS_DECIDED) != 0 && !log->shows_tcpserver)
		(void)connections_end(s->connections, log->id, d->pid, &c);
	return marks;
}
