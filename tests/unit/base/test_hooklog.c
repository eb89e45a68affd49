/* SPDX-License-Identifier: ISC */
/* hooklog: what a client was told, without what the hook adds; and that what the
   hook writes is read again as it was meant. */
#include "../unit.h"

#include <limits.h>

#include "base/hooklog.h"
#include "hook/verdict.h"

static const struct {
	const char *said;
	enum hooklog_kind kind;
	const char *reply;
} cases[] = {
    {"451 Listed (ipset, 86391s left)", HOOKLOG_IPSET, "451 Listed"},
    {"451 Listed (ipset)", HOOKLOG_IPSET, "451 Listed"},
    {"553 Listed (recent, 1s left)", HOOKLOG_RECENT, "553 Listed"},
    {"451 Listed (see there) (ipset)", HOOKLOG_IPSET, "451 Listed (see there)"},
    {"451 (ipset) (ipset)", HOOKLOG_IPSET, "451 (ipset)"},
    {"451  (ipset)", HOOKLOG_IPSET, "451 "},
    {"451 (ipset)", HOOKLOG_IPSET, "451"},
    {"451 x(ipset)", HOOKLOG_IPSET, "451 x"},
    /* before 0.7: a host of a network that was refused as a whole */
    {"451 hosts of your network were refused (net)", HOOKLOG_IPSET,
	"451 hosts of your network were refused"},
    {"would refuse: 451 x (net)", HOOKLOG_WOULD, "451 x"},
    {"554 go (local)", HOOKLOG_LOCAL, "554 go"},
    {"would refuse: 451 x (ipset)", HOOKLOG_WOULD, "451 x"},
    {"451 Listed", HOOKLOG_OTHER, NULL},
    {"451 Listed (ipset, left)", HOOKLOG_OTHER, NULL},
    {"allowed (pass)", HOOKLOG_PASS, NULL},
    {"passed", HOOKLOG_PASSED, NULL},
    {"decided by RBLSMTPD", HOOKLOG_DECIDED, NULL},
    {"decided by RBLSMTPD: 451 x", HOOKLOG_TROUBLE, NULL},
};

static void
replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *reply = cases[i].reply;
		char text[128];
		int len = snprintf(text, sizeof text,
		    "rblcache: 203.0.113.9 pid 7: %s", cases[i].said);
		struct hooklog h =
		    hooklog_line((struct slice){text, (size_t)len});

		assert_int_equal(h.kind, cases[i].kind);
		if (reply == NULL)
			continue;
		assert_true(slice_is(&h.reply, reply));
	}
}

/* Reads what the hook writes. */
static struct hooklog
read_again(const char *said)
{
	static char line[VERDICT_TEXT_SIZE + 128];
	struct addr a = unit_addr("2001:db8::9");
	struct hooklog h;

	snprintf(line, sizeof line, HOOKLOG_SAYS_WHO "%s", "2001:db8::9",
	    ULLONG_MAX / 100, said);
	h = hooklog_line(slice_of(line));
	if (h.kind != HOOKLOG_OTHER) {
		assert_memory_equal(&h.ip, &a, sizeof a);
		assert_true(h.pid == ULLONG_MAX / 100);
	}
	return h;
}

/* A refusal, with and without the time that is left, and under -n. */
static void
refusals_again(enum source source, enum hooklog_kind want)
{
	struct verdict v = {
	    VERDICT_REFUSE, source, 1, "553 see (local, 5s left) (there)"};
	char would[sizeof HOOKLOG_SAYS_WOULD + VERDICT_TEXT_SIZE];
	char said[VERDICT_TEXT_SIZE];
	struct hooklog h;

	for (v.left_s = VERDICT_NO_TIME; v.left_s <= 1; v.left_s += 2) {
		h = read_again(verdict_format(&v, said));
		assert_int_equal(h.kind, want);
		assert_true(slice_is(&h.reply, v.reply));
		snprintf(would, sizeof would, HOOKLOG_SAYS_WOULD "%s", said);
		h = read_again(would);
		assert_int_equal(h.kind, HOOKLOG_WOULD);
		assert_true(slice_is(&h.reply, v.reply));
	}
}

static void
as_the_hook_writes(void **state)
{
	struct verdict v = {VERDICT_UNKNOWN, SOURCE_NONE, VERDICT_NO_TIME, ""};
	char said[VERDICT_TEXT_SIZE];

	(void)state;
	refusals_again(SOURCE_LOCAL, HOOKLOG_LOCAL);
	refusals_again(SOURCE_IPSET, HOOKLOG_IPSET);
	refusals_again(SOURCE_RECENT, HOOKLOG_RECENT);
	assert_int_equal(
	    read_again(verdict_format(&v, said)).kind, HOOKLOG_OTHER);
	v.kind = VERDICT_ALLOW;
	v.source = SOURCE_LOCAL;
	assert_int_equal(
	    read_again(verdict_format(&v, said)).kind, HOOKLOG_ALLOWED);
	v.source = SOURCE_PASS;
	assert_int_equal(
	    read_again(verdict_format(&v, said)).kind, HOOKLOG_PASS);
	assert_int_equal(
	    read_again(HOOKLOG_SAYS_RECHECK).kind, HOOKLOG_RECHECK);
	assert_int_equal(read_again(HOOKLOG_SAYS_PASSED).kind, HOOKLOG_PASSED);
	assert_int_equal(
	    read_again("set x: " HOOKLOG_SAYS_NO_RIGHT).kind, HOOKLOG_NO_RIGHT);
	assert_int_equal(
	    read_again("set x: no such set").kind, HOOKLOG_TROUBLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(replies),
	    cmocka_unit_test(as_the_hook_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
