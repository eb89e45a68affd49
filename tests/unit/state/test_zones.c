/* SPDX-License-Identifier: ISC */
/* zones: which lists are believed, and which refusals are theirs. */
#include "../unit.h"

#include <errno.h>

#include "state/zones.h"

#define NOON 1795521600 /* 2026-11-24 12:00:00 UTC */

static const struct zones_found well = {.verdict = ZONES_WELL};
static const struct zones_found silent = {.verdict = ZONES_SILENT};

static struct zones_found
wrong(uint32_t ttl_s)
{
	return (struct zones_found){
	    .verdict = ZONES_WRONG, .ttl_s = ttl_s, .why = "lists 127.0.0.1"};
}

static enum zones_change
take_wrong(struct zone *z, uint32_t ttl_s, int64_t now_s)
{
	struct zones_found found = wrong(ttl_s);

	return zones_take(z, &found, now_s);
}

static enum zones_change
take_well(struct zone *z, int64_t now_s)
{
	return zones_take(z, &well, now_s);
}

static enum zones_change
take_silent(struct zone *z, int64_t now_s)
{
	return zones_take(z, &silent, now_s);
}

/* ---- names ---- */

static void
assert_no_name(const char *name)
{
	struct zones zones = {0};

	errno = 0;
	if (zones_add(&zones, name, "shown", "") != -1)
		fail_msg("'%s' is taken for a name", name);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(zones.n, 0);
}

static void
names(void **state)
{
	static const char *const bad[] = {"", ".", ".test", "rbl.", "rbl..test",
	    "rbl test", "rbl\ttest", "rbl\\.test", "rbl\303\251.test",
	    "rbl\177.test", "rbl\n.test"};
	char label[66], name[ZONES_NAME_MAX + 2];
	struct zones zones = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_no_name(bad[i]);
	snprintf(label, sizeof label, "%064d", 0);
	assert_no_name(label);
	assert_int_equal(zones_add(&zones, label + 1, "", ""), 0);
	for (size_t i = 0; i < sizeof name - 1; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[sizeof name - 2] = 'a'; /* 238 bytes */
	name[sizeof name - 1] = 0;
	assert_int_equal(strlen(name), ZONES_NAME_MAX + 1);
	assert_no_name(name);
	name[ZONES_NAME_MAX] = 0;
	assert_int_equal(zones_add(&zones, name, name, ""), 0);
	assert_string_equal(zones.list[1].name, name);
	assert_string_equal(zones.list[1].shown, name);
	assert_int_equal(zones_add(&zones, "a_b.-c/d", "", ""), 0);
}

static void
other_members(void **state)
{
	char text[ZONES_TEXT_SIZE + 1], shown[ZONES_NAME_SIZE + 1];
	struct zones zones = {0};

	(void)state;
	snprintf(text, sizeof text, "%0*d", ZONES_TEXT_SIZE, 0);
	assert_int_equal(zones_add(&zones, "a.test", "a", text), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(zones_add(&zones, "a.test", "a", text + 1), 0);
	assert_string_equal(zones.list[0].text, text + 1);
	snprintf(shown, sizeof shown, "%0*d", ZONES_NAME_SIZE, 0);
	assert_int_equal(zones_add(&zones, "b.test", shown, ""), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(zones_add(&zones, "b.test", shown + 1, ""), 0);
}

static void
not_twice_not_too_many(void **state)
{
	struct zones zones = {0};
	char name[32];

	(void)state;
	for (int i = 0; i < ZONES_MAX; i++) {
		snprintf(name, sizeof name, "rbl%d.test", i);
		assert_int_equal(zones_add(&zones, name, name, ""), 0);
		assert_int_equal(zones_add(&zones, name, name, ""), -1);
		assert_int_equal(errno, EEXIST);
	}
	assert_int_equal(zones_add(&zones, "RBL0.Test", "x", ""), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(zones_add(&zones, "rbl.test", "x", ""), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(zones.n, ZONES_MAX);
}

static void
inherited(void **state)
{
	struct zones old = {0}, new = {0};

	(void)state;
	assert_int_equal(zones_add(&old, "a.test", "olda", "one"), 0);
	assert_int_equal(zones_add(&old, "gone.test", "gone", ""), 0);
	assert_int_equal(zones_add(&old, "b.test", "oldb", ""), 0);
	take_well(&old.list[0], NOON);
	take_wrong(&old.list[0], 60, NOON + 60);
	take_well(&old.list[0], NOON + 90);
	take_silent(&old.list[0], NOON + 100);
	take_wrong(&old.list[1], 60, NOON);
	take_well(&old.list[2], NOON + 7);

	assert_int_equal(zones_add(&new, "b.test", "newb", "two"), 0);
	assert_int_equal(zones_add(&new, "fresh.test", "fresh", ""), 0);
	assert_int_equal(zones_add(&new, "A.test", "newa", ""), 0);
	zones_inherit(&new, &old);
	assert_int_equal(new.n, 3);
	assert_string_equal(new.list[0].name, "b.test");
	assert_string_equal(new.list[0].shown, "newb");
	assert_string_equal(new.list[0].text, "two");
	assert_int_equal(new.list[0].well_s, NOON + 7);
	assert_int_equal(new.list[0].from_s, 0);
	assert_int_equal(new.list[1].well_s, 0);
	assert_string_equal(new.list[2].name, "A.test");
	assert_string_equal(new.list[2].shown, "newa");
	assert_string_equal(new.list[2].text, "");
	assert_int_equal(new.list[2].well_s, NOON + 90);
	assert_int_equal(new.list[2].from_s, NOON - ZONES_CACHE_S);
	assert_int_equal(new.list[2].to_s, 0);
	assert_true(new.list[2].silent);
	assert_string_equal(new.list[2].why, "lists 127.0.0.1");
	/* it goes on from there */
	assert_int_equal(take_well(&new.list[2], NOON + 149), ZONES_ANSWERS);
	assert_int_equal(take_well(&new.list[2], NOON + 150), ZONES_TRUSTED);
}

/* ---- spells ---- */

static void
well_from_the_start(void **state)
{
	struct zone z = {0};

	(void)state;
	assert_false(zones_is_distrusted(&z));
	assert_int_equal(take_well(&z, NOON), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 300), ZONES_SAME);
	assert_int_equal(z.well_s, NOON + 300);
	assert_int_equal(z.from_s, 0);
	assert_false(zones_is_distrusted(&z));
}

static void
a_spell(void **state)
{
	struct zone z = {0};
	struct zones_found code = {
	    .verdict = ZONES_WRONG, .ttl_s = 50, .why = "another"};

	(void)state;
	take_well(&z, NOON);
	assert_int_equal(take_wrong(&z, 60, NOON + 300), ZONES_DISTRUSTED);
	assert_true(zones_is_distrusted(&z));
	assert_int_equal(z.from_s, NOON - 600);
	assert_int_equal(z.to_s, 0);
	assert_int_equal(z.well_s, NOON);
	assert_string_equal(z.why, "lists 127.0.0.1");

	/* it stays, with what is wrong now */
	assert_int_equal(zones_take(&z, &code, NOON + 9000), ZONES_SAME);
	assert_int_equal(z.from_s, NOON - 600);
	assert_string_equal(z.why, "another");

	/* well again, for as long as the last wrong answer may be kept */
	assert_int_equal(take_well(&z, NOON + 9100), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 9149), ZONES_SAME);
	assert_true(zones_is_distrusted(&z));
	assert_int_equal(take_well(&z, NOON + 9150), ZONES_TRUSTED);
	assert_false(zones_is_distrusted(&z));
	assert_int_equal(z.from_s, NOON - 600);
	assert_int_equal(z.to_s, NOON + 9150);
	assert_int_equal(z.well_s, NOON + 9150);
	assert_string_equal(z.why, "another");
	assert_int_equal(take_well(&z, NOON + 9200), ZONES_SAME);
	assert_int_equal(z.to_s, NOON + 9150);
}

static void
never_well(void **state)
{
	struct zone z = {0}, early = {0};

	(void)state;
	/* all is suspect; 0 would say that there was no spell */
	assert_int_equal(take_wrong(&z, 60, NOON), ZONES_DISTRUSTED);
	assert_int_equal(z.from_s, 1);
	early = (struct zone){.well_s = 5};
	assert_int_equal(take_wrong(&early, 60, 7), ZONES_DISTRUSTED);
	assert_int_equal(early.from_s, 1);
}

static void
wrong_again_while_it_waits(void **state)
{
	struct zone z = {0};

	(void)state;
	take_well(&z, NOON);
	take_wrong(&z, 100, NOON);
	assert_int_equal(take_well(&z, NOON + 10), ZONES_SAME);
	assert_int_equal(take_wrong(&z, 100, NOON + 105), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 110), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 209), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 210), ZONES_TRUSTED);
	assert_int_equal(z.from_s, NOON - 600);
	assert_int_equal(z.to_s, NOON + 210);
}

static void
ttls(void **state)
{
	struct zone z = {0};

	(void)state;
	take_wrong(&z, 0, NOON);
	assert_int_equal(take_well(&z, NOON + 1), ZONES_TRUSTED);

	z = (struct zone){0};
	take_wrong(&z, UINT32_MAX, NOON);
	assert_int_equal(z.ttl_s, 3600);
	assert_int_equal(take_well(&z, NOON + 10), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 3609), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 3610), ZONES_TRUSTED);

	/* that of the last one */
	z = (struct zone){0};
	take_wrong(&z, 3600, NOON);
	take_wrong(&z, 5, NOON + 1);
	assert_int_equal(take_well(&z, NOON + 10), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 15), ZONES_TRUSTED);
}

static void
the_next_spell(void **state)
{
	struct zone z = {0};

	(void)state;
	take_wrong(&z, 0, NOON);
	take_well(&z, NOON + 100);
	take_well(&z, NOON + 701);
	assert_int_equal(take_wrong(&z, 0, NOON + 1000), ZONES_DISTRUSTED);
	assert_int_equal(z.from_s, NOON + 101);
	assert_int_equal(z.to_s, 0);

	/* it reaches back into the one before: they are one */
	z = (struct zone){.well_s = NOON};
	take_wrong(&z, 0, NOON);
	take_well(&z, NOON + 100);
	take_well(&z, NOON + 700);
	assert_int_equal(take_wrong(&z, 0, NOON + 1000), ZONES_DISTRUSTED);
	assert_int_equal(z.from_s, NOON - 600);
	assert_int_equal(z.to_s, 0);
}

static void
silence(void **state)
{
	struct zone z = {0};
	struct zones_found w = wrong(60);

	(void)state;
	assert_int_equal(take_silent(&z, NOON), ZONES_NO_ANSWER);
	assert_true(z.silent);
	assert_false(zones_is_distrusted(&z));
	assert_int_equal(z.well_s, 0);
	assert_int_equal(take_silent(&z, NOON + 1), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON + 2), ZONES_ANSWERS);
	assert_false(z.silent);
	assert_int_equal(take_well(&z, NOON + 3), ZONES_SAME);

	/* the spell is the greater news */
	take_silent(&z, NOON + 4);
	assert_int_equal(zones_take(&z, &w, NOON + 5), ZONES_DISTRUSTED);
	assert_false(z.silent);
	assert_int_equal(z.from_s, NOON + 3 - 600);

	/* nor does it end one, or the wait for its end */
	assert_int_equal(take_silent(&z, NOON + 500), ZONES_NO_ANSWER);
	assert_true(zones_is_distrusted(&z));
	assert_string_equal(z.why, "lists 127.0.0.1");
	assert_int_equal(zones_take(&z, &w, NOON + 600), ZONES_ANSWERS);
	assert_int_equal(take_well(&z, NOON + 610), ZONES_SAME);
	assert_int_equal(take_silent(&z, NOON + 620), ZONES_NO_ANSWER);
	assert_int_equal(take_well(&z, NOON + 670), ZONES_TRUSTED);
	assert_int_equal(z.to_s, NOON + 670);
}

static void
clock_set_back(void **state)
{
	struct zone z = {.well_s = NOON + 86400};

	(void)state;
	assert_int_equal(take_wrong(&z, 60, NOON), ZONES_DISTRUSTED);
	assert_int_equal(z.from_s, NOON - 600);
	take_well(&z, NOON + 10);
	assert_int_equal(take_well(&z, NOON - 5000), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON - 4941), ZONES_SAME);
	assert_int_equal(take_well(&z, NOON - 4940), ZONES_TRUSTED);
	/* the spell is empty, and over */
	assert_int_equal(z.from_s, NOON - 600);
	assert_int_equal(z.to_s, NOON - 600);
	assert_false(zones_is_distrusted(&z));

	/* one that begins before the last did */
	assert_int_equal(take_wrong(&z, 60, NOON - 4930), ZONES_DISTRUSTED);
	assert_int_equal(z.from_s, NOON - 5540);
}

/* ---- refusals ---- */

#define XBL "451 Listed by XBL, see https://check.Spamhaus.org/query/ip/1.2.3.4"
#define BCP "451 Blocked - see https://www.spamcop.net/bl.shtml?1.2.3.4"
#define OWN "451 go away"

static struct zones
three_zones(void)
{
	struct zones zones = {0};

	assert_int_equal(
	    zones_add(&zones, "zen.spamhaus.org", "zen", "spamhaus.org"), 0);
	assert_int_equal(
	    zones_add(&zones, "bl.spamcop.net", "bl", "SPAMCOP.net"), 0);
	assert_int_equal(zones_add(&zones, "rbl.test", "rbl", ""), 0);
	return zones;
}

static void
whose_refusal(void **state)
{
	struct zones zones = three_zones();
	struct zones one = {0};

	(void)state;
	assert_true(zones_may_have_made(&zones, 0, XBL));
	assert_false(zones_may_have_made(&zones, 1, XBL));
	assert_false(zones_may_have_made(&zones, 2, XBL));

	assert_false(zones_may_have_made(&zones, 0, BCP));
	assert_true(zones_may_have_made(&zones, 1, BCP));
	assert_false(zones_may_have_made(&zones, 2, BCP));

	for (size_t i = 0; i < 3; i++) {
		assert_true(zones_may_have_made(&zones, i, OWN));
		assert_true(zones_may_have_made(&zones, i, ""));
	}

	/* with both texts it may be either's */
	assert_true(zones_may_have_made(&zones, 0, XBL BCP));
	assert_true(zones_may_have_made(&zones, 1, XBL BCP));
	assert_false(zones_may_have_made(&zones, 2, XBL BCP));

	assert_int_equal(zones_add(&one, "rbl.test", "rbl", ""), 0);
	assert_true(zones_may_have_made(&one, 0, XBL));
}

static void
doubts_in_a_spell_only(void **state)
{
	struct zones zones = three_zones();

	(void)state;
	assert_false(zones_doubts(&zones, XBL, NOON));
	assert_false(zones_doubts(&zones, OWN, NOON));
	assert_false(zones_doubts(&zones, OWN, 0));
	take_well(&zones.list[0], NOON + 600);
	take_wrong(&zones.list[0], 0, NOON + 900);
	/* from NOON on, and it lasts */
	assert_false(zones_doubts(&zones, XBL, NOON - 1));
	assert_true(zones_doubts(&zones, XBL, NOON));
	assert_true(zones_doubts(&zones, XBL, NOON + 999999));
	assert_true(zones_doubts(&zones, OWN, NOON));
	assert_false(zones_doubts(&zones, BCP, NOON));
	take_well(&zones.list[0], NOON + 1000);
	assert_false(zones_doubts(&zones, XBL, NOON - 1));
	assert_true(zones_doubts(&zones, XBL, NOON));
	assert_true(zones_doubts(&zones, XBL, NOON + 999));
	assert_false(zones_doubts(&zones, XBL, NOON + 1000));
	assert_false(zones_doubts(&zones, OWN, NOON + 1000));

	/* one without a text of its own: what is nobody else's */
	zones = three_zones();
	take_wrong(&zones.list[2], 0, NOON);
	assert_false(zones_doubts(&zones, XBL, NOON));
	assert_false(zones_doubts(&zones, BCP, NOON));
	assert_true(zones_doubts(&zones, OWN, NOON));
}

static void
all_well(void **state)
{
	struct zones zones = {0};

	(void)state;
	assert_true(zones_all_well(&zones));
	assert_false(zones_doubts(&zones, OWN, NOON));
	zones = three_zones();
	assert_false(zones_all_well(&zones)); /* nobody has asked */
	take_well(&zones.list[0], NOON);
	take_well(&zones.list[1], NOON);
	assert_false(zones_all_well(&zones));
	take_well(&zones.list[2], NOON);
	assert_true(zones_all_well(&zones));
	take_silent(&zones.list[1], NOON);
	assert_false(zones_all_well(&zones));
	take_well(&zones.list[1], NOON);
	assert_true(zones_all_well(&zones));
	take_wrong(&zones.list[2], 10, NOON);
	assert_false(zones_all_well(&zones));
	take_well(&zones.list[2], NOON + 1);
	assert_false(zones_all_well(&zones));
	take_well(&zones.list[2], NOON + 11);
	assert_true(zones_all_well(&zones));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_spell),
	    cmocka_unit_test(all_well),
	    cmocka_unit_test(clock_set_back),
	    cmocka_unit_test(doubts_in_a_spell_only),
	    cmocka_unit_test(inherited),
	    cmocka_unit_test(names),
	    cmocka_unit_test(never_well),
	    cmocka_unit_test(not_twice_not_too_many),
	    cmocka_unit_test(other_members),
	    cmocka_unit_test(silence),
	    cmocka_unit_test(the_next_spell),
	    cmocka_unit_test(ttls),
	    cmocka_unit_test(well_from_the_start),
	    cmocka_unit_test(whose_refusal),
	    cmocka_unit_test(wrong_again_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
