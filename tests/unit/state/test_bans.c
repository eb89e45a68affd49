/* SPDX-License-Identifier: ISC */
/* The table of bans against a plain list; the texts it shares. */
#include "../unit.h"

#include "base/intern.h"
#include "state/bans.h"

#define PLAIN_MAX 4096

struct plain {
	struct ban list[PLAIN_MAX];
	size_t n, max;
};

static int
compare_ends(const struct ban *a, const struct ban *b)
{
	struct addr x = addr_ban_key(&a->ip);
	struct addr y = addr_ban_key(&b->ip);

	if (a->until != b->until)
		return a->until < b->until ? -1 : 1;
	return memcmp(&x, &y, sizeof x);
}

static size_t
plain_find(const struct plain *p, const struct addr *a)
{
	struct addr key = addr_ban_key(a);
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct addr other = addr_ban_key(&p->list[i].ip);

		if (memcmp(&other, &key, sizeof key) == 0)
			break;
	}
	return i;
}

static void
plain_put(struct plain *p, const struct ban *ban)
{
	size_t i = plain_find(p, &ban->ip);

	if (i < p->n) {
		if (ban->until >= p->list[i].until)
			p->list[i] = *ban;
		return;
	}
	if (p->n == p->max) {
		size_t first = 0;

		for (i = 1; i < p->n; i++)
			if (compare_ends(&p->list[i], &p->list[first]) < 0)
				first = i;
		p->list[first] = p->list[--p->n];
	}
	p->list[p->n++] = *ban;
}

static void
plain_expire(struct plain *p, int64_t now)
{
	for (size_t i = 0; i < p->n;)
		if (p->list[i].until <= now)
			p->list[i] = p->list[--p->n];
		else
			i++;
}

static void
assert_left(const struct bans *b, size_t i, const struct ban *ban, int64_t now)
{
	struct bans_left left;
	struct bans_left found;

	bans_nth_left(b, i, now, &left);
	assert_memory_equal(&left.ip, &ban->ip, sizeof left.ip);
	assert_int_equal(left.left_s, ban_left_s(ban, now));
	assert_int_equal(left.refused, ban->refused);
	assert_int_equal(bans_left(b, &ban->ip, now, &found), left.left_s > 0);
	assert_memory_equal(&found, &left, sizeof found);
}

static void
assert_same(const struct bans *b, const struct plain *p)
{
	assert_int_equal(bans_count(b), p->n);
	for (size_t i = 0; i < bans_count(b); i++) {
		struct ban got;
		const struct ban *want;
		size_t at;

		bans_nth(b, i, &got);
		at = plain_find(p, &got.ip);
		assert_true(at < p->n);
		want = &p->list[at];
		assert_memory_equal(&got.ip, &want->ip, sizeof got.ip);
		assert_int_equal(got.since, want->since);
		assert_int_equal(got.until, want->until);
		assert_string_equal(got.rule, want->rule);
		assert_string_equal(got.reply, want->reply);
		assert_left(b, i, &got, got.until - 1);
		assert_left(b, i, &got, got.until);
	}
}

static struct ban
random_ban(void)
{
	struct ban ban = {.since = 1000 + unit_random() % 500};
	char ip[ADDR_STRLEN];

	if (unit_random() % 2 == 0) {
		ban.ip = unit_addr("198.18.0.0");
		ban.ip.b[14] = (uint8_t)(unit_random() % 4);
		ban.ip.b[15] = (uint8_t)unit_random();
	} else {
		ban.ip = unit_addr("2001:db8::");
		ban.ip.b[7] = (uint8_t)(unit_random() % 200);
		ban.ip.b[15] = (uint8_t)unit_random();
	}
	ban.until = ban.since + 1 + unit_random() % 300;
	snprintf(ban.rule, sizeof ban.rule, "rule%u", unit_random() % 3);
	addr_format(&ban.ip, ip);
	snprintf(ban.reply, sizeof ban.reply, "451 text %u of %s, %s",
	    unit_random() % 50, unit_random() % 2 == 0 ? ip : "somebody", ip);
	return ban;
}

static void
like_a_plain_list(void **state)
{
	static struct plain p;
	struct bans *b = bans_new(700);

	(void)state;
	p.max = 700;
	for (int i = 0; i < 30000; i++) {
		if (unit_random() % 200 == 0) {
			int64_t now = 1000 + unit_random() % 600;

			bans_expire(b, now);
			plain_expire(&p, now);
		} else {
			struct ban ban = random_ban();

			assert_int_equal(bans_put(b, &ban), 0);
			plain_put(&p, &ban);
		}
		if (i % 500 == 0)
			assert_same(b, &p);
	}
	assert_same(b, &p);
	bans_expire(b, 5000);
	assert_int_equal(bans_count(b), 0);
	bans_free(b);
}

static void
renewed_never_shortened(void **state)
{
	struct bans *b = bans_new(4);
	struct ban ban = {.ip = unit_addr("192.0.2.1"),
	    .since = 100,
	    .until = 200,
	    .rule = "a",
	    .reply = "451 first"};
	struct ban got;

	(void)state;
	assert_int_equal(bans_put(b, &ban), 0);
	ban.since = 50;
	ban.until = 150;
	strcpy(ban.reply, "451 older");
	assert_int_equal(bans_put(b, &ban), 0);
	bans_nth(b, 0, &got);
	assert_int_equal(got.until, 200);
	assert_string_equal(got.reply, "451 first");
	ban.since = 150;
	ban.until = 250;
	strcpy(ban.reply, "451 newer");
	assert_int_equal(bans_put(b, &ban), 0);
	assert_int_equal(bans_count(b), 1);
	bans_nth(b, 0, &got);
	assert_int_equal(got.until, 250);
	assert_string_equal(got.reply, "451 newer");
	bans_expire(b, 249);
	assert_int_equal(bans_count(b), 1);
	bans_expire(b, 250);
	assert_int_equal(bans_count(b), 0);
	bans_free(b);
}

static int
put(struct bans *b, const char *ip, int64_t until)
{
	struct ban ban = {.ip = unit_addr(ip), .since = 100, .until = until};

	return bans_put(b, &ban);
}

static bool
has(const struct bans *b, const char *ip)
{
	struct addr a = unit_addr(ip);
	struct ban ban;

	return bans_find(b, &a, &ban);
}

/* Who leaves a full table is told once, and not if he came back. */
static void
full(void **state)
{
	struct addr first = unit_addr("192.0.2.1");
	struct addr last = unit_addr("2001:db8:0:1::7");
	struct bans *b = bans_new(2);
	struct addr gone;

	(void)state;
	assert_int_equal(put(b, "192.0.2.1", 400), 0);
	assert_int_equal(put(b, "2001:db8:0:1::7", 300), 0);
	assert_false(bans_pushed_out(b, &gone));
	assert_int_equal(put(b, "192.0.2.2", 200), 0);
	assert_true(bans_pushed_out(b, &gone));
	assert_memory_equal(&gone, &last, sizeof gone);
	assert_false(bans_pushed_out(b, &gone));
	assert_false(has(b, "2001:db8:0:1::7"));
	/* the one that ends first, though it came last */
	assert_int_equal(put(b, "192.0.2.3", 500), 0);
	assert_false(has(b, "192.0.2.2"));
	/* and again, before anybody asked */
	assert_true(bans_remove(b, &first));
	assert_int_equal(put(b, "192.0.2.2", 600), 0);
	assert_false(bans_pushed_out(b, &gone));
	bans_free(b);
}

static void
another_bound(void **state)
{
	struct bans *b = bans_new(3);

	(void)state;
	assert_int_equal(bans_max(b), 3);
	assert_int_equal(put(b, "192.0.2.1", 400), 0);
	assert_int_equal(put(b, "192.0.2.2", 300), 0);
	assert_int_equal(put(b, "192.0.2.3", 500), 0);
	bans_bound(b, 1000);
	for (int i = 1; i <= 250; i++) {
		char ip[32];

		snprintf(ip, sizeof ip, "203.0.113.%d", i);
		assert_int_equal(put(b, ip, 350), 0);
	}
	assert_int_equal(bans_count(b), 253);
	bans_bound(b, 2);
	assert_int_equal(bans_count(b), 2);
	assert_true(has(b, "192.0.2.1") && has(b, "192.0.2.3"));
	assert_int_equal(put(b, "192.0.2.4", 450), 0);
	assert_true(has(b, "192.0.2.4") && has(b, "192.0.2.3"));
	bans_free(b);
}

static void
shared_texts(void **state)
{
	struct intern *t = intern_new();
	uint32_t ids[1000];
	uint32_t a = intern_keep(t, "a");
	uint32_t b;

	(void)state;
	assert_int_equal(intern_keep(t, "a"), a);
	intern_drop(t, a);
	assert_string_equal(intern_get(t, a), "a");
	b = intern_keep(t, "b");
	assert_int_not_equal(a, b);
	intern_drop(t, a);
	for (int i = 0; i < 1000; i++) {
		char text[32];

		snprintf(text, sizeof text, "text %d", i);
		ids[i] = intern_keep(t, text);
	}
	for (int i = 0; i < 1000; i += 2)
		intern_drop(t, ids[i]);
	for (int i = 1; i < 1000; i += 2) {
		char text[32];

		snprintf(text, sizeof text, "text %d", i);
		assert_string_equal(intern_get(t, ids[i]), text);
		assert_int_equal(intern_keep(t, text), ids[i]);
	}
	assert_string_equal(intern_get(t, b), "b");
	intern_free(t);
}

/* What a clock that was far ahead has put gives way to what is true. */
static void
from_a_wrong_clock(void **state)
{
	struct bans *b = bans_new(10);
	struct ban ban = {.ip = unit_addr("203.0.113.1"),
	    .since = 1000000,
	    .until = 1086400,
	    .rule = "r",
	    .reply = "451 x"};
	struct ban got;
	struct bans_left left;

	(void)state;
	assert_int_equal(ban_left_s(&ban, 1000000), 86400);
	assert_int_equal(ban_left_s(&ban, 1086399), 1);
	assert_int_equal(ban_left_s(&ban, 1086400), 0);
	/* set back an hour: no more than it had; by a day: it does not count */
	assert_int_equal(ban_left_s(&ban, 1000000 - 3600), 86400);
	assert_int_equal(ban_left_s(&ban, 1000000 - 86400), 0);

	assert_int_equal(bans_put(b, &ban), 0);
	ban.since -= 3600;
	ban.until -= 3600;
	assert_int_equal(bans_put(b, &ban), 0);
	assert_true(bans_find(b, &ban.ip, &got));
	assert_int_equal(got.until, 1086400);
	ban.since -= 86400;
	ban.until -= 86400;
	assert_int_equal(bans_put(b, &ban), 0);
	assert_true(bans_find(b, &ban.ip, &got));
	assert_int_equal(got.until, ban.until);
	/* counted while it holds */
	assert_int_equal(bans_count_rule(b, "r", ban.since), 1);
	assert_int_equal(bans_count_rule(b, "q", ban.since), 0);
	assert_int_equal(bans_count_rule(b, "r", ban.until - 1), 1);
	assert_int_equal(bans_count_rule(b, "r", ban.until), 0);
	assert_int_equal(bans_count_rule(b, "r", ban.since - 86400), 0);
	ban.ip.b[15]++;
	assert_false(bans_find(b, &ban.ip, &got));
	assert_false(bans_left(b, &ban.ip, ban.since, &left));
	bans_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(from_a_wrong_clock),
	    cmocka_unit_test(like_a_plain_list),
	    cmocka_unit_test(renewed_never_shortened),
	    cmocka_unit_test(full),
	    cmocka_unit_test(another_bound),
	    cmocka_unit_test(shared_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
