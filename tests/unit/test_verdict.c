/* The whole matrix of what three sources can say, against the rule in words. */
#include "unit.h"

#include "verdict.h"

enum { OFF = -1 };

static void
one_case(int local, int action, int set, int recent, bool live)
{
	struct verdict_facts f = {.now = 1000};
	struct verdict v;
	bool set_says = set == SETTEST_MEMBER || set == SETTEST_ABSENT;
	bool banned = recent == RECENT_FOUND && live;

	f.local_asked = local != OFF;
	f.local = local == OFF ? LOCAL_ABSENT : (enum local_answer)local;
	f.rule.action = (enum local_action)action;
	strcpy(f.rule.reply, "553 by rule");
	f.set_asked = set != OFF;
	f.set = set == OFF ? SETTEST_ERROR : (enum settest_answer)set;
	f.recent_asked = recent != OFF;
	f.recent = recent == OFF ? RECENT_ABSENT : (enum recent_answer)recent;
	f.ban.until = live ? 1060 : 1000;
	strcpy(f.ban.reply, "451 by ban");
	v = verdict_decide(&f);

	if (local == LOCAL_ERROR) {
		assert_int_equal(v.kind, VERDICT_PASS);
	} else if (local == LOCAL_FOUND && action == LOCAL_ALLOW) {
		assert_int_equal(v.kind, VERDICT_ALLOW);
	} else if (local == LOCAL_FOUND) {
		assert_int_equal(v.kind, VERDICT_REFUSE);
		assert_string_equal(v.source, "local");
		assert_string_equal(v.reply, "553 by rule");
		assert_int_equal(v.left_s, VERDICT_NO_TIME);
	} else if (set == SETTEST_ABSENT) {
		assert_int_equal(v.kind, VERDICT_PASS);
		assert_false(verdict_needs_recent(&f));
	} else if (set == SETTEST_MEMBER) {
		assert_int_equal(v.kind, VERDICT_REFUSE);
		assert_string_equal(v.source, "ipset");
		if (banned)
			assert_string_equal(v.reply, "451 by ban");
		else
			assert_memory_equal(v.reply, "451 ", 4);
		assert_int_equal(v.left_s, banned ? 60 : VERDICT_NO_TIME);
	} else if (banned) {
		assert_false(set_says);
		assert_int_equal(v.kind, VERDICT_REFUSE);
		assert_string_equal(v.source, "recent");
		assert_int_equal(v.left_s, 60);
	} else {
		assert_int_equal(v.kind, VERDICT_PASS);
	}
	if (local == LOCAL_FOUND || local == LOCAL_ERROR)
		assert_false(verdict_needs_recent(&f));
}

static void
matrix(void **state)
{
	int n = 0;

	(void)state;
	for (int local = OFF; local <= LOCAL_ERROR; local++)
		for (int action = LOCAL_ALLOW; action <= LOCAL_DEFER; action++)
			for (int set = OFF; set <= SETTEST_ERROR; set++)
				for (int recent = OFF; recent <= RECENT_ERROR;
				     recent++)
					for (int live = 0; live < 2; live++) {
						one_case(local, action, set,
						    recent, live != 0);
						n++;
					}
	assert_int_equal(n, 4 * 3 * 4 * 4 * 2);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(matrix),
	    cmocka_unit_test(set_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
