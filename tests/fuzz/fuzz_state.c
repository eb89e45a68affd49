/* SPDX-License-Identifier: ISC */
/*
 * The lines of two logs, through the rules and what earlier lines said. Of two
 * states that read the same lines one is saved and loaded now and then: both
 * decide alike and end up alike. An address that only clients wrote is never
 * banned, nor anybody else than the host that a line is about. Who passes is
 * connected, where rblsmtpd is at work, for not too long, was not refused, and is
 * not banned. The tables, small ones here,
 * stay within their bounds.
 *
 * Input: a byte of options, then two or more bytes a line: what kind and how
 * much later, about which host, as which process, in which log.
 */
#include "rulestext.h"

#include <inttypes.h>
#include <stdbool.h>

#include "records.h"
#include "state/connections.h"
#include "state/counts.h"
#include "state/doubts.h"
#include "state/judge.h"
#include "state/passes.h"
#include "state/repeats.h"
#include "state/visits.h"

#define LOGS 2
#define TABLE_MAX 4
#define LINES_MAX 400
#define START_S 1795505462
#define CAP 3
#define DROP_AFTER 2
#define DOUBT_S 600
#define PASS_S 60
#define PASS_MOST_S 3600
#define PIDS 5 /* 0 is none */
#define TEXT_MAX 200
#define GUARDED 12 /* from there on no host is ever banned */
#define PLANTED "198.51.100.7"
#define PLANTED6 "2001:db8:bad::7"

static const char rules_text[] =
    "[again]\n"
    "match = ^rblsmtpd: (?<ip>\\S+) pid (?<pid>\\d+): "
    "(?<reply>(?:451|553) .+)$\n"
    "except = : \\d+ Error:\n"
    "ban = 400s\n"
    "again = x2 up to 1h\n"
    "[count]\n"
    "match = ^qmail-smtpd: 421 badiprbl: ip (?<ip>\\S+) rbl: \\S+$\n"
    "ban = 30s\n"
    "count = 3 in 1m\n"
    "again = x3 up to 5m\n"
    "seen = yes\n"
    "[unseen]\n"
    "match = ^unseen: (?<ip>\\S+) (?<pid>\\d+)$\n"
    "ban = 1m\n"
    "count = 4 in 5m\n"
    "seen = no\n"
    "[sender]\n"
    "match = ^CHKUSER rejected sender: from <.*> remote <.*:"
    "(?<ip>\\d+\\.\\d+\\.\\d+\\.\\d+)> rcpt <.*> : invalid sender MX domain$\n"
    "once = ^CHKUSER [^<>]*<[^<>]*> remote <[^<>]*> rcpt <[^<>]*> : [^<>]*$\n"
    "ban = 2m\n"
    "count = 2 in 30s\n";

enum kind {
	KIND_BEGIN,
	KIND_END,
	KIND_LISTED,
	KIND_LISTED_553,
	KIND_EXCEPT,
	KIND_COUNT,
	KIND_UNSEEN,
	KIND_SENDER, /* with a client's text in a field */
	KIND_FORGED, /* a whole line by a client, out of a table */
	KIND_CLIENT, /* a whole line by a client, out of the input */
	KIND_OTHER,
	KIND_SAVE, /* no line */
	KIND_HOOK,
	/* no line: an administrator lifts a ban, or what a rule counts is
	   forgotten */
	KIND_LIFT,
	KIND_CONNECTION, /* what else is said of a process */
	KIND_ZONE,	 /* no line: a list was asked */
	KINDS
};

/* What a client can choose to be, and some that are never banned. */
static const char *const hosts[16] = {
    "203.0.113.1",
    "203.0.113.2",
    "203.0.113.3",
    "203.0.113.4",
    "203.0.113.5",
    "203.0.113.6",
    "203.0.113.7",
    "::ffff:203.0.113.1",
    "2001:db8:1::1",
    "2001:db8:1::2", /* in one /64 with the one before */
    "2001:db8:2::1",
    "2001:DB8:1:1::1", /* in one /48 with those */
    "203.0.113.99",    /* our own */
    "10.0.0.1",
    "127.0.0.1",
    "mail.test",
};

static const char *const forged[16] = {
    "rblsmtpd: " PLANTED " pid 1: 451 x",
    "rblsmtpd: " PLANTED " pid 2: 553 x",
    "rblsmtpd: " PLANTED " pid 4: 451 x",
    "rblsmtpd: " PLANTED " pid 0: 451 x",
    "rblsmtpd: " PLANTED " pid 99999999999999999999: 451 x",
    "rblsmtpd: " PLANTED6 " pid 1: 451 x",
    "rblsmtpd: ::ffff:" PLANTED " pid 1: 451 x",
    "qmail-smtpd: 421 badiprbl: ip " PLANTED " rbl: x",
    "qmail-smtpd: 421 badiprbl: ip " PLANTED6 " rbl: x",
    "CHKUSER rejected sender: from <a::> remote <h:r:" PLANTED
    "> rcpt <c> : invalid sender MX domain",
    "tcpserver: pid 1 from " PLANTED "x",
    "tcpserver: pid x from " PLANTED,
    "tcpserver: ok 1 localhost:127.0.0.1:25 :" PLANTED "::35799",
    "tcpserver: deny 1 localhost:127.0.0.1:25 :" PLANTED "::35799",
    "tcpserver: end 1 status 0 from " PLANTED,
    "sslserver: pid 1 from  " PLANTED,
};

#define PORTS 3
static const unsigned ports[PORTS] = {0, 25, 110};

/* One of the two runs. */
struct run {
	struct state state;
	struct state_log logs[LOGS];
};

struct line {
	char text[1024];
	int len;
	unsigned log;
	const char *about; /* the one host that it may ban; NULL: any seen */
	enum kind kind;
	unsigned pid;
	unsigned port; /* it says that the host is ok at that; of ports */
	bool spoils;   /* speaks against the connection, and no rule knows it */
	const char *decides; /* that host's process; NULL: nothing */
	bool passed;
};

/* As the lines say, without a bound. */
struct connection {
	struct addr ip;
	int64_t begin_s;
	bool open, spoilt, decided, passed;
	unsigned port; /* of ports; 0: not said */
};

/* What the options say. */
struct options {
	bool
	    steady; /* no stamp is earlier than one before, else by two hours */
	bool shows_tcpserver;
	uint32_t cap;
};

static struct rules *rules;
static struct guard guard;
static struct records records, records_again;
static struct run kept, saved;
static struct secrets secrets;
static struct connection connections[LOGS][PIDS];
static bool rblsmtpd_at[LOGS][PORTS]; /* it was seen at that port */
static bool client_wrote;	      /* whatever it liked */

/* ---- the runs ---- */

static void
run_begin(struct run *r)
{
	HOLDS(state_new(&r->state) == 0);
	bans_free(r->state.bans);
	lru_free(r->state.counts);
	lru_free(r->state.repeats);
	lru_free(r->state.visits);
	lru_free(r->state.doubts);
	connections_free(r->state.connections);
	r->state.bans = bans_new(TABLE_MAX);
	r->state.counts = counts_new(TABLE_MAX);
	r->state.repeats = repeats_new(TABLE_MAX);
	r->state.visits = visits_new(TABLE_MAX);
	r->state.doubts = doubts_new(TABLE_MAX);
	r->state.connections = connections_new(TABLE_MAX);
	HOLDS(r->state.bans != NULL && r->state.counts != NULL &&
	      r->state.repeats != NULL && r->state.visits != NULL &&
	      r->state.doubts != NULL && r->state.connections != NULL);
	HOLDS(zones_add(&r->state.zones, "a.test", "a.test", "Listed") == 0);
	HOLDS(zones_add(&r->state.zones, "KEY.b.test", "b.test", "") == 0);
	for (unsigned i = 0; i < LOGS; i++) {
		r->logs[i] = (struct state_log){.has_position = true};
		state_name_log(&r->logs[i], i == 0 ? "/log/a" : "/log/b");
		r->logs[i].is_behind = true;
	}
}

static void
run_check(const struct run *r)
{
	struct connections_entry connected;
	size_t n = 0;
	size_t at = 0;

	HOLDS(bans_count(r->state.bans) <= TABLE_MAX);
	HOLDS(lru_count(r->state.counts) <= TABLE_MAX);
	HOLDS(lru_count(r->state.repeats) <= TABLE_MAX);
	HOLDS(lru_count(r->state.visits) <= TABLE_MAX);
	HOLDS(lru_count(r->state.doubts) <= TABLE_MAX);
	while (connections_next(r->state.connections, &at, &connected))
		n++;
	HOLDS(n <= TABLE_MAX);
	HOLDS(r->state.tallies.n <= TALLIES_MAX);
}

/*
 * Ends the process after a checkpoint and begins another one. What a
 * checkpoint forgets no longer matters.
 */
static void
run_restart(struct run *r)
{
	state_expire(&r->state, r->logs, LOGS);
	records_save(&records, &r->state, r->logs, LOGS);
	state_free(&r->state);
	run_begin(r);
	records_load(&records, &r->state, r->logs, LOGS);
	records_save(&records_again, &r->state, r->logs, LOGS);
	records_same(&records, &records_again);
}

static void
run_take(struct run *r, struct decision *d, unsigned log, uint32_t cap,
    struct news *news)
{
	const struct policy policy = {.cap = cap,
	    .drop_after = DROP_AFTER,
	    .alarm = true,
	    .doubt_s = DOUBT_S,
	    .pass_s = PASS_S,
	    .pass_most_s = PASS_MOST_S,
	    .guard = &guard,
	    .secrets = &secrets};

	HOLDS(judge_decision(&r->state, &r->logs[log], &policy, d, news) == 0);
	run_check(r);
}

/* ---- the lines ---- */

/* A client's bytes: what the log would hold as one line or part of it. */
static size_t
take_text(struct fuzz_input *in, char text[TEXT_MAX + 1])
{
	size_t n = fuzz_byte(in) % TEXT_MAX;

	if (n > in->len)
		n = in->len;
	for (size_t i = 0; i < n; i++) {
		char c = (char)fuzz_byte(in);

		text[i] = c == '\n' || c == 0 ? '?' : c;
	}
	text[n] = 0;
	return n;
}

static void
put_sender(
    struct line *l, const char *stamp, const char *ip, struct fuzz_input *in)
{
	unsigned place = fuzz_byte(in) % 4;
	char text[TEXT_MAX + 1];

	take_text(in, text);
	l->len = snprintf(l->text, sizeof l->text,
	    "%sCHKUSER rejected sender: from <%s::> remote <%s:%s:%s> "
	    "rcpt <%s> : invalid sender MX domain",
	    stamp, place == 0 ? text : "a", place == 1 ? text : "h",
	    place == 2 ? text : "r", ip, place == 3 ? text : "c");
	l->about = ip;
}

/*
 * Not a connection, since a client that forges that too is believed, nor a
 * line of the rule that wants no connection.
 */
static void
put_client(struct line *l, const char *stamp, struct fuzz_input *in)
{
	char text[TEXT_MAX + 1];

	take_text(in, text);
	if (strstr(text, "server: pid ") != NULL ||
	    strstr(text, "unseen: ") != NULL)
		return;
	l->len = snprintf(l->text, sizeof l->text, "%s%s", stamp, text);
	l->about = NULL;
}

/* The list's words are in it. */
static void
put_hook(
    struct line *l, const char *stamp, const char *ip, struct fuzz_input *in)
{
	static const char *const ends[4] = {
	    " (ipset, 7s left)", " (recent, 7s left)", " (local)", ""};
	unsigned what = fuzz_byte(in);
	char text[TEXT_MAX + 1];

	take_text(in, text);
	l->len = snprintf(l->text, sizeof l->text,
	    "%srblcache: %s pid 7: %s451 %s%s", stamp, ip,
	    (what & 4) != 0 ? "would refuse: " : "", text, ends[what & 3]);
	l->about = "";
}

/* What is said of a process, and no rule knows. */
static void
put_connection(struct line *l, const char *stamp, const char *ip, unsigned pid,
    struct fuzz_input *in)
{
	static const struct {
		const char *from, *text;
		bool spoils;
	} said[] = {
	    {"rblcache", "passed", false},
	    {"rblcache", "recheck", false},
	    {"rblcache", "allowed (pass)", true},
	    {"rblcache", "allowed (local)", true},
	    {"rblcache", "451 Listed (ipset, 7s left)", true},
	    {"rblcache", "451 Listed (recent, 7s left)", true},
	    {"rblcache", "451 Listed (net)", true}, /* before 0.7 */
	    {"rblcache", "553 text (local)", true},
	    {"rblcache", "would refuse: 451 text (local)", false},
	    {"rblcache", "not known", false},
	    {"rblsmtpd", "greetdelay: 50", false},
	    {"rblsmtpd", "450 odd", true},
	    {"rblsmtpd", "timeout while waiting for : a.test", true},
	    {"end", " status 256", false},
	    {"deny", " localhost:127.0.0.1:25 ::35799", true},
	    {"pid", " from nowhere", false},
	    {"rblcache", "decided by RBLSMTPD", true},
	};
	unsigned byte = fuzz_byte(in);
	unsigned what = (byte & 31) % COUNT(said);
	const char *from = said[what].from;

	if ((byte & 0x80) != 0)
		l->pid = pid = 0;

	if (from[0] == 'r')
		l->len =
		    snprintf(l->text, sizeof l->text, "%s%s: %s pid %u: %s",
			stamp, from, ip, pid, said[what].text);
	else
		l->len = snprintf(l->text, sizeof l->text,
		    "%stcpserver: %s %u%s", stamp, from, pid, said[what].text);
	l->about = what == 0 ? ip : "";
	l->spoils = said[what].spoils;
	l->decides = what == COUNT(said) - 1 ? ip : NULL;
	l->passed = what == 0;
	if (from[0] == 'e')
		l->kind = KIND_END;
}

/* tcpserver's, which says the port, or nothing of a connection. */
static void
put_ok(struct line *l, const char *stamp, const char *ip, unsigned pid,
    struct fuzz_input *in)
{
	l->port = fuzz_byte(in) % PORTS;
	l->about = ip;
	if (l->port == 0)
		l->len = snprintf(l->text, sizeof l->text,
		    "%stcpserver: status: %u/40", stamp, pid);
	else
		l->len = snprintf(l->text, sizeof l->text,
		    "%stcpserver: ok %u mx:192.0.2.1:%u :%s::9", stamp, pid,
		    ports[l->port], ip);
}

/* What tcpserver and the programs behind it write. len 0: nothing. */
static void
put(struct line *l, enum kind kind, int64_t now, unsigned host, unsigned pid,
    struct fuzz_input *in)
{
	char stamp[32];
	const char *ip = hosts[host];
	const char *format = NULL;

	snprintf(stamp, sizeof stamp, "@%016" PRIx64 "00000000 ",
	    UINT64_C(4611686018427387914) + (uint64_t)now);
	l->len = 0;
	l->about = ip;
	l->kind = kind;
	l->pid = pid;
	switch (kind) {
	case KIND_BEGIN:
		l->len = snprintf(l->text, sizeof l->text,
		    "%stcpserver: pid %u from %s", stamp, pid, ip);
		break;
	case KIND_END:
		l->len = snprintf(l->text, sizeof l->text,
		    "%stcpserver: end %u status 0", stamp, pid);
		break;
	case KIND_LISTED:
		format = "%srblsmtpd: %s pid %u: 451 Listed, see %s";
		break;
	case KIND_LISTED_553:
		format = "%srblsmtpd: %s pid %u: 553 see %s";
		break;
	case KIND_EXCEPT:
		format = "%srblsmtpd: %s pid %u: 451 Error: %s";
		break;
	case KIND_COUNT:
		format = "%sqmail-smtpd: 421 badiprbl: ip %s rbl: x";
		break;
	case KIND_UNSEEN:
		format = "%sunseen: %s %u";
		break;
	case KIND_SENDER:
		put_sender(l, stamp, ip, in);
		break;
	case KIND_FORGED:
		l->len = snprintf(
		    l->text, sizeof l->text, "%s%s", stamp, forged[host]);
		l->about = "";
		break;
	case KIND_CLIENT:
		put_client(l, stamp, in);
		break;
	case KIND_OTHER:
		put_ok(l, stamp, ip, pid, in);
		break;
	case KIND_HOOK:
		put_hook(l, stamp, ip, in);
		break;
	case KIND_CONNECTION:
		put_connection(l, stamp, ip, pid, in);
		break;
	case KIND_SAVE:
	case KIND_LIFT:
	case KIND_ZONE:
	case KINDS:
		break;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (format != NULL)
		l->len = snprintf(
		    l->text, sizeof l->text, format, stamp, ip, pid, ip);
#pragma GCC diagnostic pop
	HOLDS(l->len >= 0 && (size_t)l->len < sizeof l->text);
}

/* ---- what comes of them ---- */

static bool
is_host(const struct addr *a, const char *text)
{
	struct addr host;

	return addr_parse(text, strlen(text), &host) == 0 &&
	       memcmp(&host, a, sizeof host) == 0;
}

/* A process that has passed is refused by no list. */
static bool
has_passed(const struct decision *d, const struct line *l)
{
	const struct connection *c =
	    &connections[l->log][d->pid < PIDS ? d->pid : 0];

	return d->pid != 0 && c->open && c->passed &&
	       memcmp(&c->ip, &d->ip, sizeof c->ip) == 0;
}

static void
check_banned(const struct decision *d, const struct line *l)
{
	bool known = false;

	HOLDS(d->torn == TORN_NO);
	HOLDS(!d->rule->list || !has_passed(d, l));

	for (size_t i = GUARDED; i < COUNT(hosts); i++)
		HOLDS(!is_host(&d->ip, hosts[i]));
	HOLDS(!guard_never_blocks(&guard, &d->ip));
	if (l->about != NULL) {
		HOLDS(is_host(&d->ip, l->about));
		return;
	}
	for (size_t i = 0; i < COUNT(hosts); i++)
		known = known || is_host(&d->ip, hosts[i]);
	HOLDS(known);
}

/* ---- who passes ---- */

static void
spoil(unsigned log, uint64_t pid, const struct addr *a)
{
	for (unsigned i = 0; i < PIDS; i++)
		if (pid != 0
			? i == pid
			: memcmp(&connections[log][i].ip, a, sizeof *a) == 0)
			connections[log][i].spoilt = true;
}

/* Before the line is taken. */
static void
model_begin(const struct line *l, const struct decision *d)
{
	struct connection *c = &connections[l->log][l->pid];
	struct addr a = {0};

	client_wrote |= l->kind == KIND_CLIENT;
	if (l->kind == KIND_BEGIN &&
	    addr_parse(l->about, strlen(l->about), &a) == 0)
		*c = (struct connection){
		    .ip = a, .begin_s = d->time, .open = true};
	if (l->port != 0 && is_host(&c->ip, l->about))
		c->port = l->port;
	if (strstr(l->text, "rblsmtpd: ") != NULL ||
	    strstr(l->text, ": recheck") != NULL)
		rblsmtpd_at[l->log][c->port] = true;
	if (l->spoils && l->pid != 0)
		spoil(l->log, l->pid, NULL);
	if (l->decides != NULL && is_host(&c->ip, l->decides))
		c->decided = true;
	if (l->passed && c->open &&
	    addr_parse(l->about, strlen(l->about), &a) == 0)
		c->passed |= memcmp(&c->ip, &a, sizeof a) == 0;
	if (d->kind != DECIDE_NOTHING && (d->pid != 0 || d->has_ip))
		spoil(l->log, d->pid, &d->ip);
}

/* Soon enough; by the end of a connection, at the port of rblsmtpd. */
static bool
may_pass(const struct line *l, const struct connection *c, int64_t time_s)
{
	if (l->kind == KIND_END)
		return c->port != 0 && rblsmtpd_at[l->log][c->port];
	return time_s >= c->begin_s && time_s <= c->begin_s + PASSES_ANSWER_S;
}

static void
check_passed(const struct line *l, const struct news *news, int64_t time_s)
{
	struct ban ban;
	bool found = client_wrote;

	for (unsigned i = 0; i < PIDS; i++) {
		const struct connection *c = &connections[l->log][i];

		if (i == l->pid && c->open && !c->spoilt &&
		    news->since == c->begin_s && may_pass(l, c, time_s) &&
		    memcmp(&c->ip, &news->ip, sizeof c->ip) == 0)
			found = true;
	}
	HOLDS(found);
	HOLDS(zones_all_well(&kept.state.zones));
	HOLDS(!is_host(&news->ip, PLANTED) && !is_host(&news->ip, PLANTED6));
	HOLDS(!bans_find(kept.state.bans, &news->ip, &ban) ||
	      ban_left_s(&ban, time_s) == 0);
}

static void
check_news(const struct line *l, int64_t time_s, const struct news *news)
{
	struct ban ban;

	if (news->passed)
		check_passed(l, news, time_s);
	if (news->ends_pass)
		HOLDS(doubts_pass_left(kept.state.doubts, &news->ip, time_s,
			  PASS_MOST_S) == 0);
	HOLDS(!news->lifted || !bans_find(kept.state.bans, &news->ip, &ban));
	if (news->dropped)
		HOLDS(bans_find(kept.state.bans, &news->ip, &ban) &&
		      ban.refused % DROP_AFTER == 0);
}

static void
same_news(const struct news *x, const struct news *y)
{
	HOLDS(x->passed == y->passed && x->lifted == y->lifted &&
	      x->dropped == y->dropped && x->ends_pass == y->ends_pass &&
	      x->since == y->since);
	if (x->passed || x->dropped)
		HOLDS(memcmp(&x->ip, &y->ip, sizeof x->ip) == 0);
}

/* The server itself refuses that process. */
static void
check_decided(const struct decision *d, const struct line *l)
{
	const struct connection *c;

	if (d->pid == 0 || d->pid >= PIDS)
		return;
	c = &connections[l->log][d->pid];
	HOLDS(!c->open || !c->decided ||
	      memcmp(&c->ip, &d->ip, sizeof c->ip) != 0);
}

static void
take(const struct line *l, const struct options *o)
{
	char text[DECIDE_TEXT_SIZE];
	char text_again[DECIDE_TEXT_SIZE];
	struct decision d;
	struct decision again;
	struct news news;
	struct news news_again;

	decide_line(&d, rules, &guard, l->text, (size_t)l->len, START_S);
	again = d;
	model_begin(l, &d);
	run_take(&kept, &d, l->log, o->cap, &news);
	run_take(&saved, &again, l->log, o->cap, &news_again);
	decide_format(&d, text);
	decide_format(&again, text_again);
	HOLDS(strcmp(text, text_again) == 0);
	same_news(&news, &news_again);
	check_news(l, d.time, &news);
	if (d.kind == DECIDE_BAN) {
		check_banned(&d, l);
		check_decided(&d, l);
	}
	if (l->kind == KIND_END)
		connections[l->log][l->pid].open = false;
}

static void
check_end(void)
{
	state_expire(&kept.state, kept.logs, LOGS);
	state_expire(&saved.state, saved.logs, LOGS);
	records_save(&records, &kept.state, kept.logs, LOGS);
	records_save(&records_again, &saved.state, saved.logs, LOGS);
	records_same(&records, &records_again);
	for (size_t i = 0; i < bans_count(kept.state.bans); i++) {
		struct ban ban;

		bans_nth(kept.state.bans, i, &ban);
		HOLDS(
		    !is_host(&ban.ip, PLANTED) && !is_host(&ban.ip, PLANTED6));
	}
}

struct clock {
	int64_t now, newest;
};

static void
clock_step(struct clock *clock, int step_s)
{
	clock->now += step_s;
	if (clock->now > clock->newest)
		clock->newest = clock->now;
	if (clock->now < clock->newest - BAN_AHEAD_S)
		clock->now = clock->newest - BAN_AHEAD_S;
}

static void
forget(struct state *s)
{
	counts_forget(s->counts, "again");
}

static void
lift(unsigned host)
{
	struct ban ban;
	struct addr a;

	if (host >= GUARDED) { /* has none */
		forget(&kept.state);
		forget(&saved.state);
		return;
	}
	HOLDS(addr_parse(hosts[host], strlen(hosts[host]), &a) == 0);
	/* one of them may still have a ban that is over */
	(void)state_lift(&kept.state, &a);
	(void)state_lift(&saved.state, &a);
	HOLDS(!bans_find(kept.state.bans, &a, &ban));
}

static void
ask_zone(struct fuzz_input *in, int64_t now_s)
{
	unsigned what = fuzz_byte(in);
	struct zones_found found = {.verdict = (what >> 1 & 3) % 3,
	    .ttl_s = (what >> 3) * 20,
	    .why = "lists 127.0.0.1"};

	HOLDS(zones_take(&kept.state.zones.list[what & 1], &found, now_s) ==
	      zones_take(&saved.state.zones.list[what & 1], &found, now_s));
}

/* Whether there is a line or a save to come; takes it off the input. */
static bool
next(struct fuzz_input *in, const struct options *o, struct clock *clock)
{
	static const int steps_s[16] = {
	    0, 0, 0, 1, 1, 2, 5, 10, 20, 29, 30, 31, 59, 60, 300, 601};
	static const unsigned pids[4] = {4, 1, 2, 3};
	uint8_t what = fuzz_byte(in);
	uint8_t who = fuzz_byte(in);
	enum kind kind = what & 15;
	struct line l = {.log = who >> 6 & 1};
	int step_s = steps_s[what >> 4];

	clock_step(
	    clock, !o->steady && (who & 0x80) != 0 ? -8 * step_s : step_s);
	if (kind == KIND_SAVE)
		run_restart(&saved);
	else if (kind == KIND_LIFT)
		lift(who & 15);
	else if (kind == KIND_ZONE)
		ask_zone(in, clock->now);
	else if (o->shows_tcpserver || kind == KIND_LISTED ||
		 kind == KIND_UNSEEN || kind == KIND_SENDER)
		put(&l, kind, clock->now, who & 15, pids[who >> 4 & 3], in);
	if (l.len > 0)
		take(&l, o);
	return in->len > 0;
}

static void
prepare(void)
{
	struct addr own;

	rules = rulestext_load(rules_text);
	HOLDS(addr_parse(hosts[GUARDED], strlen(hosts[GUARDED]), &own) == 0);
	HOLDS(guard_add_own(&guard, &own) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	uint8_t options = fuzz_byte(&in);
	const struct options o = {
	    .steady = (options & 1) == 0,
	    .shows_tcpserver = (options & 2) == 0,
	    .cap = (options & 4) == 0 ? 0 : CAP,
	};
	struct clock clock = {START_S, START_S};

	if (rules == NULL)
		prepare();
	memset(connections, 0, sizeof connections);
	memset(rblsmtpd_at, 0, sizeof rblsmtpd_at);
	client_wrote = false;
	run_begin(&kept);
	run_begin(&saved);
	/* a forged line is told by this, so it comes first */
	for (unsigned log = 0; log < LOGS && o.shows_tcpserver; log++) {
		struct line l = {.log = log};

		put(&l, KIND_BEGIN, clock.now, 0, 1, &in);
		take(&l, &o);
	}
	for (int i = 0; i < LINES_MAX && next(&in, &o, &clock); i++)
		continue;
	check_end();
	state_free(&kept.state);
	state_free(&saved.state);
	return 0;
}
