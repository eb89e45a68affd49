/* SPDX-License-Identifier: ISC */
/* secret: keys of lists do not get out, and nothing else is lost. */
#include "../unit.h"

#include "base/secret.h"

#define DQS "ab3defghijklmnopqrstuvwxyz"	  /* 26, one digit */
#define ABUSIX "0123456789abcdef0123456789abcdef" /* 32 */
#define TREND "XX1234ABCDE12345FGHIJ67890KLMNO"	  /* 31 */

static const char *
masked(const struct secrets *known, const char *text)
{
	static char copy[1024];

	snprintf(copy, sizeof copy, "%s", text);
	secret_mask(known, copy);
	return copy;
}

static void
any_key(void **state)
{
	static const struct {
		const char *text;
		const char *masked; /* NULL: stays as it is */
	} cases[] = {
	    {DQS ".zen.dq.spamhaus.net", "KEY.zen.dq.spamhaus.net"},
	    {"2.0.0.127." DQS ".zen.dq.spamhaus.net",
		"2.0.0.127.KEY.zen.dq.spamhaus.net"},
	    {"9.113.0.203." ABUSIX ".combined.mail.abusix.zone.",
		"9.113.0.203.KEY.combined.mail.abusix.zone."},
	    {"x " TREND ".r.mail-abuse.com y", "x KEY.r.mail-abuse.com y"},
	    /* upper case, which resolvers may mix in */
	    {"AB3DEFGHIJKLMNOPQRSTUVWXYZ.Zen.DQ.spamhaus.net",
		"KEY.Zen.DQ.spamhaus.net"},
	    {"aB3dEFgHIjKlmnOpQrst.ZEN.example", "KEY.ZEN.example"},
	    /* exactly two labels more */
	    {DQS ".a.b", "KEY.a.b"},
	    {DQS ".a", NULL},
	    {DQS ".", NULL},
	    {DQS "..a.b", NULL},
	    {DQS, NULL},
	    {"", NULL},
	    /* 19 bytes; no digit; no letters and digits alone */
	    {"1234567890abcdefghi.a.b", NULL},
	    {"1234567890abcdefghij.a.b", "KEY.a.b"},
	    {"abcdefghijklmnopqrstuvwxyz.a.b", NULL},
	    {"12345678901234567890.a.b", "KEY.a.b"},
	    {"static-203-0-113-9-customer.example.net", NULL},
	    {"x-" DQS ".a.b", NULL},
	    {"x_" DQS ".a.b", NULL},
	    {DQS "-x.a.b", NULL},
	    /* what may stand in front */
	    {"(" DQS ".a.b)", "(KEY.a.b)"},
	    {"\xff" DQS ".a.b", "\xffKEY.a.b"},
	    {"https://" DQS ".zen.example.org/x",
		"https://KEY.zen.example.org/x"},
	    {"user@" DQS ".a.b", "user@KEY.a.b"},
	    /* several */
	    {DQS ".zen.dq.spamhaus.net and " ABUSIX ".a.b, " DQS ".a.b",
		"KEY.zen.dq.spamhaus.net and KEY.a.b, KEY.a.b"},
	    {DQS "." ABUSIX ".a.b", "KEY.KEY.a.b"},
	    /* lines of rblsmtpd and sagredo's qmail-smtpd */
	    {"rblsmtpd: 203.0.113.9 pid 7: timeout while waiting for : " DQS
	     ".zen.dq.spamhaus.net",
		"rblsmtpd: 203.0.113.9 pid 7: timeout while waiting for : "
		"KEY.zen.dq.spamhaus.net"},
	    {"qmail-smtpd[7]: rbl: ip=203.0.113.9 query=9.113.0.203." DQS
	     ".zen.dq.spamhaus.net result=reject message='x'",
		"qmail-smtpd[7]: rbl: ip=203.0.113.9 query=9.113.0.203.KEY"
		".zen.dq.spamhaus.net result=reject message='x'"},
	    /* what is no key */
	    {"451 Listed by XBL, see "
	     "https://check.spamhaus.org/query/ip/203.0.113.9",
		NULL},
	    {"Blocked - see https://www.spamcop.net/bl.shtml?203.0.113.9",
		NULL},
	    {"http://www.barracudanetworks.com/reputation/?pr=1&ip=203.0.113.9",
		NULL},
	    {"see https://bl.example.org/why?id=" ABUSIX, NULL},
	    {"see https://bl.example.org/" ABUSIX ".html", NULL},
	    {"see https://bl.example.org/" ABUSIX "/why.it.is", NULL},
	    {"ec2-203-0-113-9.us-east-2.compute.amazonaws.com", NULL},
	    {"d111111abcdef8.cloudfront.net", NULL},
	    {"5.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.2.0.0.6.a.c.7.8.b.d.0.1.0.0.2"
	     ".zen.spamhaus.org",
		NULL},
	    {"550e8400-e29b-41d4-a716-446655440000.example.org", NULL},
	    {"@400000003b4a39c23294b13c rblsmtpd: x", NULL},
	    {"log/@400000003b4a39c23294b13c.s: No such file", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(masked(NULL, cases[i].text),
		    cases[i].masked != NULL ? cases[i].masked : cases[i].text);
}

/* A text that is cut at len bytes within "KEY.zen.dq.spamhaus.net". */
static const char *
cut(size_t len, size_t behind, const char *key)
{
	static char text[1024];
	size_t from = len - behind;

	memset(text, '.', from);
	snprintf(
	    text + from, sizeof text - from, "%s.zen.dq.spamhaus.net", key);
	text[len] = 0;
	return text;
}

static void
cut_texts(void **state)
{
	const char *out;
	char longer[512];

	(void)state;
	for (size_t n = 20; n < 45; n++) {
		out = masked(NULL, cut(200, n, DQS));
		assert_non_null(strstr(out, ".KEY"));
		assert_null(strstr(out, "ab3"));
		assert_non_null(strstr(masked(NULL, cut(204, n, DQS)), ".KEY"));
	}
	/* what is left of one that is cut is too short to matter */
	assert_non_null(strstr(masked(NULL, cut(200, 19, DQS)), "ab3"));
	/* a text that was not cut ends where its writer ended it */
	assert_non_null(strstr(masked(NULL, cut(199, 26, DQS)), "ab3"));
	assert_non_null(strstr(masked(NULL, cut(199, 30, DQS)), "ab3"));
	/* nor is anything missing from the middle of one that was */
	snprintf(longer, sizeof longer, "id=" ABUSIX " %0200d", 0);
	assert_non_null(strstr(masked(NULL, longer), ABUSIX));
}

static void
learnt(void **state)
{
	static const struct {
		const char *zone;
		const char *label; /* NULL: it has no key */
	} cases[] = {
	    {"a1bcdefghijk.rbl.example.org", "a1bcdefghijk"},
	    {"a1bcdefghij.rbl.example.org", NULL}, /* 11 */
	    {"abcdefghijkl.rbl.example.org", NULL},
	    {"abcdefghijklmnopqrst.rbl.example.org", "abcdefghijklmnopqrst"},
	    {"550e8400-e29b-41d4-a716-446655440000.rbl.example",
		"550e8400-e29b-41d4-a716-446655440000"},
	    {"blocklist2026.example", NULL},
	    {"zen.spamhaus.org", NULL},
	    {"dnsbl-1.uceprotect.net", NULL},
	    {DQS ".zen.dq.spamhaus.net", DQS},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct secrets known = {0};

		secret_learn(&known, cases[i].zone);
		assert_int_equal(known.n, cases[i].label != NULL);
		if (cases[i].label != NULL)
			assert_string_equal(known.label[0], cases[i].label);
	}
}

static void
known_keys(void **state)
{
	struct secrets known = {0};
	char zone[64];

	(void)state;
	secret_learn(&known, "a1bcdefghijk.rbl.example.org");
	secret_learn(&known, "A1BCDEFGHIJK.dbl.example.org");
	assert_int_equal(known.n, 1);
	secret_learn(&known, "abcdefghijklmnopqrst.rbl.example.org");
	assert_string_equal(masked(&known, "a1bcdefghijk.rbl.example.org"),
	    "KEY.rbl.example.org");
	assert_string_equal(
	    masked(&known, "2.0.0.127.A1bcdefghijk.rbl.example.org"),
	    "2.0.0.127.KEY.rbl.example.org");
	/* wherever it stands */
	assert_string_equal(
	    masked(&known, "http://example.org/?key=a1bcdefghijk&x"),
	    "http://example.org/?key=KEY&x");
	assert_string_equal(
	    masked(&known, "Listeda1bcdefghijka1bcdefghijk.rbl"),
	    "ListedKEYKEY.rbl");
	assert_string_equal(
	    masked(&known, "abcdefghijklmnopqrst, a1bcdefghijk"), "KEY, KEY");
	/* cut */
	assert_string_equal(masked(&known, "x.a1bcdefghij"), "x.KEY");
	assert_string_equal(masked(&known, "x.A1BCDEFG"), "x.KEY");
	assert_string_equal(masked(&known, "a1bcdefg"), "KEY");
	assert_string_equal(masked(&known, "x.a1bcdef"), "x.a1bcdef");
	assert_string_equal(masked(&known, "a1bcdefg.x"), "a1bcdefg.x");
	assert_string_equal(masked(&known, ""), "");
	/* others as ever */
	assert_string_equal(masked(&known, DQS ".a.b"), "KEY.a.b");
	assert_string_equal(
	    masked(&known, "zen.spamhaus.org"), "zen.spamhaus.org");

	for (int i = 0; i < 2 * SECRET_MAX; i++) {
		snprintf(zone, sizeof zone, "abcdefghij%02d.a.b", i);
		secret_learn(&known, zone);
	}
	assert_int_equal(known.n, SECRET_MAX);
	assert_string_equal(masked(&known, "abcdefghij00.a"), "KEY.a");
}

/* Taking a key out must not put one together. */
static void
known_key_with_the_mask_in_it(void **state)
{
	struct secrets known = {0};

	(void)state;
	secret_learn(&known, "yabcdef12345.a.b");
	assert_string_equal(masked(&known, "yabcdef12345abcdef12345"), "KEKEY");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_key),
	    cmocka_unit_test(cut_texts),
	    cmocka_unit_test(learnt),
	    cmocka_unit_test(known_keys),
	    cmocka_unit_test(known_key_with_the_mask_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
