/* SPDX-License-Identifier: ISC */
/* stamp, message: when a line was written, and what the program said. */
#include "../unit.h"

#include <time.h>

#include "log/localtime.h"
#include "log/message.h"

#define T 1795505462 /* 2026-11-24 07:31:02 in UTC */

static void
lines(void **state)
{
	static const struct {
		const char *line;
		const char *said; /* NULL: no stamp */
		int64_t time;
	} cases[] = {
	    {"@400000003b4a39c23294b13c fatal", "fatal", 994720184},
	    {"@4000000066d1f3a50c5e2f1c x", "x", 1725035419},
	    {"@4000000066d1f3a50c5e2f1c ", "", 1725035419},
	    {"@4000000066d1f3a50c5e2f1c", NULL, 0},
	    {"@4000000066d1f3a50c5e2f1 x", NULL, 0},
	    {"@4000000066D1F3A50C5E2F1C x", NULL, 0},
	    {"@4000000066d1f3a50c5e2f1cx", NULL, 0},
	    {"@ffffffffffffffff0c5e2f1c x", NULL, 0},
	    {"@00000000000000000c5e2f1c x", NULL, 0},
	    {"2026-11-24 07:31:02.123456789 x", "x", T},
	    {"2026-11-24 07:31:02.123 x", "x", T},
	    {"2026-11-24 07:31:02.123  x", " x", T},
	    {"2026-11-24 07:31:02.1234 x", NULL, 0},
	    {"2026-11-24 07:31:02 x", NULL, 0},
	    {"2026-11-24 07:31:02.123456789  x", "x", T},
	    {"2026-11-24_07:31:02.12345 x", "x", T},
	    {"2026-11-24_07:31:02.123 x", NULL, 0},
	    {"2026-11-24T07:31:02.12345 x", "x", T},
	    {"Nov 24 07:31:02 host qmail: x", "x", T},
	    {"Nov 24 07:31:02 host qmail[77]: x", "x", T},
	    {"Nov  4 07:31:02 host qmail: x", "x", 1793777462},
	    {"Jan  4 07:31:02 host qmail: x", "x", 1799047862},
	    {"Nov 24 07:31:02.123456 host qmail[7]: x", "x", T},
	    {"Sep  6 07:33:33 host qmail: 1157520813.485077 x", "x",
		1157520813},
	    {"Sep  6 07:33:33 host qmail: 1157520813.485077+x",
		"1157520813.485077+x", 1788680013},
	    {"Nov 24 07:31:02 qmail: x", "x", T}, /* --no-hostname */
	    {"Nov 24 07:31:02 host x", "x", T},
	    {"Nov 24 07:31:02 host", "host", T},
	    {"Nov 24 07:31:02 host tag x", "tag x", T},
	    {"Nov 32 07:31:02 host tag: x", NULL, 0},
	    {"Nov 24 07:31:02host tag: x", NULL, 0},
	    {"Nov 0 07:31:02 host tag: x", NULL, 0},
	    {"Feb 29 07:31:02 host tag: x", NULL, 0}, /* none of three */
	    {"Nox 24 07:31:02 host tag: x", NULL, 0},
	    {"Nov", NULL, 0},
	    {"2026-11-24T07:31:02Z host tag: x", "x", T},
	    {"2026-11-24T07:31:02.Z host tag: x", "x", T},
	    {"2026-11-24T08:31:02.123456+01:00 host tag[7]: x", "x", T},
	    {"2026-11-24T02:01:02-05:30 host tag: x", "x", T},
	    {"2026-11-24T07:31:02.1Z host tag: 1157520813.485077 x", "x",
		1157520813},
	    {"2026-11-24T08:31:02+0100 host tag[7]: x", "x", T},
	    {"2026-11-24T02:01:02.123456-0530 host tag[7]: x", "x", T},
	    {"2026-11-24T08:31:02+01:0 host tag[7]: x", NULL, 0},
	    {"2026-11-24T08:31:02+010 host tag[7]: x", NULL, 0},
	    {"Tue 2026-11-24 07:31:02 UTC host tag[7]: x", "x", T},
	    {"Tue 2026-11-24 18:01:02 +1030 host tag[7]: x", "x", T},
	    {"Tue 2026-11-24 04:31:02 -03 host tag[7]: x", "x", T},
	    {"Tue 2026-11-24 07:31:02 host", NULL, 0},
	    {"Tue 2026-11-24 07:31:02", NULL, 0},
	    {"Tux 2026-11-24 07:31:02 UTC host tag[7]: x", NULL, 0},
	    {"Tue Nov 24 07:31:02 2026 x", NULL, 0},
	    {"1795505462.123456 host tag[7]: x", "x", T},
	    {"1795505462.123 host tag[7]: x", NULL, 0},
	    {"2026-11-24T07:31:02.123456789Z x y: z", "x y: z", T},
	    {"2026-11-24T07:31:02.1234567Z x y: z", "x y: z", T},
	    {"2026-11-24T08:31:02.123456789+01:00 x y: z", "x y: z", T},
	    {"<22>1 2026-11-24T07:31:02Z host qmail 7 - - x", "x", T},
	    {"<22>1 2026-11-24T07:31:02Z host qmail - - -  x", "x", T},
	    {"<22>1 2026-11-24T07:31:02Z host qmail 7 - -   x", " x", T},
	    {"<22>1 2026-11-24T07:31:02Z host qmail 7 - - 1157520813.485077 x",
		"x", 1157520813},
	    {"<22>1 2026-11-24T07:31:02Z host qmail 7 - [a] x", NULL, 0},
	    {"<22>1 2026-11-24T07:31:02Z host qmail 7 -", NULL, 0},
	    {"<22>2 2026-11-24T07:31:02Z host qmail 7 - - x", NULL, 0},
	    {"<>1 2026-11-24T07:31:02Z host qmail 7 - - x", NULL, 0},
	    {"<2222>1 2026-11-24T07:31:02Z host qmail 7 - - x", NULL, 0},
	    {"<22>1 2026-11-24 07:31:02.123 host qmail 7 - - x", NULL, 0},
	    {"2026-11-24T07:31:02 host tag: x", NULL, 0},
	    {"2026-11-24 25:31:02.123 x", NULL, 0},
	    {"2026-13-24 07:31:02.123 x", NULL, 0},
	    {"2026-02-31 07:31:02.123 x", NULL, 0},
	    {"0000-00-00 00:00:00.000 x", NULL, 0},
	    {"1969-12-31 23:59:59.000 x", NULL, 0},
	    {"1970-01-01T00:00:00+01:00 host tag: x", NULL, 0},
	    {"rblsmtpd: 1.2.3.4 pid 7: 451 x", NULL, 0},
	    {"", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *line = cases[i].line;
		const char *said = cases[i].said == NULL ? line : cases[i].said;
		struct message m;
		int64_t t = -7;

		message_read(&m, slice_of(line), T, &t);
		if (!slice_is(&m.said, said) ||
		    (m.behind == STAMP_NONE) != (cases[i].said == NULL) ||
		    t != (cases[i].said == NULL ? -7 : cases[i].time))
			fail_msg("'%s': '%.*s', %lld", line, (int)m.said.len,
			    m.said.p, (long long)t);
	}
}

/* All that a line may say, with a bar behind each. */
static const char *
readings(const char *line)
{
	static char all[4096];
	char room[MESSAGE_ROOM];
	struct slice reading;
	struct message m;
	int64_t t;
	size_t n = 0;

	message_read(&m, slice_of(line), T, &t);
	for (enum message_reading i = 0; i < MESSAGE_READINGS; i++)
		if (message_reading(&m, i, room, &reading))
			n += (size_t)snprintf(all + n, sizeof all - n, "%.*s|",
			    (int)reading.len, reading.p);
	return all;
}

static void
tags(void **state)
{
	static const char *const cases[][2] = {
	    {"ns1 a: x", "ns1 a: x|"}, /* no stamp, and so no tag */
	    {"@4000000066d1f3a50c5e2f1c ns1 a: x", "ns1 a: x|"},
	    {"Nov 24 07:31:02 ns1 a: x", "x|a: x|"},
	    {"Nov 24 07:31:02 ns1 a[7]: x", "a[7]: x|x|a: x|"},
	    {"Nov 24 07:31:02 ns1 a[]: x", "x|a[]: x|"},
	    {"Nov 24 07:31:02 ns1 a[7]b: x", "x|a[7]b: x|"},
	    {"Nov 24 07:31:02 ns1 a x", "a x|ns1 a x|"},
	    {"Nov 24 07:31:02 a: x y: z", "x y: z|a: x y: z|"},
	    {"Nov 24 07:31:02 ns1 a:  x", " x|a:  x|"},
	    {"Nov 24 07:31:02 ns1 : x", ": x|ns1 : x|"},
	    {"Nov 24 07:31:02 ns1 a: 1157520813.485077 b: x",
		"b: x|a: 1157520813.485077 b: x|"},
	    {"2026-11-24T07:31:02.123456789Z ns1 a[7]: x", "ns1 a[7]: x|"},
	    {"<22>1 2026-11-24T07:31:02Z ns1 a 7 - - x", "a[7]: x|x|a: x|a x|"},
	    {"<22>1 2026-11-24T07:31:02Z ns1 a - - -  x", "x|a: x|a x|"},
	    {"<22>1 2026-11-24T07:31:02Z ns1 a -7 - - x", "x|a: x|a x|"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(readings(cases[i][0]), cases[i][1]);
}

/* A name is moved as far as there is room, to the byte. */
static void
long_lines(void **state)
{
	char line[2 * MESSAGE_ROOM];
	char room[MESSAGE_ROOM];
	struct slice reading;
	struct message m;
	int64_t t;

	(void)state;
	for (int said = MESSAGE_ROOM - 10; said < MESSAGE_ROOM + 10; said++) {
		snprintf(line, sizeof line,
		    "<22>1 2026-11-24T07:31:02Z ns1 ab 12 - - %0*d", said, 0);
		message_read(&m, slice_of(line), T, &t);
		assert_int_equal(
		    message_reading(&m, MESSAGE_NUMBERED, room, &reading),
		    said + 8 <= MESSAGE_ROOM);
		assert_true(message_reading(&m, MESSAGE_SAID, room, &reading));
		assert_int_equal(reading.len, said);
	}
}

/* ---- local time ---- */

static int64_t
time_of(const char *stamp, int64_t about_s)
{
	struct slice line = slice_of(stamp);
	int64_t t = -1;

	assert_int_not_equal(stamp_take(&line, about_s, &t), STAMP_NONE);
	return t;
}

static void
local_time(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	localtime_new_zone();
	assert_int_equal(time_of("2026-07-01 12:00:00.000 x", 0), 1782900000);
	assert_int_equal(time_of("2026-12-01 12:00:00.000 x", 0), 1796122800);
	/* 02:30 comes twice; the first time is summer time */
	assert_int_equal(time_of("2026-10-25 02:30:00.000 x", 0), 1792888200);
	assert_int_equal(
	    time_of("Sun 2026-10-25 02:30:00 CET host x", 0), 1792888200);
	assert_int_equal(
	    time_of("Sun 2026-10-25 01:30:00 UTC host x", 0), 1792891800);
	/* Berlin's new year comes first, of whichever year the file is */
	assert_int_equal(
	    time_of("Jan  1 00:10:00 host x", 1798758000), 1798758600);
	assert_int_equal(
	    time_of("Dec 31 23:50:00 host x", 1798758700), 1798757400);
	setenv("TZ", "UTC", 1);
	localtime_new_zone();
}

/* The nearest year, whether the file is older or newer than the line. */
static void
years(void **state)
{
	static const int days[] = {-181, -100, -1, 0, 1, 100, 181};
	char stamp[64];

	(void)state;
	for (int64_t t = 1600000000; t < 1900000000; t += 9876543)
		for (size_t i = 0; i < COUNT(days); i++) {
			time_t at = (time_t)t;
			struct tm tm;

			assert_non_null(gmtime_r(&at, &tm));
			strftime(
			    stamp, sizeof stamp, "%b %e %H:%M:%S host x", &tm);
			assert_int_equal(
			    time_of(stamp, t + days[i] * 86400), t);
		}
	/* a leap day, of the one year near that has it */
	assert_int_equal(
	    time_of("Feb 29 12:00:00 host x", 1678190400), 1709208000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines),
	    cmocka_unit_test(tags),
	    cmocka_unit_test(long_lines),
	    cmocka_unit_test(local_time),
	    cmocka_unit_test(years),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
