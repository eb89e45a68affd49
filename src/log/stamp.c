/* SPDX-License-Identifier: ISC */
#include "log/stamp.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/slice.h"

#define TAI64N_LEN 26
#define TAI64_UNIX_EPOCH 4611686018427387914ULL

#define NO_DIGIT 16 /* a bit that no digit has */

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

static bool
parse_tai64n(struct slice *r, int64_t *unix_s)
{
	uint64_t seconds = 0;
	unsigned all = 0;

	if (r->len < TAI64N_LEN || r->p[TAI64N_LEN - 1] != ' ')
		return false;
	for (size_t i = 1; i <= 16; i++) {
		unsigned digit = hex_digit(r->p[i]);

		all |= digit;
		seconds = seconds << 4 | digit;
	}
	for (size_t i = 17; i < TAI64N_LEN - 1; i++)
		all |= hex_digit(r->p[i]);
	if ((all & NO_DIGIT) != 0 || seconds < TAI64_UNIX_EPOCH ||
	    seconds >> 32 > 0x40000000U + 0xffU)
		return false;
	*unix_s = (int64_t)(seconds - TAI64_UNIX_EPOCH);
	slice_advance(r, TAI64N_LEN);
	return true;
}

/* Whether the rest begins with the shape, where 0 stands for any digit. */
static bool
has_shape(const struct slice *r, const char *shape)
{
	size_t n = strlen(shape);

	if (r->len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (shape[i] == '0' ? !isdigit((unsigned char)r->p[i])
				    : shape[i] != r->p[i])
			return false;
	return true;
}

static int
number(const char *text, size_t len)
{
	return (int)slice_number((struct slice){text, len});
}

/*
 * mktime and timegm turn the 31st of February into March; such a stamp is none.
 * local: in the C library's time zone, else UTC.
 */
static bool
to_unix(struct tm tm, bool local, int64_t *unix_s)
{
	struct tm same = tm;
	time_t t;

	same.tm_isdst = -1;
	t = local ? mktime(&same) : timegm(&same);
	if (t < 0 || tm.tm_mon != same.tm_mon || tm.tm_mday != same.tm_mday ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	if (local) { /* the first run of an hour that comes twice */
		struct tm summer = tm;
		time_t first;

		summer.tm_isdst = 1;
		first = mktime(&summer);
		if (first >= 0 && first < t && summer.tm_hour == tm.tm_hour)
			t = first;
	}
	*unix_s = t;
	return true;
}

/* "2026-11-24 07:31:02", with any byte between date and time. */
static struct tm
iso_time(const char *p)
{
	return (struct tm){
	    .tm_year = number(p, 4) - 1900,
	    .tm_mon = number(p + 5, 2) - 1,
	    .tm_mday = number(p + 8, 2),
	    .tm_hour = number(p + 11, 2),
	    .tm_min = number(p + 14, 2),
	    .tm_sec = number(p + 17, 2),
	};
}

static bool
parse_logger(struct slice *r, int64_t *unix_s)
{
	static const struct {
		const char *shape;
		bool local;
	} shapes[] = {
	    {"0000-00-00 00:00:00.000000000  ", true},
	    {"0000-00-00 00:00:00.000000000 ", true},
	    {"0000-00-00 00:00:00.000 ", true},
	    {"0000-00-00_00:00:00.00000 ", false},
	    {"0000-00-00T00:00:00.00000 ", false},
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		if (!has_shape(r, shapes[i].shape))
			continue;
		if (!to_unix(iso_time(r->p), shapes[i].local, unix_s))
			return false;
		slice_advance(r, strlen(shapes[i].shape));
		return true;
	}
	return false;
}

/* "2026-11-24T07:31:02[.123]Z " or with "+01:00" for the Z. */
static bool
parse_iso(struct slice *r, int64_t *unix_s)
{
	struct slice s = *r;
	int64_t t;

	if (!has_shape(&s, "0000-00-00T00:00:00") ||
	    !to_unix(iso_time(s.p), false, &t))
		return false;
	slice_advance(&s, strlen("0000-00-00T00:00:00"));
	if (slice_skip(&s, "."))
		(void)slice_digits(&s);
	if (!slice_skip(&s, "Z ")) {
		int offset;

		if (!has_shape(&s, "+00:00 ") && !has_shape(&s, "-00:00 "))
			return false;
		offset = number(s.p + 1, 2) * 3600 + number(s.p + 4, 2) * 60;
		t += *s.p == '+' ? -offset : offset;
		slice_advance(&s, 7);
	}
	if (t < 0)
		return false;
	*r = s;
	*unix_s = t;
	return true;
}

/* "Nov 24 07:31:02 ", "Nov  4 07:31:02 " */
static bool
parse_rfc3164(struct slice *r, int64_t about_s, int64_t *unix_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t about = (time_t)about_s;
	struct tm tm;
	struct tm year;
	int month = 0;
	int64_t best = -1;

	if (r->len < 16 || gmtime_r(&about, &year) == NULL)
		return false;
	while (month < 12 && memcmp(r->p, months + 3 * (size_t)month, 3) != 0)
		month++;
	slice_advance(r, 3);
	if (month == 12 ||
	    !(has_shape(r, " 00 00:00:00 ") || has_shape(r, "  0 00:00:00 ")))
		return false;
	tm = (struct tm){
	    .tm_mon = month,
	    .tm_mday = number(r->p + 2, 1) +
		       (r->p[1] == ' ' ? 0 : 10 * number(r->p + 1, 1)),
	    .tm_hour = number(r->p + 4, 2),
	    .tm_min = number(r->p + 7, 2),
	    .tm_sec = number(r->p + 10, 2),
	};
	for (int i = -1; i <= 1; i++) {
		int64_t t;

		tm.tm_year = year.tm_year + i;
		if (to_unix(tm, true, &t) &&
		    (best < 0 || llabs(t - about_s) < llabs(best - about_s)))
			best = t;
	}
	if (best < 0)
		return false;
	*unix_s = best;
	slice_advance(r, 13);
	return true;
}

static bool
skip_word(struct slice *r)
{
	const char *blank = memchr(r->p, ' ', r->len);

	if (blank == NULL || blank == r->p)
		return false;
	slice_advance(r, (size_t)(blank - r->p) + 1);
	return true;
}

/* "host tag: " or "host tag[7]: " */
static bool
skip_host_and_tag(struct slice *r)
{
	if (!skip_word(r))
		return false;
	return skip_word(r) && r->p[-2] == ':';
}

/* splogger: "1157520813.485077 " */
static void
parse_splogger(struct slice *r, int64_t *unix_s)
{
	if (!has_shape(r, "0000000000.000000 "))
		return;
	*unix_s = (int64_t)slice_number((struct slice){r->p, 10});
	slice_advance(r, 18);
}

static bool
parse_syslog(struct slice *r, int64_t about_s, int64_t *unix_s)
{
	int64_t t;

	if (r->p[0] == '<') { /* <PRI>1 TIME HOST APP PROCID MSGID - MSG */
		if (!has_shape(r, "<0>1 ") && !has_shape(r, "<00>1 ") &&
		    !has_shape(r, "<000>1 "))
			return false;
		if (!skip_word(r) || !parse_iso(r, &t))
			return false;
		for (int i = 0; i < 4; i++)
			if (!skip_word(r))
				return false;
		if (!slice_skip(r, "- "))
			return false; /* structured data: no logger here */
	} else if (isdigit((unsigned char)r->p[0])) {
		if (!parse_iso(r, &t) || !skip_host_and_tag(r))
			return false;
	} else if (!parse_rfc3164(r, about_s, &t) || !skip_host_and_tag(r)) {
		return false;
	}
	parse_splogger(r, &t);
	*unix_s = t;
	return true;
}

size_t
stamp_parse(const char *line, size_t len, int64_t about_s, int64_t *unix_s)
{
	struct slice r = {line, len};
	struct slice s = {line, len};
	bool found;

	if (len == 0)
		return 0;
	if (line[0] == '@')
		found = parse_tai64n(&r, unix_s);
	else
		found =
		    isdigit((unsigned char)line[0]) && parse_logger(&r, unix_s);
	if (found)
		return len - r.len;
	if (line[0] != '@' && parse_syslog(&s, about_s, unix_s))
		return len - s.len;
	return 0;
}
