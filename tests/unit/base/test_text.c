/* SPDX-License-Identifier: ISC */
/* timespan, reply, plain: small texts. */
#include "../unit.h"

#include "base/plain.h"
#include "base/reply.h"
#include "base/timespan.h"

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
	    {"31622400", 31622400},
	    {"8784h", 31622400},
	    {"366d", 31622400},
	    {"52w", 31449600},
	    {"", 0},
	    {"0", 0},
	    {"0d", 0},
	    {"31622401", 0},
	    {"367d", 0},
	    {"53w", 0},
	    {"99999999999999999999", 0},
	    {"1x", 0},
	    {"1dd", 0},
	    {"1 d", 0},
	    {" 1", 0},
	    {"-1", 0},
	    {"+1", 0},
	    {"d", 0},
	    {"1.5h", 0},
	    /* 44 s in 32 bits */
	    {"71582789m", 0},
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

static void
plain(void **state)
{
	static const struct {
		const char *text, *plain;
	} cases[] = {
	    {"", ""},
	    {"rule 7, gr\xc3\xbc\xc3\x9f", "rule 7, gr\xc3\xbc\xc3\x9f"},
	    {"a\x1b[2Jb\n\t\x7f", "a?[2Jb???"},
	    {"\xc2\x80\xc2\x9f\xc2\xa0", "????\xc2\xa0"},
	    {"cut \xc2", "cut \xc2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[32];

		snprintf(text, sizeof text, "%s", cases[i].text);
		plain_text(text);
		assert_string_equal(text, cases[i].plain);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timespans),
	    cmocka_unit_test(replies),
	    cmocka_unit_test(plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
