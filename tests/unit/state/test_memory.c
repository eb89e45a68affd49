/* SPDX-License-Identifier: ISC */
/* judge, passes, checkpoint: who is asked about again, and who is let in for long. */
#include "../unit.h"

#include "state/checkpoint.h"
#include "state/doubts.h"
#include "state/judge.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define T 1700000400
#define HOST "203.0.113.9"

static const char rules_text[] =
    "[list]\n"
    "match = ^rblsmtpd: (?<ip>\\S+) pid (?<pid>\\d+): "
    "(?<reply>(?:451|553) .+)$\n"
    "ban = 24d\n"
    "vague = 20m\n"
    "[own]\n"
    "match = ^own: (?<ip>\\S+) pid (?<pid>\\d+)$\n"
    "list = no\n"
    "ban = 24d\n";

static struct state all;
static struct state_log log_a;
static struct rules *rules;
static struct policy policy;
static struct news news;
static struct addr host;
static int64_t now;
static char directory[64];

static int
begin(void **state)
{
	(void)state;
	unit_directory(directory);
	rules = unit_rules(rules_text);
	policy = (struct policy){.rules = rules,
	    .line_max = 8192,
	    .doubt_s = 12 * HOUR,
	    .pass_s = 15 * MINUTE,
	    .pass_most_s = 7 * DAY};
	log_a = (struct state_log){.has_position = true};
	state_name_log(&log_a, "/var/log/a");
	host = unit_addr(HOST);
	now = T;
	return state_new(&all);
}

static int
end(void **state)
{
	(void)state;
	state_free(&all);
	rules_free(rules);
	unit_remove(directory);
	return 0;
}

/* ---- lines ---- */

/* What it leads to, with blanks for tabs. */
static const char *
line(const char *text)
{
	static char said[DECIDE_TEXT_SIZE];
	const struct follow_line read = {
	    .text = text, .len = strlen(text), .written_s = now};
	struct decision d;

	assert_int_equal(
	    judge_line(&all, &log_a, &policy, &read, now, &d, &news), 0);
	judge_format(&d, &news, said);
	for (char *p = said; *p != 0; p++)
		if (*p == '\t')
			*p = ' ';
	return said;
}

/* The line of a connection of its own. */
static const char *
visit(const char *text)
{
	line("tcpserver: pid 7 from " HOST);
	return line(text);
}

#define IPSET "rblcache: " HOST " pid 7: 451 x (ipset, 7s left)"
#define RECENT "rblcache: " HOST " pid 7: 451 x (recent, 7s left)"
#define PASS "rblcache: " HOST " pid 7: allowed (pass)"
#define PASSED "rblcache: " HOST " pid 7: passed"
#define LISTED "rblsmtpd: " HOST " pid 7: 451 Listed " HOST
#define LIFT "lift " HOST " list doubt"
#define BAN(seconds) "ban " HOST " list " seconds " 451 Listed " HOST

/* The hook has been seen at work. */
static void
show_hook(void)
{
	line("tcpserver: pid 9 from 192.0.2.9");
	line("rblcache: 192.0.2.9 pid 9: 451 x (local)");
}

static uint32_t
pass_left(void)
{
	return doubts_pass_left(all.doubts, &host, now, policy.pass_most_s);
}

static bool
is_banned(void)
{
	struct ban ban;

	return bans_find_live(all.bans, &host, now, &ban);
}

/* Ends the process after a checkpoint and begins another one. */
static void
restart(void)
{
	char path[96];

	snprintf(path, sizeof path, "%s/recent.cdb", directory);
	assert_int_equal(checkpoint_save(path, &all, &log_a, 1), 0);
	state_free(&all);
	assert_int_equal(state_new(&all), 0);
	log_a = (struct state_log){0};
	state_name_log(&log_a, "/var/log/a");
	assert_int_equal(
	    checkpoint_load(path, &all, &log_a, 1, NULL), CHECKPOINT_LOADED);
}

/* ---- doubt ---- */

static void
asked_again(void **state)
{
	static const unsigned after[] = {1, 2, 4, 8, 8};

	(void)state;
	show_hook();
	for (size_t i = 0; i < COUNT(after); i++) {
		assert_string_equal(visit(LISTED), BAN("2073600"));
		for (unsigned n = 1; n <= after[i]; n++) {
			now += HOUR;
			restart();
			assert_string_equal(visit(n % 2 == 1 ? IPSET : RECENT),
			    n == after[i] ? LIFT : "");
			assert_int_equal(is_banned(), n < after[i]);
		}
	}
	/* the lists have it no more */
	assert_string_equal(visit(PASSED), "");
	assert_true(news.passed);
	assert_int_equal(pass_left(), 15 * MINUTE);
	/* and if they have it again, the first refusal is doubted at once */
	assert_string_equal(visit(LISTED), BAN("2073600"));
	assert_int_equal(pass_left(), 0);
	now += 10 * MINUTE;
	assert_string_equal(visit(IPSET), LIFT);
}

/* Not more than once a connection, nor of somebody who is not connected. */
static void
counted_once(void **state)
{
	(void)state;
	show_hook();
	visit(LISTED);
	now += HOUR;
	visit(IPSET);
	visit(LISTED);
	now += HOUR;
	assert_string_equal(visit(IPSET), "");
	for (int i = 0; i < 5; i++) {
		assert_string_equal(line(IPSET), "");
		assert_string_equal(
		    line("rblcache: " HOST " pid 8: 451 x (ipset)"), "");
	}
	assert_string_equal(visit(IPSET), LIFT);
}

/* Those are no list's. */
static void
never_doubted(void **state)
{
	struct ban ban = {
	    .ip = host, .since = T, .until = T + 20 * DAY, .reply = "451 x"};

	(void)state;
	show_hook();
	visit("own: " HOST " pid 7");
	assert_true(is_banned());
	now += HOUR;
	assert_string_equal(visit(IPSET), "");
	assert_true(bans_remove(all.bans, &host));
	snprintf(ban.rule, sizeof ban.rule, "%s", BAN_ADDED_RULE);
	assert_int_equal(bans_put(all.bans, &ban), 0);
	now += HOUR;
	assert_string_equal(visit(IPSET), "");
	assert_true(is_banned());
	assert_int_equal(lru_count(all.doubts), 0);
}

/* Whom nobody can doubt is believed for a day. */
static void
a_day_at_most(void **state)
{
	(void)state;
	assert_string_equal(visit(LISTED), BAN("86400")); /* no hook was seen */
	/* a refusal that was not carried out shows none */
	visit("rblcache: " HOST " pid 7: would refuse: 451 x (ipset, 7s left)");
	assert_string_equal(visit(LISTED), BAN("86400"));
	/* nor does a line of nobody */
	line("rblcache: " HOST " pid 8: allowed (local)");
	assert_string_equal(visit(LISTED), BAN("86400"));
	show_hook();
	restart();
	assert_string_equal(visit(LISTED), BAN("2073600"));
	assert_string_equal(visit("rblsmtpd: " HOST " pid 7: 553 Listed " HOST),
	    "ban " HOST " list 86400 553 Listed " HOST);
	policy.doubt_s = 0;
	assert_string_equal(visit(LISTED), BAN("86400"));
	now += HOUR;
	assert_string_equal(visit(IPSET), "");
	/* but a rule that is no list's has its own time, and so has a trial */
	policy.ban_s = 3 * DAY;
	assert_string_equal(visit(LISTED), BAN("259200"));
}

/* A text that names nobody keeps the time that the rule has for it. */
static void
vague(void **state)
{
	(void)state;
	show_hook();
	assert_string_equal(
	    visit("rblsmtpd: " HOST " pid 7: 451 Service unavailable"),
	    "ban " HOST " list 1200 451 Service unavailable");
}

/* It was broken into, or there is a mistake. */
static void
clean_for_long(void **state)
{
	(void)state;
	show_hook();
	visit(PASSED);
	now += DAY;
	visit(PASSED);
	assert_int_equal(pass_left(), DAY);
	now += HOUR;
	assert_string_equal(visit(LISTED), BAN("3600"));
	assert_true(news.ends_pass);
	assert_int_equal(pass_left(), 0);
	now += HOUR;
	assert_string_equal(visit(LISTED), BAN("2073600"));
}

/* ---- passes ---- */

static void
grows_and_ends(void **state)
{
	(void)state;
	show_hook();
	visit(PASSED);
	now += 3 * HOUR;
	visit(PASSED);
	assert_int_equal(pass_left(), 3 * HOUR);
	for (int i = 1; i < DOUBTS_PASS_USES; i++) {
		restart();
		visit(PASS);
		assert_false(news.ends_pass);
		line(PASS); /* once a connection */
		assert_false(news.ends_pass);
	}
	visit(PASS);
	assert_true(news.ends_pass);
	assert_memory_equal(&news.ip, &host, sizeof host);
	assert_int_equal(pass_left(), 0);
	/* one that the state does not know ends as well */
	visit(PASS);
	assert_true(news.ends_pass);
	visit(PASSED);
	assert_int_equal(pass_left(), 3 * HOUR);
	/* a refusal by anybody */
	visit("own: " HOST " pid 7");
	assert_true(news.ends_pass);
	assert_int_equal(pass_left(), 0);
}

static void
fixed(void **state)
{
	(void)state;
	policy.pass_most_s = policy.pass_s;
	show_hook();
	visit(PASSED);
	now += HOUR;
	visit(PASSED);
	assert_int_equal(pass_left(), 15 * MINUTE);
	for (int i = 0; i < 2 * DOUBTS_PASS_USES; i++) {
		visit(PASS);
		assert_false(news.ends_pass);
	}
	/* none at all, and nothing is remembered */
	state_lift(&all, &host);
	policy.pass_s = policy.pass_most_s = policy.doubt_s = 0;
	visit(PASSED);
	assert_true(news.passed);
	assert_int_equal(lru_count(all.doubts), 0);
}

/* By the ends of connections, in a log without a line of the hook's. */
static void
without_hook(void **state)
{
	static const char ok[] = "tcpserver: ok 7 mx:192.0.2.1:25 :" HOST "::9";

	(void)state;
	for (int i = 0; i < 3; i++) {
		visit(ok);
		line("rblsmtpd: " HOST " pid 7: greetdelay: 50");
		line("tcpserver: end 7 status 0");
		assert_true(news.passed);
		assert_int_equal(pass_left(), 15 * MINUTE);
		now += 10 * MINUTE;
	}
	show_hook();
	visit(ok);
	line("tcpserver: end 7 status 0");
	assert_int_equal(pass_left(), 30 * MINUTE);
}

/* What an administrator lifts was never in the log. */
static void
lifted_by_hand(void **state)
{
	(void)state;
	show_hook();
	visit(LISTED);
	now += HOUR;
	visit(IPSET);
	assert_int_equal(lru_count(all.doubts), 1);
	assert_false(state_lift(&all, &host));
	assert_int_equal(lru_count(all.doubts), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	    TEST(asked_again),
	    TEST(counted_once),
	    TEST(never_doubted),
	    TEST(a_day_at_most),
	    TEST(vague),
	    TEST(clean_for_long),
	    TEST(grows_and_ends),
	    TEST(fixed),
	    TEST(without_hook),
	    TEST(lifted_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
