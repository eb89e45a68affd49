/* SPDX-License-Identifier: ISC */
#include "../unit.h"

#include <cdb.h>

#include "local/reserved.h"

static void
canonical_text(void **state)
{
	static const char *const cases[][2] = {
	    {"192.0.2.7", "192.0.2.7"},
	    {"::ffff:192.0.2.7", "192.0.2.7"},
	    {"::FFFF:c000:0207", "192.0.2.7"},
	    {"0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"},
	    {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	    {"2001:db8::0:1", "2001:db8::1"},
	    {"2001:0db8:0000:0000:0000:ff00:0042:8329",
		"2001:db8::ff00:42:8329"},
	    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	    {"::", "::"},
	    {"::1", "::1"},
	    {"1::", "1::"},
	    {"0:0:1::1", "0:0:1::1"},
	    {"1:0:0:2:3:4:0:0", "1::2:3:4:0:0"},
	    {"1:0:2:0:0:0:3:0", "1:0:2::3:0"},
	    {"0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"},
	    {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
	    {"1:2:3:4:5:6::", "1:2:3:4:5:6::"},
	    {"10:200:3000:a0:b00:c000:dddd:ffff",
		"10:200:3000:a0:b00:c000:dddd:ffff"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr a = unit_addr(cases[i][0]);
		struct addr again;
		char text[ADDR_STRLEN];

		assert_string_equal(addr_format(&a, text), cases[i][1]);
		again = unit_addr(text);
		assert_memory_equal(&a, &again, sizeof a);
	}
}

static void
no_address(void **state)
{
	static const char *const cases[] = {"", "1", "1.2.3", "1.2.3.4.5",
	    "256.1.1.1", "01.2.3.4", "0x1.2.3.4", " 1.2.3.4", "1.2.3.4 ",
	    "1.2.3.4/32", "1.2.3.4:25", "::g", ":::", "1::2::3", "fe80::1%lo",
	    "[::1]", "localhost", "1.2.3.4x", "::ffff:1.2.3", "1:2:3:4:5:6:7",
	    "1:2:3:4:5:6:7:8:9",
	    "0000000000000000000000000000000000000000000000000000000000001"};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr a = {{1, 2, 3}};
		struct addr same = a;

		if (addr_parse(cases[i], strlen(cases[i]), &a) != -1)
			fail_msg("'%s' parses", cases[i]);
		assert_memory_equal(&a, &same, sizeof a);
	}
	assert_int_equal(addr_parse("1.2.3.4\0x", 9, &(struct addr){{0}}), -1);
}

static void
masks(void **state)
{
	struct addr a = unit_addr("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
	struct addr all = a;
	struct addr v4 = unit_addr("203.0.113.255");
	char text[ADDR_STRLEN];

	(void)state;
	assert_false(addr_mask(&all, 128));
	assert_true(addr_mask(&a, 33));
	assert_string_equal(addr_format(&a, text), "2001:db8:8000::");
	assert_false(addr_mask(&a, 33));
	assert_true(addr_mask(&a, 0));
	assert_string_equal(addr_format(&a, text), "::");
	assert_true(addr_mask(&v4, ADDR_V4_OFFSET + 25));
	assert_string_equal(addr_format(&v4, text), "203.0.113.128");
	assert_true(addr_is4(&v4));
}

static void
ban_keys(void **state)
{
	struct addr a = unit_addr("2001:db8:1:2:3:4:5:6");
	struct addr b = unit_addr("192.0.2.7");
	struct addr key = addr_ban_key(&a);
	char text[ADDR_STRLEN];

	(void)state;
	assert_string_equal(addr_format(&key, text), "2001:db8:1:2::");
	key = addr_ban_key(&b);
	assert_memory_equal(&key, &b, sizeof b);
}

static void
special(void **state)
{
	static const char *const yes[] = {"0.0.0.0", "0.1.2.3", "10.0.0.1",
	    "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
	    "169.254.1.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
	    "224.0.0.1", "255.255.255.255", "::", "::1", "::1.2.3.4", "fe80::1",
	    "fec0::1", "fc00::1", "fdff::1", "ff02::1", "64:ff9b::808:808",
	    "64:ff9b:1::1"};
	static const char *const no[] = {"1.1.1.1", "9.255.255.255", "11.0.0.0",
	    "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
	    "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
	    "198.18.0.1", "203.0.113.9", "223.255.255.255", "2001:db8::1",
	    "2a00::1", "64:ff9b:2::1", "fbff::1"};

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++) {
		struct addr a = unit_addr(yes[i]);

		if (!reserved_is_any(&a))
			fail_msg("%s is not special", yes[i]);
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		struct addr a = unit_addr(no[i]);

		if (reserved_is_any(&a))
			fail_msg("%s is special", no[i]);
	}
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* As keys of a cdb, the addresses of one network have hashes of their own. */
static void
spread_and_back(void **state)
{
	static uint32_t hashes[65536];
	struct addr a = unit_addr("203.0.0.0");
	size_t different = 1;

	(void)state;
	for (unsigned i = 0; i < COUNT(hashes); i++) {
		unsigned char key[ADDR_SPREAD_BYTES];
		struct addr back;

		a.b[14] = (uint8_t)(i >> 8);
		a.b[15] = (uint8_t)i;
		addr_spread(&a, key);
		memcpy(back.b, key, sizeof back.b);
		addr_spread(&back, back.b);
		assert_memory_equal(back.b, a.b, sizeof a.b);
		hashes[i] = cdb_hash(key, sizeof key);
	}
	qsort(hashes, COUNT(hashes), sizeof *hashes, by_value);
	for (size_t i = 1; i < COUNT(hashes); i++)
		different += hashes[i] != hashes[i - 1];
	assert_true(different > COUNT(hashes) - 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spread_and_back),
	    cmocka_unit_test(canonical_text),
	    cmocka_unit_test(no_address),
	    cmocka_unit_test(masks),
	    cmocka_unit_test(ban_keys),
	    cmocka_unit_test(special),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
