/* SPDX-License-Identifier: ISC */
/* net: texts of networks, and who is in them. */
#include "../unit.h"

#include "base/net.h"

static void
texts(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* its text again, or what is wrong */
	} cases[] = {
	    {"192.0.2.0/24", "192.0.2.0/24"},
	    {"192.0.2.7/32", "192.0.2.7"},
	    {"0.0.0.0/0", "0.0.0.0/0"},
	    {"2001:DB8::/32", "2001:db8::/32"},
	    {"2001:db8::1/128", "2001:db8::1"},
	    {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
	    {"::/0", "::/0"},
	    {"192.0.2.1/24", "the address has bits behind its prefix"},
	    {"192.0.2.0/33", "the prefix is longer than 32"},
	    {"2001:db8::/129", "the prefix is longer than 128"},
	    {"192.0.2.0/", "the prefix length is no number"},
	    {"192.0.2.0/2x", "the prefix length is no number"},
	    {"192.0.2.0/0024", "the prefix length is no number"},
	    {"mail.example/24", "no IP address"},
	    {"", "no IP address"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buf[NET_STRLEN];
		struct net n;
		const char *got = net_parse(slice_of(cases[i].text), &n);

		if (got == NULL)
			got = net_format(&n, buf);
		assert_string_equal(got, cases[i].want);
	}
}

/* For each length: bit by bit as net_of has it. */
static void
who_is_in(void **state)
{
	struct addr a = unit_addr("2001:db8:a5c3:f00f:1234:5678:9abc:def1");

	(void)state;
	for (unsigned bits = 0; bits <= ADDR_BITS; bits++) {
		struct net n = net_of(&a, bits);

		assert_true(net_contains(&n, &a));
		for (unsigned i = 0; i < ADDR_BITS; i++) {
			struct addr b = a;

			b.b[i / 8] ^= (uint8_t)(0x80 >> i % 8);
			assert_int_equal(net_contains(&n, &b), i >= bits);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts),
	    cmocka_unit_test(who_is_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
