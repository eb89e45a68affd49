/* SPDX-License-Identifier: ISC */
/*
 * localtime: a date and a time of day as unix seconds.
 *
 *	int64_t shown;
 *	if (localtime_shown(&date, &shown))
 *		t = is_utc ? shown : localtime_unix(shown);
 */
#ifndef LOCALTIME_H
#define LOCALTIME_H

#include <stdbool.h>
#include <stdint.h>

/* As it is written: the 24th of November is month 11, day 24. */
struct localtime_date {
	int year, month, day, hour, minute, second;
};

/*
 * Whether there is such a date, of the years 0 to 9999, and such a time of day,
 * a leap second included. shown is what a clock shows then, in seconds since
 * it showed 1970-01-01 00:00:00: in UTC, that is unix time.
 */
bool localtime_shown(const struct localtime_date *date, int64_t *shown)
    __attribute__((warn_unused_result));

/*
 * The unix time at which clocks in the C library's time zone showed that, for
 * the first time if they showed it twice. If they left it out, it is reckoned
 * as if they had been changed later.
 *
 * The C library is asked once an hour of shown time, and the answer is kept: it
 * takes mktime up to .1 ms. A zone that was changed meanwhile (TZ, or
 * /etc/localtime) counts from the next hour on; from now on after
 * localtime_new_zone.
 */
int64_t localtime_unix(int64_t shown);
void localtime_new_zone(void);

#endif
