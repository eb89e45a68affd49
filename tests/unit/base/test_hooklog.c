/* SPDX-License-Identifier: ISC */
/* hooklog: what a client was told, without what the hook adds. */
#include "../unit.h"

#include "base/hooklog.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(replies)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
