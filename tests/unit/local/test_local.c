/* SPDX-License-Identifier: ISC */
/* localmake, local, hosts: the longest prefix against a plain search. */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>

#include "local/hosts.h"
#include "local/local.h"
#include "local/localmake.h"

#define RULES 3000

static char dir[64];

static int
open_built(struct localmake *m)
{
	struct cdbwrite w;
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/l.cdb", dir);
	assert_int_equal(cdbwrite_start(&w, path, 0644), 0);
	assert_int_equal(localmake_write(m, &w), 0);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	return fd;
}

/* Addresses that share many leading bits, so that prefixes nest. */
static struct addr
crowded_address(bool is4)
{
	struct addr a = unit_addr(is4 ? "192.0.2.0" : "2001:db8::");

	for (size_t i = is4 ? 12 : 4; i < 16; i++)
		if (unit_random() % 3 == 0)
			a.b[i] = (uint8_t)(1U << unit_random() % 8);
	return a;
}

static const struct local_rule *
plain_search(const struct local_rule *rules, size_t n, const struct addr *a)
{
	const struct local_rule *best = NULL;

	for (size_t i = 0; i < n; i++) {
		struct addr net = *a;

		addr_mask(&net, rules[i].net.bits);
		if (memcmp(&net, &rules[i].net.ip, sizeof net) == 0 &&
		    addr_is4(a) == addr_is4(&rules[i].net.ip) &&
		    (best == NULL || best->net.bits < rules[i].net.bits))
			best = &rules[i];
	}
	return best;
}

static void
like_a_plain_search(void **state)
{
	static struct local_rule rules[RULES];
	struct localmake *m = localmake_new();
	size_t n = 0;
	int fd;

	(void)state;
	while (n < RULES) {
		bool is4 = unit_random() % 2 == 0;
		unsigned low = is4 ? ADDR_V4_OFFSET : 0;
		struct local_rule *r = &rules[n];
		struct addr a = crowded_address(is4);

		r->net = net_of(&a, low + unit_random() % (129 - low));
		if (!is4 && addr_is4(&r->net.ip))
			continue;
		r->action =
		    (enum local_action)(LOCAL_ALLOW + unit_random() % 3);
		snprintf(r->reply, sizeof r->reply, "451 %zu", n);
		if (localmake_add(m, r, (unsigned)n) == LOCALMAKE_ADDED)
			n++;
	}
	fd = open_built(m);
	for (int i = 0; i < 20000; i++) {
		struct addr a = crowded_address(i % 2 == 0);
		const struct local_rule *want = plain_search(rules, n, &a);
		struct local_rule got;

		if (want == NULL) {
			assert_int_equal(
			    local_find(fd, &a, &got), LOCAL_ABSENT);
			continue;
		}
		assert_int_equal(local_find(fd, &a, &got), LOCAL_FOUND);
		assert_memory_equal(&got.net, &want->net, sizeof got.net);
		assert_int_equal(got.action, want->action);
		assert_string_equal(got.reply, want->reply);
	}
	close(fd);
	localmake_free(m);
}

static void
who_wins(void **state)
{
	struct localmake *m = localmake_new();
	struct addr a = unit_addr("192.0.2.1");
	struct local_rule deny = {LOCAL_DENY, {a, 128}, "553 one"};
	struct local_rule allow = {LOCAL_ALLOW, {a, 128}, ""};
	struct local_rule got;
	int fd;

	(void)state;
	assert_int_equal(localmake_add(m, &deny, 1), LOCALMAKE_ADDED);
	assert_int_equal(localmake_add(m, &deny, 1), LOCALMAKE_KNOWN);
	assert_int_equal(localmake_add(m, &allow, 1), LOCALMAKE_CONTRARY);
	assert_int_equal(localmake_add(m, &allow, 2), LOCALMAKE_KNOWN);
	fd = open_built(m);
	assert_int_equal(local_find(fd, &a, &got), LOCAL_FOUND);
	assert_string_equal(got.reply, "553 one");
	close(fd);
	localmake_free(m);
}

static void
empty_is_fine(void **state)
{
	struct localmake *m = localmake_new();
	struct addr a = unit_addr("192.0.2.1");
	struct local_rule got;
	int fd = open_built(m);

	(void)state;
	assert_int_equal(local_find(fd, &a, &got), LOCAL_ABSENT);
	close(fd);
	localmake_free(m);
}

/* Whatever happens to the file: the right answer, or an error. */
static void
damage(void **state)
{
	static unsigned char file[8192];
	struct localmake *m = localmake_new();
	struct addr a = unit_addr("192.0.2.1");
	struct local_rule deny = {
	    LOCAL_DENY, net_of(&a, 120), "553 a text of some length"};
	struct local_rule got;
	char path[128];
	ssize_t len;
	int fd;

	(void)state;
	assert_int_equal(localmake_add(m, &deny, 1), LOCALMAKE_ADDED);
	fd = open_built(m);
	len = read(fd, file, sizeof file);
	assert_true(len > 2048 && len < (ssize_t)sizeof file);
	close(fd);
	localmake_free(m);
	snprintf(path, sizeof path, "%s/damaged", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(pwrite(fd, file, (size_t)len, 0), len);
	for (ssize_t i = 0; i < len; i++) {
		unsigned char flipped =
		    (unsigned char)(file[i] ^ (1U << unit_random() % 8));

		assert_int_equal(pwrite(fd, &flipped, 1, i), 1);
		switch (local_find(fd, &a, &got)) {
		case LOCAL_FOUND:
			assert_int_equal(got.action, LOCAL_DENY);
			assert_string_equal(got.reply, deny.reply);
			break;
		case LOCAL_ABSENT:
			fail_msg("byte %zd hides the rule", i);
			break;
		case LOCAL_ERROR:
			break;
		}
		assert_int_equal(pwrite(fd, &file[i], 1, i), 1);
	}
	for (ssize_t i = len; i-- > 0;) {
		assert_int_equal(ftruncate(fd, i), 0);
		if (local_find(fd, &a, &got) == LOCAL_FOUND)
			assert_string_equal(got.reply, deny.reply);
	}
	close(fd);
}

static void
sources(void **state)
{
	static const struct {
		const char *line;
		const char *want; /* PREFIX action reply; NULL: nothing */
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1 deny 553 listed in x"},
	    {"  192.0.2.0/24\t", "192.0.2.0/24 deny 553 listed in x"},
	    {"192.0.2.1 deny", "192.0.2.1 deny 553 listed in x"},
	    {"192.0.2.1 deny go  away ", "192.0.2.1 deny 553 go  away"},
	    {"192.0.2.1 deny 554 5.7.1 no", "192.0.2.1 deny 554 5.7.1 no"},
	    {"192.0.2.1 defer", "192.0.2.1 defer 451 listed in x"},
	    {"192.0.2.1 defer 421 x", "192.0.2.1 defer 421 x"},
	    {"192.0.2.1 allow because", "192.0.2.1 allow "},
	    {"192.0.2.1 # why", "192.0.2.1 deny 553 listed in x"},
	    {"192.0.2.1 #why", "192.0.2.1 deny 553 listed in x"},
	    {"192.0.2.1 deny no # why", "192.0.2.1 deny 553 no"},
	    {"192.0.2.1 deny see #5", "192.0.2.1 deny 553 see #5"},
	    {"192.0.2.1 deny # why", "192.0.2.1 deny 553 listed in x"},
	    {"1.10.16.0/20 ; SBL1", "1.10.16.0/20 deny 553 listed in x (SBL1)"},
	    {"1.10.16.0/20 ;", "1.10.16.0/20 deny 553 listed in x"},
	    {"::/0 allow", "::/0 allow "},
	    {"0.0.0.0/0 allow", "0.0.0.0/0 allow "},
	    {"2001:DB8::/32", "2001:db8::/32 deny 553 listed in x"},
	    {"::ffff:192.0.2.0/120 allow", "192.0.2.0/24 allow "},
	    {"{\"cidr\":\"2001:db8::/32\"}",
		"2001:db8::/32 deny 553 listed in x"},
	    {"{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"S\"}",
		"192.0.2.0/24 deny 553 listed in x (S)"},
	    {"{\"type\":\"metadata\"}", NULL},
	    {"", NULL},
	    {" \t\r", NULL},
	    {"# 192.0.2.1", NULL},
	    {"; Spamhaus", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *line = cases[i].line;
		char error[HOSTS_ERROR_SIZE] = "";
		char prefix[NET_STRLEN];
		char got[512];
		struct local_rule rule;
		enum hosts_line answer =
		    hosts_parse(line, strlen(line), "x", &rule, error);

		if (cases[i].want == NULL) {
			if (answer != HOSTS_NOTHING)
				fail_msg("'%s': %s", line, error);
			continue;
		}
		if (answer != HOSTS_RULE)
			fail_msg("'%s': %s", line, error);
		snprintf(got, sizeof got, "%s %s %s",
		    net_format(&rule.net, prefix),
		    hosts_action_name(rule.action), rule.reply);
		assert_string_equal(got, cases[i].want);
	}
}

static int
begin(void **state)
{
	(void)state;
	unit_directory(dir);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	unit_remove(dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(like_a_plain_search),
	    cmocka_unit_test(who_wins),
	    cmocka_unit_test(empty_is_fine),
	    cmocka_unit_test(damage),
	    cmocka_unit_test(sources),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
