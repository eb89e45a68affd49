/* SPDX-License-Identifier: ISC */
/* timespan, stamp, reply: small texts. */
#include "../unit.h"

#include "base/reply.h"
#include "base/timespan.h"
#include "log/stamp.h"

#include <time.h>

static void
timespans(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds; /* 0: refused */
	} cases[] = {
	    {"1", 1},
	    {"90", 90},
	    {"90s", 90},
	    {"10m", 600},
	    {"4h", 14400},
	    {"1d", 86400},
	    {"2w", 1209600},
	    {"2147483", 2147483},
	    {"24d", 2073600},
	    {"", 0},
	    {"0", 0},
	    {"0d", 0},
	    {"2147484", 0},
	    {"25d", 0},
	    {"4w", 0},
	    {"99999999999999999999", 0},
	    {"1x", 0},
	    {"1dd", 0},
	    {"1 d", 0},
	    {" 1", 0},
	    {"-1", 0},
	    {"+1", 0},
	    {"d", 0},
	    {"1.5h", 0},
	    {"35791h", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t s = 7;
		int rc = timespan_parse(cases[i].text, &s);

		if (rc != (cases[i].seconds == 0 ? -1 : 0) ||
		    s != (cases[i].seconds == 0 ? 7 : cases[i].seconds))
			fail_msg("'%s': %d, %u", cases[i].text, rc, s);
	}
}

static void
stamps(void **state)
{
	static const struct {
		const char *line;
		size_t len; /* 0: no stamp */
		int64_t time;
	} cases[] = {
	    {"@400000003b4a39c23294b13c fatal", 26, 994720184},
	    {"@4000000066d1f3a50c5e2f1c x", 26, 1725035419},
	    {"@4000000066d1f3a50c5e2f1c ", 26, 1725035419},
	    {"@4000000066d1f3a50c5e2f1c", 0, 0},
	    {"@4000000066d1f3a50c5e2f1 x", 0, 0},
	    {"@4000000066D1F3A50C5E2F1C x", 0, 0},
	    {"@4000000066d1f3a50c5e2f1cx", 0, 0},
	    {"@ffffffffffffffff0c5e2f1c x", 0, 0},
	    {"@00000000000000000c5e2f1c x", 0, 0},
	    {"2026-11-24 07:31:02.123456789 x", 30, 1795505462},
	    {"2026-11-24 07:31:02.123 x", 24, 1795505462},
	    {"2026-11-24 07:31:02 x", 0, 0},
	    {"2026-11-24 07:31:02.123456789  x", 31, 1795505462},
	    {"2026-11-24_07:31:02.12345 x", 26, 1795505462},
	    {"2026-11-24T07:31:02.12345 x", 26, 1795505462},
	    {"Nov 24 07:31:02 host qmail: x", 28, 1795505462},
	    {"Nov 24 07:31:02 host qmail[77]: x", 32, 1795505462},
	    {"Nov  4 07:31:02 host qmail: x", 28, 1793777462},
	    {"Jan  4 07:31:02 host qmail: x", 28, 1799047862},
	    {"Sep  6 07:33:33 host qmail: 1157520813.485077 x", 46, 1157520813},
	    {"Nov 24 07:31:02 host x", 0, 0},
	    {"Nov 24 07:31:02 host", 0, 0},
	    {"Nov 24 07:31:02 host tag x", 0, 0},
	    {"Nov 32 07:31:02 host tag: x", 0, 0},
	    {"Nox 24 07:31:02 host tag: x", 0, 0},
	    {"2026-11-24T07:31:02Z host tag: x", 31, 1795505462},
	    {"2026-11-24T08:31:02.123456+01:00 host tag[7]: x", 46, 1795505462},
	    {"2026-11-24T02:01:02-05:30 host tag: x", 36, 1795505462},
	    {"2026-11-24T07:31:02.1Z host tag: 1157520813.485077 x", 51,
		1157520813},
	    {"<22>1 2026-11-24T07:31:02Z host qmail 7 - - x", 44, 1795505462},
	    {"<22>1 2026-11-24T07:31:02Z host qmail 7 - [a] x", 0, 0},
	    {"<22>2 2026-11-24T07:31:02Z host qmail 7 - - x", 0, 0},
	    {"2026-11-24T07:31:02 host tag: x", 0, 0},
	    {"2026-11-24 25:31:02.123 x", 0, 0},
	    {"2026-13-24 07:31:02.123 x", 0, 0},
	    {"2026-02-31 07:31:02.123 x", 0, 0},
	    {"0000-00-00 00:00:00.000 x", 0, 0},
	    {"rblsmtpd: 1.2.3.4 pid 7: 451 x", 0, 0},
	    {"", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t t = -7;
		size_t n = stamp_parse(
		    cases[i].line, strlen(cases[i].line), 1795505462, &t);

		if (n != cases[i].len || t != (n == 0 ? -7 : cases[i].time))
			fail_msg(
			    "'%s': %zu, %lld", cases[i].line, n, (long long)t);
	}
}

static void
stamps_are_local_time(void **state)
{
	int64_t t;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(
	    stamp_parse("2026-07-01 12:00:00.000 x", 25, 0, &t), 24);
	assert_int_equal(t, 1782900000);
	assert_int_equal(
	    stamp_parse("2026-12-01 12:00:00.000 x", 25, 0, &t), 24);
	assert_int_equal(t, 1796122800);
	/* 02:30 comes twice; the first time is summer time */
	assert_int_equal(
	    stamp_parse("2026-10-25 02:30:00.000 x", 25, 0, &t), 24);
	assert_int_equal(t, 1792888200);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void
replies(void **state)
{
	char out[REPLY_SIZE];
	char longer[400];

	(void)state;
	reply_make(out, 553, "go away", 7);
	assert_string_equal(out, "553 go away");
	reply_make(out, 553, "450 later", 9);
	assert_string_equal(out, "450 later");
	reply_make(out, 451, "4 50", 4);
	assert_string_equal(out, "451 4 50");
	reply_make(out, 451, "", 0);
	assert_string_equal(out, "451 ");
	reply_make(out, 451,
	    "a\r\n250 ok\t\x7f\xff"
	    "b",
	    13);
	assert_string_equal(out, "451 a??250 ok???b");
	reply_with_code(out, 451, "553 x", 5);
	assert_string_equal(out, "451 553 x");
	memset(longer, 'x', sizeof longer);
	reply_make(out, 451, longer, sizeof longer);
	assert_int_equal(strlen(out), 204);
	assert_true(reply_is_clean(out));

	assert_true(reply_is_clean("451 "));
	assert_false(reply_is_clean("250 x"));
	assert_false(reply_is_clean("451 a\r\n250 b"));
	assert_false(reply_is_clean("451 \x7f"));
	memcpy(longer, "451 ", 4);
	longer[REPLY_SIZE] = 0; /* one byte too long */
	assert_false(reply_is_clean(longer));
	assert_int_equal(reply_code("451 x", 5), 451);
	assert_int_equal(reply_code("599 ", 4), 599);
	assert_int_equal(reply_code("599", 3), 0);
	assert_int_equal(reply_code("250 ok", 6), 0);
	assert_int_equal(reply_code("45a x", 5), 0);
	assert_int_equal(reply_code("451-x", 5), 0);
	assert_true(reply_is_temporary("451 x"));
	assert_false(reply_is_temporary("553 x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timespans),
	    cmocka_unit_test(stamps),
	    cmocka_unit_test(stamps_are_local_time),
	    cmocka_unit_test(replies),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
