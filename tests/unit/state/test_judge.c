/* SPDX-License-Identifier: ISC */
/*
 * judge, checkpoint: lines that a client made, and what a process says later of
 * itself. The victim is connected, and the client knows its process number.
 */
#include "../unit.h"

#include "state/checkpoint.h"
#include "state/judge.h"

#define T 1700000400
#define VICTIM "198.51.100.7"
#define CLIENT "203.0.113.9"
#define CHKUSER                                                                \
	"CHKUSER rejected rcpt: from <a@b::> remote <h:r:" CLIENT "> rcpt <"
#define END "> : not existing recipient"
#define FORGED "rblsmtpd: " VICTIM " pid 7: 451 x"
#define PASSED "rblcache: " VICTIM " pid 7: passed"
#define BLOCKED "rblsmtpd: zen.test blocked " VICTIM " r -"
#define INTRUSION                                                              \
	"CHKUSER intrusion threshold: from <a::> remote <h:r:" VICTIM          \
	"> rcpt <b> : x"

static struct state all;
static struct state_log log_a;
static struct rules *rules;
static struct policy policy;
static struct news news;

static int
begin(void **state)
{
	static const char *const paths[] = {"hooks/log", "hooks/log/available"};
	char error[RULES_ERROR_SIZE];

	(void)state;
	rules = rules_load(paths, 2, error);
	if (rules == NULL)
		fail_msg("%s", error);
	policy =
	    (struct policy){.rules = rules, .alarm = true, .line_max = 8192};
	log_a = (struct state_log){.has_position = true};
	state_name_log(&log_a, "/var/log/a");
	return state_new(&all);
}

static int
end(void **state)
{
	(void)state;
	state_free(&all);
	rules_free(rules);
	return 0;
}

/* ---- lines ---- */

/* What it leads to, with blanks for tabs. */
static const char *
take_bytes(const char *text, size_t len, int64_t time)
{
	static char said[DECIDE_TEXT_SIZE];
	const struct follow_line line = {
	    .text = text, .len = len, .written_s = time};
	struct decision d;

	assert_int_equal(
	    judge_line(&all, &log_a, &policy, &line, time, &d, &news), 0);
	judge_format(&d, &news, said);
	for (char *p = said; *p != 0; p++)
		if (*p == '\t')
			*p = ' ';
	return said;
}

static const char *
take_at(const char *text, int64_t time)
{
	return take_bytes(text, strlen(text), time);
}

static const char *
take(const char *text)
{
	return take_at(text, T);
}

/* One of len bytes, filled up in its middle. */
static const char *
take_long(const char *from, const char *to, size_t len)
{
	static char line[10000];

	memset(line, 'x', len);
	memcpy(line, from, strlen(from));
	memcpy(line + len - strlen(to), to, strlen(to));
	return take_bytes(line, len, T);
}

static bool
is_banned(const char *ip)
{
	struct addr a = unit_addr(ip);
	struct ban ban;

	return bans_find(all.bans, &a, &ban);
}

static void
connect_both(void)
{
	take("tcpserver: pid 7 from " VICTIM);
	take("tcpserver: pid 8 from " CLIENT);
}

/* The victim is refused for once, so there is nothing to hold that back. */
static void
assert_bans_again(void)
{
	assert_string_equal(
	    take(FORGED), "ban " VICTIM " rblsmtpd 86400 451 x");
}

/* ---- what a client makes ---- */

static void
behind_a_cut(void **state)
{
	static const char *const lines[] = {FORGED,
	    "DENIED_RBL_MATCH from: a to: b origin_ip: " VICTIM
	    " origin_rdns: r auth: x encryption: y" END,
	    INTRUSION, BLOCKED,
	    "rbl: ip=" VICTIM " query=x result=reject message='x'",
	    "qmail-smtpd: 421 badiprbl: ip " VICTIM " rbl: x"};

	for (size_t i = 0; i < COUNT(lines); i++) {
		connect_both();
		assert_string_equal(take_long(CHKUSER, "x", 8192), "");
		if (strstr(take(lines[i]), "torn") == NULL)
			fail_msg("'%s'", lines[i]);
		assert_false(is_banned(VICTIM));
		end(state);
		begin(state);
	}
	/* what it says of connections is not believed */
	assert_string_equal(take_long(CHKUSER, "x", 8192), "");
	take("tcpserver: pid 7 from " VICTIM END);
	assert_string_equal(take_long(CHKUSER, "x", 8192), "");
	take("tcpserver: pid 7 from " VICTIM);
	for (int i = 0; i < TORN_LINES; i++)
		take_at("x", T + TORN_QUIET_S);
	take("tcpserver: pid 8 from " CLIENT);
	assert_string_equal(take_at(FORGED, T + TORN_QUIET_S + 1),
	    "skip " VICTIM " rblsmtpd unseen");
}

static void
in_a_torn_line(void **state)
{
	static const char *const lines[] = {FORGED, FORGED END, INTRUSION,
	    INTRUSION END, BLOCKED,
	    "rblsmtpd:  pid 7 from " VICTIM ": 451 x" END,
	    "rblsmtpd: " VICTIM " pid 7 zen.test: 451 x" END,
	    "qmail-smtpd[7]: rbl: ip=" VICTIM
	    " query=x result=reject message='x'"};

	for (size_t i = 0; i < COUNT(lines); i++) {
		connect_both();
		take(CHKUSER "tcpserver: status: 1/40");
		if (strncmp(take(lines[i]), "ban", 3) == 0)
			fail_msg("'%s'", lines[i]);
		assert_false(is_banned(VICTIM));
		take(CHKUSER "c" END);
		take("x" END);
		end(state);
		begin(state);
	}
	connect_both();
	take(CHKUSER "tcpserver: status: 1/40");
	assert_string_equal(take(FORGED), "skip " VICTIM " rblsmtpd torn");
	take("x" END);
	assert_bans_again();
	assert_int_equal(all.tallies.list[0].all.skips[DECIDE_TORN], 1);
}

/* Nobody gets a pass by it, nor loses one, and no count grows. */
static void
nothing_else_either(void **state)
{
	(void)state;
	connect_both();
	take(CHKUSER "tcpserver: status: 1/40");
	take(PASSED);
	assert_false(news.passed);
	assert_false(log_a.shows_passed);
	take(FORGED);
	assert_false(news.ends_pass);
	assert_int_equal(log_a.alarm.recent[T / 60 % ALARM_WINDOW].refusals, 0);
	take("tcpserver: end 7 status 0");
	assert_false(news.passed);
}

/* ---- a process that has passed ---- */

static void
refused_after_it_passed(void **state)
{
	(void)state;
	connect_both();
	take(PASSED);
	assert_true(news.passed);
	assert_string_equal(take(FORGED), "skip " VICTIM " rblsmtpd torn");
	assert_false(news.ends_pass);
	assert_false(is_banned(VICTIM));
	assert_int_equal(log_a.late, 1);
	/* of a list it has to be */
	assert_string_equal(take(BLOCKED), "skip " VICTIM " tjsi-blocked torn");
	assert_int_equal(log_a.late, 2);
	assert_memory_equal(take(INTRUSION), "ban ", 4);
	/* another one of its may be refused */
	take("tcpserver: pid 9 from " VICTIM);
	assert_memory_equal(take(BLOCKED), "ban ", 4);
	assert_memory_equal(
	    take("rblsmtpd: " VICTIM " pid 9: 451 x"), "ban ", 4);
	/* and the next one */
	take("tcpserver: end 7 status 0");
	take("tcpserver: pid 7 from " VICTIM);
	assert_bans_again();
}

static void
passed_after_it_was_refused(void **state)
{
	(void)state;
	connect_both();
	assert_bans_again();
	assert_true(is_banned(VICTIM));
	/* another process says nothing of this one */
	take("tcpserver: pid 9 from " VICTIM);
	assert_string_equal(take("rblcache: " VICTIM " pid 9: passed"), "");
	assert_true(is_banned(VICTIM));
	assert_string_equal(take(PASSED), "lift " VICTIM " rblsmtpd passed");
	assert_false(is_banned(VICTIM));
	assert_true(news.lifted);
	assert_false(news.passed);
	assert_int_equal(log_a.recovered, 1);
	assert_string_equal(take(PASSED), "");
	assert_int_equal(log_a.recovered, 1);
}

/* A line that names no process: any of the host's will do. */
static void
passed_after_its_host_was(void **state)
{
	(void)state;
	connect_both();
	assert_memory_equal(take(BLOCKED), "ban ", 4);
	assert_string_equal(
	    take(PASSED), "lift " VICTIM " tjsi-blocked passed");
	assert_false(is_banned(VICTIM));
	/* that of a rule about no list stays */
	assert_memory_equal(take(INTRUSION), "ban ", 4);
	take("tcpserver: pid 9 from " VICTIM);
	assert_string_equal(take("rblcache: " VICTIM " pid 9: passed"), "");
	assert_true(is_banned(VICTIM));
}

static void
a_recheck_says_so_too(void **state)
{
	(void)state;
	connect_both();
	assert_bans_again();
	take("tcpserver: end 7 status 0");
	take("tcpserver: pid 7 from " VICTIM);
	take("rblcache: " VICTIM " pid 7: recheck");
	assert_string_equal(take(PASSED), "lift " VICTIM " rblsmtpd recheck");
	assert_int_equal(log_a.recovered, 0);
}

/* ---- a line without a process number ---- */

static void
of_who_is_connected(void **state)
{
	(void)state;
	/* a log that cannot show it */
	assert_string_equal(
	    take(INTRUSION), "skip " VICTIM " chkuser-intrusion unseen");
	assert_int_equal(log_a.unshown_s, T);
	assert_bans_again(); /* this one names a process */
	take("tcpserver: pid 8 from " CLIENT);
	assert_string_equal(take_at(INTRUSION, T + 1),
	    "skip " VICTIM " chkuser-intrusion unseen");
	assert_int_equal(log_a.unshown_s, T);
	take("tcpserver: pid 7 from " VICTIM);
	assert_memory_equal(take(INTRUSION), "ban ", 4);
	/* not any more */
	take("tcpserver: end 7 status 256");
	assert_string_equal(
	    take(INTRUSION), "skip " VICTIM " chkuser-intrusion unseen");
	assert_string_equal(
	    take("DENIED_RBL_MATCH from: a to: b origin_ip: " VICTIM
		 " origin_rdns: r auth: u encryption: e"),
	    "skip " VICTIM " spamdyke-old unseen");
}

/* A number that no process has does not stand for all of the host's. */
static void
no_number_at_all(void **state)
{
	static const char *const numbers[] = {
	    "0", "00", "9999999999999999999", "18446744073709551615"};

	(void)state;
	connect_both();
	for (size_t i = 0; i < COUNT(numbers); i++) {
		char line[128];

		snprintf(line, sizeof line,
		    "rblsmtpd: " VICTIM " pid %s: 451 x", numbers[i]);
		assert_string_equal(
		    take(line), "skip " VICTIM " rblsmtpd unseen");
	}
}

/* ---- kill -9 ---- */

static void
restart(void)
{
	char dir[64];
	char path[96];

	snprintf(path, sizeof path, "%s/recent.cdb", unit_directory(dir));
	assert_int_equal(checkpoint_save(path, &all, &log_a, 1), 0);
	state_free(&all);
	assert_int_equal(state_new(&all), 0);
	log_a = (struct state_log){0};
	state_name_log(&log_a, "/var/log/a");
	assert_int_equal(
	    checkpoint_load(path, &all, &log_a, 1, NULL), CHECKPOINT_LOADED);
	unit_remove(dir);
}

static void
is_in_the_checkpoint(void **state)
{
	(void)state;
	connect_both();
	take_long(CHKUSER, "x", 8192);
	restart();
	assert_string_equal(take(FORGED), "skip " VICTIM " rblsmtpd torn");
	restart();
	for (int i = 0; i < TORN_LINES - 3; i++)
		take_at("x", T + TORN_S + 1);
	restart();
	take_at("x", T + TORN_S + 1);
	assert_string_equal(
	    take_at(FORGED, T + TORN_S + 1), "skip " VICTIM " rblsmtpd torn");
	restart();
	assert_memory_equal(take_at(FORGED, T + TORN_S + 1), "ban ", 4);
	restart();
	assert_string_equal(
	    take_at(PASSED, T + TORN_S + 1), "lift " VICTIM " rblsmtpd passed");
	restart();
	assert_string_equal(
	    take_at(FORGED, T + TORN_S + 1), "skip " VICTIM " rblsmtpd torn");
	restart();
	assert_string_equal(take_at(BLOCKED, T + TORN_S + 1),
	    "skip " VICTIM " tjsi-blocked torn");
	restart();
	assert_int_equal(log_a.torn.rests, 1);
	assert_int_equal(log_a.torn.torn, 1);
	assert_int_equal(log_a.late, 2);
	assert_int_equal(log_a.recovered, 1);
	assert_int_equal(all.tallies.list[0].all.skips[DECIDE_TORN], 3);
	assert_true(torn_share(&log_a.torn, T + TORN_S) < TORN_FLOOD);
	assert_int_equal(log_a.torn.lost_s, 2);
	/* of the host, by a line that names no process */
	take("tcpserver: pid 9 from " VICTIM);
	assert_memory_equal(take(BLOCKED), "ban ", 4);
	restart();
	assert_string_equal(take("rblcache: " VICTIM " pid 9: passed"),
	    "lift " VICTIM " tjsi-blocked passed");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(behind_a_cut),
	    TEST(in_a_torn_line),
	    TEST(nothing_else_either),
	    TEST(refused_after_it_passed),
	    TEST(passed_after_it_was_refused),
	    TEST(passed_after_its_host_was),
	    TEST(a_recheck_says_so_too),
	    TEST(of_who_is_connected),
	    TEST(no_number_at_all),
	    TEST(is_in_the_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
