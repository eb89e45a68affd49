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

static int
begin_state(void **state)
{
	(void)state;
	assert_int_equal(state_new(&all), 0);
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
line_of(struct state_log *log, const char *text, int64_t time)
{
	struct decision d = {
	    .kind = DECIDE_NOTHING, .time = time, .message = slice_of(text)};

	assert_int_equal(judge_decision(&all, log, &policy, &d, &news), 0);
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
	line("rblsmtpd: one");
	line("tcpserver: pid 8 from " B);
	assert_false(passes("tcpserver: end 8 status 0"));
	/* another log is another matter */
	line_of(&log_b, "rblsmtpd: one", T);
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
	line("rblsmtpd: " B " pid 9: greetdelay: 50");
	line("tcpserver: pid 7 from " A);
	assert_true(passes("tcpserver: end 7 status 0"));
	assert_memory_equal(&news.ip, &host_a, sizeof host_a);
	assert_false(passes("tcpserver: end 7 status 0"));
	/* one side has just gone */
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 256"));
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 00"));
	line("tcpserver: pid 7 from " A);
	assert_false(passes("tcpserver: end 7 status 0 "));
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
			line("rblsmtpd: a banner");
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
	line("rblsmtpd: a banner");
	put_ban(&host_a, T, T + 100);
	line("tcpserver: pid 7 from " A);
	assert_false(passes(PID7 "passed"));
	assert_false(news.lifted);
	assert_true(is_banned(&host_a));
	/* a ban that is over is none */
	line("tcpserver: pid 7 from " A);
	assert_true(passes_at(PID7 "passed", T + 100));
	assert_false(news.lifted);
	assert_int_equal(all.tallies.all.passed, 0);
}

static void
lists_that_are_not_well(void **state)
{
	struct zones_found found = {.verdict = ZONES_SILENT};
	struct zone *z;

	(void)state;
	assert_int_equal(zones_add(&all.zones, "one.test", "one.test", ""), 0);
	assert_int_equal(
	    zones_add(&all.zones, "two.test", "two.test", "two"), 0);
	z = &all.zones.list[1];
	for (unsigned pid = 10; pid < 20; pid++) {
		char text[64];

		snprintf(text, sizeof text, "tcpserver: pid %u from " A, pid);
		line(text);
	}
	/* not asked yet */
	assert_true(passes("rblcache: " A " pid 10: passed"));
	zones_take(z, &found, T);
	assert_false(passes("rblcache: " A " pid 11: passed"));
	found.verdict = ZONES_WELL;
	zones_take(z, &found, T);
	assert_true(passes("rblcache: " A " pid 12: passed"));
	found = (struct zones_found){
	    .verdict = ZONES_WRONG, .ttl_s = 60, .why = "lists 127.0.0.1"};
	assert_int_equal(zones_take(z, &found, T + 10), ZONES_DISTRUSTED);
	assert_false(passes_at("rblcache: " A " pid 13: passed", T + 10));
	found.verdict = ZONES_WELL;
	zones_take(z, &found, T + 20);
	assert_false(passes_at("rblcache: " A " pid 14: passed", T + 20));
	assert_int_equal(zones_take(z, &found, T + 80), ZONES_TRUSTED);
	/* a line that was written while it was wrong, and one after that */
	assert_false(passes_at("rblcache: " A " pid 15: passed", T + 79));
	assert_true(passes_at("rblcache: " A " pid 16: passed", T + 80));
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
	line_of(&log_b, "rblsmtpd: a banner", T);
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

static uint16_t
alarm_refusals(int64_t time)
{
	return log_a.alarm.recent[time / 60 % ALARM_WINDOW].refusals;
}

static void
a_refusal_a_connection(void **state)
{
	(void)state;
	line("tcpserver: pid 7 from " A);
	line("tcpserver: pid 8 from " A);
	line("tcpserver: pid 9 from " B);
	assert_int_equal(
	    log_a.alarm.recent[T / 60 % ALARM_WINDOW].connections, 3);
	for (int i = 0; i < 3; i++)
		refused(A, 7, T); /* for each recipient */
	assert_int_equal(alarm_refusals(T), 1);
	refused(A, 8, T);
	assert_int_equal(alarm_refusals(T), 2);
	line("rblcache: " B " pid 9: 451 x (ipset)");
	assert_int_equal(alarm_refusals(T), 3);
	/* nobody is connected; about no list; nobody minds */
	line("tcpserver: pid 7 from " A);
	refused(B, 7, T);
	rule.list = false;
	line("tcpserver: pid 7 from " A);
	refused(A, 7, T);
	rule.list = true;
	policy.alarm = false;
	line("tcpserver: pid 7 from " A);
	refused(A, 7, T);
	line("rblcache: " B " pid 9: 451 x (ipset)");
	assert_int_equal(alarm_refusals(T), 3);
	assert_int_equal(
	    log_a.alarm.recent[T / 60 % ALARM_WINDOW].connections, 5);
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
	    test_state(a_refusal_a_connection),
	    test_state(in_that_order),
	    test_state(renewals_and_the_alarm),
	    test_state(no_secrets_in_a_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
