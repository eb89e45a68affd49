/* SPDX-License-Identifier: ISC */
/* replay: connections out of lines, and what is counted of them. */
#include "../unit.h"

#include "ctl/replay.h"

#define T 1795505462
#define MINUTE 60
#define HOUR 3600
#define A "203.0.113.9"
#define B "198.51.100.7"

static const char rules_text[] =
    "[rblsmtpd]\n"
    "match = ^rblsmtpd: (?<ip>\\S+) pid (?<pid>\\d+): "
    "(?<reply>(?:451|553) .+)$\n"
    "except = : 451 temporary RBL lookup error|: \\d+ Error:\n"
    "ban = 1d\n"
    "[badiprbl]\n"
    "match = ^qmail-smtpd: 421 badiprbl: ip (?<ip>\\S+) rbl: \\S+$\n"
    "ban = 1h\n"
    "[sender]\n"
    "match = ^sender of (?<ip>\\S+)$\n"
    "list = no\n"
    "ban = 1h\n";

static struct rules *rules;
static struct replay *replay;
static const struct replay_counts *n;

static int
begin(void **state)
{
	struct replay_setup setup = {.pass_s = 15 * MINUTE};

	(void)state;
	setup.rules = rules = unit_rules(rules_text);
	replay = replay_new(&setup);
	assert_non_null(replay);
	n = replay_counts(replay);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	replay_free(replay);
	rules_free(rules);
	return 0;
}

static void
take(const char *text, size_t len, int64_t written_s)
{
	const struct follow_line given = {
	    .text = text, .len = len, .written_s = written_s};

	assert_int_equal(replay_line(replay, &given), 0);
}

/* A line of that time, which it has as a stamp. */
__attribute__((format(printf, 2, 3))) static void
line(int64_t time_s, const char *format, ...)
{
	char text[512];
	va_list args;
	int len = snprintf(text, sizeof text, "@%llx00000000 ",
	    4611686018427387914ULL + (unsigned long long)time_s);

	va_start(args, format);
	len += vsnprintf(text + len, sizeof text - (size_t)len, format, args);
	va_end(args);
	/* as if the file was written long ago */
	take(text, (size_t)len, 5);
}

static void
connects(int64_t time_s, unsigned pid, const char *ip)
{
	line(time_s, "tcpserver: pid %u from %s", pid, ip);
}

static void
ends(int64_t time_s, unsigned pid)
{
	line(time_s, "tcpserver: end %u status 0", pid);
}

static void
refuses(int64_t time_s, unsigned pid, const char *ip)
{
	line(time_s, "rblsmtpd: %s pid %u: 451 Listed", ip, pid);
}

/* A whole connection. */
static void
whole(int64_t time_s, unsigned pid, const char *ip, bool listed)
{
	connects(time_s, pid, ip);
	if (listed)
		refuses(time_s, pid, ip);
	ends(time_s, pid);
}

static void
finish(void)
{
	assert_int_equal(replay_end(replay), 0);
}

static void
queries_are(const uint64_t queries[REPLAY_TRIALS])
{
	for (size_t i = 0; i < REPLAY_TRIALS; i++)
		assert_int_equal(n->trials[i].queries, queries[i]);
}

static void
counts_are(uint64_t connections, uint64_t refused)
{
	finish();
	assert_int_equal(n->connections, connections);
	assert_int_equal(n->refused, refused);
}

/* ---- what it comes to ---- */

static void
nothing(void **state)
{
	(void)state;
	counts_are(0, 0);
	assert_int_equal(n->lines, 0);
	assert_false(n->shows_tcpserver);
	for (size_t i = 0; i < REPLAY_TRIALS; i++)
		assert_int_equal(n->trials[i].pass_s, i < 5 ? 0 : 900);
	assert_int_equal(n->trials[0].ban_s, HOUR);
	assert_int_equal(n->trials[4].ban_s, 72 * HOUR);
	assert_int_equal(n->trials[5].ban_s, HOUR);
}

/* It comes again until it is listed no more. */
static void
comes_again(void **state)
{
	static const uint64_t queries[] = {5, 4, 3, 2, 1, 5, 4, 3, 2, 1};

	(void)state;
	whole(T, 1, A, true);
	whole(T + HOUR / 2, 2, A, true);
	whole(T + 2 * HOUR, 3, A, true);
	whole(T + 5 * HOUR, 4, A, true);
	whole(T + 13 * HOUR, 5, A, true);
	whole(T + 25 * HOUR, 6, A, false);
	counts_are(6, 5);
	assert_int_equal(n->hosts, 1);
	assert_int_equal(n->first_s, T);
	assert_int_equal(n->last_s, T + 25 * HOUR);
	queries_are(queries);
	for (size_t i = 0; i < REPLAY_TRIALS; i++) {
		assert_int_equal(n->trials[i].outdated, i % 5 == 4);
		assert_int_equal(n->trials[i].outdated_hosts, i % 5 == 4);
		assert_int_equal(n->trials[i].let_in, 0);
	}
}

static void
outdated_hosts_count_once(void **state)
{
	(void)state;
	whole(T, 1, A, true);
	whole(T, 2, B, true);
	whole(T + 61 * MINUTE, 3, A, false); /* not after an hour */
	whole(T + 62 * MINUTE, 3, A, false);
	whole(T + 63 * MINUTE, 3, B, false);
	counts_are(5, 2);
	assert_int_equal(n->hosts, 2);
	assert_int_equal(n->trials[0].outdated, 0);
	assert_int_equal(n->trials[0].outdated_hosts, 0);
	assert_int_equal(n->trials[1].outdated, 3);
	assert_int_equal(n->trials[1].outdated_hosts, 2);
}

static void
passes(void **state)
{
	(void)state;
	whole(T, 1, A, false);
	whole(T + 10 * MINUTE, 2, A, false);
	whole(T + 20 * MINUTE, 3, A, false);
	whole(T + 22 * MINUTE, 4, A, true);
	counts_are(4, 1);
	for (size_t i = 0; i < REPLAY_TRIALS; i++) {
		assert_int_equal(n->trials[i].queries, i < 5 ? 4 : 2);
		assert_int_equal(n->trials[i].let_in, i < 5 ? 0 : 1);
	}
}

/* ---- which line is whose ---- */

/* Whoever began first comes first, whoever is answered first. */
static void
in_order_of_begin(void **state)
{
	(void)state;
	connects(T, 1, A);
	connects(T + 1, 2, A);
	refuses(T + 2, 2, A);
	ends(T + 3, 2);
	assert_int_equal(n->connections, 0);
	ends(T + 4, 1);
	assert_int_equal(n->connections, 2);
	assert_int_equal(n->last_s, T + 1);
	counts_are(2, 1);
	assert_int_equal(n->trials[0].queries, 2);
	assert_int_equal(n->trials[0].outdated, 0);
	assert_int_equal(n->trials[5].let_in, 1);
}

static void
process_numbers_come_again(void **state)
{
	(void)state;
	connects(T, 7, A); /* its end is missed */
	connects(T + 1, 7, B);
	refuses(T + 2, 7, A); /* it is not A any more */
	refuses(T + 2, 7, B);
	ends(T + 3, 7);
	ends(T + 3, 7);
	counts_are(2, 1);
	whole(T + 9, 8, B, true);
	assert_int_equal(n->trials[0].queries, 2);
	whole(T + 9, 8, A, true);
	assert_int_equal(n->trials[0].queries, 3);
}

static void
who_is_not_connected(void **state)
{
	(void)state;
	whole(T, 1, B, false);
	refuses(T + 1, 1, B); /* gone */
	connects(T + 2, 2, A);
	refuses(T + 2, 2, B);
	refuses(T + 2, 3, A);
	line(T + 2, "rblcache: %s pid 2: 451 x (ipset)", B);
	line(T + 2, "rblcache: %s pid 3: 451 x (local)", A);
	line(T + 2, "qmail-smtpd: 421 badiprbl: ip %s rbl: x", B);
	line(T + 2, "tcpserver: end 3 status 0");
	line(T + 2, "tcpserver: deny 3 x");
	counts_are(2, 0);
	assert_int_equal(n->hosts, 2);
	assert_int_equal(n->cached, 0);
	assert_int_equal(n->local, 0);
}

static void
denied(void **state)
{
	(void)state;
	connects(T, 1, A);
	line(T, "tcpserver: deny 1 host.test:192.0.2.1:25 :" A "::4711");
	ends(T, 1);
	connects(T, 2, B);
	counts_are(1, 0);
	assert_int_equal(n->hosts, 1);
	assert_int_equal(n->local, 0);
}

static void
without_a_process_number(void **state)
{
	(void)state;
	connects(T, 1, A);
	connects(T, 2, A);
	connects(T, 3, A);
	connects(T, 4, B);
	ends(T + 1, 2);
	line(T + 2, "qmail-smtpd: 421 badiprbl: ip " A " rbl: x");
	line(T + 2, "qmail-smtpd: 421 badiprbl: ip " A " rbl: x"); /* again */
	ends(T + 3, 3);
	finish();
	assert_int_equal(n->refused, 1);
	connects(T + 4, 5, A);
	connects(T + 4, 6, A);
	ends(T + 4, 6);
	line(T + 5, "qmail-smtpd: 421 badiprbl: ip " A " rbl: x");
	counts_are(6, 2);
}

static void
other_rules_say_nothing(void **state)
{
	(void)state;
	connects(T, 1, A);
	line(T, "sender of " A);
	ends(T, 1);
	counts_are(1, 0);
}

static void
patience(void **state)
{
	(void)state;
	connects(T, 1, A);
	connects(T + 1, 2, B);
	refuses(T + 60, 1, A);
	refuses(T + 62, 2, B);
	assert_int_equal(n->connections, 2);
	counts_are(2, 1);
	connects(T + 70, 3, A);
	connects(T + 71, 4, B);
	refuses(T + 72, 4, B);
	assert_int_equal(n->connections, 2);
	line(T + 130, "any line");
	assert_int_equal(n->connections, 2);
	line(T + 131, "any line");
	counts_are(4, 2);
}

static void
too_many(void **state)
{
	char ip[32];

	(void)state;
	for (unsigned i = 0; i < REPLAY_OPEN_MAX + 2; i++) {
		snprintf(ip, sizeof ip, "20%u.%u.%u.1", i >> 16, i >> 8 & 255,
		    i & 255);
		connects(T, i + 1, ip);
	}
	assert_int_equal(n->connections, 2);
	refuses(T, 2, "200.0.1.1"); /* no longer */
	refuses(T, 3, "200.0.2.1");
	counts_are(REPLAY_OPEN_MAX + 2, 1);
}

static void
time_goes_back(void **state)
{
	(void)state;
	whole(T, 1, A, true);
	whole(T - 10 * HOUR, 2, A, true);
	connects(T - 10 * HOUR - BAN_AHEAD_S, 3, B); /* a little */
	refuses(T - 10 * HOUR + 60, 3, B);
	counts_are(3, 2 + 1);
	assert_int_equal(n->first_s, T - 10 * HOUR);
	assert_int_equal(n->last_s, T);
	/* a ban that began ten hours later is none */
	assert_int_equal(n->trials[0].queries, 3);
}

/* Also the one that stands before all stamps. */
static void
one_without_a_stamp(void **state)
{
	(void)state;
	take("x", 1, T + 10 * HOUR);
	whole(T, 1, A, true);
	take("x", 1, T + 10 * HOUR);
	whole(T + 4 * HOUR, 2, A, true);
	counts_are(2, 2);
	assert_int_equal(n->last_s, T + 4 * HOUR);
	assert_int_equal(n->trials[0].queries, 2);
	assert_int_equal(n->trials[2].queries, 1);
}

static void
without_stamps(void **state)
{
	static const char *const lines[] = {
	    "tcpserver: pid 1 from " A, "rblsmtpd: " A " pid 1: 451 x"};

	(void)state;
	connects(T, 2, B);
	for (size_t i = 0; i < COUNT(lines); i++)
		take(lines[i], strlen(lines[i]), T + 9);
	counts_are(2, 1);
	assert_int_equal(n->last_s, T); /* that of the last with one */
	assert_int_equal(n->unstamped, 1);
}

/* ---- what a client may have written ---- */

static void
torn_lines(void **state)
{
	static char cut[8192];

	(void)state;
	connects(T, 1, A);
	connects(T, 2, B);
	line(T, "CHKUSER rejected rcpt: from <a::> remote <h:r:" A
		"> rcpt <tcpserver: status: 1/40");
	refuses(T, 2, B);
	line(T, "rblcache: " A " pid 1: passed");
	line(T, "rblcache: " A " pid 1: 451 x (ipset, 7s left)");
	line(T, "x> : not existing recipient");
	refuses(T + 1, 1, A);
	ends(T + 1, 1);
	ends(T + 1, 2);
	/* the begin of a connection may be forged where a line was cut */
	memset(cut, 'x', sizeof cut);
	take(cut, sizeof cut, T);
	connects(T + 2, 3, A);
	refuses(T + 2, 3, A);
	counts_are(2, 0);
	assert_int_equal(n->unclear, 2);
	assert_int_equal(n->trials[0].queries, 2);
}

/* ---- without lines of tcpserver ---- */

static void
refusals_alone(void **state)
{
	(void)state;
	refuses(T, 1, A);
	/* of nobody that is known to be connected */
	line(T + 1, "qmail-smtpd: 421 badiprbl: ip " A " rbl: x");
	line(T + 2, "qmail-smtpd: 421 badiprbl: ip " B " rbl: x");
	line(T + 3, "rblsmtpd: " B " pid 7: 451 Error: too many");
	line(T + 3, "rblcache: " B " pid 7: passed");
	line(T + 4, "rblcache: " B " pid 7: 451 x (ipset, 7s left)");
	line(T + 4, "rblcache: " B " pid 7: 553 x (local)");
	line(T + HOUR, "rblsmtpd: " A " pid 7: timeout while waiting");
	refuses(T + HOUR, 1, A);
	counts_are(4, 3);
	assert_false(n->shows_tcpserver);
	assert_int_equal(n->hosts, 2);
	assert_int_equal(n->errors, 1);
	assert_int_equal(n->cached, 1);
	assert_int_equal(n->local, 1);
	assert_int_equal(n->unclear, 0);
	assert_int_equal(n->trials[0].queries, 4);
	assert_int_equal(n->trials[9].queries, 3);
	connects(T + 2 * HOUR, 1, A);
	assert_true(n->shows_tcpserver);
	refuses(T + 2 * HOUR, 2, A); /* not any more */
	ends(T + 2 * HOUR, 1);
	counts_are(5, 3);
}

/* ---- other answers ---- */

static void
of_a_cache_in_use(void **state)
{
	static const char reply[] = "451 Listed (see there)";

	(void)state;
	connects(T, 1, A);
	line(T, "rblcache: " A " pid 1: %s (ipset, 86391s left)", reply);
	/* option -e: rblsmtpd speaks for the hook */
	line(T, "rblsmtpd: " A " pid 1: 451 Error: what is this");
	ends(T, 1);
	connects(T + 1, 2, A);
	line(T + 1, "rblcache: " A " pid 2: %s (recent, 9s left)", reply);
	connects(T + 2, 3, A);
	line(T + 2, "rblcache: " A " pid 3: %s (net)", reply); /* before 0.7 */
	connects(T + 3, 4, B);
	line(T + 3, "rblcache: " B " pid 4: allowed (pass)");
	refuses(T + 3, 4, B); /* it has had its answer */
	connects(T + 4, 5, B);
	line(T + 4, "rblcache: " B " pid 5: passed");
	connects(T + 5, 6, B);
	line(T + 5, "rblcache: " B " pid 6: would refuse: %s (ipset)", reply);
	line(T + 5, "rblcache: " B " pid 6: recheck");
	line(T + 5, "rblcache: " B " pid 6: set x: no such set");
	refuses(T + 5, 6, B);
	assert_int_equal(n->connections, 6);
	counts_are(6, 4);
	assert_int_equal(n->cached, 3);
	assert_int_equal(n->errors, 0);
	/* A once; B each time, or not while it has a pass */
	assert_int_equal(n->trials[0].queries, 4);
	assert_int_equal(n->trials[5].queries, 2);
	assert_int_equal(n->trials[5].let_in, 1);
}

static void
local_rules_are_left_out(void **state)
{
	(void)state;
	connects(T, 1, A);
	line(T, "rblcache: " A " pid 1: 553 go away (local)");
	ends(T, 1);
	connects(T, 2, B);
	line(T, "rblcache: " B " pid 2: allowed (local, 198.51.100.0/24)");
	ends(T, 2);
	connects(T, 3, B);
	counts_are(1, 0);
	assert_int_equal(n->local, 2);
	assert_int_equal(n->hosts, 1);
}

/* RBLSMTPD: no list is asked, and rblsmtpd's line is none of a list's. */
static void
decided_by_the_server(void **state)
{
	(void)state;
	/* no lines of tcpserver's yet */
	line(T, "rblcache: " A " pid 1: decided by RBLSMTPD");
	refuses(T, 1, B);
	refuses(T, 1, A);
	counts_are(1, 1);
	refuses(T, 1, A);
	counts_are(2, 2);
	connects(T + 1, 2, B);
	line(T + 1, "rblcache: " B " pid 2: decided by RBLSMTPD");
	refuses(T + 1, 2, B);
	ends(T + 1, 2);
	counts_are(2, 2);
	assert_int_equal(n->local, 2);
}

static void
cached_text_of_no_list(void **state)
{
	(void)state;
	connects(T, 1, A);
	line(T, "rblcache: " A " pid 1: 451 this list is closed (ipset)");
	ends(T, 1);
	whole(T + 1, 2, A, true);
	counts_are(2, 2);
	assert_int_equal(n->trials[0].queries, 2);
}

/* spamdyke's code is not one of rblsmtpd's */
static void
cached_text_of_spamdyke(void **state)
{
	(void)state;
	connects(T, 1, A);
	line(T, "rblcache: " A
		" pid 1: 554 Refused. Your IP address is listed in the RBL at "
		"zen.test (ipset)");
	ends(T, 1);
	whole(T + 1, 2, A, true);
	counts_are(2, 2);
	assert_int_equal(n->trials[0].queries, 1);
}

static void
trouble(void **state)
{
	(void)state;
	connects(T, 1, A);
	line(T, "rblsmtpd: " A " pid 1: greetdelay: 5");
	line(T, "rblsmtpd: " A " pid 1: timeout while waiting for : x");
	line(T, "rblcache: " A " pid 1: passed");
	ends(T, 1);
	whole(T + 1, 2, A, false); /* asked again: it got no pass */
	whole(T + 2, 3, A, false);
	connects(T + 3, 4, B);
	line(T + 3, "rblsmtpd: " B " pid 4: timeout while waiting for : x");
	line(T + 3, "rblsmtpd: " B " pid 4: timeout while waiting for : y");
	refuses(T + 3, 4, B);
	whole(T + 4, 5, B, true);
	connects(T + 5, 6, "192.0.3.1");
	line(T + 5, "rblsmtpd: 192.0.3.1 pid 6: greetdelay: 5");
	ends(T + 5, 6);
	connects(T + 6, 7, "192.0.3.2");
	line(T + 6, "rblsmtpd: 192.0.3.2 pid 7: timeout while waiting");
	line(T + 67, "any line");
	counts_are(7, 2);
	assert_int_equal(n->unclear, 2);
	assert_int_equal(n->trials[5].queries, 5);
	assert_int_equal(n->trials[0].queries, 6);
}

static void
error_answers(void **state)
{
	(void)state;
	connects(T, 1, A);
	line(T, "rblsmtpd: " A " pid 1: 451 Error: open resolver");
	ends(T, 1);
	whole(T + 1, 2, A, false);
	connects(T + 2, 3, A);
	line(T + 2, "rblsmtpd: " A " pid 3: 451 Error: open resolver");
	whole(T + 3, 4, B, true);
	connects(T + 4, 5, B);
	line(T + 4, "rblsmtpd: " B " pid 5: 451 Error: open resolver");
	counts_are(5, 1);
	assert_int_equal(n->errors, 3);
	assert_int_equal(n->trials[0].queries, 4);
	/* nobody says that B is listed no more */
	assert_int_equal(n->trials[0].outdated, 0);
	/* a pass is no wonder then */
	assert_int_equal(n->trials[5].queries, 3);
	assert_int_equal(n->trials[5].let_in, 0);
}

/* rblsmtpd says nothing of a list that gave no answer; it waits. */
static void
passed_late(void **state)
{
	(void)state;
	connects(T, 1, B);
	line(T + 10, "rblcache: " B " pid 1: passed");
	ends(T + 10, 1);
	connects(T + 20, 2, A);
	line(T + 31, "rblcache: " A " pid 2: passed");
	ends(T + 31, 2);
	whole(T + 60, 3, A, false);
	whole(T + 60, 4, B, false);
	counts_are(4, 0);
	assert_int_equal(n->unclear, 1);
	assert_int_equal(n->trials[0].queries, 4);
	/* of the two, B alone has passed */
	assert_int_equal(n->trials[5].queries, 3);
}

/* Whatever their server is. */
static void
other_servers(void **state)
{
	(void)state;
	line(T, "tcpsvd: info: pid 7 from " A);
	refuses(T, 7, A);
	line(T, "tcpsvd: info: end 7 exit 0");
	line(T, "tcpsvd: info: pid 8 from " B);
	line(T, "tcpsvd: info: deny 8 mx:192.0.2.1 ::" B ":5 f");
	line(T, "tcpsvd: info: end 8 exit 100");
	line(T, "s6-tcpserverd: info: accept " B "_5 pid 9 count 1/40");
	line(T, "s6-tcpserverd: info: end pid 9 exitcode 0 count 0/40");
	line(T, "tcpserver: pid 10 from " B);
	line(T, "tcpserver: ok 10 mx:192.0.2.1:25 :" B "::5");
	line(T, "tcpserver: end 10 status 0");
	counts_are(3, 1);
	assert_true(n->shows_tcpserver);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing),
	    TEST(comes_again),
	    TEST(outdated_hosts_count_once),
	    TEST(passes),
	    TEST(in_order_of_begin),
	    TEST(process_numbers_come_again),
	    TEST(who_is_not_connected),
	    TEST(denied),
	    TEST(without_a_process_number),
	    TEST(other_rules_say_nothing),
	    TEST(patience),
	    TEST(too_many),
	    TEST(time_goes_back),
	    TEST(one_without_a_stamp),
	    TEST(without_stamps),
	    TEST(torn_lines),
	    TEST(refusals_alone),
	    TEST(of_a_cache_in_use),
	    TEST(local_rules_are_left_out),
	    TEST(decided_by_the_server),
	    TEST(cached_text_of_no_list),
	    TEST(cached_text_of_spamdyke),
	    TEST(trouble),
	    TEST(error_answers),
	    TEST(passed_late),
	    TEST(other_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
