/* SPDX-License-Identifier: ISC */
/* lru, counts, past, seen, tallies, state: what earlier lines decide. */
#include "../unit.h"

#include "state/connections.h"
#include "state/counts.h"
#include "state/judge.h"
#include "state/repeats.h"

/* ---- lru against a plain list, oldest first ---- */

#define MODEL_MAX 300

struct number {
	uint64_t key;
	uint64_t value;
};

static struct number model[MODEL_MAX + 1];
static size_t model_n;

static void
model_remove(size_t i)
{
	memmove(&model[i], &model[i + 1], (model_n - i - 1) * sizeof *model);
	model_n--;
}

static size_t
model_find(uint64_t key)
{
	size_t i = 0;

	while (i < model_n && model[i].key != key)
		i++;
	return i;
}

static void
one_operation(struct lru *l, uint64_t key, int what)
{
	size_t i = model_find(key);
	struct number *found = lru_find(l, &key);
	struct number entry = {key, key * 7};

	assert_int_equal(found != NULL, i < model_n);
	if (found == NULL) {
		if (model_n == MODEL_MAX)
			model_remove(0);
		model[model_n++] = entry;
		found = lru_put(l, &key);
		assert_int_equal(found->value, 0);
		found->value = key * 7;
		return;
	}
	assert_int_equal(found->value, key * 7);
	model_remove(i);
	if (what == 0) {
		lru_remove(l, found);
	} else {
		assert_ptr_equal(lru_put(l, &key), found);
		model[model_n++] = entry;
	}
}

static void
lru_is_the_model(void **state)
{
	struct lru *l = lru_new(MODEL_MAX, 8, sizeof(struct number));

	(void)state;
	assert_non_null(l);
	assert_null(lru_oldest(l));
	model_n = 0;
	for (int i = 0; i < 200000; i++) {
		one_operation(l, unit_random() % (i % 3 == 0 ? 2000 : 400),
		    (int)(unit_random() % 2));
		assert_int_equal(lru_count(l), model_n);
		if (i % 100 == 0) {
			const struct number *e;
			size_t at = 0;
			size_t n = 0;

			while ((e = lru_next(l, &at)) != NULL)
				assert_int_equal(e->key, model[n++].key);
			assert_int_equal(n, model_n);
		}
	}
	assert_int_equal(model_n, MODEL_MAX);
	lru_free(l);
}

/* ---- counts ---- */

static void
count_within_the_time(void **state)
{
	struct lru *c = counts_new(10);
	struct addr a = unit_addr("203.0.113.1");
	struct addr b = unit_addr("203.0.113.2");

	(void)state;
	assert_int_equal(counts_match(c, "r", &a, 100, 3, 60), 1);
	assert_int_equal(counts_match(c, "r", &a, 130, 3, 60), 2);
	assert_int_equal(counts_match(c, "r", &b, 130, 3, 60), 1);
	assert_int_equal(counts_match(c, "q", &a, 130, 3, 60), 1);
	/* the first is 60 s old and no longer counts */
	assert_int_equal(counts_match(c, "r", &a, 160, 3, 60), 2);
	assert_int_equal(counts_match(c, "r", &a, 189, 3, 60), 3);
	/* enough: it begins anew */
	assert_int_equal(counts_match(c, "r", &a, 189, 3, 60), 1);
	/* the /64 is one host */
	a = unit_addr("2001:db8::1");
	b = unit_addr("2001:db8::ffff:1");
	assert_int_equal(counts_match(c, "r", &a, 200, 2, 60), 1);
	assert_int_equal(counts_match(c, "r", &b, 200, 2, 60), 2);
	lru_free(c);
}

static void
count_forgets_only_what_is_over(void **state)
{
	struct lru *c = counts_new(10);
	struct addr a = unit_addr("203.0.113.1");
	struct addr b = unit_addr("203.0.113.2");

	(void)state;
	assert_int_equal(counts_match(c, "r", &a, 100, 3, 60), 1);
	assert_int_equal(counts_match(c, "r", &b, 120, 3, 60), 1);
	counts_expire(c, 159);
	assert_int_equal(lru_count(c), 2);
	counts_expire(c, 160);
	assert_int_equal(lru_count(c), 1);
	assert_int_equal(counts_match(c, "r", &b, 179, 3, 60), 2);
	lru_free(c);
}

static void
count_is_bounded(void **state)
{
	struct lru *c = counts_new(1000);
	struct addr a = unit_addr("203.0.113.1");
	struct addr host = unit_addr("198.18.0.0");

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		host.b[13] = (uint8_t)(i >> 16);
		host.b[14] = (uint8_t)(i >> 8);
		host.b[15] = (uint8_t)i;
		assert_int_equal(counts_match(c, "r", &host, i, 3, 9), 1);
		/* one that comes again and again stays */
		if (i % 900 == 0)
			assert_int_equal(counts_match(c, "r", &a, i, 3, 1000),
			    i == 0 ? 1 : 2);
		assert_true(lru_count(c) <= 1000);
	}
	lru_free(c);
}

/* ---- past ---- */

static void
longer_each_time(void **state)
{
	struct lru *p = repeats_new(10);
	struct addr a = unit_addr("203.0.113.1");

	(void)state;
	assert_int_equal(repeats_ban(p, "r", &a, 1000, 100, 2, 450), 100);
	/* while it stands, a line is no further ban */
	assert_int_equal(repeats_ban(p, "r", &a, 1099, 100, 2, 450), 100);
	/* that one lasts until 1199 */
	assert_int_equal(repeats_ban(p, "r", &a, 1198, 100, 2, 450), 100);
	assert_int_equal(repeats_ban(p, "r", &a, 1298, 100, 2, 450), 200);
	assert_int_equal(repeats_ban(p, "r", &a, 1498, 100, 2, 450), 400);
	assert_int_equal(repeats_ban(p, "r", &a, 1898, 100, 2, 450), 450);
	assert_int_equal(repeats_ban(p, "r", &a, 2348, 100, 2, 450), 450);
	/* quiet for as long as the longest ban, behind the end at 2798 */
	repeats_expire(p, 3247);
	assert_int_equal(lru_count(p), 1);
	assert_int_equal(repeats_ban(p, "r", &a, 3248, 100, 2, 450), 100);
	repeats_expire(p, 3348 + 450);
	assert_int_equal(lru_count(p), 0);
	/* no overflow, whatever the factor */
	for (int i = 0; i < 200; i++)
		assert_true(repeats_ban(p, "q", &a, 5000 + i * 2200000LL,
				1000000, 99, 2000000) <= 2000000);
	lru_free(p);
}

/* ---- connections ---- */

static size_t
count_connections(const struct connections *s)
{
	struct connections_entry e;
	size_t n = 0;
	size_t at = 0;

	while (connections_next(s, &at, &e))
		n++;
	return n;
}

static void
who_is_connected(void **state)
{
	struct connections *s = connections_new(4);
	struct addr a = unit_addr("192.0.2.7");
	struct addr b = unit_addr("2001:db8::7");
	struct connections_entry ended;

	(void)state;
	assert_int_equal(connections_begin(s, 1, 13284, &a, 5), 0);
	assert_true(connections_mark(s, 1, 13284, &a, 0));
	assert_true(connections_mark(s, 1, 0, &a, 0));
	assert_false(connections_mark(s, 1, 13284, &b, 0));
	assert_false(connections_mark(s, 1, 13285, &a, 0));
	assert_false(connections_mark(s, 2, 13284, &a, 0));
	assert_false(connections_mark(s, 2, 0, &a, 0));
	assert_int_equal(connections_begin(s, 1, 9, &b, 5), 0);
	assert_true(connections_mark(s, 1, 9, &b, 0));
	assert_true(connections_end(s, 1, 13284, &ended));
	assert_memory_equal(&ended.ip, &a, sizeof a);
	assert_false(connections_end(s, 1, 13284, &ended));
	assert_false(connections_mark(s, 1, 13284, &a, 0));
	assert_false(connections_mark(s, 1, 0, &a, 0));
	/* its end was missed: the number is another's now */
	assert_int_equal(connections_begin(s, 1, 9, &a, 5), 0);
	assert_false(connections_mark(s, 1, 9, &b, 0));
	assert_true(connections_mark(s, 1, 9, &a, 0));
	for (unsigned pid = 100; pid < 104; pid++)
		assert_int_equal(connections_begin(s, 1, pid, &b, 5), 0);
	assert_false(
	    connections_mark(s, 1, 9, &a, 0)); /* the oldest has left */
	assert_int_equal(count_connections(s), 4);
	connections_free(s);
}

/* ---- state: all together ---- */

static struct state all;
static struct state_log log_a;
static struct rules_rule rule;

static struct decision
a_ban(const char *ip, uint64_t pid, int64_t time)
{
	return (struct decision){.kind = DECIDE_BAN,
	    .rule = &rule,
	    .has_ip = true,
	    .ip = unit_addr(ip),
	    .pid = pid,
	    .time = time,
	    .message = slice_of("a line"),
	    .ban_s = rule.ban_s};
}

static struct decision
another_line(const char *text, int64_t time)
{
	return (struct decision){
	    .kind = DECIDE_NOTHING, .time = time, .message = slice_of(text)};
}

static struct decision
take(struct decision d, uint32_t cap)
{
	const struct policy policy = {.cap = cap};
	struct news news;

	assert_int_equal(judge_decision(&all, &log_a, &policy, &d, &news), 0);
	return d;
}

static int
begin_state(void **state)
{
	(void)state;
	assert_int_equal(state_new(&all), 0);
	log_a = (struct state_log){0};
	state_name_log(&log_a, "/var/log/a");
	rule = (struct rules_rule){
	    .name = "r", .ban_s = 100, .count = 1, .again = 1};
	return 0;
}

static int
end_state(void **state)
{
	(void)state;
	state_free(&all);
	return 0;
}

static void
only_who_is_connected(void **state)
{
	struct decision d;

	(void)state;
	/* a log without tcpserver's lines: nothing to compare with */
	assert_int_equal(take(a_ban("192.0.2.7", 1, 10), 0).kind, DECIDE_BAN);
	rule.seen = RULES_SEEN_YES;
	d = take(a_ban("192.0.2.7", 1, 10), 0);
	assert_int_equal(d.kind, DECIDE_SKIP);
	assert_int_equal(d.why, DECIDE_UNSEEN);
	rule.seen = RULES_SEEN_AUTO;
	take(another_line("tcpserver: pid 5 from 192.0.2.8", 11), 0);
	d = take(a_ban("192.0.2.7", 5, 11), 0);
	assert_int_equal(d.why, DECIDE_UNSEEN);
	assert_int_equal(take(a_ban("192.0.2.8", 5, 11), 0).kind, DECIDE_BAN);
	rule.seen = RULES_SEEN_NO;
	assert_int_equal(take(a_ban("192.0.2.7", 5, 11), 0).kind, DECIDE_BAN);
	assert_int_equal(log_a.lines, 6);
	assert_int_equal(log_a.time_s, 11);
	assert_int_equal(all.tallies.list[0].all.bans, 3);
	assert_int_equal(all.tallies.list[0].all.skips[DECIDE_UNSEEN], 2);
}

static void
not_more_than_the_cap(void **state)
{
	struct decision d;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(
		    take(a_ban("192.0.2.7", 5, 600 + i), 5).kind, DECIDE_BAN);
	d = take(a_ban("192.0.2.7", 5, 659), 5);
	assert_int_equal(d.kind, DECIDE_SKIP);
	assert_int_equal(d.why, DECIDE_CAP);
	assert_int_equal(take(a_ban("192.0.2.7", 5, 659), 0).kind, DECIDE_BAN);
	assert_int_equal(take(a_ban("192.0.2.7", 5, 660), 5).kind, DECIDE_BAN);
	/* a clock that was set back begins a minute of its own */
	assert_int_equal(take(a_ban("192.0.2.7", 5, 599), 5).kind, DECIDE_BAN);
}

/* What nobody is banned for does not count, and does not make bans longer. */
static void
in_that_order(void **state)
{
	struct decision d;

	(void)state;
	rule.count = 2;
	rule.count_s = 60;
	rule.again = 3;
	rule.again_max_s = 1000;
	rule.seen = RULES_SEEN_YES;
	for (int i = 0; i < 5; i++)
		assert_int_equal(
		    take(a_ban("192.0.2.7", 5, 11), 0).why, DECIDE_UNSEEN);
	take(another_line("tcpserver: pid 5 from 192.0.2.7", 11), 0);
	d = take(a_ban("192.0.2.7", 5, 12), 0);
	assert_int_equal(d.kind, DECIDE_COUNT);
	assert_int_equal(d.count, 1);
	d = take(a_ban("192.0.2.7", 5, 12), 0);
	assert_int_equal(d.kind, DECIDE_BAN);
	assert_int_equal(d.ban_s, 100);
	take(a_ban("192.0.2.7", 5, 200), 0);
	assert_int_equal(take(a_ban("192.0.2.7", 5, 200), 0).ban_s, 300);
	assert_int_equal(all.tallies.list[0].all.counts, 2);
}

/* Who is let go begins anew: neither counted nor banned before. */
static void
lifted(void **state)
{
	struct addr a = unit_addr("192.0.2.7");

	(void)state;
	rule.count = 2;
	rule.count_s = 60;
	rule.again = 3;
	rule.again_max_s = 1000;
	take(a_ban("192.0.2.7", 5, 10), 0);
	assert_int_equal(take(a_ban("192.0.2.7", 5, 11), 0).ban_s, 100);
	take(a_ban("192.0.2.7", 5, 200), 0);
	take(a_ban("192.0.2.8", 5, 200), 0);
	assert_true(state_lift(&all, &a));
	assert_false(state_lift(&all, &a));
	assert_int_equal(
	    take(a_ban("192.0.2.7", 5, 201), 0).kind, DECIDE_COUNT);
	assert_int_equal(take(a_ban("192.0.2.7", 5, 202), 0).ban_s, 100);
	assert_int_equal(take(a_ban("192.0.2.8", 5, 202), 0).kind, DECIDE_BAN);
}

/* A text that names nobody has its own time, however often the host comes. */
static void
vague_stays_short(void **state)
{
	const struct policy shorter = {.ban_s = 7};
	const struct policy longer = {.ban_s = 5000};
	struct decision d = a_ban("192.0.2.7", 5, 10);
	struct news news;

	(void)state;
	rule.again = 3;
	rule.again_max_s = 1000;
	rule.list = true;
	d.is_vague = true;
	d.ban_s = 20;
	for (int i = 0; i < 3; i++) {
		d.time += 30;
		assert_int_equal(take(d, 0).ban_s, 20);
	}
	/* a trial with times of its own */
	assert_int_equal(judge_decision(&all, &log_a, &longer, &d, &news), 0);
	assert_int_equal(d.ban_s, 20);
	assert_int_equal(judge_decision(&all, &log_a, &shorter, &d, &news), 0);
	assert_int_equal(d.ban_s, 7);
}

/* A line may be late by BAN_AHEAD_S, and must find the ban that held then.
 */
static void
expires_late(void **state)
{
	struct ban ban = {.ip = unit_addr("192.0.2.7"),
	    .since = 1000000,
	    .until = 1000100,
	    .rule = "r",
	    .reply = "451 x"};

	(void)state;
	assert_int_equal(bans_put(all.bans, &ban), 0);
	log_a.time_s = ban.until + BAN_AHEAD_S - 1;
	state_expire(&all, &log_a, 1);
	assert_int_equal(bans_count(all.bans), 1);
	log_a.time_s++;
	state_expire(&all, &log_a, 1);
	assert_int_equal(bans_count(all.bans), 0);
}

/* ---- lru_filter, counts_forget against lists ---- */

static bool
has_no_bit(void *bit, const void *entry)
{
	const struct number *e = entry;

	return (e->value & *(const uint64_t *)bit) == 0;
}

static void
assert_is_model(struct lru *l)
{
	const struct number *e;
	size_t at = 0;
	size_t n = 0;

	while ((e = lru_next(l, &at)) != NULL) {
		assert_int_equal(e->key, model[n].key);
		assert_int_equal(e->value, model[n++].value);
	}
	assert_int_equal(n, model_n);
	assert_int_equal(lru_count(l), n);
	for (size_t i = 0; i < n; i++)
		assert_non_null(lru_find(l, &model[i].key));
}

static void
filtered_like_the_model(void **state)
{
	struct lru *l = lru_new(MODEL_MAX, 8, sizeof(struct number));

	(void)state;
	model_n = 0;
	for (int round = 0; round < 500; round++) {
		uint64_t bit = 1ULL << unit_random() % 5;

		for (uint32_t i = unit_random() % 400; i > 0; i--)
			one_operation(
			    l, unit_random() % 500, (int)(unit_random() % 2));
		lru_filter(l, has_no_bit, &bit);
		for (size_t i = model_n; i-- > 0;)
			if ((model[i].value & bit) != 0)
				model_remove(i);
		assert_is_model(l);
	}
	/* all, and none */
	for (uint64_t bit = 1; bit != 0; bit <<= 1)
		lru_filter(l, has_no_bit, &bit);
	assert_true(lru_count(l) <= 1); /* whose value is 0 */
	lru_free(l);
}

static void
rules_are_forgotten_apart(void **state)
{
	static const char *const names[3] = {"a", "aa", "b"};
	struct lru *c = counts_new(1000);
	struct addr host = unit_addr("198.18.0.0");
	size_t of[3] = {0};

	(void)state;
	for (int i = 0; i < 900; i++) {
		uint32_t name = unit_random() % 3;

		host.b[14] = (uint8_t)(i / 256);
		host.b[15] = (uint8_t)i;
		of[name]++;
		assert_int_equal(
		    counts_match(c, names[name], &host, i, 3, 10000), 1);
	}
	counts_forget(c, "none");
	assert_int_equal(lru_count(c), 900);
	counts_forget(c, "a");
	assert_int_equal(lru_count(c), of[1] + of[2]);
	counts_forget(c, "b");
	assert_int_equal(lru_count(c), of[1]);
	for (size_t at = 0, last = 0;;) {
		const struct counts_entry *e = lru_next(c, &at);

		if (e == NULL)
			break;
		assert_string_equal(e->key.rule, "aa");
		assert_true(last <= e->times_s[0]); /* in their order */
		last = e->times_s[0];
	}
	counts_forget(c, "aa");
	assert_int_equal(lru_count(c), 0);
	lru_free(c);
}

static void
tallies_are_bounded(void **state)
{
	static struct tallies t;

	(void)state;
	for (int i = 0; i < TALLIES_MAX; i++) {
		snprintf(rule.name, sizeof rule.name, "r%d", i);
		assert_non_null(tallies_of(&t, rule.name));
	}
	assert_null(tallies_of(&t, "one more"));
	assert_ptr_equal(tallies_of(&t, "r7"), &t.list[7]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lru_is_the_model),
	    cmocka_unit_test(filtered_like_the_model),
	    cmocka_unit_test(rules_are_forgotten_apart),
	    cmocka_unit_test(count_within_the_time),
	    cmocka_unit_test(count_forgets_only_what_is_over),
	    cmocka_unit_test(count_is_bounded),
	    cmocka_unit_test(longer_each_time),
	    cmocka_unit_test(who_is_connected),
	    cmocka_unit_test_setup_teardown(
		only_who_is_connected, begin_state, end_state),
	    cmocka_unit_test_setup_teardown(
		not_more_than_the_cap, begin_state, end_state),
	    cmocka_unit_test_setup_teardown(
		in_that_order, begin_state, end_state),
	    cmocka_unit_test_setup_teardown(lifted, begin_state, end_state),
	    cmocka_unit_test_setup_teardown(
		vague_stays_short, begin_state, end_state),
	    cmocka_unit_test_setup_teardown(
		expires_late, begin_state, end_state),
	    cmocka_unit_test_setup_teardown(
		tallies_are_bounded, begin_state, end_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
