/* SPDX-License-Identifier: ISC */
/* breaker: what is usual, when the alarm begins and when it is over. */
#include "../unit.h"

#include "base/record.h"
#include "state/alarm.h"

#define START (28333333LL * 60)

/* A log, and the second at which its next minute begins. */
struct log {
	struct alarm b;
	int64_t t;
	unsigned made; /* bans that were */
};

static struct log
new_log(void)
{
	return (struct log){.t = START};
}

static void
ban(struct log *log)
{
	if (alarm_ban(&log->b, log->t))
		log->made++;
}

/* One minute, the refused spread evenly over the connections. */
static void
minute(struct log *log, unsigned connections, unsigned refused, unsigned bans)
{
	unsigned refusals = 0;
	unsigned banned = 0;

	for (unsigned i = 1; i <= connections; i++) {
		alarm_connection(&log->b, log->t);
		if ((uint64_t)refusals * connections >= (uint64_t)refused * i)
			continue;
		refusals++;
		alarm_refusal(&log->b, log->t);
		if ((uint64_t)banned * refused >= (uint64_t)bans * refusals)
			continue;
		banned++;
		ban(log);
	}
	log->t += 60;
}

static void
minutes(struct log *log, int n, unsigned connections, unsigned refused,
    unsigned bans)
{
	while (n-- > 0)
		minute(log, connections, refused, bans);
}

/* Everybody is refused and to be banned, until the alarm; how many were. */
static unsigned
everybody(struct log *log, unsigned most)
{
	unsigned n = 0;

	while (!alarm_is_on(&log->b) && n < most) {
		n++;
		alarm_connection(&log->b, log->t);
		alarm_refusal(&log->b, log->t);
		ban(log);
	}
	return n;
}

static void
assert_why(const struct log *log, const char *want)
{
	char buf[ALARM_TEXT_SIZE];

	assert_string_equal(alarm_why(&log->b, buf), want);
}

static void
assert_usual(const struct log *log, const char *want)
{
	char buf[ALARM_TEXT_SIZE];

	assert_string_equal(alarm_usual(&log->b, buf), want);
}

/* Of a server with two connections a minute 30 bans in a minute are no alarm,
   nor are days of all of them refused. */
static void
quiet_server(void **state)
{
	struct log log = new_log();

	(void)state;
	minutes(&log, 200, 2, 1, 1);
	minute(&log, 30, 30, 30);
	assert_false(alarm_is_on(&log.b));
	assert_int_equal(log.made, 230);
	minutes(&log, 3000, 2, 2, 2);
	assert_false(alarm_is_on(&log.b));
	assert_why(&log, "");
	assert_int_equal(log.b.alarm.tripped_s, 0);
}

/* One without lines of connections goes by the bans alone. */
static void
bans_alone(void **state)
{
	struct log log = new_log();

	(void)state;
	for (int i = 0; i < 40; i++, log.t += 60)
		for (int j = 0; j < 5; j++)
			ban(&log);
	assert_usual(&log, "new bans a minute 5, limit 30");
	log.made = 0;
	for (int j = 0; j < 100; j++)
		ban(&log);
	assert_int_equal(log.made, 30);
	assert_why(&log, "31 new bans in 1 min, usual 5, limit 30");
	assert_true(log.b.alarm.tripped_s == log.t);
	assert_true(log.b.alarm.from_s == log.t - 60);
	assert_true(log.b.alarm.ended_s == 0);

	/* well again, though those who were not banned come more often */
	log.t += 60;
	for (int i = 0; i < 5; i++, log.t += 60) {
		assert_true(alarm_is_on(&log.b));
		for (int j = 0; j < 20; j++)
			ban(&log);
	}
	ban(&log);
	assert_false(alarm_is_on(&log.b));
	assert_int_equal(log.made, 31);
}

static void
bans_of_a_busy_server(void **state)
{
	struct log log = new_log();

	(void)state;
	minutes(&log, 60, 200, 150, 100);
	/* 3 * 100 + 6 * 10; as many hosts let through as ever */
	log.made = 0;
	minute(&log, 450, 400, 360);
	assert_int_equal(log.made, 360);
	assert_false(alarm_is_on(&log.b));
	minute(&log, 460, 410, 370);
	assert_int_equal(log.made, 720);
	assert_why(&log, "361 new bans in 1 min, usual 100, limit 360");
	assert_true(log.b.alarm.from_s == log.t - 3 * 60);
}

/* 100 as a rule, 40 more or less as often; 1.4826 * 40 = 59. */
static void
bans_that_vary(void **state)
{
	struct log log = new_log();

	(void)state;
	for (int i = 0; i < 61; i++)
		minute(&log, 200, 150, 60 + 40 * (unsigned)(i % 3));
	assert_usual(&log, "refused 75 %, limit 93 %; new bans a minute 100, "
			   "limit 654");
}

static void
armed_after_30_minutes(void **state)
{
	struct log log = new_log();

	(void)state;
	minutes(&log, 30, 100, 60, 20);
	assert_usual(&log, "not known yet, 29 of 30 minutes");
	log.t -= 60; /* still the 30th */
	assert_int_equal(everybody(&log, 5000), 5000);

	log = new_log();
	minutes(&log, 30, 100, 60, 20);
	assert_true(everybody(&log, 5000) < 100);
}

/* 3 * .6 / 2.2 = .818, and 4 * sqrt(.818 * .182 / n) above it. */
static void
share_of_a_minute(void **state)
{
	struct log log = new_log();

	(void)state;
	minutes(&log, 60, 100, 60, 20);
	log.made = 0;
	assert_int_equal(everybody(&log, 1000), 72);
	assert_int_equal(log.made, 71);
	assert_why(&log, "refused 100 % of 72 hosts in 1 min, usual 60 %, "
			 "limit 100 %");
	assert_true(log.b.alarm.tripped_s == log.t);
	assert_true(log.b.alarm.from_s == log.t - 60);
	ban(&log);
	assert_int_equal(log.made, 71);
}

/* Three times the spam, and those who are let through as ever. */
static void
waves_are_no_alarm(void **state)
{
	static const unsigned of_100[] = {10, 40, 60, 75, 90};

	(void)state;
	for (size_t i = 0; i < COUNT(of_100); i++) {
		struct log log = new_log();
		unsigned p = of_100[i];

		minutes(&log, 120, 100, p, p / 2);
		for (unsigned more = 0; more <= 2 * p; more += p / 5)
			minute(&log, 100 + more, p + more, (p + more) / 2);
		minutes(&log, 60, 100 + 2 * p, 3 * p, 3 * p / 2);
		assert_false(alarm_is_on(&log.b));
	}
}

/* Ten connections a minute are too few; those of ten minutes are not. */
static void
share_of_ten_minutes(void **state)
{
	struct log log = new_log();
	int64_t from;

	(void)state;
	minutes(&log, 60, 10, 5, 2);
	minute(&log, 10, 5, 2);
	assert_usual(&log, "refused 50 %, limit 92 %; new bans a minute 2, "
			   "limit 30");
	from = log.t;
	minutes(&log, 20, 10, 10, 10);
	assert_true(alarm_is_on(&log.b));
	assert_int_equal(log.b.alarm.minutes, 10);
	assert_int_equal((log.b.alarm.tripped_s - from) / 60, 8);
	assert_true(log.b.alarm.from_s == from - 60);

	/* single minutes say nothing here, so these do not end it */
	minutes(&log, 30, 10, 10, 10);
	assert_true(alarm_is_on(&log.b));
	minutes(&log, 15, 10, 5, 5);
	assert_false(alarm_is_on(&log.b));
}

/* Half of the connections: a jump from next to nothing below that is none. */
static void
few_refused(void **state)
{
	struct log log = new_log();

	(void)state;
	minutes(&log, 60, 200, 2, 1);
	minutes(&log, 3, 200, 95, 25);
	assert_false(alarm_is_on(&log.b));
	minute(&log, 200, 110, 25);
	assert_true(alarm_is_on(&log.b));

	/* nor are 29 refusals, of however few */
	log = new_log();
	minutes(&log, 60, 30, 0, 0);
	minute(&log, 30, 29, 29);
	assert_false(alarm_is_on(&log.b));
}

/* The jump began earlier than it was noticed. */
static void
from_goes_back(void **state)
{
	struct log log = new_log();

	(void)state;
	minutes(&log, 60, 40, 24, 8);
	minutes(&log, 2, 40, 38, 8);
	assert_false(alarm_is_on(&log.b));
	minutes(&log, 20, 40, 39, 20);
	assert_true(alarm_is_on(&log.b));
	/* the two minutes are part of it, and the one before may be */
	assert_true(log.b.alarm.from_s == START + 59 * 60);
	assert_true(log.b.alarm.tripped_s > START + 62 * 60);

	/* minutes without a connection are not */
	log = new_log();
	minutes(&log, 60, 100, 60, 20);
	log.t += 3 * 60;
	everybody(&log, 1000);
	assert_true(log.b.alarm.from_s == log.t - 60);
}

static void
alarm_is_not_usual(void **state)
{
	char before[ALARM_TEXT_SIZE];
	struct log log = new_log();

	(void)state;
	minutes(&log, 130, 100, 60, 20);
	alarm_usual(&log.b, before);
	log.made = 0;
	minutes(&log, 500, 100, 100, 80);
	assert_true(alarm_is_on(&log.b));
	assert_true(log.made < 80);
	assert_usual(&log, before);
}

static void
over_after_five_minutes(void **state)
{
	struct log log = new_log();
	int64_t well;

	(void)state;
	minutes(&log, 60, 100, 60, 20);
	minutes(&log, 10, 100, 100, 80);
	/* below the limit, but nearer to it than to what is usual */
	minutes(&log, 20, 100, 85, 20);
	assert_true(alarm_is_on(&log.b));
	minutes(&log, 4, 100, 60, 40);
	minutes(&log, 1, 100, 98, 80); /* from the start again */
	well = log.t;
	minutes(&log, 5, 100, 60, 40);
	assert_true(alarm_is_on(&log.b));
	log.made = 0;
	minute(&log, 100, 60, 40);
	assert_false(alarm_is_on(&log.b));
	assert_int_equal(log.made, 40);
	assert_true(log.b.alarm.ended_s == well + 5 * 60);
	assert_why(&log, "refused 100 % of 72 hosts in 1 min, usual 60 %, "
			 "limit 100 %");
	/* and it may begin again */
	assert_int_equal(everybody(&log, 1000) > 0, 1);
	assert_true(alarm_is_on(&log.b));
	assert_true(log.b.alarm.ended_s == 0);
}

/* The lists are well, so that many are listed: usual from now on. */
static void
told_to_end(void **state)
{
	struct log log = new_log();

	(void)state;
	alarm_end(&log.b, START);
	assert_true(log.b.alarm.ended_s == 0);
	minutes(&log, 60, 100, 60, 20);
	minutes(&log, 2, 200, 196, 120);
	assert_true(alarm_is_on(&log.b));
	alarm_end(&log.b, log.t + 7);
	assert_true(log.b.alarm.ended_s == log.t + 7);
	log.made = 0;
	minutes(&log, 120, 200, 196, 120);
	assert_false(alarm_is_on(&log.b));
	assert_int_equal(log.made, 120 * 120);
	assert_usual(&log, "refused 98 %, limit 100 %; new bans a minute 120, "
			   "limit 420");
	/* and back */
	minutes(&log, 120, 100, 60, 20);
	assert_true(everybody(&log, 1000) < 100);
}

static void
silence(void **state)
{
	struct log log = new_log();

	(void)state;
	/* minutes without a line count */
	for (int i = 0; i < 20; i++, log.t += 120)
		minute(&log, 10, 5, 5);
	minute(&log, 10, 5, 5);
	assert_int_equal(log.b.past_n, 60);

	/* an outage is left out */
	log = new_log();
	minutes(&log, 60, 100, 60, 20);
	log.t += 100 * 60;
	minutes(&log, 1, 100, 60, 20);
	assert_usual(&log, "refused 60 %, limit 87 %; new bans a minute 20, "
			   "limit 84");
	assert_int_equal(log.b.past_n, 60);

	/* what was usual hours ago */
	log.t += 121 * 60;
	assert_int_equal(everybody(&log, 1000), 1000);
	assert_usual(&log, "not known yet, 0 of 30 minutes");

	/* the alarm stays */
	log = new_log();
	minutes(&log, 60, 100, 60, 20);
	minutes(&log, 3, 100, 100, 80);
	log.t += 1000 * 60;
	minutes(&log, 1, 100, 100, 80);
	assert_true(alarm_is_on(&log.b));
	assert_int_equal(log.b.past_n, 60);
	minutes(&log, 6, 100, 60, 20);
	assert_false(alarm_is_on(&log.b));
}

static void
disorder(void **state)
{
	struct log log = new_log();

	(void)state;
	minutes(&log, 60, 100, 60, 20);
	alarm_connection(&log.b, log.t);
	for (int i = 0; i < 9; i++)
		alarm_connection(&log.b, log.t - 7200);
	assert_int_equal(log.b.past_n, 60);
	assert_int_equal(
	    log.b.recent[log.b.minute % ALARM_WINDOW].connections, 10);

	/* the clock was wrong */
	assert_true(everybody(&log, 1000) < 1000);
	alarm_connection(&log.b, log.t - 7260);
	assert_false(alarm_is_on(&log.b));
	assert_usual(&log, "not known yet, 0 of 30 minutes");
	assert_true(log.b.minute == log.t / 60 - 121);
	alarm_connection(&log.b, INT64_MAX);
	alarm_connection(&log.b, INT64_MIN);
	alarm_connection(&log.b, 0);
	alarm_connection(&log.b, -1);
}

/* A minute has no more than 65535 of each, and that is no alarm. */
static void
too_many_to_count(void **state)
{
	struct log log = new_log();

	(void)state;
	minutes(&log, 35, 1000, 500, 200);
	minutes(&log, 2, 140000, 70000, 200);
	assert_false(alarm_is_on(&log.b));
	assert_int_equal(log.b.past[35].connections, UINT16_MAX);
}

/* Many small chances a second are nearly Poisson's. */
static void
minute_by_chance(struct log *log, unsigned rate, unsigned percent)
{
	unsigned chances = rate < 1000 ? 10 : 50;

	for (unsigned i = 0; i < 60 * chances; i++) {
		int64_t t = log->t + i / chances;

		if (unit_random() % (60 * chances) >= rate)
			continue;
		alarm_connection(&log->b, t);
		if (unit_random() % 100 >= percent)
			continue;
		alarm_refusal(&log->b, t);
		if (unit_random() % 2 == 0 && alarm_ban(&log->b, t))
			log->made++;
	}
	log->t += 60;
}

static void
weeks_by_chance(void **state)
{
	static const unsigned rates[] = {1, 10, 100, 1000};
	static const unsigned percents[] = {40, 60, 75, 90};

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++)
		for (size_t j = 0; j < COUNT(percents); j++) {
			int days = rates[i] < 1000 ? 7 : 2;
			struct log log = new_log();

			for (int k = 0; k < days * 1440; k++)
				minute_by_chance(&log, rates[i], percents[j]);
			assert_true(log.b.alarm.tripped_s == 0);
		}
}

static size_t
put(struct record *r, const struct alarm *b)
{
	record_begin(r, 1);
	alarm_put(r, b);
	assert_int_equal(record_seal(r, "k", 1), 0);
	return r->len;
}

static void
assert_same(const struct alarm *a, const struct alarm *b)
{
	struct record x, y;
	char s[ALARM_TEXT_SIZE], t[ALARM_TEXT_SIZE];

	assert_int_equal(put(&x, a), put(&y, b));
	assert_memory_equal(x.buf, y.buf, x.len);
	assert_string_equal(alarm_usual(a, s), alarm_usual(b, t));
}

/* Saved and loaded at any time, also in the alarm: as if it had gone on. */
static void
killed_and_started(void **state)
{
	struct log a = new_log();
	struct log b;
	struct record r;

	(void)state;
	put(&r, &a.b);
	assert_int_equal(r.len, 4 + 1 + ALARM_BYTES);
	assert_true(ALARM_BYTES < 1000);
	b = a;
	for (int i = 0; i < 400; i++) {
		/* the same for both */
		unsigned n = 80 + unit_random() % 40;
		unsigned refused =
		    i % 100 > 80 && i % 100 < 95 ? n : n / 2 + i % 7;

		minute(&a, n, refused, refused / 2);
		minute(&b, n, refused, refused / 2);
		assert_same(&a.b, &b.b);
		put(&r, &b.b);
		memset(&b.b, 0xa5, sizeof b.b);
		assert_int_equal(record_open(&r, "k", 1, 1), 0);
		assert_int_equal(alarm_get(&r, &b.b), 0);
	}
	assert_int_equal(a.made, b.made);
	assert_true(a.b.alarm.tripped_s > START + 380 * 60);
}

static void
malformed(void **state)
{
	struct log log = new_log();
	struct alarm got;
	struct record r;

	(void)state;
	minutes(&log, 60, 100, 60, 20);
	for (int i = 0; i < 4; i++) {
		struct alarm bad = log.b;

		if (i == 0)
			bad.past_n = ALARM_MINUTES + 1;
		else if (i == 1)
			bad.first = ALARM_MINUTES;
		else if (i == 2)
			bad.minute = INT64_MAX / 60 + 1;
		else
			bad.alarm.measure = ALARM_BANS + 1;
		put(&r, &bad);
		assert_int_equal(record_open(&r, "k", 1, 1), 0);
		assert_int_equal(alarm_get(&r, &got), -1);
	}
	record_begin(&r, 1);
	record_put(&r, 8, 1);
	assert_int_equal(record_seal(&r, "k", 1), 0);
	assert_int_equal(record_open(&r, "k", 1, 1), 0);
	assert_int_equal(alarm_get(&r, &got), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quiet_server),
	    cmocka_unit_test(bans_alone),
	    cmocka_unit_test(bans_of_a_busy_server),
	    cmocka_unit_test(bans_that_vary),
	    cmocka_unit_test(armed_after_30_minutes),
	    cmocka_unit_test(share_of_a_minute),
	    cmocka_unit_test(waves_are_no_alarm),
	    cmocka_unit_test(share_of_ten_minutes),
	    cmocka_unit_test(few_refused),
	    cmocka_unit_test(from_goes_back),
	    cmocka_unit_test(alarm_is_not_usual),
	    cmocka_unit_test(over_after_five_minutes),
	    cmocka_unit_test(told_to_end),
	    cmocka_unit_test(silence),
	    cmocka_unit_test(disorder),
	    cmocka_unit_test(too_many_to_count),
	    cmocka_unit_test(weeks_by_chance),
	    cmocka_unit_test(killed_and_started),
	    cmocka_unit_test(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
