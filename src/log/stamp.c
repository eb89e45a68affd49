/* SPDX-License-Identifier: ISC */
#include "log/stamp.h"

#include <stdlib.h>

#include "log/localtime.h"

#define TAI64N_LEN 26
#define TAI64_UNIX_EPOCH 4611686018427387914ULL
#define YEAR_S 31556952 /* 365.2425 days */
#define DAY_S 86400
#define CLOSE_S (180 * DAY_S) /* no other year is closer, in any zone */

#define NO_DIGIT 16 /* a bit that no digit has */

/* ---- TAI64N ---- */

/* The value of a hexadecimal digit, as the loggers write it. */
static unsigned
hex_digit(char c)
{
	static const unsigned char digits[256] = {['0'] = 1,
	    ['1'] = 2,
	    ['2'] = 3,
	    ['3'] = 4,
	    ['4'] = 5,
	    ['5'] = 6,
	    ['6'] = 7,
	    ['7'] = 8,
	    ['8'] = 9,
	    ['9'] = 10,
	    ['a'] = 11,
	    ['b'] = 12,
	    ['c'] = 13,
	    ['d'] = 14,
	    ['e'] = 15,
	    ['f'] = 16};

	return (digits[(unsigned char)c] - 1U) & 31;
}

static enum stamp_behind
take_tai64n(struct slice *r, int64_t *unix_s)
{
	uint64_t seconds = 0;
	unsigned all = 0;

	if (r->len < TAI64N_LEN || r->p[TAI64N_LEN - 1] != ' ')
		return STAMP_NONE;
	for (size_t i = 1; i <= 16; i++) {
		unsigned digit = hex_digit(r->p[i]);

		all |= digit;
		seconds = seconds << 4 | digit;
	}
	for (size_t i = 17; i < TAI64N_LEN - 1; i++)
		all |= hex_digit(r->p[i]);
	if ((all & NO_DIGIT) != 0 || seconds < TAI64_UNIX_EPOCH ||
	    seconds >> 32 > 0x40000000U + 0xffU)
		return STAMP_NONE;
	*unix_s = (int64_t)(seconds - TAI64_UNIX_EPOCH);
	slice_advance(r, TAI64N_LEN);
	return STAMP_MESSAGE;
}

/* ---- dates and times of day ---- */

/* Takes that many digits off the start, as a number. */
static bool
take_number(struct slice *r, size_t digits, int *n)
{
	*n = 0;
	if (r->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		unsigned digit = (unsigned)r->p[i] - '0';

		if (digit > 9)
			return false;
		*n = *n * 10 + (int)digit;
	}
	slice_advance(r, digits);
	return true;
}

static bool
take_byte(struct slice *r, char c)
{
	if (r->len == 0 || *r->p != c)
		return false;
	slice_advance(r, 1);
	return true;
}

/* "2026-11-24" */
static bool
take_date(struct slice *r, struct localtime_date *d)
{
	return take_number(r, 4, &d->year) && take_byte(r, '-') &&
	       take_number(r, 2, &d->month) && take_byte(r, '-') &&
	       take_number(r, 2, &d->day);
}

/* "07:31:02" */
static bool
take_clock(struct slice *r, struct localtime_date *d)
{
	return take_number(r, 2, &d->hour) && take_byte(r, ':') &&
	       take_number(r, 2, &d->minute) && take_byte(r, ':') &&
	       take_number(r, 2, &d->second);
}

/* ".123": how many digits; 0 without them. */
static size_t
take_fraction(struct slice *r)
{
	return take_byte(r, '.') ? slice_digits(r).len : 0;
}

/* "+01:00", "+0100" or "+01", in seconds. */
static bool
take_offset(struct slice *r, int *offset_s)
{
	bool is_behind = take_byte(r, '-');
	int hours;
	int minutes = 0;

	if ((!is_behind && !take_byte(r, '+')) || !take_number(r, 2, &hours))
		return false;
	if ((take_byte(r, ':') || (r->len > 0 && *r->p != ' ')) &&
	    !take_number(r, 2, &minutes))
		return false;
	*offset_s = hours * 3600 + minutes * 60;
	if (is_behind)
		*offset_s = -*offset_s;
	return true;
}

/*
 * Behind "2026-11-24T07:31:02": svlogd's has five digits and no zone. More
 * than the six of a syslog are those of a container, where no host and no tag
 * come behind it; it leaves out zeros at the end, so there may be less.
 */
static enum stamp_behind
take_rest_of_iso(struct slice *r, int64_t shown, int64_t *t)
{
	size_t digits = take_fraction(r);
	int offset_s = 0;

	*t = shown;
	if (digits == 5 && take_byte(r, ' '))
		return STAMP_MESSAGE;
	if (!take_byte(r, 'Z')) {
		if (!take_offset(r, &offset_s))
			return STAMP_NONE;
		*t -= offset_s;
	}
	if (!take_byte(r, ' '))
		return STAMP_NONE;
	return digits > 6 ? STAMP_MESSAGE : STAMP_HOST;
}

/* The same where a blank stands for the T: local, with one more from s6-log. */
static enum stamp_behind
take_rest_of_local(struct slice *r, int64_t shown, int64_t *t)
{
	size_t digits = take_fraction(r);

	if ((digits != 9 && digits != 3) || !take_byte(r, ' '))
		return STAMP_NONE;
	if (digits == 9)
		(void)take_byte(r, ' ');
	*t = localtime_unix(shown);
	return STAMP_MESSAGE;
}

/* "2026-11-24", a byte, "07:31:02" and what belongs to it. */
static enum stamp_behind
take_iso(struct slice *r, int64_t *t)
{
	struct localtime_date d;
	int64_t shown;
	char between;

	if (!take_date(r, &d) || r->len == 0)
		return STAMP_NONE;
	between = *r->p;
	slice_advance(r, 1);
	if (!take_clock(r, &d) || !localtime_shown(&d, &shown))
		return STAMP_NONE;
	switch (between) {
	case ' ':
		return take_rest_of_local(r, shown, t);
	case '_':
		*t = shown;
		return take_fraction(r) == 5 && take_byte(r, ' ')
			   ? STAMP_MESSAGE
			   : STAMP_NONE;
	case 'T':
		return take_rest_of_iso(r, shown, t);
	default:
		return STAMP_NONE;
	}
}

/* "Tue 2026-11-24 07:31:02 CET " */
static enum stamp_behind
take_full(struct slice *r, int64_t *t)
{
	static const char days[] = "Sun Mon Tue Wed Thu Fri Sat ";
	struct localtime_date d;
	int64_t shown;
	int offset_s;

	if (memmem(days, sizeof days - 1, r->p, 4) == NULL)
		return STAMP_NONE;
	slice_advance(r, 4);
	if (!take_date(r, &d) || !take_byte(r, ' ') || !take_clock(r, &d) ||
	    !localtime_shown(&d, &shown) || !take_byte(r, ' '))
		return STAMP_NONE;
	if (slice_skip(r, "UTC ") || slice_skip(r, "GMT ")) {
		*t = shown;
		return STAMP_HOST;
	}
	if (take_offset(r, &offset_s)) {
		*t = shown - offset_s;
	} else {
		const char *blank = memchr(r->p, ' ', r->len);

		if (blank == NULL || blank == r->p)
			return STAMP_NONE;
		slice_advance(r, (size_t)(blank - r->p));
		*t = localtime_unix(shown);
	}
	return take_byte(r, ' ') ? STAMP_HOST : STAMP_NONE;
}

/* "Nov": 11; 0: it is no month's. */
static int
take_month(struct slice *r)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (r->len < 3)
		return 0;
	for (int i = 0; i < 12; i++) {
		const char *name = names + 3 * (size_t)i;

		if (r->p[0] != name[0] || r->p[1] != name[1] ||
		    r->p[2] != name[2])
			continue;
		slice_advance(r, 3);
		return i + 1;
	}
	return 0;
}

/* The time of that day in the year that brings it closest to about_s; -1: none. */
static int64_t
closest(struct localtime_date *d, int64_t about_s)
{
	int year = 1970 + (int)(about_s / YEAR_S);
	int64_t shown[3];
	int64_t least = INT64_MAX;
	int64_t best = -1;

	for (int i = 0; i < 3; i++) {
		static const int from[] = {0, -1, 1};

		d->year = year + from[i];
		if (!localtime_shown(d, &shown[i]))
			shown[i] = INT64_MIN / 4;
		if (llabs(shown[i] - about_s) < CLOSE_S)
			return localtime_unix(shown[i]);
		if (llabs(shown[i] - about_s) < least)
			least = llabs(shown[i] - about_s);
	}
	/* half a year away, or a leap day; what the zone adds may decide */
	for (int i = 0; i < 3; i++) {
		int64_t t;

		if (least > 3 * YEAR_S ||
		    llabs(shown[i] - about_s) > least + 2 * DAY_S)
			continue;
		t = localtime_unix(shown[i]);
		if (best < 0 || llabs(t - about_s) < llabs(best - about_s))
			best = t;
	}
	return best;
}

/* "Nov 24 07:31:02 ", "Nov  4 07:31:02.123456 " */
static enum stamp_behind
take_rfc3164(struct slice *r, int64_t about_s, int64_t *t)
{
	struct localtime_date d;

	d.month = take_month(r);
	if (d.month == 0 || !take_byte(r, ' ') ||
	    !take_number(r, take_byte(r, ' ') ? 1 : 2, &d.day) ||
	    !take_byte(r, ' ') || !take_clock(r, &d))
		return STAMP_NONE;
	(void)take_fraction(r);
	if (!take_byte(r, ' '))
		return STAMP_NONE;
	*t = closest(&d, about_s);
	return *t < 0 ? STAMP_NONE : STAMP_HOST;
}

/* "<22>1 2026-11-24T07:31:02Z " */
static enum stamp_behind
take_rfc5424(struct slice *r, int64_t *t)
{
	size_t digits;

	slice_advance(r, 1);
	digits = slice_digits(r).len;
	if (digits == 0 || digits > 3 || !slice_skip(r, ">1 ") ||
	    take_iso(r, t) != STAMP_HOST)
		return STAMP_NONE;
	return STAMP_FIELDS;
}

bool
stamp_take_unix(struct slice *line, int64_t *unix_s)
{
	struct slice r = *line;
	int seconds[2];
	int micro;

	if (r.len < 18 || r.p[10] != '.' || r.p[17] != ' ' ||
	    !take_number(&r, 5, &seconds[0]) ||
	    !take_number(&r, 5, &seconds[1]))
		return false;
	slice_advance(&r, 1);
	if (!take_number(&r, 6, &micro))
		return false;
	slice_advance(&r, 1);
	*unix_s = seconds[0] * INT64_C(100000) + seconds[1];
	*line = r;
	return true;
}

/* ---- all ---- */

static enum stamp_behind
take_any(struct slice *r, int64_t about_s, int64_t *t)
{
	if (*r->p == '@')
		return take_tai64n(r, t);
	if (*r->p == '<')
		return take_rfc5424(r, t);
	if (*r->p >= '0' && *r->p <= '9')
		return stamp_take_unix(r, t) ? STAMP_HOST : take_iso(r, t);
	return r->len > 8 && r->p[8] == '-' ? take_full(r, t)
					    : take_rfc3164(r, about_s, t);
}

enum stamp_behind
stamp_take(struct slice *line, int64_t about_s, int64_t *unix_s)
{
	struct slice r = *line;
	enum stamp_behind behind;
	int64_t t = -1;

	if (line->len == 0)
		return STAMP_NONE;
	behind = take_any(&r, about_s, &t);
	if (behind == STAMP_NONE || t < 0)
		return STAMP_NONE;
	*line = r;
	*unix_s = t;
	return behind;
}
