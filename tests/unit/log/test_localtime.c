/* SPDX-License-Identifier: ISC */
/*
 * localtime: years of changed clocks, in both directions, beside what mktime
 * makes of the same times.
 */
#include "../unit.h"

#include <time.h>

#include "log/localtime.h"

#define HOUR_S 3600
#define DAY_S 86400
#define FROM_S 1577836800  /* 2020-01-01 */
#define UNTIL_S 1893456000 /* 2030-01-01 */

static struct tm
local(int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm;

	assert_non_null(localtime_r(&at, &tm));
	return tm;
}

/* What clocks show at a unix time. */
static int64_t
shown_at(int64_t t)
{
	struct tm tm = local(t);
	struct localtime_date d = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec};
	int64_t shown;

	assert_true(localtime_shown(&d, &shown));
	assert_int_equal(shown, t + tm.tm_gmtoff);
	return shown;
}

/* When they showed the same before, within a day; else t. */
static int64_t
first_run(int64_t t)
{
	int64_t shown = shown_at(t);

	for (int64_t d = DAY_S; d > 0; d -= 600)
		if (shown_at(t - d) == shown)
			return t - d;
	return t;
}

/* By mktime: the earliest of all that it makes of the time that is shown. */
static int64_t
by_mktime(int64_t t)
{
	struct tm tm = local(t);
	int64_t first = t;

	for (int is_dst = -1; is_dst <= 1; is_dst++) {
		struct tm same = tm;
		time_t other;

		same.tm_isdst = is_dst;
		other = mktime(&same);
		if (other < first && same.tm_hour == tm.tm_hour &&
		    same.tm_min == tm.tm_min)
			first = other;
	}
	return first;
}

static void
check(const char *zone, int64_t t)
{
	int64_t got = localtime_unix(shown_at(t));

	if (got != first_run(t))
		fail_msg("%s: %lld is read as %lld", zone, (long long)t,
		    (long long)got);
}

/* Each minute of some hours, forwards and backwards. */
static void
check_around(const char *zone, int64_t t)
{
	for (int64_t d = -4 * HOUR_S; d <= 4 * HOUR_S; d += 59)
		check(zone, t + d);
	for (int64_t d = 4 * HOUR_S; d >= -4 * HOUR_S; d -= 613)
		check(zone, t + d);
	for (int64_t d = -4 * HOUR_S; d <= 4 * HOUR_S; d += 907) {
		int64_t found = by_mktime(t + d);

		/* glibc 2.41 does not find each first run */
		if (found != t + d)
			assert_int_equal(
			    localtime_unix(shown_at(t + d)), found);
	}
}

/* How often clocks are changed between the two; each is looked at. */
static unsigned
check_years(const char *zone, int64_t from, int64_t until)
{
	unsigned changes = 0;

	setenv("TZ", zone, 1);
	localtime_new_zone();
	for (int64_t t = from; t < until; t += HOUR_S) {
		if (local(t).tm_gmtoff == local(t + HOUR_S).tm_gmtoff)
			continue;
		check_around(zone, t + HOUR_S / 2);
		changes++;
	}
	for (int64_t t = from; t < until; t += 5 * DAY_S + 12345)
		check(zone, t);
	return changes;
}

static void
years_of_changes(void **state)
{
	static const struct {
		const char *zone;
		unsigned changes; /* in ten years */
	} zones[] = {
	    {"UTC", 0}, {"<+0545>-5:45", 0}, {"CET-1CEST,M3.5.0,M10.5.0/3", 20},
	    {"EST5EDT,M3.2.0,M11.1.0", 20},
	    {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 20}, /* Lord Howe */
	    {"IST-1GMT0,M10.5.0,M3.5.0/1", 20},		  /* Dublin */
	    {"<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", 20},
	    {"<+00>0<+02>-2,M3.5.0/1,M10.5.0/3", 20}, /* Troll: two hours */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(zones); i++)
		assert_int_equal(check_years(zones[i].zone, FROM_S, UNTIL_S),
		    zones[i].changes);
}

/* With a history: a change that is no summer time, and a day left out. */
static void
real_zones(void **state)
{
	static const char *const zones[] = {"Europe/Berlin", "America/New_York",
	    "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo"};

	(void)state;
	if (access("/usr/share/zoneinfo/Pacific/Apia", R_OK) != 0)
		skip(); /* no tzdata */
	for (size_t i = 0; i < COUNT(zones); i++)
		assert_true(check_years(zones[i], 1420070400, UNTIL_S) > 0);
	setenv("TZ", "Europe/Moscow", 1);
	localtime_new_zone();
	for (int64_t t = 1414274400 - DAY_S; t < 1414274400 + DAY_S; t += 97)
		check("Europe/Moscow", t);
	setenv("TZ", "Pacific/Apia", 1);
	localtime_new_zone();
	for (int64_t t = 1325239200 - DAY_S; t < 1325239200 + DAY_S; t += 97)
		check("Pacific/Apia", t);
}

/* 02:30 is left out in Berlin on 2026-03-29; it is 03:30 summer time. */
static void
a_time_that_is_left_out(void **state)
{
	struct localtime_date d = {2026, 3, 29, 2, 30, 0};
	int64_t shown;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	localtime_new_zone();
	assert_true(localtime_shown(&d, &shown));
	assert_int_equal(localtime_unix(shown), 1774747800);
	assert_int_equal(localtime_unix(shown - HOUR_S), 1774747800 - HOUR_S);
}

static void
dates(void **state)
{
	static const struct {
		struct localtime_date d;
		bool is_one;
	} cases[] = {
	    {{2026, 2, 28, 0, 0, 0}, true},
	    {{2026, 2, 29, 0, 0, 0}, false},
	    {{2024, 2, 29, 0, 0, 0}, true},
	    {{2100, 2, 29, 0, 0, 0}, false},
	    {{2000, 2, 29, 0, 0, 0}, true},
	    {{2026, 4, 31, 0, 0, 0}, false},
	    {{2026, 12, 31, 23, 59, 60}, true},
	    {{2026, 12, 31, 23, 59, 61}, false},
	    {{2026, 12, 31, 23, 60, 0}, false},
	    {{2026, 12, 31, 24, 0, 0}, false},
	    {{2026, 0, 1, 0, 0, 0}, false},
	    {{2026, 13, 1, 0, 0, 0}, false},
	    {{2026, 1, 0, 0, 0, 0}, false},
	    {{0, 1, 1, 0, 0, 0}, true},
	    {{9999, 12, 31, 0, 0, 0}, true},
	    {{10000, 1, 1, 0, 0, 0}, false},
	    {{-1, 1, 1, 0, 0, 0}, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct localtime_date *d = &cases[i].d;
		struct tm tm = {.tm_year = d->year - 1900,
		    .tm_mon = d->month - 1,
		    .tm_mday = d->day,
		    .tm_hour = d->hour,
		    .tm_min = d->minute,
		    .tm_sec = d->second};
		int64_t shown;
		bool is_one = localtime_shown(d, &shown);

		if (is_one != cases[i].is_one)
			fail_msg("%d-%d-%d", d->year, d->month, d->day);
		if (is_one)
			assert_int_equal(shown, timegm(&tm));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(years_of_changes),
	    cmocka_unit_test(real_zones),
	    cmocka_unit_test(a_time_that_is_left_out),
	    cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
