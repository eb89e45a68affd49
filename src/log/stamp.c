/* SPDX-License-Identifier: ISC */
#include "log/stamp.h"

#include <stdlib.h>

#include "log/localtime.h"

#define TAI64N_LEN 26
#define TAI64_UNIX_EPOCH 4611686018427387914ULL
#define YEAR_S INT64_C(31556952) /* 365.2425 days */
#define DAY_S INT64_C(86400)
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

/* Two digits; *bad if they are none. */
static inline int
two(const char *p, bool *bad)
{
	unsigned tens = (unsigned char)p[0] - (unsigned)'0';
	unsigned ones = (unsigned char)p[1] - (unsigned)'0';

	*bad |= tens > 9 || ones > 9;
	return (int)(tens * 10 + ones);
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
static inline bool
take_date(struct slice *r, struct localtime_date *d)
{
	bool bad = r->len < 10 || r->p[4] != '-' || r->p[7] != '-';

	if (bad)
		return false;
	d->year = two(r->p, &bad) * 100 + two(r->p + 2, &bad);
	d->month = two(r->p + 5, &bad);
	d->day = two(r->p + 8, &bad);
	slice_advance(r, 10);
	return !bad;
}

/* "07:31:02" */
static inline bool
take_clock(struct slice *r, struct localtime_date *d)
{
	bool bad = r->len < 8 || r->p[2] != ':' || r->p[5] != ':';

	if (bad)
		return false;
	d->hour = two(r->p, &bad);
	d->minute = two(r->p + 3, &bad);
	d->second = two(r->p + 6, &bad);
	slice_advance(r, 8);
	return !bad;
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
	bool bad = false;

	if ((!is_behind && !take_byte(r, '+')) || r->len < 2)
		return false;
	*offset_s = two(r->p, &bad) * 3600;
	slice_advance(r, 2);
	if (take_byte(r, ':') || (r->len > 0 && *r->p != ' ')) {
		if (r->len < 2)
			return false;
		*offset_s += two(r->p, &bad) * 60;
		slice_advance(r, 2);
	}
	if (is_behind)
		*offset_s = -*offset_s;
	return !bad;
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

/* "Nov": 11; 0: it is no month's name. */
static int
month_of(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++) {
		const char *name = names + 3 * (size_t)i;

		if (p[0] == name[0] && p[1] == name[1] && p[2] == name[2])
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

	bool bad = r->len < 16 || r->p[3] != ' ' || r->p[6] != ' ';
	char day[2];

	if (bad)
		return STAMP_NONE;
	d.month = month_of(r->p);
	day[0] = r->p[4];
	if (day[0] == ' ')
		day[0] = '0';
	day[1] = r->p[5];
	d.day = two(day, &bad);
	slice_advance(r, 7);
	if (d.month == 0 || bad || !take_clock(r, &d))
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
	bool bad = line->len < 18 || line->p[10] != '.' || line->p[17] != ' ';
	int64_t t = 0;

	if (bad)
		return false;
	for (int i = 0; i < 10; i += 2)
		t = t * 100 + two(line->p + i, &bad);
	for (int i = 11; i < 17; i += 2)
		(void)two(line->p + i, &bad);
	if (bad)
		return false;
	*unix_s = t;
	slice_advance(line, 18);
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
