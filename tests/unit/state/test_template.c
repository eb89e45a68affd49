/* SPDX-License-Identifier: ISC */
/* template: the same reply again, byte by byte, and one template for many. */
#include "../unit.h"

#include "state/template.h"

/* One address in a text, as lists write it; each host has such a text. */
static const char *const forms[][2] = {
    {"203.0.113.9", "198.51.100.254"},
    {"9.113.0.203", "254.100.51.198"},
    {"203-0-113-9", "198-51-100-254"},
    {"9-113-0-203", "254-100-51-198"},
    {"203.000.113.009", "198.051.100.254"},
    {"cb007109", "c63364fe"},
    {"CB007109", "C63364FE"},
    {"3405803785", "3325256958"},
    {"2001:db8:1:2::a", "2001:db8:ff00:30::b:1"},
    {"2001:DB8:1:2::A", "2001:DB8:FF00:30::B:1"},
    {"2001%3Adb8%3A1%3A2%3A%3Aa", "2001%3Adb8%3Aff00%3A30%3A%3Ab%3A1"},
    {"2001%3adb8%3a1%3a2%3a%3aa", "2001%3adb8%3aff00%3a30%3a%3ab%3a1"},
    {"2001:db8:1:2::/64", "2001:db8:ff00:30::/64"},
    {"2001:db8:1:2:0:0:0:a", "2001:db8:ff00:30:0:0:b:1"},
    {"2001:DB8:1:2:0:0:0:A", "2001:DB8:FF00:30:0:0:B:1"},
    {"2001:0db8:0001:0002:0000:0000:0000:000a",
	"2001:0db8:ff00:0030:0000:0000:000b:0001"},
    {"2001:0DB8:0001:0002:0000:0000:0000:000A",
	"2001:0DB8:FF00:0030:0000:0000:000B:0001"},
    {"2.0.0.1.0.d.b.8.0.0.0.1.0.0.0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.a",
	"2.0.0.1.0.d.b.8.f.f.0.0.0.0.3.0.0.0.0.0.0.0.0.0.0.0.0.b.0.0.0.1"},
    {"a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2",
	"1.0.0.0.b.0.0.0.0.0.0.0.0.0.0.0.0.3.0.0.0.0.f.f.8.b.d.0.1.0.0.2"},
    {"20010db800010002000000000000000a", "20010db8ff00003000000000000b0001"},
};

/* @ stands for the address. */
static const char *const texts[] = {
    "451 @",
    "451 Listed by XBL, see https://check.spamhaus.org/query/ip/@",
    "553 @ is listed: https://a.test/?ip=@&again=@#top",
    "451 Error? @@",
};

/* A long one is cut, as all replies are. */
static void
write_text(char out[REPLY_SIZE], const char *text, const char *form)
{
	size_t len = 0;

	for (; *text != 0; text++)
		for (const char *from = *text == '@' ? form : text;
		     *from != 0 && len < REPLY_SIZE - 1; from++) {
			out[len++] = *from;
			if (from == text)
				break;
		}
	out[len] = 0;
}

static void
expect_again(const char *reply, const struct addr *a)
{
	char template[REPLY_SIZE];
	char again[REPLY_SIZE];

	assert_true(reply_is_clean(reply));
	template_make(template, reply, a);
	assert_true(strlen(template) <= strlen(reply));
	template_fill(again, template, a);
	assert_string_equal(again, reply);
}

/* Two hosts with texts of their own have one template. */
static void
shared(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++)
		for (size_t t = 0; t < COUNT(texts); t++) {
			const struct addr a =
			    unit_addr(i < 8 ? forms[0][0] : forms[8][0]);
			const struct addr b =
			    unit_addr(i < 8 ? forms[0][1] : forms[8][1]);
			char one[REPLY_SIZE];
			char two[REPLY_SIZE];

			write_text(one, texts[t], forms[i][0]);
			expect_again(one, &a);
			if (strlen(one) == REPLY_SIZE - 1)
				continue; /* cut within an address */
			template_make(one, one, &a);
			write_text(two, texts[t], forms[i][1]);
			expect_again(two, &b);
			if (strlen(two) == REPLY_SIZE - 1)
				continue;
			template_make(two, two, &b);
			assert_string_equal(one, two);
		}
}

static struct addr
any_addr(void)
{
	struct addr a;

	/* many zeros and few other values, so that parts are alike */
	for (size_t i = 0; i < sizeof a.b; i++)
		a.b[i] = unit_random() % 3 == 0
			     ? (uint8_t)unit_random()
			     : (uint8_t)(unit_random() % 2 * 17);
	if (unit_random() % 2 == 0) {
		memset(a.b, 0, 10);
		memset(a.b + 10, 0xff, 2);
	}
	return a;
}

/* A piece of a text: of an address in some form, of another, or anything. */
static size_t
put_piece(char *to, size_t size, const struct addr *a)
{
	static const char likely[] = "0123456789abcdefABCDEF.:-%3A \t~x";
	char text[ADDR_STRLEN];
	const uint8_t *b = a->b;
	int len = 0;

	switch (unit_random() % 8) {
	case 0:
		len = snprintf(to, size, "%s", addr_format(a, text));
		break;
	case 1:
		len = snprintf(
		    to, size, "%u.%u.%u.%u", b[15], b[14], b[13], b[12]);
		break;
	case 2:
		len = snprintf(
		    to, size, "%02x%02x%02x%02x", b[12], b[13], b[14], b[15]);
		break;
	case 3:
		for (size_t i = 0; i < 16; i++)
			len += snprintf(to + len, size - (size_t)len, "%x.%x.",
			    b[15 - i] & 15, b[15 - i] >> 4);
		break;
	case 4:
		len = snprintf(
		    to, size, "%u-%u-%u-%u", b[12], b[13], b[14], b[15] % 10);
		break;
	default:
		for (unsigned n = unit_random() % 12; n > 0; n--)
			to[len++] = reply_clean(
			    likely[unit_random() % (sizeof likely - 1)]);
	}
	return (size_t)len;
}

static void
any_reply(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct addr a = any_addr();
		struct addr other = any_addr();
		char text[1024];
		char reply[REPLY_SIZE];
		size_t len = 0;

		for (unsigned n = 1 + unit_random() % 6; n > 0; n--)
			len += put_piece(text + len, sizeof text - len,
			    unit_random() % 4 == 0 ? &other : &a);
		reply_make(reply, REPLY_DEFER, text, len);
		expect_again(reply, &a);
		expect_again(reply, &other);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shared),
	    cmocka_unit_test(any_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
