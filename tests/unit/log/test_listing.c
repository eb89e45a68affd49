/* SPDX-License-Identifier: ISC */
/*
 * listing: the texts of lists that list a host, and of those that do not;
 * tests/corpus/listing, one a line, of 203.0.113.9.
 */
#include "../unit.h"

#include <glob.h>

#include "log/listing.h"

#define REAL "203.0.113.9"

static enum listing
read_text(const char *text, const char *ip)
{
	struct addr a = unit_addr(ip);

	return listing_read(slice_of(text), &a);
}

/* Each text of the files of that name is read so. */
static void
check_files(const char *pattern, enum listing want)
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
	check_files("tests/corpus/listing/none-*", LISTING_NONE);
}

static void
listings(void **state)
{
	(void)state;
	check_files("tests/corpus/listing/named-*", LISTING_NAMED);
	check_files("tests/corpus/listing/vague-*", LISTING_VAGUE);
}

static void
hosts(void **state)
{
	static const struct {
		const char *text, *ip;
		enum listing want;
	} cases[] = {
	    {"see https://bl.test/2001:db8::9", "2001:db8::9", LISTING_NAMED},
	    {"2001:DB8:0:0::9", "2001:db8::9", LISTING_NAMED},
	    {"ip 2001:db8::9: spam", "2001:db8::9", LISTING_NAMED},
	    {"ip 2001:db8:: spam", "2001:db8::", LISTING_NAMED},
	    {"2001:db8::90", "2001:db8::9", LISTING_VAGUE},
	    {"203.0.113.9", "2001:db8::9", LISTING_VAGUE},
	    {"", REAL, LISTING_VAGUE},
	    {"451 ", REAL, LISTING_VAGUE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (read_text(cases[i].text, cases[i].ip) != cases[i].want)
			fail_msg("%s", cases[i].text);
	assert_int_equal(
	    listing_read(slice_of("spam from " REAL), NULL), LISTING_VAGUE);
	assert_int_equal(
	    listing_read((struct slice){NULL, 0}, NULL), LISTING_VAGUE);
}

/* The words are looked up by halves, so they stand in order, each once. */
static void
order(void **state)
{
	FILE *f = fopen("src/log/listing.c", "re");
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
