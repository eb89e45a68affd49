/* SPDX-License-Identifier: ISC */
/* How long a refusal and a clean answer are believed. */
#include "../unit.h"

#include "state/doubts.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define BAN (28 * DAY)
#define DOUBT (12 * HOUR)
#define T0 1700000000

static struct addr host;

static int
setup(void **state)
{
	host = unit_addr("203.0.113.9");
	*state = doubts_new(3);
	return *state == NULL;
}

static int
teardown(void **state)
{
	lru_free(*state);
	return 0;
}

static bool
remembered(struct lru *l, int64_t t)
{
	return doubts_remembered(l, &host, t, DOUBT, T0, T0 + BAN);
}

/* How long the pass is that follows. */
static uint32_t
pass(struct lru *l, int64_t t, uint32_t least_s, uint32_t most_s)
{
	assert_int_equal(doubts_passed(l, &host, t, least_s, most_s), 0);
	return doubts_pass_left(l, &host, t, most_s);
}

/* Asked again after the 1st, 2nd, 4th and then each 8th refusal from memory. */
static void
mail_server(void **state)
{
	static const unsigned after[] = {1, 2, 4, 8, 8, 8};
	int64_t t = T0;

	for (size_t i = 0; i < COUNT(after); i++) {
		assert_int_equal(doubts_refused(*state, &host, t, BAN), BAN);
		for (unsigned n = 1; n <= after[i]; n++) {
			t += HOUR;
			assert_int_equal(remembered(*state, t), n == after[i]);
		}
		t += HOUR;
	}
}

/* A bot that comes once a day is not asked about for all of the ban. */
static void
bot(void **state)
{
	assert_int_equal(doubts_refused(*state, &host, T0, BAN), BAN);
	for (int64_t t = T0 + DAY; t < T0 + BAN; t += DAY)
		assert_false(remembered(*state, t));
	/* what counts is the time since the refusal before, from memory too */
	assert_true(remembered(*state, T0 + BAN - DAY + DOUBT));
}

static void
edges_of_doubt(void **state)
{
	assert_int_equal(doubts_refused(*state, &host, T0, BAN), BAN);
	assert_false(remembered(*state, T0 + DOUBT + 1));
	assert_true(remembered(*state, T0 + 2 * DOUBT + 1));
}

/* A host that hammers is asked about every five minutes at most. */
static void
hammers(void **state)
{
	unsigned asked = 0;

	assert_int_equal(doubts_refused(*state, &host, T0, BAN), BAN);
	for (int64_t t = T0 + 1; t <= T0 + HOUR; t++)
		if (remembered(*state, t)) {
			asked++;
			assert_int_equal(
			    doubts_refused(*state, &host, t, BAN), BAN);
		}
	assert_int_equal(asked, HOUR / DOUBTS_AGAIN_S);
}

static void
no_doubt(void **state)
{
	assert_int_equal(doubts_refused(*state, &host, T0, BAN), BAN);
	for (int64_t t = T0 + HOUR; t < T0 + DAY; t += HOUR)
		assert_false(
		    doubts_remembered(*state, &host, t, 0, T0, T0 + BAN));
}

/* A ban without a record is one answer. */
static void
without_record(void **state)
{
	assert_false(remembered(*state, T0 + DAY));
	assert_true(remembered(*state, T0 + DAY + HOUR));
	assert_int_equal(
	    doubts_refused(*state, &host, T0 + DAY + 2 * HOUR, BAN), BAN);
	assert_false(remembered(*state, T0 + DAY + 3 * HOUR));
	assert_true(remembered(*state, T0 + DAY + 4 * HOUR));
}

/* A pass grows with the time that the host has been clean. */
static void
pass_grows(void **state)
{
	const uint32_t least = 15 * MINUTE;
	const uint32_t most = 7 * DAY;

	assert_int_equal(pass(*state, T0, least, most), least);
	assert_int_equal(pass(*state, T0 + HOUR, least, most), HOUR);
	assert_int_equal(pass(*state, T0 + 3 * DAY, least, most), 3 * DAY);
	assert_int_equal(pass(*state, T0 + 9 * DAY, least, most), most);
	/* one value: fixed */
	assert_int_equal(pass(*state, T0 + 9 * DAY, least, least), least);
	/* any answer of the other kind begins anew */
	assert_int_equal(
	    doubts_refused(*state, &host, T0 + 10 * DAY, BAN), HOUR);
	assert_int_equal(pass(*state, T0 + 10 * DAY + 1, least, most), least);
}

static void
pass_ends(void **state)
{
	for (int round = 0; round < 2; round++) {
		assert_int_equal(pass(*state, T0, DAY, DAY), DAY);
		for (int n = 1; n < DOUBTS_PASS_USES; n++)
			assert_false(doubts_used(*state, &host, T0 + n, DAY));
		assert_true(doubts_used(*state, &host, T0 + 20, DAY));
		/* of a pass that is over, nothing is known */
		assert_true(doubts_used(*state, &host, T0 + 21, DAY));
	}
	assert_int_equal(pass(*state, T0, DAY, DAY), DAY);
	assert_int_equal(doubts_find(*state, &host, T0)->pass_s, T0 + DAY);
	assert_true(doubts_used(*state, &host, T0 + DAY, DAY));
	doubts_end_pass(*state, &host);
	assert_int_equal(doubts_find(*state, &host, T0)->pass_s, 0);
	assert_int_equal(pass(*state, T0, DAY, DAY), DAY);
	assert_int_equal(doubts_refused(*state, &host, T0, BAN), BAN);
	assert_int_equal(doubts_find(*state, &host, T0)->pass_s, 0);
}

/* A server that was clean for a day is banned for an hour, and at once more. */
static void
broken_into(void **state)
{
	assert_int_equal(pass(*state, T0, HOUR, DAY), HOUR);
	assert_int_equal(pass(*state, T0 + DAY - 1, HOUR, DAY), DAY - 1);
	assert_int_equal(doubts_refused(*state, &host, T0 + DAY, BAN), BAN);
	assert_int_equal(pass(*state, T0, HOUR, DAY), HOUR);
	assert_int_equal(pass(*state, T0 + DAY, HOUR, DAY), DAY);
	assert_int_equal(doubts_refused(*state, &host, T0 + DAY, BAN), HOUR);
	assert_int_equal(
	    doubts_refused(*state, &host, T0 + DAY + HOUR, BAN), BAN);
	/* a rule with less than that keeps its time */
	doubts_forget(*state, &host);
	assert_int_equal(pass(*state, T0, HOUR, DAY), HOUR);
	assert_int_equal(pass(*state, T0 + 2 * DAY, HOUR, DAY), DAY);
	assert_int_equal(
	    doubts_refused(*state, &host, T0 + 2 * DAY, MINUTE), MINUTE);
}

static void
leaves(void **state)
{
	assert_int_equal(doubts_refused(*state, &host, T0, BAN), BAN);
	assert_non_null(doubts_find(*state, &host, T0 + BAN - 1));
	assert_null(doubts_find(*state, &host, T0 + BAN));
	doubts_expire(*state, T0 + BAN - 1);
	assert_int_equal(lru_count(*state), 1);
	doubts_expire(*state, T0 + BAN);
	assert_int_equal(lru_count(*state), 0);
	/* a clean one is remembered for a week, or as long as its pass */
	assert_int_equal(pass(*state, T0, HOUR, HOUR), HOUR);
	assert_non_null(doubts_find(*state, &host, T0 + 7 * DAY - 1));
	assert_null(doubts_find(*state, &host, T0 + 7 * DAY));
	/* by a clock that was a month ahead */
	assert_int_equal(doubts_refused(*state, &host, T0 + BAN, BAN), BAN);
	assert_null(doubts_find(*state, &host, T0));
	assert_int_equal(doubts_refused(*state, &host, T0, BAN), BAN);
	assert_int_equal(doubts_find(*state, &host, T0)->answers, 1);
}

/*
 * A ban is one of a /64, so its refusals are counted together; but a host that is
 * clean says nothing of the others there.
 */
static void
network(void **state)
{
	struct addr a = unit_addr("2001:db8::1");
	struct addr b = unit_addr("2001:db8::2");

	assert_int_equal(doubts_passed(*state, &a, T0, HOUR, DAY), 0);
	assert_int_equal(doubts_pass_left(*state, &a, T0, DAY), HOUR);
	assert_int_equal(doubts_pass_left(*state, &b, T0, DAY), 0);
	assert_int_equal(doubts_refused(*state, &b, T0 + 1, BAN), BAN);
	assert_int_equal(doubts_pass_left(*state, &a, T0 + 1, DAY), HOUR - 1);
	assert_true(doubts_remembered(
	    *state, &a, T0 + HOUR, DOUBT, T0 + 1, T0 + 1 + BAN));
	assert_int_equal(doubts_refused(*state, &a, T0 + HOUR, BAN), BAN);
	assert_int_equal(doubts_pass_left(*state, &a, T0 + HOUR - 1, DAY), 0);
	assert_int_equal(doubts_find(*state, &b, T0 + HOUR)->answers, 2);
	assert_int_equal(lru_count(*state), 1);
	assert_int_equal(
	    doubts_passed(*state, &b, T0 + 2 * HOUR, HOUR, DAY), 0);
	assert_null(doubts_find(*state, &a, T0 + 2 * HOUR));
	doubts_forget(*state, &b);
	assert_int_equal(lru_count(*state), 0);
}

/* A pass is never longer than it was, whatever the clock does. */
static void
clock_back(void **state)
{
	assert_int_equal(pass(*state, T0, HOUR, DAY), HOUR);
	assert_int_equal(
	    doubts_pass_left(*state, &host, T0 - MINUTE, DAY), HOUR);
	assert_int_equal(doubts_pass_left(*state, &host, T0 - DAY, DAY), 0);
	/* nor than the settings have it now */
	assert_int_equal(
	    doubts_pass_left(*state, &host, T0 + MINUTE, 5 * MINUTE),
	    4 * MINUTE);
	assert_int_equal(
	    doubts_pass_left(*state, &host, T0 + MINUTE, MINUTE), 0);
	assert_int_equal(doubts_pass_left(*state, &host, T0, 0), 0);
	doubts_end_passes(*state);
	assert_int_equal(doubts_pass_left(*state, &host, T0, DAY), 0);
	assert_int_equal(pass(*state, T0, 0, 0), 0); /* there are none */
	assert_non_null(doubts_find(*state, &host, T0));
}

/* One /64 is one host; a full table forgets who was heard of longest ago. */
static void
table(void **state)
{
	struct addr a = unit_addr("2001:db8::1");
	struct addr b = unit_addr("2001:db8::2:0:0:2");
	struct addr c = unit_addr("192.0.2.1");
	struct addr d = unit_addr("192.0.2.2");

	assert_int_equal(doubts_refused(*state, &a, T0, BAN), BAN);
	assert_int_equal(doubts_refused(*state, &b, T0, BAN), BAN);
	assert_int_equal(doubts_find(*state, &a, T0)->answers, 2);
	assert_int_equal(doubts_refused(*state, &host, T0, BAN), BAN);
	assert_int_equal(doubts_refused(*state, &c, T0, BAN), BAN);
	/* a refusal from memory is heard of, too */
	(void)doubts_remembered(*state, &a, T0 + 1, DOUBT, T0, T0 + BAN);
	assert_int_equal(doubts_refused(*state, &d, T0, BAN), BAN);
	assert_null(doubts_find(*state, &host, T0));
	assert_non_null(doubts_find(*state, &a, T0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    TEST(mail_server),
	    TEST(bot),
	    TEST(edges_of_doubt),
	    TEST(hammers),
	    TEST(no_doubt),
	    TEST(without_record),
	    TEST(pass_grows),
	    TEST(pass_ends),
	    TEST(broken_into),
	    TEST(leaves),
	    TEST(network),
	    TEST(clock_back),
	    TEST(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
