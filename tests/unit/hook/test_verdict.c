/* SPDX-License-Identifier: ISC */
/* The whole matrix of what the sources can say, against the rule in words. */
#include "../unit.h"

#include "hook/verdict.h"

enum { OFF = -1 };

struct said {
	int local, action, set, recent;
	bool live;
	int pass;
};

static struct verdict_facts
facts_of(const struct said *s)
{
	struct verdict_facts f = {.now = 1000};

	if (s->local != OFF)
		f.local = (enum local_answer)s->local;
	f.rule.action = (enum local_action)s->action;
	strcpy(f.rule.reply, "553 by rule");
	f.set_asked = s->set != OFF;
	if (f.set_asked) {
		f.set = (enum settest_answer)s->set;
		f.pass = (enum settest_answer)s->pass;
	}
	if (s->recent != OFF)
		f.recent = (enum ban_answer)s->recent;
	f.ban.until = s->live ? 1060 : 1000;
	strcpy(f.ban.reply, "451 by ban");
	return f;
}

/* Of a client whom the bans do not know, or of whom they cannot tell. */
static void
not_banned(const struct said *s, const struct verdict *v)
{
	if (s->set != OFF && s->pass == SETTEST_MEMBER) {
		assert_int_equal(v->kind, VERDICT_ALLOW);
		assert_int_equal(v->source, SOURCE_PASS);
		assert_true(verdict_is_cached(v));
	} else {
		assert_int_equal(v->kind, VERDICT_UNKNOWN);
		assert_int_equal(v->source, SOURCE_NONE);
		assert_false(verdict_is_cached(v));
	}
}

static void
one_case(const struct said *s)
{
	struct verdict_facts f = facts_of(s);
	struct verdict v = verdict_decide(&f);
	bool banned = s->recent == BAN_FOUND && s->live;

	if (s->local == LOCAL_ERROR) {
		assert_int_equal(v.kind, VERDICT_UNKNOWN);
		assert_false(verdict_is_cached(&v));
	} else if (s->local == LOCAL_FOUND && s->action == LOCAL_ALLOW) {
		assert_int_equal(v.kind, VERDICT_ALLOW);
		assert_int_equal(v.source, SOURCE_LOCAL);
		assert_false(verdict_is_cached(&v));
	} else if (s->local == LOCAL_FOUND) {
		assert_int_equal(v.kind, VERDICT_REFUSE);
		assert_int_equal(v.source, SOURCE_LOCAL);
		assert_string_equal(v.reply, "553 by rule");
		assert_int_equal(v.left_s, VERDICT_NO_TIME);
		assert_false(verdict_is_cached(&v));
	} else if (s->set == SETTEST_ABSENT) {
		assert_false(verdict_needs_recent(&f));
		not_banned(s, &v);
	} else if (s->set == SETTEST_MEMBER) {
		assert_int_equal(v.kind, VERDICT_REFUSE);
		assert_int_equal(v.source, SOURCE_IPSET);
		if (banned)
			assert_string_equal(v.reply, "451 by ban");
		else
			assert_memory_equal(v.reply, "451 your address ", 17);
		assert_int_equal(v.left_s, banned ? 60 : VERDICT_NO_TIME);
		assert_true(verdict_is_cached(&v));
	} else if (banned) {
		assert_true(verdict_needs_recent(&f));
		assert_int_equal(v.kind, VERDICT_REFUSE);
		assert_int_equal(v.source, SOURCE_RECENT);
		assert_string_equal(v.reply, "451 by ban");
		assert_int_equal(v.left_s, 60);
		assert_true(verdict_is_cached(&v));
	} else {
		not_banned(s, &v);
	}
	if (s->local == LOCAL_FOUND || s->local == LOCAL_ERROR)
		assert_false(verdict_needs_recent(&f));
}

/* A recheck differs in this alone: what the cache would refuse. */
static void
rechecked(const struct said *s)
{
	struct verdict_facts f = facts_of(s);
	struct verdict plain = verdict_decide(&f);
	struct verdict v;

	f.recheck = true;
	v = verdict_decide(&f);
	assert_int_equal(v.source, plain.source);
	if (plain.kind != VERDICT_REFUSE || !verdict_is_cached(&plain)) {
		assert_int_equal(v.kind, plain.kind);
		return;
	}
	assert_int_equal(v.kind, VERDICT_RECHECK);
	assert_true(verdict_is_cached(&v));
	assert_int_equal(
	    verdict_needs_recent(&f), plain.source == SOURCE_RECENT);
}

/* The nth of the values least .. most; n is left to the next dimension. */
static int
next_of(int *n, int least, int most)
{
	int values = most - least + 1;
	int value = least + *n % values;

	*n /= values;
	return value;
}

static void
matrix(void **state)
{
	const int cases = 4 * 3 * 4 * 4 * 2 * 3;

	(void)state;
	for (int i = 0; i < cases; i++) {
		int n = i;
		struct said s;

		s.local = next_of(&n, OFF, LOCAL_ERROR);
		s.action = next_of(&n, LOCAL_ALLOW, LOCAL_DEFER);
		s.set = next_of(&n, OFF, SETTEST_ERROR);
		s.recent = next_of(&n, OFF, BAN_ERROR);
		s.live = next_of(&n, 0, 1) != 0;
		s.pass = next_of(&n, SETTEST_ABSENT, SETTEST_ERROR);
		assert_int_equal(n, 0);
		one_case(&s);
		rechecked(&s);
	}
}

/* Nobody was asked: nobody is refused or allowed. */
static void
nothing_asked(void **state)
{
	const struct verdict_facts f = {.now = 1000};
	struct verdict v = verdict_decide(&f);

	(void)state;
	assert_int_equal(v.kind, VERDICT_UNKNOWN);
	assert_true(verdict_needs_recent(&f));
}

static void
set_names(void **state)
{
	static const char *const good[] = {
	    "a", "rblcache4", "A_b.c:d-9", "0123456789012345678901234567890"};
	static const char *const bad[] = {"", "-a", "a b", "a/b", "a\n",
	    "01234567890123456789012345678901", "\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(settest_name_ok(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(settest_name_ok(bad[i]));
}

/* What the log has, and that the longest has room. */
static void
texts(void **state)
{
	struct verdict v = {VERDICT_UNKNOWN, SOURCE_NONE, VERDICT_NO_TIME, ""};
	char buf[VERDICT_TEXT_SIZE];
	char longest[VERDICT_TEXT_SIZE + 1];

	(void)state;
	assert_string_equal(verdict_format(&v, buf), "not known");
	v = (struct verdict){VERDICT_ALLOW, SOURCE_PASS, VERDICT_NO_TIME, ""};
	assert_string_equal(verdict_format(&v, buf), "allowed (pass)");
	v = (struct verdict){
	    VERDICT_REFUSE, SOURCE_IPSET, VERDICT_NO_TIME, "451 many"};
	assert_string_equal(verdict_format(&v, buf), "451 many (ipset)");
	v = (struct verdict){VERDICT_REFUSE, SOURCE_IPSET, 86391, "451 Listed"};
	assert_string_equal(
	    verdict_format(&v, buf), "451 Listed (ipset, 86391s left)");
	v = (struct verdict){VERDICT_REFUSE, SOURCE_RECENT, INT64_MAX, ""};
	memset(v.reply, 'x', REPLY_SIZE - 1);
	snprintf(longest, sizeof longest, "%s (recent, %llds left)", v.reply,
	    (long long)INT64_MAX);
	assert_string_equal(verdict_format(&v, buf), longest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(matrix),
	    cmocka_unit_test(nothing_asked),
	    cmocka_unit_test(set_names),
	    cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
