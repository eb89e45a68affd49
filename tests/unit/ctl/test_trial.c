/* SPDX-License-Identifier: ISC */
/* trial: what becomes of connections, to the second. */
#include "../unit.h"

#include "ctl/trial.h"

#define T 1795505462
#define HOUR 3600
#define A "203.0.113.9"

static const char rules_text[] =
    "[rblsmtpd]\n"
    "match = ^rblsmtpd: (?<ip>\\S+) pid (?<pid>\\d+): "
    "(?<reply>(?:451|553) .+)$\n"
    "except = : \\d+ Error:\n"
    "ban = 1h\n";

static struct rules *rules;
static struct trial_setup setup;
static struct trial *trial;
static uint64_t pid;

/* Rules with more in their one section. */
static struct rules *
make_rules(const char *more)
{
	char text[512];

	snprintf(text, sizeof text, "%s%s", rules_text, more);
	return unit_rules(text);
}

static int
begin(void **state)
{
	(void)state;
	rules = make_rules("");
	setup = (struct trial_setup){.rules = rules, .ban_s = HOUR};
	return 0;
}

static int
end(void **state)
{
	(void)state;
	trial_free(trial);
	rules_free(rules);
	trial = NULL;
	return 0;
}

static void
start(void)
{
	trial_free(trial);
	trial = trial_new(&setup);
	assert_non_null(trial);
}

static void
start_with_rule(const char *more)
{
	rules_free(rules);
	setup.rules = rules = make_rules(more);
	start();
}

/* The host connects, and the lists would answer so; NULL: let pass. */
static enum trial_answer
answered(const char *ip, int64_t time_s, const char *reply)
{
	struct trial_connection c = {
	    .time_s = time_s, .ip = unit_addr(ip), .pid = ++pid};
	char line[128];

	if (reply != NULL) {
		c.line = line;
		c.len = (size_t)snprintf(line, sizeof line,
		    "rblsmtpd: %s pid %llu: %s", ip, (unsigned long long)pid,
		    reply);
	}
	return trial_connect(trial, &c);
}

static enum trial_answer
listed(const char *ip, int64_t time_s)
{
	return answered(ip, time_s, "451 Listed");
}

static enum trial_answer
clean(const char *ip, int64_t time_s)
{
	return answered(ip, time_s, NULL);
}

static void
refused_for_so_long(void **state)
{
	(void)state;
	start();
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	assert_int_equal(clean("203.0.113.8", T), TRIAL_ASKED);
	assert_int_equal(clean(A, T), TRIAL_REFUSED);
	/* that renews nothing */
	assert_int_equal(listed(A, T + HOUR / 2), TRIAL_REFUSED);
	assert_int_equal(clean(A, T + HOUR - 1), TRIAL_REFUSED);
	assert_int_equal(clean(A, T + HOUR), TRIAL_ASKED);
	assert_int_equal(listed(A, T + HOUR + 1), TRIAL_ASKED);
	assert_int_equal(listed(A, T + HOUR + 2), TRIAL_REFUSED);
}

static void
time_is_the_setup_s(void **state)
{
	(void)state;
	setup.ban_s = 5;
	start();
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	assert_int_equal(listed(A, T + 4), TRIAL_REFUSED);
	assert_int_equal(listed(A, T + 5), TRIAL_ASKED);
	setup.ban_s = 0; /* the rule's, an hour */
	start();
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	assert_int_equal(listed(A, T + HOUR - 1), TRIAL_REFUSED);
	assert_int_equal(listed(A, T + HOUR), TRIAL_ASKED);
}

static void
again_is_overridden(void **state)
{
	(void)state;
	start_with_rule("again = x2 up to 7d\n");
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	assert_int_equal(listed(A, T + HOUR), TRIAL_ASKED);
	assert_int_equal(listed(A, T + 2 * HOUR), TRIAL_ASKED);
	setup.ban_s = 0;
	start();
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	assert_int_equal(listed(A, T + HOUR), TRIAL_ASKED);
	assert_int_equal(listed(A, T + 3 * HOUR - 1), TRIAL_REFUSED);
	assert_int_equal(listed(A, T + 3 * HOUR), TRIAL_ASKED);
}

static void
other_rules_keep_their_time(void **state)
{
	(void)state;
	setup.ban_s = 5;
	start_with_rule("list = no\n");
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	assert_int_equal(listed(A, T + HOUR - 1), TRIAL_REFUSED);
}

static void
passes(void **state)
{
	(void)state;
	start(); /* none */
	assert_int_equal(clean(A, T), TRIAL_ASKED);
	assert_int_equal(clean(A, T + 1), TRIAL_ASKED);
	setup.pass_s = setup.pass_most_s = 900;
	start();
	assert_int_equal(clean(A, T), TRIAL_ASKED);
	assert_int_equal(clean(A, T + 1), TRIAL_PASSED);
	assert_int_equal(listed(A, T + 899), TRIAL_PASSED);
	/* the one from the pass was none that the lists gave */
	assert_int_equal(listed(A, T + 900), TRIAL_ASKED);
	assert_int_equal(clean(A, T + 901), TRIAL_REFUSED);
}

/* Bans are of a /64, so somebody else's may meet a pass. */
static void
a_listing_ends_a_pass(void **state)
{
	(void)state;
	setup.pass_s = setup.pass_most_s = 900;
	setup.ban_s = 5;
	setup.recheck = 1;
	start();
	assert_int_equal(clean("2001:db8::1", T), TRIAL_ASKED);
	assert_int_equal(listed("2001:db8::2", T + 1), TRIAL_ASKED);
	assert_int_equal(listed("2001:db8::1", T + 2), TRIAL_ASKED);
	assert_int_equal(clean("2001:db8::1", T + 10), TRIAL_ASKED);
	assert_int_equal(clean("2001:db8::1", T + 11), TRIAL_PASSED);
}

static void
trouble_gives_no_pass(void **state)
{
	(void)state;
	setup.pass_s = setup.pass_most_s = 900;
	start();
	assert_int_equal(answered(A, T, "timeout while waiting"), TRIAL_ASKED);
	assert_int_equal(clean(A, T + 1), TRIAL_ASKED);
	assert_int_equal(clean(A, T + 2), TRIAL_PASSED);
}

static void
recheck(void **state)
{
	(void)state;
	setup.recheck = 1; /* of 1: everybody */
	setup.pass_s = setup.pass_most_s = 900;
	start();
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	assert_int_equal(listed(A, T + 1), TRIAL_ASKED);
	assert_int_equal(clean(A, T + 2), TRIAL_ASKED);
	/* no ban comes before its pass now */
	assert_int_equal(clean(A, T + 3), TRIAL_PASSED);
	setup.recheck = 2;
	start();
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	int asked = 0;
	for (int i = 0; i < 1000; i++)
		asked += listed(A, T + 1) == TRIAL_ASKED;
	assert_in_range(asked, 400, 600);
}

static void
error_answers(void **state)
{
	(void)state;
	start();
	assert_int_equal(
	    answered(A, T, "451 Error: open resolver"), TRIAL_ASKED);
	assert_int_equal(listed(A, T + 1), TRIAL_ASKED);
	assert_int_equal(listed(A, T + 2), TRIAL_REFUSED);
}

static void
guarded(void **state)
{
	struct guard guard = {0};
	const struct addr own = unit_addr("203.0.113.77");

	(void)state;
	start(); /* no guard */
	assert_int_equal(listed("10.0.0.1", T), TRIAL_ASKED);
	assert_int_equal(listed("10.0.0.1", T + 1), TRIAL_REFUSED);
	assert_int_equal(guard_add_own(&guard, &own), 0);
	setup.guard = &guard;
	start();
	assert_int_equal(listed("10.0.0.1", T), TRIAL_ASKED);
	assert_int_equal(listed("10.0.0.1", T + 1), TRIAL_ASKED);
	assert_int_equal(listed("203.0.113.77", T), TRIAL_ASKED);
	assert_int_equal(listed("203.0.113.77", T + 1), TRIAL_ASKED);
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	assert_int_equal(listed(A, T + 1), TRIAL_REFUSED);
}

static void
cap(void **state)
{
	(void)state;
	setup.cap = 2;
	start();
	assert_int_equal(listed("203.0.113.1", T), TRIAL_ASKED);
	assert_int_equal(listed("203.0.113.2", T), TRIAL_ASKED);
	assert_int_equal(listed("203.0.113.3", T), TRIAL_ASKED);
	assert_int_equal(clean("203.0.113.2", T), TRIAL_REFUSED);
	assert_int_equal(listed("203.0.113.3", T), TRIAL_ASKED);
	assert_int_equal(listed("203.0.113.3", T + 60), TRIAL_ASKED);
	assert_int_equal(listed("203.0.113.3", T + 61), TRIAL_REFUSED);
}

/* An hour with a tenth refused, then everybody is. */
static enum trial_answer
last_of_a_flood(void)
{
	char ip[32];
	int64_t t = T;

	for (int i = 0; i < 60 * 60; i++, t++) {
		snprintf(ip, sizeof ip, "203.0.%d.%d", i / 250, i % 250);
		assert_int_equal(
		    i % 10 == 0 ? listed(ip, t) : clean(ip, t), TRIAL_ASKED);
	}
	for (int i = 0; i < 30 * 60; i++, t++) {
		snprintf(ip, sizeof ip, "198.51.%d.%d", i / 250, i % 250);
		assert_int_equal(listed(ip, t), TRIAL_ASKED);
	}
	return listed(ip, t);
}

static void
alarm_bans_nobody(void **state)
{
	(void)state;
	start();
	assert_int_equal(last_of_a_flood(), TRIAL_REFUSED);
	setup.alarm = true;
	start();
	assert_int_equal(last_of_a_flood(), TRIAL_ASKED);
}

static void
rules_are_shared(void **state)
{
	struct trial *other;

	(void)state;
	start();
	assert_int_equal(listed(A, T), TRIAL_ASKED);
	other = trial;
	trial = NULL;
	start();
	assert_int_equal(listed(A, T + 1), TRIAL_ASKED);
	assert_int_equal(listed(A, T + 2), TRIAL_REFUSED);
	trial_free(other);
	assert_int_equal(listed(A, T + 3), TRIAL_REFUSED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(refused_for_so_long),
	    TEST(time_is_the_setup_s),
	    TEST(again_is_overridden),
	    TEST(other_rules_keep_their_time),
	    TEST(passes),
	    TEST(a_listing_ends_a_pass),
	    TEST(trouble_gives_no_pass),
	    TEST(recheck),
	    TEST(error_answers),
	    TEST(guarded),
	    TEST(cap),
	    TEST(alarm_bans_nobody),
	    TEST(rules_are_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
