/* SPDX-License-Identifier: ISC */
/*
 * wording: the texts of lists that list a host, and of those that do not;
 * tests/corpus/wording, one a line, of 203.0.113.9.
 */
#include "../unit.h"

#include <glob.h>

#include "log/wording.h"

#define REAL "203.0.113.9"

enum wording { NO_LISTING, VAGUE, NAMED };

static enum wording
read_text(const char *text, const char *ip)
{
	struct addr a = unit_addr(ip);

	if (wording_is_no_listing(slice_of(text), &a))
		return NO_LISTING;
	return wording_names_host(slice_of(text), &a) ? NAMED : VAGUE;
}

/* Each text of the files of that name is read so. */
static void
check_files(const char *pattern, enum wording want)
{
	int n = 0;
	glob_t files;

	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *f = fopen(files.gl_pathv[i], "re");
		char line[1024];

		assert_non_null(f);
		while (fgets(line, sizeof line, f) != NULL) {
			line[strcspn(line, "\n")] = 0;
			if (read_text(line, REAL) != want)
				fail_msg("%s: '%s': %d", files.gl_pathv[i],
				    line, (int)read_text(line, REAL));
			n++;
		}
		fclose(f);
	}
	globfree(&files);
	assert_true(n >= 10);
}

static void
no_listings(void **state)
{
	(void)state;
	check_files("tests/corpus/wording/none-*", NO_LISTING);
}

static void
listings(void **state)
{
	(void)state;
	check_files("tests/corpus/wording/named-*", NAMED);
	check_files("tests/corpus/wording/vague-*", VAGUE);
}

static void
hosts(void **state)
{
	static const struct {
		const char *text, *ip;
		enum wording want;
	} cases[] = {
	    {"see https://bl.test/2001:db8::9", "2001:db8::9", NAMED},
	    {"2001:DB8:0:0::9", "2001:db8::9", NAMED},
	    {"ip 2001:db8::9: spam", "2001:db8::9", NAMED},
	    {"ip 2001:db8:: spam", "2001:db8::", NAMED},
	    {"2001:db8::90", "2001:db8::9", VAGUE},
	    {"203.0.113.9", "2001:db8::9", VAGUE},
	    {"over quota, 2001:db8::9", "2001:db8::9", NAMED},
	    {"203.0.113.9.", REAL, NAMED},
	    {"203.0.113.9.1", REAL, VAGUE},
	    {"1.203.0.113.9", REAL, VAGUE},
	    {"203.0.113.90 or 203.0.113.9", REAL, NAMED},
	    {"", REAL, VAGUE},
	    {"451 ", REAL, VAGUE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (read_text(cases[i].text, cases[i].ip) != cases[i].want)
			fail_msg("%s", cases[i].text);
	assert_true(wording_is_no_listing(slice_of("over quota " REAL), NULL));
	assert_false(wording_is_no_listing((struct slice){NULL, 0}, NULL));
}

/* The words are looked up by halves, so they stand in order, each once. */
static void
order(void **state)
{
	FILE *f = fopen("src/log/wording.c", "re");
	char line[256];
	char last[64] = "";
	int n = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		char word[64];

		if (sscanf(line, " {\"%63[^\"]\", %*[A-Z]", word) != 1)
			continue;
		if (strcmp(last, word) >= 0)
			fail_msg("'%s' stands before '%s'", last, word);
		assert_true(strlen(word) <= 15);
		memcpy(last, word, sizeof last);
		n++;
	}
	fclose(f);
	assert_true(n >= 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_listings),
	    cmocka_unit_test(listings),
	    cmocka_unit_test(hosts),
	    cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
