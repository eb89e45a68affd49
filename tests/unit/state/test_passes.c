/* SPDX-License-Identifier: ISC */
/*
 * evidence, state: what the lines of a connection say of its host, from the
 * begin to the end.
 */
#include "../unit.h"

#include "state/connections.h"
#include "state/counts.h"
#include "state/judge.h"

#define T 1700000000 /* the first line's time */
#define A "192.0.2.7"
#define B "192.0.2.8"
#define PID7 "rblcache: " A " pid 7: "

static struct state all;
static struct state_log log_a, log_b;
static struct rules_rule rule;
static struct policy policy;
static struct guard guard;
static struct secrets secrets;
static struct news news;
static struct addr host_a, host_b;
static unsigned port; /* of the server to which a client comes; 0: not said */

static int
begin_state(void **state)
{
	(void)state;
	assert_int_equal(state_new(&all), 0);
	port = 25;
	log_a = log_b = (struct state_log){0};
	state_name_log(&log_a, "/var/log/a");
	state_name_log(&log_b, "/var/log/b");
	rule = (struct rules_rule){
	    .name = "r", .ban_s = 100, .count = 1, .again = 1, .list = true};
	secrets = (struct secrets){0};
	policy = (struct policy){
	    .alarm = true, .guard = &guard, .secrets = &secrets};
	host_a = unit_addr(A);
	host_b = unit_addr(B);
	return 0;
}

static int
end_state(void **state)
{
	(void)state;
	state_free(&all);
	return 0;
}

/* ---- lines ---- */

static void
one_line(struct state_log *log, const char *text, int64_t time)
{
	struct decision d = {
	    .kind = DECIDE_NOTHING, .time = time, .message = slice_of(text)};

	assert_int_equal(judge_decision(&all, log, &policy, &d, &news), 0);
}

/* A line; behind a connection's begin stands that it is ok. */
static void
line_of(struct state_log *log, const char *text, int64_t time)
{
	unsigned long long pid;
	char ip[ADDR_STRLEN];
	char ok[128];

	one_line(log, text, time);
	if (port == 0 ||
	    sscanf(text, "tcpserver: pid %llu from %45s", &pid, ip) != 2)
		return;
	snprintf(ok, sizeof ok, "tcpserver: ok %llu mx:192.0.2.1:%u :%s::9",
	    pid, port, ip);
	one_line(log, ok, time);
}

/* rblsmtpd is at work at the port, by the log. */
static void
shows_rblsmtpd_at(struct state_log *log, int64_t time)
{
	line_of(log, "tcpserver: pid 999 from 192.0.2.99", time);
	line_of(log, "rblsmtpd: 192.0.2.99 pid 999: greetdelay: 50", time);
	line_of(log, "tcpserver: end 999 status 256", time);
}

static void
shows_rblsmtpd(void)
{
	shows_rblsmtpd_at(&log_a, T);
}

static void
line_at(const char *text, int64_t time)
{
	line_of(&log_a, text, time);
}

static void
line(const char *text)
{
	line_at(text, T);
}

/* Whether the host that the line is about has passed. */
static bool
passes_at(const char *text, int64_t time)
{
	line_at(text, time);
	return news.passed;
}

static bool
passes(const char *text)
{
	return passes_at(text, T);
}

/* A line that the rule matches; ip NULL: it names none. */
static struct decision
matched(const char *ip, uint64_t pid, int64_t time, enum decide_kind kind)
{
	static const char text[] = "rblsmtpd: the rule knows it";
	struct decision d = {.kind = kind,
	    .why = DECIDE_EXCEPT,
	    .rule = &rule,
	    .has_ip = ip != NULL,
	    .pid = pid,
	    .time = time,
	    .message = {text, sizeof text - 1},
	    .ban_s = rule.ban_s,
	    .reply = "451 listed"};

	if (ip != NULL)
		d.ip = unit_addr(ip);
	assert_int_equal(judge_decision(&all, &log_a, &policy, &d, &news), 0);
	return d;
}

static struct decision
refused(const char *ip, uint64_t pid, int64_t time)
{
	return matched(ip, pid, time, DECIDE_BAN);
}

static void
put_ban(const struct addr *a, int64_t since, int64_t until)
{
	struct ban ban = {.ip = *a,
	    .since = since,
	    .until = until,
	    .rule = "r",
	    .reply = "451 listed"};

	assert_int_equal(bans_put(all.bans, &ban), 0);
}

static bool
is_banned(const struct addr *a)
{
	struct ban ban;

	return bans_find(all.bans, a, &ban);
}

/* ---- who passes ---- */

static void
by_the_line_behind_rblsmtpd(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	line("tcpserver: pid 8 from " B);
	assert_true(passes(PID7 "passed"));
	assert_memory_equal(&news.ip, &host_a, sizeof host_a);
	assert_false(news.lifted);
	/* once a connection */
	assert_false(passes(PID7 "passed"));
	assert_false(passes("tcpserver: end 7 status 0"));
	/* in such a log, the end of one without that line says nothing */
	assert_false(passes("tcpserver: end 8 status 0"));
	shows_rblsmtpd();
	line("tcpserver: pid 8 from " B);
	assert_false(passes("tcpserver: end 8 status 0"));
	/* another log is another matter */
	shows_rblsmtpd_at(&log_b, T);
	line_of(&log_b, "tcpserver: pid 8 from " B, T);
	line_of(&log_b, "tcpserver: end 8 status 0", T);
	assert_true(news.passed);
}

static void
by_begin_and_end(void **state)
{
	(void)state;
	/* perhaps nobody asks a list */
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 0"));
	shows_rblsmtpd();
	line("tcpserver: pid 7 from " A);
	assert_true(passes("tcpserver: end 7 status 0"));
	assert_memory_equal(&news.ip, &host_a, sizeof host_a);
	assert_false(passes("tcpserver: end 7 status 0"));
	/* one side has just gone */
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 256"));
	line("tcpserver: pid 7 from " A);
	/* these are no ends */
	assert_false(passes("tcpserver: end 7 status 00"));
	assert_false(passes("tcpserver: end 7 status 0 "));
	assert_false(passes("tcpserver: end 7 status 0 junk"));
	assert_true(passes("tcpserver: end 7 status 0"));
	/* a begin without its end */
	line("tcpserver: pid 7 from " A);
	line("tcpserver: pid 7 from " B);
	assert_true(passes("tcpserver: end 7 status 0"));
	assert_memory_equal(&news.ip, &host_b, sizeof host_b);
}

/* A line of a rule shows that there is an rblsmtpd as well. */
static void
a_refusal_shows_rblsmtpd(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	line("tcpserver: pid 8 from " B);
	refused(B, 8, T);
	assert_true(passes("tcpserver: end 7 status 0"));
	assert_false(passes("tcpserver: end 8 status 0"));
}

/*
 * A client that keeps its connections open has no pass that lasts for ever, and a
 * list that did not answer, for which rblsmtpd waits longer, has let nobody pass.
 */
static void
counts_from_the_begin(void **state)
{
	struct zones_found well = {.verdict = ZONES_WELL};

	(void)state;
	shows_rblsmtpd();
	line("tcpserver: pid 7 from " A);
	assert_true(passes_at("tcpserver: end 7 status 0", T + 10));
	assert_int_equal(news.since, T);
	line("tcpserver: pid 7 from " A);
	assert_false(passes_at("tcpserver: end 7 status 0", T + 11));
	/* by stamps that went back, nobody knows how long it was */
	line("tcpserver: pid 7 from " A);
	assert_false(passes_at("tcpserver: end 7 status 0", T - 1));
	/* the canary has seen that the lists answer */
	assert_int_equal(zones_add(&all.zones, "one.test", "one.test", ""), 0);
	line("tcpserver: pid 7 from " A);
	assert_false(passes_at("tcpserver: end 7 status 0", T + 1));
	zones_take(&all.zones.list[0], &well, T);
	line("tcpserver: pid 7 from " A);
	assert_true(passes_at("tcpserver: end 7 status 0", T + 3600));
	assert_int_equal(news.since, T);
	/* and yet: refused by another connection meanwhile */
	line("tcpserver: pid 7 from " A);
	line(PID7 "recheck");
	put_ban(&host_a, T + 1, T + 100);
	assert_false(passes_at("tcpserver: end 7 status 0", T + 99));
	assert_true(is_banned(&host_a));
}

/* No list has answered in that time. */
static void
passed_too_late(void **state)
{
	struct zones_found well = {.verdict = ZONES_WELL};

	(void)state;
	line("tcpserver: pid 7 from " A);
	assert_true(passes_at(PID7 "passed", T + 10));
	assert_int_equal(news.since, T);
	line("tcpserver: pid 7 from " A);
	assert_false(passes_at(PID7 "passed", T + 11));
	assert_false(passes_at("tcpserver: end 7 status 0", T + 11));
	line("tcpserver: pid 7 from " A);
	assert_false(passes_at(PID7 "passed", T - 1));
	/* the canary speaks of other moments */
	assert_int_equal(zones_add(&all.zones, "one.test", "one.test", ""), 0);
	zones_take(&all.zones.list[0], &well, T);
	line("tcpserver: pid 7 from " A);
	assert_false(passes_at(PID7 "passed", T + 11));
	/* nor is a ban lifted */
	put_ban(&host_a, T, T + 100);
	line("tcpserver: pid 7 from " A);
	line(PID7 "recheck");
	assert_false(passes_at(PID7 "passed", T + 60));
	assert_false(news.lifted);
	assert_true(is_banned(&host_a));
	assert_int_equal(all.tallies.all.passed, 0);
	/* of before the upgrade, when nobody noted the time */
	assert_true(bans_remove(all.bans, &host_a));
	assert_int_equal(
	    connections_begin(all.connections, log_a.id, 7, &host_a, 0), 0);
	assert_false(passes(PID7 "passed"));
}

/* POP3 or submission in the same log: nobody asks a list there. */
static void
other_ports(void **state)
{
	(void)state;
	shows_rblsmtpd();
	port = 110;
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 0"));
	/* nobody else's line makes it one, nor does a refusal of the hook's */
	line("tcpserver: pid 7 from " A);
	line("rblsmtpd: " B " pid 8: 451 x");
	line(PID7 "451 x (ipset)");
	line("tcpserver: end 7 status 0");
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 0"));
	/* a port that is not said, or of another host, is none */
	port = 0;
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 0"));
	line("tcpserver: pid 7 from " A);
	line("tcpserver: ok 7 mx:192.0.2.1:25 :" B "::9");
	assert_false(passes("tcpserver: end 7 status 0"));
	line("tcpsvd: info: pid 7 from " A);
	assert_false(passes("tcpsvd: info: end 7 exit 0"));
	port = 25;
	line("tcpserver: pid 7 from " A);
	assert_true(passes("tcpserver: end 7 status 0"));
	/* at several of them; the one not seen for longest is forgotten */
	for (port = 2501; port < 2501 + STATE_PORTS; port++)
		shows_rblsmtpd();
	for (port = 2501; port < 2501 + STATE_PORTS; port++) {
		line("tcpserver: pid 7 from " A);
		assert_true(passes("tcpserver: end 7 status 0"));
	}
	port = 25;
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 0"));
	/* the hook hands it on to the lists */
	line("tcpserver: pid 7 from " A);
	line(PID7 "recheck");
	assert_true(passes("tcpserver: end 7 status 0"));
	/* from behind rblsmtpd, wherever that is */
	port = 2999;
	line("tcpserver: pid 7 from " A);
	assert_true(passes(PID7 "passed"));
}

static void
of_other_servers(void **state)
{
	(void)state;
	line("tcpsvd: info: pid 7 from " A);
	assert_true(passes(PID7 "passed"));
	line("tcpsvd: info: end 7 exit 0");
	assert_false(passes(PID7 "passed"));
	line("s6-tcpserverd: info: accept " A "_34237 pid 7 count 1/40");
	assert_true(passes(PID7 "passed"));
	line("s6-tcpserverd: info: end pid 7 exitcode 0 count 0/40");
	assert_false(passes(PID7 "passed"));
	line("sslhandle: pid 7 from " A);
	assert_true(passes(PID7 "passed"));
	line("sslhandle: end 7 status 0");
	assert_false(passes(PID7 "passed"));
	assert_true(log_a.shows_tcpserver);
	/* and so nobody else is banned */
	line("s6-tcpserverd: info: accept " A "_34237 pid 7 count 1/40");
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
	assert_int_equal(refused(B, 7, T).why, DECIDE_UNSEEN);
	line("s6-tcpserverd: info: end pid 7 signal 9 count 0/40");
	assert_int_equal(refused(A, 7, T).why, DECIDE_UNSEEN);
}

/* ---- what speaks against it ---- */

static const struct {
	const char *line;
	bool passes;
} others[] = {
    {"rblsmtpd: " A " pid 7: 451 temporary RBL lookup error", false},
    {"rblsmtpd: " A " pid 7: timeout while waiting for : zone", false},
    {"rblsmtpd: " A " pid 7 zone.test: 451 refused", false},
    {"rblsmtpd:  pid 7 from " A ": 451 refused", false},
    {"rblsmtpd: " B " pid 7: 451 refused", false},
    {"rblsmtpd: " A " pid 7: greetdelay: 50", true},
    {"rblsmtpd: " A " pid 8: 451 refused", true},
    {"rblsmtpd: " A " pid x: 451 refused", true},
    {"rblsmtpd: a banner", true},
    {PID7 "451 text (local)", false},
    {PID7 "553 text (ipset)", false},
    {PID7 "451 text (ipset, 7s left)", false},
    {PID7 "451 text (recent, 7s left)", false},
    {PID7 "451 text (net)", false}, /* of a hook before 0.7 */
    {"rblcache: " B " pid 7: 451 text (ipset)", false},
    {"rblcache: " A " pid 8: 451 text (local)", true},
    {"rblcache: " A " pid 0: 451 text (local)", false},
    {"rblcache: " B " pid 0: 451 text (local)", true},
    {PID7 "allowed (local)", false},
    {PID7 "allowed (pass)", false},
    {"rblcache: " A " pid 8: allowed (pass)", true},
    {PID7 "would refuse: 451 text (ipset, 7s left)", true},
    {PID7 "not known", true},
    {PID7 "recheck", true},
    {PID7 "decided by RBLSMTPD", false},
    {"rblcache: " B " pid 7: decided by RBLSMTPD", true},
    {"rblcache: " A " pid 8: decided by RBLSMTPD", true},
    {PID7 "set rblcache4: no right to read it (cap_net_admin)", true},
    {PID7 "recent.cdb: Input/output error", true},
    {"tcpserver: deny 7 localhost:127.0.0.1:25 :" A "::35799", false},
    {"sslserver: deny 7 localhost:127.0.0.1:25 :" A "::35799", false},
    {"tcpserver: deny 7 whatever there is", true},
    {"tcpserver: deny 8 localhost:127.0.0.1:25 :" A "::35799", true},
    {"tcpserver: ok 7 localhost:127.0.0.1:25 :" A "::35799", true},
    {"tcpserver: status: 1/40", true},
    {"qmail-smtpd: whatever", true},
};

static void
any_mark_against(void **state)
{
	for (size_t i = 0; i < COUNT(others); i++)
		for (int by_end = 0; by_end < 2; by_end++) {
			begin_state(state);
			shows_rblsmtpd();
			line("tcpserver: pid 7 from " A);
			line(others[i].line);
			assert_false(news.passed);
			if (passes(by_end ? "tcpserver: end 7 status 0"
					  : PID7 "passed") != others[i].passes)
				fail_msg("%s: %d", others[i].line, by_end);
			/* it was of that connection alone */
			line("tcpserver: end 7 status 0");
			line("tcpserver: pid 7 from " A);
			assert_true(passes(by_end ? "tcpserver: end 7 status 0"
						  : PID7 "passed"));
			end_state(state);
		}
	begin_state(state);
}

static void
lines_of_rules_against(void **state)
{
	static const struct {
		const char *ip;
		uint64_t pid;
		enum decide_kind kind;
		bool passes;
	} lines[] = {
	    {A, 7, DECIDE_BAN, false},
	    {A, 7, DECIDE_SKIP, false}, /* an excepted text */
	    {NULL, 7, DECIDE_SKIP, false},
	    {B, 7, DECIDE_BAN, false}, /* the process is known better */
	    {A, 8, DECIDE_SKIP, true}, {B, 9, DECIDE_BAN, true},
	    {A, 0, DECIDE_SKIP, false}, {A, 0, DECIDE_BAN, false},
	    {B, 0, DECIDE_BAN, true},
	    {NULL, 0, DECIDE_SKIP, true}, /* ambiguous: of nobody */
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		begin_state(state);
		line("tcpserver: pid 7 from " A);
		matched(lines[i].ip, lines[i].pid, T, lines[i].kind);
		assert_false(news.passed);
		if (passes(PID7 "passed") != lines[i].passes)
			fail_msg("line %zu", i);
		end_state(state);
	}
	begin_state(state);
}

/* ---- the server's own decision ---- */

#define DECIDED "decided by RBLSMTPD"

static enum decide_why
why_skipped(const char *ip, uint64_t pid)
{
	struct decision d = refused(ip, pid, T);

	assert_int_equal(d.kind, DECIDE_SKIP);
	assert_false(news.banned);
	return d.why;
}

static void
decided_by_the_server(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	line("tcpserver: pid 8 from " A);
	put_ban(&host_b, T, T + 50);
	line(PID7 DECIDED);
	assert_int_equal(why_skipped(A, 7), DECIDE_DECIDED);
	/* no list said anything: what is known of the host stays */
	assert_false(news.ends_pass);
	assert_int_equal(why_skipped(A, 7), DECIDE_DECIDED);
	/* another process, and the same number once more */
	assert_int_equal(refused(A, 8, T).kind, DECIDE_BAN);
	line("tcpserver: end 7 status 0");
	line("tcpserver: pid 7 from " A);
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
	assert_int_equal(all.tallies.hook.all[HOOKLOG_DECIDED], 1);
	assert_int_equal(all.tallies.list[0].all.skips[DECIDE_DECIDED], 2);
}

/* It is said in front of the refusal, by the process from that address. */
static void
not_decided(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	line("rblcache: " B " pid 7: " DECIDED);
	line("rblcache: " A " pid 8: " DECIDED);
	line("rblcache: " A " pid 0: " DECIDED);
	line("rblcache: - pid 7: " DECIDED);
	line(PID7 DECIDED " x");
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
	line(PID7 DECIDED);
	line_of(&log_b, "tcpserver: pid 7 from " A, T);
	/* nobody becomes connected by it */
	assert_int_equal(why_skipped(A, 8), DECIDE_UNSEEN);
}

/* The processes of such a log are known by that line alone. */
static void
decided_without_tcpserver(void **state)
{
	(void)state;
	line("rblcache: " A " pid 0: " DECIDED);
	line(PID7 DECIDED);
	assert_int_equal(refused(A, 8, T).kind, DECIDE_BAN);
	assert_int_equal(refused(B, 7, T).kind, DECIDE_BAN);
	line(PID7 DECIDED);
	assert_int_equal(why_skipped(A, 7), DECIDE_DECIDED);
	/* which says so once; later the number is another's */
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
}

/* CHKUSER, badiprbl: no process number, so any of the host's may be it. */
static void
all_of_the_host(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	line("tcpserver: pid 8 from " B);
	line("tcpserver: pid 9 from " A);
	line_of(&log_b, "tcpserver: pid 7 from " A, T);
	rule.list = false;
	matched(A, 0, T, DECIDE_SKIP);
	assert_false(passes(PID7 "passed"));
	assert_true(passes("rblcache: " B " pid 8: passed"));
	assert_false(passes("rblcache: " A " pid 9: passed"));
	line_of(&log_b, PID7 "passed", T);
	assert_true(news.passed);
	/* when all of them have ended, it is over */
	line("tcpserver: end 7 status 0");
	line("tcpserver: pid 10 from " A);
	assert_false(passes("rblcache: " A " pid 10: passed"));
	line("tcpserver: end 9 status 0");
	line("tcpserver: end 10 status 0");
	line("tcpserver: pid 7 from " A);
	assert_true(passes(PID7 "passed"));
}

/* Whoever can write a line of the log. */
static void
forged(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	line("tcpserver: pid 8 from " B);
	assert_false(passes("rblcache: " A " pid 8: passed"));
	assert_false(passes("rblcache: " B " pid 7: passed"));
	assert_false(passes("rblcache: " A " pid 9: passed"));
	assert_false(passes("rblcache: " A " pid 0: passed"));
	assert_false(
	    passes("rblcache: " A " pid 99999999999999999999: passed"));
	assert_false(passes("rblcache: 192.0.2.9 pid 9: passed"));
	assert_false(passes(PID7 "passed "));
	assert_false(passes(" " PID7 "passed"));
	line_of(&log_b, PID7 "passed", T);
	assert_false(news.passed);
	/* nor did any of them show a hook behind rblsmtpd */
	assert_false(log_a.shows_passed);
	assert_false(log_b.shows_passed);
	/* and a connection that was refused does not become another */
	refused(A, 7, T);
	assert_false(passes("rblcache: " A " pid 0: passed"));
	assert_false(passes(PID7 "passed"));
}

static void
who_is_banned(void **state)
{
	(void)state;
	shows_rblsmtpd();
	put_ban(&host_a, T, T + 100);
	line("tcpserver: pid 7 from " A);
	assert_false(passes(PID7 "passed"));
	assert_false(news.lifted);
	assert_true(is_banned(&host_a));
	/* a ban that is over is none */
	line_at("tcpserver: pid 7 from " A, T + 100);
	assert_true(passes_at(PID7 "passed", T + 100));
	assert_false(news.lifted);
	assert_int_equal(all.tallies.all.passed, 0);
}

static bool
connects_and_passes(int64_t time)
{
	line_at("tcpserver: pid 7 from " A, time);
	return passes_at(PID7 "passed", time);
}

static enum zones_change
take(struct zone *z, enum zones_verdict verdict, int64_t time)
{
	const struct zones_found found = {
	    .verdict = verdict, .ttl_s = 60, .why = "lists 127.0.0.1"};

	return zones_take(z, &found, time);
}

static void
lists_that_are_not_well(void **state)
{
	struct zone *z;

	(void)state;
	assert_int_equal(zones_add(&all.zones, "one.test", "one.test", ""), 0);
	assert_int_equal(
	    zones_add(&all.zones, "two.test", "two.test", "two"), 0);
	z = &all.zones.list[1];
	/* not asked yet */
	assert_false(connects_and_passes(T));
	take(&all.zones.list[0], ZONES_WELL, T);
	assert_false(connects_and_passes(T));
	take(z, ZONES_SILENT, T);
	assert_false(connects_and_passes(T));
	take(z, ZONES_WELL, T);
	assert_true(connects_and_passes(T));
	assert_int_equal(take(z, ZONES_WRONG, T + 10), ZONES_DISTRUSTED);
	assert_false(connects_and_passes(T + 10));
	take(z, ZONES_WELL, T + 20);
	assert_false(connects_and_passes(T + 20));
	assert_int_equal(take(z, ZONES_WELL, T + 80), ZONES_TRUSTED);
	/* a connection that began while it was wrong, and one after that */
	assert_false(connects_and_passes(T + 79));
	assert_true(connects_and_passes(T + 80));
}

/* ---- rechecks ---- */

static void
a_recheck_lifts(void **state)
{
	(void)state;
	put_ban(&host_a, T, T + 100);
	line("tcpserver: pid 7 from " A);
	line(PID7 "recheck");
	assert_false(news.passed);
	assert_true(is_banned(&host_a));
	assert_true(passes(PID7 "passed"));
	assert_true(news.lifted);
	assert_false(is_banned(&host_a));
	assert_int_equal(all.tallies.all.passed, 1);
	assert_int_equal(all.tallies.all.refused, 0);
	assert_false(passes(PID7 "passed"));
	assert_int_equal(all.tallies.all.passed, 1);
	/* by the end, too; where there is no ban any more, it still counts */
	shows_rblsmtpd_at(&log_b, T);
	line_of(&log_b, "tcpserver: pid 7 from " A, T);
	line_of(&log_b, PID7 "recheck", T);
	line_of(&log_b, "tcpserver: end 7 status 0", T);
	assert_true(news.passed);
	assert_false(news.lifted);
	assert_int_equal(all.tallies.all.passed, 2);
}

/* Whether there is a ban still, and nothing was told, after a recheck at T. */
static bool
outlives_a_recheck(void)
{
	line("tcpserver: pid 7 from " A);
	line(PID7 "recheck");
	return !passes(PID7 "passed") && !news.lifted && is_banned(&host_a) &&
	       all.tallies.all.passed == 0;
}

/* What no list has led to, and what one has said since. */
static void
a_recheck_proves_nothing(void **state)
{
	struct ban ban = {.ip = host_a,
	    .since = T,
	    .until = T + 100,
	    .rule = "rblcachectl",
	    .reply = "451 x"};

	(void)state;
	assert_int_equal(bans_put(all.bans, &ban), 0);
	assert_true(outlives_a_recheck());
	assert_true(bans_remove(all.bans, &host_a));
	put_ban(&host_a, T + 1, T + 100);
	assert_true(outlives_a_recheck());
	assert_true(bans_remove(all.bans, &host_a));
	put_ban(&host_a, T, T + 100);
	assert_false(outlives_a_recheck());
}

static void
a_recheck_is_refused(void **state)
{
	(void)state;
	put_ban(&host_a, T, T + 100);
	line("tcpserver: pid 7 from " A);
	line(PID7 "recheck");
	/* the list says so still, for each recipient */
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
	assert_int_equal(all.tallies.all.refused, 1);
	assert_false(passes(PID7 "passed"));
	assert_int_equal(all.tallies.all.passed, 0);
	/* so it was no list that refused it */
	assert_false(is_banned(&host_a));
	/* what bans nobody is no answer of the list's */
	line("tcpserver: pid 7 from " A);
	line(PID7 "recheck");
	matched(A, 7, T, DECIDE_SKIP);
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
	assert_int_equal(all.tallies.all.refused, 1);
	/* a match that is not enough yet is one */
	rule.count = 3;
	rule.count_s = 60;
	line("tcpserver: pid 7 from " A);
	line(PID7 "recheck");
	assert_int_equal(refused(A, 7, T).kind, DECIDE_COUNT);
	assert_int_equal(all.tallies.all.refused, 2);
}

static void
a_recheck_of_another(void **state)
{
	(void)state;
	put_ban(&host_a, T, T + 100);
	line("tcpserver: pid 7 from " A);
	line("rblcache: " B " pid 7: recheck");
	line("rblcache: " A " pid 8: recheck");
	line("rblcache: " A " pid 0: recheck");
	assert_false(passes(PID7 "passed"));
	assert_true(is_banned(&host_a));
	line("tcpserver: pid 7 from " A);
	refused(A, 7, T);
	assert_int_equal(all.tallies.all.refused, 0);
}

/* ---- refusals by the hook ---- */

static bool
drops(const char *text, int64_t time)
{
	line_at(text, time);
	return news.dropped;
}

static void
at_the_nth_refusal(void **state)
{
	static const char text[] = PID7 "451 listed (ipset, 7s left)";

	(void)state;
	policy.drop_after = 3;
	put_ban(&host_a, T, T + 100);
	assert_false(drops(text, T));
	assert_false(drops(PID7 "451 listed (recent, 7s left)", T + 1));
	/* these are no refusals for the ban */
	assert_false(drops(PID7 "451 listed (local)", T + 1));
	assert_false(drops(PID7 "would refuse: 451 x (ipset, 7s left)", T + 1));
	assert_true(drops(text, T + 2));
	assert_memory_equal(&news.ip, &host_a, sizeof host_a);
	assert_false(drops(text, T + 3));
	assert_false(drops(text, T + 4));
	assert_true(drops(text, T + 5)); /* three more */
	/* nobody is dropped who is not banned */
	for (int i = 0; i < 5; i++)
		assert_false(drops("rblcache: " B " pid 8: 451 x (ipset)", T));
	/* nor ever without being asked to */
	policy.drop_after = 0;
	put_ban(&host_b, T, T + 100);
	for (int i = 0; i < 5; i++)
		assert_false(drops("rblcache: " B " pid 8: 451 x (ipset)", T));
}

static void
refusals_of_who_is_connected(void **state)
{
	static const char text[] = PID7 "451 listed (ipset, 7s left)";

	(void)state;
	policy.drop_after = 1;
	put_ban(&host_a, T, T + 100);
	line("tcpserver: pid 8 from " A);
	assert_false(drops(text, T)); /* the log shows who is connected */
	assert_int_equal(log_a.alarm.recent[T / 60 % 10].refusals, 0);
	line("tcpserver: pid 7 from " A);
	assert_true(drops(text, T));
	assert_int_equal(log_a.alarm.recent[T / 60 % 10].refusals, 1);
}

static void
refusals_within_a_ban(void **state)
{
	(void)state;
	put_ban(&host_a, T, T + 100);
	assert_int_equal(bans_refused(all.bans, &host_b, T), 0);
	assert_int_equal(bans_refused(all.bans, &host_a, T), 1);
	assert_int_equal(bans_refused(all.bans, &host_a, T + 99), 2);
	/* renewed before it was over */
	put_ban(&host_a, T + 99, T + 200);
	assert_int_equal(bans_refused(all.bans, &host_a, T + 199), 3);
	assert_int_equal(bans_refused(all.bans, &host_a, T + 200), 0);
	/* and after */
	put_ban(&host_a, T + 200, T + 300);
	assert_int_equal(bans_refused(all.bans, &host_a, T + 200), 1);
	/* by a clock that was wrong */
	put_ban(&host_a, T + 100000, T + 200000);
	assert_int_equal(bans_refused(all.bans, &host_a, T), 0);
}

/* ---- state ---- */

static const struct alarm_minute *
counted_at(int64_t time)
{
	return &log_a.alarm.recent[time / 60 % ALARM_WINDOW];
}

/* One that does not stop: 90 connections a minute, each refused many times. */
static void
a_host_counts_once(void **state)
{
	(void)state;
	put_ban(&host_a, T, T + 100000);
	line("tcpserver: pid 9 from " B);
	for (int i = 0; i < 90; i++) {
		line("tcpserver: pid 7 from " A);
		line("rblcache: " A " pid 7: 451 x (ipset)");
	}
	for (int i = 0; i < 3; i++) {
		line("tcpserver: pid 8 from " A);
		refused(A, 8, T); /* for each recipient */
	}
	assert_int_equal(counted_at(T)->connections, 2);
	assert_int_equal(counted_at(T)->refusals, 1);
	line("rblcache: " B " pid 9: 451 x (ipset)");
	assert_int_equal(counted_at(T)->refusals, 2);
	/* ten minutes later it counts again; and time goes on without it */
	line_at("tcpserver: pid 7 from " A, T + 540);
	assert_int_equal(log_a.alarm.minute, (T + 540) / 60);
	assert_int_equal(counted_at(T + 540)->connections, 0);
	line_at("tcpserver: pid 7 from " A, T + 600);
	line_at("rblcache: " A " pid 7: 451 x (ipset)", T + 600);
	assert_int_equal(counted_at(T + 600)->connections, 1);
	assert_int_equal(counted_at(T + 600)->refusals, 1);
	/* in another log it is another matter */
	line_of(&log_b, "tcpserver: pid 7 from " A, T + 600);
	assert_int_equal(
	    log_b.alarm.recent[(T + 600) / 60 % ALARM_WINDOW].connections, 1);
	/* a /64 is one host */
	line_at("tcpserver: pid 7 from 2001:db8::7", T + 600);
	line_at("tcpserver: pid 8 from 2001:db8::8", T + 600);
	assert_int_equal(counted_at(T + 600)->connections, 2);
}

/* Nobody is connected; about no list; nobody minds. */
static void
no_refusal_for_the_alarm(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	refused(B, 7, T);
	rule.list = false;
	line("tcpserver: pid 7 from " A);
	refused(A, 7, T);
	rule.list = true;
	policy.alarm = false;
	line("tcpserver: pid 7 from " A);
	refused(A, 7, T);
	line("tcpserver: pid 9 from " B);
	line("rblcache: " B " pid 9: 451 x (ipset)");
	assert_int_equal(counted_at(T)->refusals, 0);
	assert_int_equal(counted_at(T)->connections, 1);
}

/* What is to be banned and is not, comes again. */
static void
a_host_to_ban_counts_once(void **state)
{
	(void)state;
	policy.cap = 1;
	assert_int_equal(refused(B, 5, T).kind, DECIDE_BAN);
	assert_int_equal(counted_at(T)->bans, 1);
	for (int i = 0; i < 90; i++)
		assert_int_equal(refused(A, 5, T).why, DECIDE_CAP);
	assert_int_equal(counted_at(T)->bans, 2);
	assert_int_equal(refused(A, 5, T + 60).kind, DECIDE_BAN);
	assert_int_equal(counted_at(T + 60)->bans, 0);
	/* with the alarm on, it is not banned at any time */
	log_a.alarm.alarm.measure = ALARM_BANS;
	assert_int_equal(refused(A, 5, T + 170).why, DECIDE_ALARM);
	assert_int_equal(counted_at(T + 170)->bans, 0);
}

/* Two hundred lines under one number are a client's own. */
static void
a_refusal_a_connection(void **state)
{
	(void)state;
	policy.drop_after = 3;
	put_ban(&host_a, T, T + 100);
	line("tcpserver: pid 7 from " A);
	for (int i = 0; i < 200; i++) {
		line(PID7 "451 x (ipset, 7s left)");
		assert_false(news.dropped);
		line(PID7 "451 x (recent, 7s left)");
		line(PID7 "553 x (local)");
		line(PID7 "allowed (pass)");
	}
	assert_int_equal(all.tallies.hook.all[HOOKLOG_IPSET], 1);
	assert_int_equal(all.tallies.hook.all[HOOKLOG_RECENT], 0);
	assert_int_equal(all.tallies.hook.all[HOOKLOG_LOCAL], 0);
	assert_int_equal(all.tallies.hook.all[HOOKLOG_PASS], 0);
	line("tcpserver: pid 7 from " A);
	assert_false(drops(PID7 "451 x (ipset, 7s left)", T));
	line("tcpserver: pid 7 from " A);
	assert_true(drops(PID7 "451 x (ipset, 7s left)", T));
	line("tcpserver: pid 8 from " B);
	for (int i = 0; i < 200; i++) {
		line("rblcache: " B " pid 8: recheck");
		line("rblcache: " B " pid 8: passed");
	}
	assert_int_equal(all.tallies.hook.all[HOOKLOG_RECHECK], 1);
	assert_int_equal(all.tallies.hook.all[HOOKLOG_PASSED], 1);
}

/* An excepted text, and other skips, with an address that is not connected. */
static void
a_planted_address_ends_no_pass(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	matched(B, 7, T, DECIDE_SKIP);
	assert_false(news.ends_pass);
	matched(A, 8, T, DECIDE_SKIP);
	assert_false(news.ends_pass);
	matched(NULL, 7, T, DECIDE_SKIP);
	assert_false(news.ends_pass);
	matched(B, 7, T, DECIDE_BAN);
	assert_false(news.ends_pass);
	matched(A, 7, T, DECIDE_SKIP);
	assert_true(news.ends_pass);
	assert_memory_equal(&news.ip, &host_a, sizeof host_a);
	/* where nobody says who is connected */
	rule.seen = RULES_SEEN_NO;
	matched(B, 7, T, DECIDE_SKIP);
	assert_true(news.ends_pass);
}

static enum decide_why
why_not(const char *ip, int64_t time)
{
	struct decision d = refused(ip, 7, time);

	assert_int_equal(d.kind, DECIDE_SKIP);
	return d.why;
}

/* What one fence holds back does not count at the next. */
static void
in_that_order(void **state)
{
	struct zones_found found = {
	    .verdict = ZONES_WRONG, .ttl_s = 0, .why = "lists 127.0.0.1"};
	struct alarm_minute *m = &log_a.alarm.recent[T / 60 % ALARM_WINDOW];

	(void)state;
	policy.cap = 1;
	rule.count = 2;
	rule.count_s = 60;
	assert_int_equal(zones_add(&all.zones, "one.test", "one.test", ""), 0);
	zones_take(&all.zones.list[0], &found, T);
	log_a.alarm.minute = T / 60;
	log_a.alarm.alarm.measure = ALARM_BANS;
	for (int i = 0; i < 3; i++)
		assert_int_equal(why_not(A, T), DECIDE_DISTRUSTED);
	assert_int_equal(lru_count(all.counts), 0);
	/* a rule about no list minds no list */
	rule.list = false;
	assert_int_equal(refused(A, 7, T).kind, DECIDE_COUNT);
	rule.list = true;
	all.zones.n = 0;
	assert_int_equal(m->bans, 0);
	assert_int_equal(why_not(A, T), DECIDE_ALARM);
	assert_int_equal(m->bans, 1);
	assert_int_equal(refused(A, 7, T).kind, DECIDE_COUNT);
	assert_int_equal(why_not(A, T), DECIDE_ALARM);
	assert_int_equal(log_a.minute_bans, 0);
	assert_int_equal(lru_count(all.repeats), 0);
	log_a.alarm.alarm.ended_s = T;
	rule.count = 1;
	rule.again = 2;
	rule.again_max_s = 1000;
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
	assert_int_equal(lru_count(all.repeats), 1);
	assert_int_equal(why_not(B, T), DECIDE_CAP);
	assert_int_equal(lru_count(all.repeats), 1);
}

/* To renew a ban is no new one; with the alarm on it is not renewed either. */
static void
renewals_and_the_alarm(void **state)
{
	struct alarm_minute *m = &log_a.alarm.recent[T / 60 % ALARM_WINDOW];

	(void)state;
	assert_int_equal(refused(A, 7, T).kind, DECIDE_BAN);
	assert_int_equal(m->bans, 1);
	put_ban(&host_a, T, T + 100);
	assert_int_equal(refused(A, 7, T + 1).kind, DECIDE_BAN);
	assert_int_equal(m->bans, 1);
	log_a.alarm.alarm.measure = ALARM_BANS;
	assert_int_equal(why_not(A, T + 2), DECIDE_ALARM);
	assert_int_equal(m->bans, 1);
	policy.alarm = false;
	assert_int_equal(refused(A, 7, T + 3).kind, DECIDE_BAN);
}

static void
no_secrets_in_a_reply(void **state)
{
	static const char text[] = "rblsmtpd: " A " pid 7: 451 x";
	struct decision d = {.kind = DECIDE_BAN,
	    .rule = &rule,
	    .has_ip = true,
	    .ip = host_a,
	    .pid = 7,
	    .time = T,
	    .message = {text, sizeof text - 1},
	    .ban_s = 100,
	    .reply = "451 see k3yk3yk3yk3y.lists.test"};

	(void)state;
	secret_learn(&secrets, "k3yk3yk3yk3y.lists.test");
	assert_int_equal(judge_decision(&all, &log_a, &policy, &d, &news), 0);
	assert_string_equal(d.reply, "451 see KEY.lists.test");
}

#define test_state(f) cmocka_unit_test_setup_teardown(f, begin_state, end_state)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    test_state(by_the_line_behind_rblsmtpd),
	    test_state(by_begin_and_end),
	    test_state(a_refusal_shows_rblsmtpd),
	    test_state(counts_from_the_begin),
	    test_state(passed_too_late),
	    test_state(other_ports),
	    test_state(of_other_servers),
	    cmocka_unit_test_teardown(any_mark_against, end_state),
	    cmocka_unit_test_teardown(lines_of_rules_against, end_state),
	    test_state(decided_by_the_server),
	    test_state(not_decided),
	    test_state(decided_without_tcpserver),
	    test_state(all_of_the_host),
	    test_state(forged),
	    test_state(who_is_banned),
	    test_state(lists_that_are_not_well),
	    test_state(a_recheck_lifts),
	    test_state(a_recheck_proves_nothing),
	    test_state(a_recheck_is_refused),
	    test_state(a_recheck_of_another),
	    test_state(at_the_nth_refusal),
	    test_state(refusals_of_who_is_connected),
	    test_state(refusals_within_a_ban),
	    test_state(a_host_counts_once),
	    test_state(no_refusal_for_the_alarm),
	    test_state(a_host_to_ban_counts_once),
	    test_state(a_refusal_a_connection),
	    test_state(a_planted_address_ends_no_pass),
	    test_state(in_that_order),
	    test_state(renewals_and_the_alarm),
	    test_state(no_secrets_in_a_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
