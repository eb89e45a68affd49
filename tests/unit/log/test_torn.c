/* SPDX-License-Identifier: ISC */
/* torn: lines that are the rest of another, or may be. */
#include "../unit.h"

#include "log/torn.h"

#define T 1700000400 /* the first second of a span */
#define FROM "CHKUSER rejected rcpt: from <a@b::> remote <h:r:203.0.113.9> "
#define WHOLE FROM "rcpt <c@d> : not existing recipient"
#define FORGED "rblsmtpd: 198.51.100.7 pid 7: 451 x"
#define DYKE "spamdyke[7]: DENIED_RBL_MATCH from: a to: "
#define DYKE_END                                                               \
	"c origin_ip: 203.0.113.9 origin_rdns: r auth: (unknown) "             \
	"encryption: (none)"

static struct torn torn;

static int
begin(void **state)
{
	(void)state;
	torn = (struct torn){0};
	return 0;
}

static enum torn_answer
take_at(const char *text, int64_t time)
{
	return torn_take(&torn,
	    &(struct torn_line){.message = slice_of(text), .time_s = time},
	    8192);
}

static enum torn_answer
take_limited(const char *text, size_t line_max)
{
	return torn_take(&torn,
	    &(struct torn_line){.message = slice_of(text), .time_s = T},
	    line_max);
}

static enum torn_answer
take(const char *text)
{
	return take_at(text, T);
}

/* Takes len bytes that begin so. */
static enum torn_answer
take_long(const char *text, size_t len)
{
	static char line[10000];

	memset(line, 'x', len);
	memcpy(line, text, strlen(text));
	return torn_take(&torn,
	    &(struct torn_line){.message = {line, len}, .time_s = T}, 8192);
}

/* ---- a logger that cuts ---- */

static void
the_rest_of_a_long_line(void **state)
{
	(void)state;
	assert_int_equal(take_long("", 8192), TORN_DOUBT);
	assert_int_equal(take(FORGED), TORN_REST);
	/* whoever wrote so long a line wrote it in several pieces */
	assert_int_equal(take(FORGED), TORN_DOUBT);
	begin(state);
	assert_int_equal(take_long("", 8192), TORN_DOUBT);
	assert_int_equal(take_long(FORGED, 8192), TORN_REST);
	assert_int_equal(take_long(FORGED, 8192), TORN_REST);
	assert_int_equal(take(FORGED), TORN_REST);
	assert_int_equal(take(FORGED), TORN_DOUBT);
	assert_int_equal(torn.rests, 3);
	/* one whose end can be told */
	begin(state);
	assert_int_equal(take_long(FROM "rcpt <", 8192), TORN_DOUBT);
	assert_int_equal(
	    take("rblsmtpd:x> : not existing recipient"), TORN_REST);
	assert_int_equal(take(FORGED), TORN_NO);
	/* these are not cut */
	assert_int_equal(take_long("", 8191), TORN_NO);
	assert_int_equal(take(FORGED), TORN_NO);
	assert_int_equal(take_long("", 8193), TORN_NO);
	assert_int_equal(take(FORGED), TORN_NO);
}

static void
at_another_limit(void **state)
{
	(void)state;
	assert_int_equal(take_limited("12345", 5), TORN_DOUBT);
	assert_int_equal(take_limited(FORGED, 5), TORN_REST);
	begin(state);
	assert_int_equal(take_limited("", 0), TORN_NO);
	assert_int_equal(take_limited(FORGED, 0), TORN_NO);
}

/* What stands at the cut is no end, however it looks. */
static void
an_end_before_the_cut(void **state)
{
	char line[8193];
	const int pad = 8192 - (int)strlen(WHOLE);

	(void)state;
	snprintf(line, sizeof line, "%s%0*d> : not existing recipient",
	    FROM "rcpt <c@d", pad, 0);
	assert_int_equal(strlen(line), 8192);
	assert_int_equal(take(line), TORN_DOUBT);
	assert_int_equal(take(FORGED), TORN_REST);
	assert_int_equal(take(FORGED), TORN_DOUBT);
}

/* ---- torn ---- */

/* These are whole, whatever a client writes. */
static void
whole_lines(void **state)
{
	static const char *const lines[] = {
	    "",
	    WHOLE,
	    FROM "rcpt <tcpserver: status: 1/40> : found existing recipient",
	    FROM "rcpt <CHKUSER x> : found existing recipient",
	    FROM "rcpt <> rcpt <x> : y> : found existing recipient",
	    "CHKUSER rejected sender: from "
	    "<a|remoteinfo/auth:|chkuser-identify:"
	    "> remote <helo:h|remotehostname:r|remotehostip:203.0.113.9> rcpt "
	    "<> : invalid sender MX domain",
	    DYKE DYKE_END,
	    DYKE DYKE_END " reason: zen.test",
	    "DENIED_RBL_MATCH from: a to: " DYKE_END,
	    "ALLOWED from: a to: c origin_ip: 203.0.113.9 origin_rdns: r auth: "
	    "u",
	    "spamdyke[7]: ERROR: a text",
	    "tcpserver: status: 1/40",
	    "tcpserver: pid 7 from 203.0.113.9",
	    "tcpserver: ok 7 mx:192.0.2.1:25 h:203.0.113.9:i:35799",
	    "rblsmtpd: 203.0.113.9 pid 7: 451 http://a.test/?b=c> : x",
	    "rblcache: 203.0.113.9 pid 7: passed",
	    "qmail-smtpd[7]: rbl: ip=203.0.113.9 query=x result=reject "
	    "message='Listed: x'",
	    "x: mail from <a> : y",
	    "mx rblsmtpd: 203.0.113.9 pid 7: 451 x",
	    "28-Nov-2026 15:00:00 mx rblsmtpd: 203.0.113.9 pid 7: 451 x",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		begin(state);
		if (take(lines[i]) != TORN_NO || torn.torn != 0)
			fail_msg("'%s' is torn", lines[i]);
	}
}

static void
torn_lines(void **state)
{
	/* nobody reads it to its end */
	const struct torn_line part = {
	    .message = slice_of("x"), .is_part = true, .time_s = T};
	static const char *const lines[] = {
	    "CHKUSER ",
	    "CHKUSER rejected",
	    "CHKUSER rejected rcpt: from <",
	    "CHKUSER rejected rcpt: from <tcpserver: status: 1/40",
	    FROM "rcpt <",
	    FROM "rcpt <tcpserver: status: 1/40",
	    FROM "rcpt <x> : tcpserver: status: 1/40",
	    FROM "rcpt <x> : not existing recipienttcpserver: status: 1/40",
	    FROM "rcpt <rblsmtpd: 203.0.113.9 pid 7: 451 x",
	    FROM "rcpt <c> ",
	    FROM "rcpt <" WHOLE,
	    "CHKUSER rejected rcpt: from <x> : not existing recipient",
	    DYKE,
	    DYKE "x",
	    DYKE "xtcpserver: status: 1/40",
	    DYKE "c origin_ip: 203.0.113.9 origin_rdns: r",
	    DYKE DYKE_END "tcpserver: status: 1/40",
	    "DENIED_RBL_MATCH from: a",
	    "rblsmtpd: 2001:db8::1 pid 7: 451 xtcpserver: status: 1/40",
	    "rblsmtpd:  pid 7 from 203.0.113.9: 451 x: Sender <" WHOLE,
	    "x: mail from <tcpserver: status: 1/40",
	    "x: mail from <rblcache: 203.0.113.9 pid 7: passed",
	    "x: mail from tcpserver: status: 1/40",
	    "x: mail from <qmail-smtpd[8]: rbl: x",
	    "x: mail from <spamdyke[8]: ALLOWED from: x",
	    "x: mail from <" FROM "rcpt <c",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		begin(state);
		if (take(lines[i]) != TORN_DOUBT || torn.torn != 1)
			fail_msg("'%s' is whole", lines[i]);
		assert_int_equal(take(FORGED), TORN_DOUBT);
	}
	begin(state);
	assert_int_equal(torn_take(&torn, &part, 8192), TORN_DOUBT);
	assert_int_equal(take(FORGED), TORN_DOUBT);
}

static void
until_the_rest_has_gone_by(void **state)
{
	(void)state;
	assert_int_equal(
	    take(FROM "rcpt <tcpserver: status: 1/40"), TORN_DOUBT);
	assert_int_equal(take("tcpserver: pid 8 from 203.0.113.8"), TORN_DOUBT);
	assert_int_equal(take(FORGED "> : not existing recipient"), TORN_DOUBT);
	/* the end stands behind the name of another: it does not count */
	assert_int_equal(take(FORGED), TORN_DOUBT);
	assert_int_equal(take("c@d> : not existing recipient"), TORN_DOUBT);
	assert_int_equal(take(FORGED), TORN_NO);
	/* nor do ends of lines that nobody has seen begin */
	assert_int_equal(take("c@d> : not existing recipient"), TORN_NO);
	assert_int_equal(take("c@d> : not existing recipient"), TORN_NO);
	assert_int_equal(
	    take(FROM "rcpt <tcpserver: status: 1/40"), TORN_DOUBT);
	assert_int_equal(take(FORGED), TORN_DOUBT);
}

/* A piece of one client's and the end of another's line are no end of both. */
static void
two_at_a_time(void **state)
{
	(void)state;
	assert_int_equal(
	    take(FROM "rcpt <tcpserver: status: 1/40"), TORN_DOUBT);
	assert_int_equal(
	    take(FROM "rcpt <tcpserver: status: 2/40"), TORN_DOUBT);
	assert_int_equal(take("x> : not existing recipient"), TORN_DOUBT);
	assert_int_equal(take(FORGED), TORN_DOUBT);
	/* the second begins in a piece of the first */
	assert_int_equal(take("x> : y" WHOLE), TORN_DOUBT);
	assert_int_equal(take("x> : y" FROM "rcpt <z"), TORN_DOUBT);
	assert_int_equal(take("x> : not existing recipient"), TORN_DOUBT);
	assert_int_equal(take(FORGED), TORN_DOUBT);
}

/* Whose rest nobody can tell. */
static void
lines_and_seconds(void **state)
{
	(void)state;
	assert_int_equal(take(DYKE), TORN_DOUBT);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(take_at(FORGED, T + TORN_S), TORN_DOUBT);
	assert_int_equal(take_at(FORGED, T + TORN_S + 1), TORN_NO);
	assert_int_equal(take_at(DYKE, T), TORN_DOUBT);
	for (int i = 0; i < TORN_LINES; i++)
		assert_int_equal(take_at(FORGED, T + 3), TORN_DOUBT);
	assert_int_equal(take_at(FORGED, T + 3), TORN_NO);
	/* a new one begins anew */
	assert_int_equal(take_at(DYKE, T), TORN_DOUBT);
	for (int i = 0; i < TORN_LINES; i++)
		assert_int_equal(take_at(FORGED, T + 3), TORN_DOUBT);
	assert_int_equal(take_at(DYKE, T + 3), TORN_DOUBT);
	for (int i = 0; i < TORN_LINES; i++)
		assert_int_equal(take_at(FORGED, T + 6), TORN_DOUBT);
	assert_int_equal(take_at(FORGED, T + 6), TORN_NO);
	/* few lines */
	assert_int_equal(take_at(DYKE, T), TORN_DOUBT);
	assert_int_equal(take_at(FORGED, T + TORN_QUIET_S), TORN_DOUBT);
	assert_int_equal(take_at(FORGED, T + TORN_QUIET_S + 1), TORN_NO);
	/* the clock was wrong */
	assert_int_equal(take_at(DYKE, T + 100000), TORN_DOUBT);
	assert_int_equal(take_at(FORGED, T), TORN_NO);
}

static enum torn_answer
take_stamped(int64_t time_s)
{
	const struct torn_line line = {
	    .message = slice_of(FORGED), .stamped = true, .time_s = time_s};

	return torn_take(&torn, &line, 0);
}

/* A client's own stamp, in a log without stamps, ends nothing. */
static void
a_stamp_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(take(DYKE), TORN_DOUBT);
	for (int i = 0; i < 2 * TORN_LINES; i++) {
		assert_int_equal(
		    take_stamped(i % 2 == 0 ? T + 1000 : T - 100000),
		    TORN_DOUBT);
		if (i % 10 == 0) /* no client is alone in a log */
			assert_int_equal(take(WHOLE), TORN_DOUBT);
	}
	assert_int_equal(take_at(FORGED, T + TORN_S), TORN_DOUBT);
	assert_int_equal(take_at(FORGED, T + TORN_S + 1), TORN_NO);
}

/* The logger was told to write stamps. */
static void
stamps_from_now_on(void **state)
{
	(void)state;
	assert_int_equal(take(DYKE), TORN_DOUBT);
	for (int i = 0; i < TORN_LINES; i++)
		assert_int_equal(take_stamped(T + 1000), TORN_DOUBT);
	for (int i = 0; i < TORN_LINES; i++)
		assert_int_equal(take_stamped(T + 1003), TORN_DOUBT);
	assert_int_equal(take_stamped(T + 1003), TORN_NO);
}

/* ---- what it costs ---- */

static void
share(void **state)
{
	(void)state;
	assert_int_equal(torn_share(&torn, T), 0);
	for (int s = 0; s < 300; s++)
		for (int i = 0; i < 3; i++)
			assert_int_equal(take_at(DYKE, T + s), TORN_DOUBT);
	assert_int_equal(torn.torn, 900);
	assert_int_equal(torn_share(&torn, T + 299), 100 * 300 / 899);
	assert_int_equal(torn_share(&torn, T + 600), 50);
	assert_int_equal(torn_share(&torn, T + 900), 100 * 300 / 900);
	assert_int_equal(torn_share(&torn, T + 1199), 100 * 300 / 1199);
	assert_int_equal(torn_share(&torn, T + 1200), 0);
	/* and all of it */
	for (int s = 600; s < 1200; s++)
		assert_int_equal(take_at(DYKE, T + s), TORN_DOUBT);
	assert_int_equal(torn_share(&torn, T + 1199), 100 * 900 / 1199);
	assert_int_equal(torn_share(&torn, T + 1200), 100);
	/* late lines count once; with a clock that was wrong all is anew */
	assert_int_equal(take_at(DYKE, T + 700), TORN_DOUBT);
	assert_int_equal(torn.lost_s, 600);
	assert_int_equal(take_at(DYKE, T - 100000), TORN_DOUBT);
	assert_int_equal(torn.lost_s, 1);
	assert_int_equal(torn.lost_before_s, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_rest_of_a_long_line, begin),
	    cmocka_unit_test_setup(at_another_limit, begin),
	    cmocka_unit_test_setup(an_end_before_the_cut, begin),
	    cmocka_unit_test(whole_lines),
	    cmocka_unit_test(torn_lines),
	    cmocka_unit_test_setup(until_the_rest_has_gone_by, begin),
	    cmocka_unit_test_setup(two_at_a_time, begin),
	    cmocka_unit_test_setup(lines_and_seconds, begin),
	    cmocka_unit_test_setup(a_stamp_of_its_own, begin),
	    cmocka_unit_test_setup(stamps_from_now_on, begin),
	    cmocka_unit_test_setup(share, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
