/* SPDX-License-Identifier: ISC */
#include "log/localtime.h"

#include <time.h>

#define HOUR_S INT64_C(3600)
#define DAY_S INT64_C(86400)

/* An hour that clocks showed as a whole, and unix time was so far behind. */
static struct {
	bool is_set;
	int64_t from, ahead_s;
} kept;

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The days from 1970-01-01 to the first of January. */
static int64_t
days_before(int year)
{
	/* counted from the year 0, which was a leap year */
	int64_t leap_days = year == 0 ? 0
				      : 1 + (year - 1) / 4 - (year - 1) / 100 +
					    (year - 1) / 400;

	return 365 * (int64_t)year + leap_days - 719528;
}

bool
localtime_shown(const struct localtime_date *d, int64_t *shown)
{
	static const int before[] = {
	    0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	int leap_day = is_leap(d->year);
	int day;

	if (d->year < 0 || d->year > 9999 || d->month < 1 || d->month > 12 ||
	    d->day < 1 || d->hour < 0 || d->hour > 23 || d->minute < 0 ||
	    d->minute > 59 || d->second < 0 || d->second > 60 ||
	    d->day > before[d->month] - before[d->month - 1] +
			 (d->month == 2 ? leap_day : 0))
		return false;
	day = before[d->month - 1] + (d->month > 2 ? leap_day : 0) + d->day - 1;
	*shown = (days_before(d->year) + day) * DAY_S + d->hour * HOUR_S +
		 d->minute * INT64_C(60) + d->second;
	return true;
}

/* How far local clocks are ahead of UTC at a unix time. */
static int64_t
ahead_at(int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	return localtime_r(&t, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

/* Asks the C library. False: clocks never showed it. */
static bool
ask(int64_t shown, int64_t *unix_s)
{
	/* no zone is or was a day from UTC, so these are before and after it;
	   and between them, clocks are changed once at most */
	const int64_t ahead[] = {
	    ahead_at(shown - DAY_S), ahead_at(shown + DAY_S)};
	bool found = false;

	*unix_s = shown - ahead[0];
	for (int i = 0; i < 2; i++) {
		int64_t t = shown - ahead[i];

		if (ahead_at(t) != ahead[i] || (found && t >= *unix_s))
			continue;
		*unix_s = t;
		found = true;
	}
	return found;
}

/* Keeps the hour around it, unless clocks are changed within. */
static void
keep_hour(int64_t shown)
{
	int64_t from = shown - ((shown % HOUR_S) + HOUR_S) % HOUR_S;
	int64_t first;
	int64_t last;

	tzset();
	kept.is_set = ask(from, &first) && ask(from + HOUR_S - 1, &last) &&
		      last - first == HOUR_S - 1;
	kept.from = from;
	kept.ahead_s = from - first;
}

int64_t
localtime_unix(int64_t shown)
{
	int64_t unix_s;

	if (!kept.is_set || shown < kept.from || shown >= kept.from + HOUR_S)
		keep_hour(shown);
	if (kept.is_set)
		return shown - kept.ahead_s;
	(void)ask(shown, &unix_s);
	return unix_s;
}

void
localtime_new_zone(void)
{
	kept.is_set = false;
	tzset();
}
