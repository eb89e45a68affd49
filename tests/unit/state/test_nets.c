/* SPDX-License-Identifier: ISC */
/*
 * nets: whole networks, by example and against a model that remembers every
 * line; allows and the guard's answer about a network.
 */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cdbwrite.h"
#include "local/allowlist.h"
#include "local/localmake.h"
#include "state/nets.h"

#define HOUR 3600
#define DAY 86400

static struct nets *nets;
static struct rules_rule rule;
static struct rules_lengths lengths;

static int
begin_nets(void **state)
{
	(void)state;
	nets = nets_new(1000);
	rule = (struct rules_rule){.name = "r",
	    .ban_s = DAY,
	    .count = 1,
	    .again = 1,
	    .nets = {{120, 3, HOUR}, {56, 3, HOUR}},
	    .nets_n = 2};
	lengths = (struct rules_lengths){.bits = {56, 120}, .n = 2};
	return nets == NULL ? -1 : 0;
}

static int
end_nets(void **state)
{
	(void)state;
	nets_free(nets);
	return 0;
}

static size_t
refused_guarded(
    const char *ip, int64_t t, const struct guard *guard, struct nets_ban *ban)
{
	struct nets_ban bans[RULES_NETS_MAX];
	struct addr a = unit_addr(ip);
	size_t n;

	assert_int_equal(nets_refused(nets, &rule, &a, t, guard, bans, &n), 0);
	if (n > 0 && ban != NULL)
		*ban = bans[n - 1];
	return n;
}

static size_t
refused(const char *ip, int64_t t)
{
	return refused_guarded(ip, t, NULL, NULL);
}

static size_t
passed(const char *ip, int64_t t)
{
	struct nets_ban lifted[NETS_AROUND_MAX];
	struct addr a = unit_addr(ip);
	size_t n;

	assert_int_equal(nets_passed(nets, &lengths, &a, t, lifted, &n), 0);
	return n;
}

static size_t
around(const char *ip)
{
	struct nets_ban bans[NETS_AROUND_MAX];
	struct addr a = unit_addr(ip);

	return nets_find(nets, &a, bans);
}

/* ---- by example ---- */

static void
enough_different_hosts(void **state)
{
	struct addr net = unit_addr("203.0.113.0");
	struct nets_ban ban;

	(void)state;
	assert_int_equal(refused("203.0.113.1", 1000), 0);
	for (int i = 0; i < 10; i++) /* the same host is no other one */
		assert_int_equal(refused("203.0.113.1", 1001 + i), 0);
	assert_int_equal(refused("203.0.113.2", 1020), 0);
	assert_int_equal(refused("203.0.112.3", 1030), 0);
	assert_int_equal(around("203.0.113.1"), 0);
	assert_int_equal(refused_guarded("203.0.113.255", 1040, NULL, &ban), 1);
	assert_memory_equal(&ban.prefix.net, &net, sizeof net);
	assert_int_equal(ban.prefix.bits, 120);
	assert_int_equal(ban.since, 1040);
	assert_int_equal(ban.until, 1040 + HOUR);
	assert_string_equal(ban.rule, "r");
	assert_int_equal(around("203.0.113.77"), 1);
	assert_int_equal(around("203.0.112.255"), 0);
	assert_int_equal(around("203.0.114.0"), 0);
	/* a known host renews nothing, a further one does */
	assert_int_equal(refused("203.0.113.1", 2000), 0);
	assert_int_equal(refused_guarded("203.0.113.4", 2000, NULL, &ban), 1);
	assert_int_equal(ban.until, 2000 + HOUR);
	assert_int_equal(nets_count_bans(nets, NULL, 2000 + HOUR - 1), 1);
	assert_int_equal(nets_count_bans(nets, NULL, 2000 + HOUR), 0);
}

static void
within_the_time(void **state)
{
	struct nets_ban ban;

	(void)state;
	refused("203.0.113.1", 1000);
	refused("203.0.113.2", 2000);
	/* the first is an hour old and no longer counts */
	assert_int_equal(refused("203.0.113.3", 1000 + HOUR), 0);
	assert_int_equal(refused("203.0.113.4", 1999 + HOUR), 1);
	/* while it is banned one is enough, afterwards it takes three again */
	assert_int_equal(
	    refused_guarded("203.0.113.5", 1998 + 2 * HOUR, NULL, &ban), 1);
	assert_int_equal(ban.until, 1998 + 3 * HOUR);
	assert_int_equal(refused("203.0.113.6", 1998 + 3 * HOUR), 0);
	assert_int_equal(refused("203.0.113.7", 1998 + 3 * HOUR), 0);
	assert_int_equal(refused("203.0.113.8", 1998 + 3 * HOUR), 1);
}

static void
the_shorter_time(void **state)
{
	struct nets_ban ban;

	(void)state;
	rule.ban_s = 60;
	refused("203.0.113.1", 1000);
	refused("203.0.113.2", 1000);
	refused_guarded("203.0.113.3", 1000, NULL, &ban);
	assert_int_equal(ban.until, 1060);
	assert_int_equal(nets_left_s(&ban, 1010), 50);
	assert_int_equal(nets_left_s(&ban, 1060), 0);
	assert_int_equal(nets_left_s(&ban, 900), 60);
}

/* A /64 is one host of a larger network, and has hosts of its own. */
static void
ipv6(void **state)
{
	(void)state;
	rule.nets[rule.nets_n++] = (struct rules_net){64, 2, HOUR};
	assert_int_equal(refused("2001:db8:0:1::1", 1000), 0);
	assert_int_equal(refused("2001:db8:0:1::2", 1000), 1); /* the /64 */
	assert_int_equal(refused("2001:db8:0:1::3", 1000), 1);
	assert_int_equal(refused("2001:db8:0:2::1", 1000), 0);
	assert_int_equal(around("2001:db8:0:3::1"), 0);
	assert_int_equal(refused("2001:db8:0:3::1", 1000), 1); /* the /56 */
	assert_int_equal(around("2001:db8:0:ff::"), 1);
	assert_int_equal(around("2001:db8:0:1::"), 2);
	assert_int_equal(around("2001:db8:0:100::"), 0);
}

static void
rules_count_apart(void **state)
{
	(void)state;
	refused("203.0.113.1", 1000);
	refused("203.0.113.2", 1000);
	strcpy(rule.name, "q");
	assert_int_equal(refused("203.0.113.3", 1000), 0);
	strcpy(rule.name, "r");
	assert_int_equal(refused("203.0.113.3", 1000), 1);
	strcpy(rule.name, "q"); /* its bans are no other rule's */
	assert_int_equal(refused("203.0.113.4", 1000), 0);
	assert_int_equal(nets_count_bans(nets, "r", 1000), 1);
	assert_int_equal(nets_count_bans(nets, "q", 1000), 0);
	assert_int_equal(refused("203.0.113.5", 1001), 1);
	assert_int_equal(nets_count_bans(nets, "q", 1001), 1);
	assert_int_equal(nets_count_bans(nets, NULL, 1001), 1);
}

static void
who_passes_prevents(void **state)
{
	(void)state;
	assert_int_equal(passed("203.0.113.9", 1000), 0);
	refused("203.0.113.1", DAY);
	refused("203.0.113.2", DAY);
	assert_int_equal(refused("203.0.113.3", DAY), 0);
	assert_int_equal(refused("203.0.113.4", 999 + DAY), 0);
	/* the day is over */
	assert_int_equal(refused("203.0.113.5", 1000 + DAY), 1);
	/* and a pass lifts it, and prevents it from then on */
	assert_int_equal(passed("203.0.114.9", 1001 + DAY), 0);
	assert_int_equal(passed("203.0.113.9", 1001 + DAY), 1);
	assert_int_equal(around("203.0.113.9"), 0);
	assert_int_equal(refused("203.0.113.6", 1002 + DAY), 0);
	/* a line that is late knows as well */
	assert_int_equal(refused("203.0.113.7", 900 + DAY), 0);
	/* only of the lengths in use */
	lengths.bits[1] = 112;
	assert_int_equal(passed("198.51.100.1", 1002 + DAY), 0);
	refused("198.51.100.2", 1002 + DAY);
	refused("198.51.100.3", 1002 + DAY);
	assert_int_equal(refused("198.51.100.4", 1002 + DAY), 1);
	/* but what stands is lifted whatever its length */
	assert_int_equal(passed("198.51.100.1", 1002 + DAY), 1);
}

static enum local_answer
stub_inside(void *user, const struct addr *net, unsigned bits)
{
	(void)net;
	assert_int_equal(bits, 120);
	return *(enum local_answer *)user;
}

static void
the_guard_prevents(void **state)
{
	enum local_answer answer = LOCAL_FOUND;
	struct guard guard = {
	    .ask_allowed_inside = stub_inside, .user = &answer};
	struct addr own = unit_addr("198.51.100.200");

	(void)state;
	refused_guarded("203.0.113.1", 1000, &guard, NULL);
	refused_guarded("203.0.113.2", 1000, &guard, NULL);
	assert_int_equal(refused_guarded("203.0.113.3", 1000, &guard, NULL), 0);
	answer = LOCAL_ERROR;
	assert_int_equal(refused_guarded("203.0.113.4", 1000, &guard, NULL), 0);
	answer = LOCAL_ABSENT;
	assert_int_equal(refused_guarded("203.0.113.5", 1000, &guard, NULL), 1);
	assert_int_equal(guard_add_own(&guard, &own), 0);
	refused_guarded("198.51.100.1", 1000, &guard, NULL);
	refused_guarded("198.51.100.2", 1000, &guard, NULL);
	assert_int_equal(
	    refused_guarded("198.51.100.3", 1000, &guard, NULL), 0);
}

static void
wrong_clocks(void **state)
{
	const int64_t ahead = 1000 + 30 * DAY;
	struct nets_ban ban;

	(void)state;
	refused("203.0.113.1", ahead);
	refused("203.0.113.2", ahead);
	assert_int_equal(refused("203.0.113.3", ahead), 1);
	assert_int_equal(nets_count_bans(nets, NULL, 1000), 0);
	/* what was counted then is nothing now, and the ban is replaced */
	assert_int_equal(refused("203.0.113.4", 1000), 0);
	assert_int_equal(refused("203.0.113.5", 1000), 0);
	assert_int_equal(refused_guarded("203.0.113.6", 1000, NULL, &ban), 1);
	assert_int_equal(ban.until, 1000 + HOUR);
	assert_int_equal(nets_count_bans(nets, NULL, 1000), 1);
	/* a pass of then neither prevents nor hides one of now */
	passed("198.51.100.9", ahead);
	refused("198.51.100.1", 1000);
	refused("198.51.100.2", 1000);
	assert_int_equal(refused("198.51.100.3", 1000), 1);
	assert_int_equal(passed("198.51.100.9", 1000), 1);
	assert_int_equal(refused("198.51.100.4", 1000), 0);
}

/* Two logs, one of them behind. */
static void
late_lines(void **state)
{
	struct nets_ban ban;

	(void)state;
	refused("203.0.113.1", 10000);
	refused("203.0.113.2", 9000);
	assert_int_equal(refused_guarded("203.0.113.3", 9500, NULL, &ban), 1);
	assert_int_equal(ban.until, 9500 + HOUR);
	/* older than what counts beside the newest */
	assert_int_equal(refused("203.0.113.4", 10000 - HOUR), 0);
	/* never shortened */
	assert_int_equal(refused("203.0.113.5", 9000), 0);
	assert_int_equal(around("203.0.113.1"), 1);
	assert_int_equal(refused_guarded("203.0.113.6", 9500, NULL, &ban), 1);
	refused("198.51.100.1", 10000);
	refused("198.51.100.2", 10000);
	assert_int_equal(refused("198.51.100.3", 10000 - HOUR), 0);
	assert_int_equal(refused("198.51.100.3", 10001 - HOUR), 1);
	/* and a late pass does not hide a newer one */
	passed("198.18.0.9", 10000);
	passed("198.18.0.9", 9000);
	refused("198.18.0.1", 9999 + DAY);
	refused("198.18.0.2", 9999 + DAY);
	assert_int_equal(refused("198.18.0.3", 9999 + DAY), 0);
}

/* Rules that were read anew. */
static void
another_time(void **state)
{
	(void)state;
	refused("203.0.113.1", 1000);
	refused("203.0.113.2", 1000);
	rule.nets[0].window_s = 60;
	assert_int_equal(refused("203.0.113.3", 1060), 0);
	nets_expire(nets, 1120);
	rule.nets[0].window_s = HOUR;
	assert_int_equal(refused("203.0.113.4", 1060), 0);
	assert_int_equal(refused("203.0.113.5", 1060), 0);
	assert_int_equal(refused("203.0.113.6", 1060), 1);
}

static bool
is_24(void *user, const struct nets_ban *ban)
{
	(void)user;
	return ban->prefix.bits == 120;
}

static void
by_hand(void **state)
{
	struct addr a = unit_addr("203.0.113.1");
	struct addr b = unit_addr("203.0.113.2");
	struct nets_ban lifted[NETS_AROUND_MAX];

	(void)state;
	rule.nets[1] = (struct rules_net){116, 3, HOUR};
	refused("203.0.113.1", 1000);
	refused("203.0.113.2", 1000);
	assert_int_equal(refused("203.0.113.3", 1000), 2);
	assert_int_equal(around("203.0.113.1"), 2);
	assert_int_equal(nets_lift(nets, &a, lifted), 2);
	assert_int_equal(lifted[0].prefix.bits, 116);
	assert_int_equal(lifted[1].prefix.bits, 120);
	assert_int_equal(nets_lift(nets, &a, lifted), 0);
	nets_forget(nets, "q", &a);
	nets_forget(nets, "r", &a);
	nets_forget(nets, "r", &b);
	assert_int_equal(refused("203.0.113.4", 1000), 0);
	assert_int_equal(refused("203.0.113.1", 1000), 2);
	assert_int_equal(nets_remove_if(nets, is_24, NULL), 1);
	assert_int_equal(nets_remove_if(nets, is_24, NULL), 0);
	assert_int_equal(around("203.0.113.1"), 1);
	assert_int_equal(refused("203.0.113.5", 1000), 2);
	assert_int_equal(nets_lift(nets, &a, lifted), 2);
	nets_forget_hosts(nets, &lifted[1]);
	assert_int_equal(refused("203.0.113.6", 1000), 1);
	assert_int_equal(refused("203.0.113.7", 1000), 1);
	assert_int_equal(refused("203.0.113.8", 1000), 2);
}

static void
forgets_only_what_is_over(void **state)
{
	size_t at = 0;

	(void)state;
	refused("203.0.113.1", 1000);
	refused("203.0.113.2", 1000);
	refused("203.0.113.3", 1000);
	passed("198.51.100.1", 1000);
	nets_expire(nets, 999 + HOUR);
	assert_non_null(nets_next_count(nets, &at));
	assert_int_equal(around("203.0.113.1"), 1);
	nets_expire(nets, 1000 + HOUR);
	at = 0;
	assert_null(nets_next_count(nets, &at));
	assert_int_equal(around("203.0.113.1"), 0);
	nets_expire(nets, 999 + DAY);
	at = 0;
	assert_non_null(nets_next_pass(nets, &at));
	nets_expire(nets, 1000 + DAY);
	at = 0;
	assert_null(nets_next_pass(nets, &at));
}

/* More hosts than one entry remembers, more networks than a table. */
static void
bounded(void **state)
{
	char ip[ADDR_STRLEN];
	size_t at = 0;
	size_t n = 0;

	(void)state;
	rule.nets[0].n = 32;
	for (int i = 0; i < 256; i++) {
		snprintf(ip, sizeof ip, "203.0.113.%d", i);
		assert_int_equal(refused(ip, 1000 + i), i < 31 ? 0 : 1);
	}
	assert_int_equal(nets_count_bans(nets, NULL, 1255 + HOUR - 1), 1);
	/* the newest are remembered, whatever comes late */
	assert_int_equal(refused("203.0.113.0", 1000), 0);
	assert_int_equal(refused("203.0.113.224", 1300), 0);
	rule.nets[0].n = 2;
	for (int i = 0; i < 5000; i++) {
		snprintf(ip, sizeof ip, "198.%d.%d.1", 18 + i / 256, i % 256);
		assert_int_equal(refused(ip, 2000), 0);
		snprintf(ip, sizeof ip, "198.%d.%d.2", 18 + i / 256, i % 256);
		assert_int_equal(refused(ip, 2000), 1);
		assert_int_equal(around(ip), 1);
	}
	assert_int_equal(nets_count_bans(nets, NULL, 2000), 1000);
	while (nets_next_count(nets, &at) != NULL)
		n++;
	assert_int_equal(n, 1000);
	assert_int_equal(around("203.0.113.1"), 0);
	assert_int_equal(around("198.18.0.1"), 0);
}

/* A network that has a line now and then is not the one to leave. */
static void
who_leaves_first(void **state)
{
	char ip[ADDR_STRLEN];

	(void)state;
	refused("203.0.113.1", 1000);
	refused("203.0.113.2", 1000);
	passed("203.0.112.9", 1000);
	for (int i = 0; i < 3000; i++) {
		snprintf(ip, sizeof ip, "198.%d.%d.1", 18 + i / 256, i % 256);
		refused(ip, 1000);
		passed(ip, 1000);
		if (i % 900 == 0) {
			refused("203.0.113.1", 1000);
			passed("203.0.112.9", 1000);
		}
	}
	assert_int_equal(refused("203.0.113.3", 1000), 1);
	refused("203.0.112.1", 1000);
	refused("203.0.112.2", 1000);
	assert_int_equal(refused("203.0.112.3", 1000), 0);
	/* nor is a ban that is renewed */
	rule.nets[0].n = 2;
	for (int i = 3000; i < 6000; i++) {
		snprintf(ip, sizeof ip, "198.%d.%d.1", 18 + i / 256, i % 256);
		refused(ip, 1000);
		snprintf(ip, sizeof ip, "198.%d.%d.2", 18 + i / 256, i % 256);
		assert_int_equal(refused(ip, 1000), 1);
		if (i % 900 == 0) {
			snprintf(ip, sizeof ip, "203.0.113.%d", 10 + i / 900);
			assert_int_equal(refused(ip, 1000), 1);
		}
	}
	assert_int_equal(around("203.0.113.1"), 1);
}

/* ---- saved and loaded ---- */

/* The tables of one put into those of another, in the order they came. */
static struct nets *
copy_of(const struct nets *from)
{
	struct nets *to = nets_new(1000);
	const struct nets_count *count;
	const struct nets_pass *pass;
	const struct nets_ban *ban;
	size_t at = 0;

	while ((count = nets_next_count(from, &at)) != NULL)
		assert_int_equal(nets_put_count(to, count), 0);
	while ((pass = nets_next_pass(from, &at)) != NULL)
		assert_int_equal(nets_put_pass(to, pass), 0);
	while ((ban = nets_next_ban(from, &at)) != NULL)
		assert_int_equal(nets_put_ban(to, ban), 0);
	return to;
}

static void
malformed_entries(void **state)
{
	struct nets_count count = {
	    .key = {.prefix = {unit_addr("203.0.113.0"), 120}, .rule = "r"},
	    .n = 1};
	struct nets_pass pass = {.prefix = count.key.prefix};
	struct nets_ban ban = {.prefix = count.key.prefix, .rule = "r"};

	(void)state;
	count.n = 0;
	assert_int_equal(nets_put_count(nets, &count), -1);
	count.n = RULES_COUNT_MAX + 1;
	assert_int_equal(nets_put_count(nets, &count), -1);
	count.n = RULES_COUNT_MAX;
	count.key.rule[3] = 'x';
	assert_int_equal(nets_put_count(nets, &count), -1);
	count.key.rule[3] = 0;
	assert_int_equal(nets_put_count(nets, &count), 0);
	assert_int_equal(nets_put_count(nets, &count), -1);
	assert_int_equal(nets_put_pass(nets, &pass), 0);
	assert_int_equal(nets_put_pass(nets, &pass), -1);
	pass.prefix.bits = 200;
	assert_int_equal(nets_put_pass(nets, &pass), -1);
	pass.prefix.bits = 112;
	assert_int_equal(nets_put_pass(nets, &pass), -1); /* not masked */
	ban.prefix.bits = 48;
	assert_int_equal(nets_put_ban(nets, &ban), -1); /* IPv4 */
	ban.prefix.bits = 127;
	assert_int_equal(nets_put_ban(nets, &ban), -1);
	ban.prefix.bits = 120;
	ban.rule[0] = 0;
	assert_int_equal(nets_put_ban(nets, &ban), -1);
	memset(ban.rule, 'r', sizeof ban.rule);
	assert_int_equal(nets_put_ban(nets, &ban), -1);
	ban.rule[RECENT_RULE_SIZE - 1] = 0;
	assert_int_equal(nets_put_ban(nets, &ban), 0);
	assert_int_equal(nets_put_ban(nets, &ban), -1);
}

/* ---- against a model that remembers every line ---- */

#define LINES 8000
#define RULES 3

struct line {
	const struct rules_rule *rule; /* NULL: passed */
	struct addr ip;
	int64_t time_s;
};

static struct rules_rule model_rules[RULES] = {
    {.name = "a",
	.ban_s = DAY,
	.nets = {{120, 4, HOUR}, {56, 3, HOUR}, {112, 12, 2 * HOUR}},
	.nets_n = 3},
    {.name = "b", .ban_s = 900, .nets = {{120, 3, 2 * HOUR}}, .nets_n = 1},
    {.name = "c",
	.ban_s = DAY,
	.nets = {{64, 3, HOUR}, {124, 2, 600}, {48, 4, 4 * HOUR}},
	.nets_n = 3},
};
static const struct rules_lengths model_lengths = {
    .bits = {48, 56, 64, 112, 120, 124}, .n = 6};

static struct line history[LINES];
static size_t history_n;
static struct nets_ban model_bans[LINES];
static size_t model_bans_n;

static struct addr
masked(struct addr a, unsigned bits)
{
	addr_mask(&a, bits);
	return a;
}

static bool
within(const struct addr *a, const struct nets_prefix *p)
{
	struct addr net = masked(*a, p->bits);

	return addr_is4(a) == addr_is4(&p->net) &&
	       memcmp(&net, &p->net, sizeof net) == 0;
}

static bool
same_host(const struct addr *a, const struct addr *b, unsigned bits)
{
	struct addr x = bits < 64 ? masked(*a, 64) : *a;
	struct addr y = bits < 64 ? masked(*b, 64) : *b;

	return memcmp(&x, &y, sizeof x) == 0;
}

static bool
model_passed(const struct nets_prefix *p, int64_t t)
{
	for (size_t i = 0; i < history_n; i++)
		if (history[i].rule == NULL && within(&history[i].ip, p) &&
		    llabs(history[i].time_s - t) < DAY)
			return true;
	return false;
}

/* The lines of a rule about a network that count beside the newest. */
static size_t
model_lines(const struct line *last, const struct nets_prefix *p,
    uint32_t window_s, const struct line *found[LINES])
{
	int64_t newest = last->time_s;
	size_t n = 0;

	for (size_t i = 0; i < history_n; i++)
		if (history[i].rule == last->rule &&
		    within(&history[i].ip, p)) {
			found[n++] = &history[i];
			if (history[i].time_s > newest)
				newest = history[i].time_s;
		}
	for (size_t i = n; i-- > 0;)
		if (found[i]->time_s + window_s <= newest)
			found[i] = found[--n];
	return last->time_s + window_s <= newest ? LINES : n;
}

static struct nets_ban *
model_ban(const struct nets_prefix *p)
{
	for (size_t i = 0; i < model_bans_n; i++)
		if (memcmp(&model_bans[i].prefix, p, sizeof *p) == 0)
			return &model_bans[i];
	return NULL;
}

/* Whether the line bans the network (or for longer), which *ban then says. */
static bool
model_refused(
    const struct line *line, const struct rules_net *net, struct nets_ban *ban)
{
	static const struct line *found[LINES];
	struct nets_prefix p = {masked(line->ip, net->bits), net->bits};
	size_t n = model_lines(line, &p, net->window_s, found);
	uint32_t ban_s = line->rule->ban_s;
	struct nets_ban *old = model_ban(&p);
	unsigned hosts = 1;

	if (n == LINES)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool again = false;

		if (same_host(&found[i]->ip, &line->ip, net->bits))
			return false;
		for (size_t k = 0; k < i; k++)
			again |=
			    same_host(&found[i]->ip, &found[k]->ip, net->bits);
		hosts += !again;
	}
	if (hosts < net->n && !(old != NULL && old->until > line->time_s &&
				  strcmp(old->rule, line->rule->name) == 0))
		return false;
	if (model_passed(&p, line->time_s))
		return false;
	if (ban_s > net->window_s)
		ban_s = net->window_s;
	*ban = (struct nets_ban){.prefix = p,
	    .since = (uint32_t)line->time_s,
	    .until = (uint32_t)line->time_s + ban_s};
	strcpy(ban->rule, line->rule->name);
	if (old != NULL && ban->until < old->until)
		return false;
	if (old == NULL)
		old = &model_bans[model_bans_n++];
	*old = *ban;
	return true;
}

static size_t
model_lift(const struct addr *a)
{
	size_t n = 0;

	for (size_t i = model_bans_n; i-- > 0;)
		if (within(a, &model_bans[i].prefix)) {
			model_bans[i] = model_bans[--model_bans_n];
			n++;
		}
	return n;
}

/* Hosts of a few networks, some of them nested. */
static struct addr
crowded_address(void)
{
	struct addr a;

	if (unit_random() % 2 == 0) {
		a = unit_addr("203.0.0.0");
		a.b[14] = (uint8_t)(unit_random() % 3);
		a.b[15] = (uint8_t)(unit_random() % 10 * 8);
	} else {
		a = unit_addr("2001:db8::");
		a.b[6] = (uint8_t)(unit_random() % 3);
		a.b[7] = (uint8_t)(unit_random() % 4);
		a.b[15] = (uint8_t)(unit_random() % 4);
	}
	return a;
}

/* Time goes on, and now and then a line is late, or the night is quiet. */
static struct line
random_line(int64_t *now)
{
	struct line line = {.ip = crowded_address()};

	*now += unit_random() % 120;
	if (unit_random() % 150 == 0)
		*now += unit_random() % (2 * DAY);
	line.time_s = *now;
	if (unit_random() % 10 == 0)
		line.time_s -= unit_random() % (RECENT_AHEAD_S / 2);
	if (unit_random() % 100 != 0)
		line.rule = &model_rules[unit_random() % RULES];
	return line;
}

static void
give(const struct line *line, size_t *n, struct nets_ban bans[NETS_AROUND_MAX])
{
	if (line->rule == NULL)
		assert_int_equal(nets_passed(nets, &model_lengths, &line->ip,
				     line->time_s, bans, n),
		    0);
	else
		assert_int_equal(nets_refused(nets, line->rule, &line->ip,
				     line->time_s, NULL, bans, n),
		    0);
}

static void
give_both(const struct line *line)
{
	struct nets_ban got[NETS_AROUND_MAX];
	size_t n;
	size_t want = 0;

	give(line, &n, got);
	if (line->rule == NULL)
		want = model_lift(&line->ip);
	for (size_t i = 0; line->rule != NULL && i < line->rule->nets_n; i++) {
		struct nets_ban ban;

		if ((line->rule->nets[i].bits > 96) != addr_is4(&line->ip) ||
		    !model_refused(line, &line->rule->nets[i], &ban))
			continue;
		assert_true(want < n);
		assert_memory_equal(&got[want], &ban, sizeof ban);
		want++;
	}
	assert_int_equal(n, want);
	history[history_n++] = *line;
}

static void
assert_bans_are_the_models(const struct nets *n)
{
	const struct nets_ban *ban;
	size_t count = 0;
	size_t at = 0;

	while ((ban = nets_next_ban(n, &at)) != NULL) {
		const struct nets_ban *want = model_ban(&ban->prefix);

		assert_non_null(want);
		assert_memory_equal(ban, want, sizeof *ban);
		count++;
	}
	assert_int_equal(count, model_bans_n);
}

static bool
is_over(void *user, const struct nets_ban *ban)
{
	const int64_t *now = user;

	return ban->until <= *now - RECENT_AHEAD_S;
}

static void
forget_over(int64_t now)
{
	nets_expire(nets, now - RECENT_AHEAD_S);
	/* that it forgets more or less of what is over must not show */
	for (size_t i = model_bans_n; i-- > 0;)
		if (model_bans[i].until <= now - RECENT_AHEAD_S)
			model_bans[i] = model_bans[--model_bans_n];
	(void)nets_remove_if(nets, is_over, &now);
}

static void
like_the_model(void **state)
{
	int64_t now = 1000000;
	size_t banned = 0;

	(void)state;
	history_n = 0;
	model_bans_n = 0;
	while (history_n < LINES) {
		struct line line = random_line(&now);
		struct nets_ban found[NETS_AROUND_MAX];
		size_t around_n = 0;

		give_both(&line);
		for (size_t i = 0; i < model_bans_n; i++)
			around_n += within(&line.ip, &model_bans[i].prefix);
		assert_int_equal(nets_find(nets, &line.ip, found), around_n);
		banned += model_bans_n;
		if (unit_random() % 50 == 0)
			forget_over(now);
		if (unit_random() % 200 == 0) {
			struct nets *copy = copy_of(nets);

			nets_free(nets);
			nets = copy;
		}
		if (unit_random() % 20 == 0)
			assert_bans_are_the_models(nets);
	}
	assert_true(banned > LINES); /* it was about something */
}

static void
assert_same_counts(struct nets *x, struct nets *y)
{
	const struct nets_count *a;
	size_t at = 0;

	while ((a = nets_next_count(x, &at)) != NULL) {
		const struct nets_count *b;
		size_t at_b = 0;

		while ((b = nets_next_count(y, &at_b)) != NULL)
			if (memcmp(&a->key, &b->key, sizeof a->key) == 0)
				break;
		assert_non_null(b);
		assert_int_equal(a->n, b->n);
		for (uint32_t i = 0; i < a->n; i++) {
			uint32_t k = 0;

			while (k < b->n && b->hosts[k] != a->hosts[i])
				k++;
			assert_true(k < b->n);
			assert_int_equal(a->times_s[i], b->times_s[k]);
		}
	}
}

/* A feed that was killed reads lines again. */
static void
lines_read_twice(void **state)
{
	int64_t now = 1000000;

	(void)state;
	history_n = 0;
	model_bans_n = 0;
	for (int round = 0; round < 200; round++) {
		size_t from = history_n;
		struct nets *before;

		now += unit_random() % 2 * unit_random() % (3 * HOUR);
		for (int i = 0; i < 30; i++) {
			struct line line = random_line(&now);

			if (now - history[from].time_s > HOUR && i > 0)
				break;
			give_both(&line);
		}
		before = copy_of(nets);
		for (size_t i = from; i < history_n; i++) {
			struct nets_ban bans[NETS_AROUND_MAX];
			size_t n;

			give(&history[i], &n, bans);
		}
		assert_bans_are_the_models(nets);
		assert_same_counts(nets, before);
		assert_same_counts(before, nets);
		nets_free(before);
	}
}

/* ---- what local.cdb allows ---- */

static char dir[64];

/* What a rule counted goes, its bans and what others counted stay. */
static void
a_rule_is_forgotten(void **state)
{
	static const char *const names[2] = {"r", "rr"};
	const struct nets_count *e;
	size_t of[2] = {0};
	size_t before = 0;
	size_t at = 0;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char ip[ADDR_STRLEN];

		snprintf(ip, sizeof ip, "198.51.%u.%u", unit_random() % 40,
		    unit_random() % 256);
		snprintf(rule.name, sizeof rule.name, "%s",
		    names[unit_random() % 2]);
		(void)refused(ip, 1000 + i);
	}
	while ((e = nets_next_count(nets, &at)) != NULL)
		of[strcmp(e->key.rule, "r") != 0]++;
	assert_true(of[0] > 20 && of[1] > 20);
	before = nets_count_bans(nets, NULL, 3000);
	assert_true(before > 20);
	nets_forget_rule(nets, "r");
	nets_forget_rule(nets, "none");
	assert_int_equal(nets_count_bans(nets, NULL, 3000), before);
	for (at = 0; (e = nets_next_count(nets, &at)) != NULL; n++)
		assert_string_equal(e->key.rule, "rr");
	assert_int_equal(n, of[1]);
}

static int
begin_dir(void **state)
{
	(void)state;
	unit_directory(dir);
	return 0;
}

static int
end_dir(void **state)
{
	(void)state;
	unit_remove(dir);
	return 0;
}

static const char *
local_path(void)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/local.cdb", dir);
	return path;
}

static int
add_rule(struct localmake *m, const struct addr *net, unsigned bits,
    enum local_action action)
{
	struct local_rule r = {.action = action, .bits = bits};

	if (action != LOCAL_ALLOW)
		strcpy(r.reply, "553 no");
	return localmake_add(m, net, &r, 1);
}

static void
write_rules(struct localmake *m)
{
	assert_int_equal(localmake_write(m, local_path()), 0);
	localmake_free(m);
}

/* A local.cdb of one rule. */
static void
write_rule(const char *net, unsigned bits, enum local_action action)
{
	struct localmake *m = localmake_new();
	struct addr a = unit_addr(net);

	assert_int_equal(add_rule(m, &a, bits, action), LOCALMAKE_ADDED);
	write_rules(m);
}

static struct allows *
read_rules(void)
{
	int fd = open(local_path(), O_RDONLY);
	struct allows *allows = allows_read(fd);
	int error = errno;

	close(fd);
	errno = error;
	return allows;
}

#define ALLOWED 300

/* Addresses and networks around and inside those that are asked about. */
static struct nets_prefix
random_prefix(unsigned shortest)
{
	struct nets_prefix p = {crowded_address(), 0};
	unsigned from = addr_is4(&p.net) ? ADDR_V4_OFFSET + shortest : shortest;

	for (int i = 0; i < 3; i++)
		p.net.b[13 + i] ^= (uint8_t)(unit_random() & unit_random());
	p.bits = from + unit_random() % (129 - from);
	p.net = masked(p.net, p.bits);
	return p;
}

static void
allows_like_a_plain_search(void **state)
{
	static struct nets_prefix allowed[ALLOWED];
	struct localmake *m = localmake_new();
	struct allows *allows;
	size_t n = 0;
	size_t yes = 0;

	(void)state;
	while (n < ALLOWED) {
		struct nets_prefix p = random_prefix(23);
		bool is_allow = unit_random() % 3 != 0;

		if (add_rule(m, &p.net, p.bits,
			is_allow ? LOCAL_ALLOW : LOCAL_DENY) ==
			LOCALMAKE_ADDED &&
		    is_allow)
			allowed[n++] = p;
	}
	write_rules(m);
	allows = read_rules();
	assert_non_null(allows);
	assert_in_range(allows_count(allows), 10, ALLOWED - 1);
	for (int i = 0; i < 20000; i++) {
		struct nets_prefix asked = random_prefix(16);
		bool want = false;

		for (size_t k = 0; k < ALLOWED; k++)
			want |= (allowed[k].bits >= asked.bits &&
				    within(&allowed[k].net, &asked)) ||
				(allowed[k].bits <= asked.bits &&
				    within(&asked.net, &allowed[k]));
		assert_int_equal(
		    allows_overlap(allows, &asked.net, asked.bits), want);
		yes += want;
	}
	assert_in_range(yes, 1000, 19000);
	allows_free(allows);
}

static bool
is_allowed_in(const char *net, unsigned bits)
{
	struct allows *allows = read_rules();
	struct addr a = unit_addr(net);
	bool answer;

	assert_non_null(allows);
	answer = allows_overlap(allows, &a, bits);
	allows_free(allows);
	return answer;
}

static void
one_allowed(void **state)
{
	struct localmake *m;
	struct addr a;

	(void)state;
	write_rule("203.0.113.7", 128, LOCAL_ALLOW);
	assert_true(is_allowed_in("203.0.113.0", 120));
	assert_true(is_allowed_in("203.0.0.0", 112));
	assert_false(is_allowed_in("203.0.112.0", 120));
	assert_false(is_allowed_in("203.0.114.0", 120));
	write_rule("203.0.113.7", 128, LOCAL_DENY);
	assert_false(is_allowed_in("203.0.113.0", 120));
	write_rule("203.0.0.0", 112, LOCAL_ALLOW);
	assert_true(is_allowed_in("203.0.113.0", 120));
	/* all of one family are none of the other */
	write_rule("::", 0, LOCAL_ALLOW);
	assert_true(is_allowed_in("2001:db8::", 48));
	assert_false(is_allowed_in("203.0.113.0", 120));
	write_rule("0.0.0.0", 96, LOCAL_ALLOW);
	assert_false(is_allowed_in("2001:db8::", 48));
	assert_false(is_allowed_in("::", 48));
	assert_true(is_allowed_in("203.0.113.0", 120));
	/* nor do they stand between those of the other */
	m = localmake_new();
	a = unit_addr("::");
	assert_int_equal(add_rule(m, &a, 0, LOCAL_ALLOW), LOCALMAKE_ADDED);
	a = unit_addr("203.0.113.7");
	assert_int_equal(add_rule(m, &a, 128, LOCAL_ALLOW), LOCALMAKE_ADDED);
	write_rules(m);
	assert_true(is_allowed_in("2001:db8::", 48));
	assert_true(is_allowed_in("203.0.113.0", 120));
	assert_false(is_allowed_in("203.0.112.0", 120));
}

/* Whatever happens to the file: whom it allows, or an error. */
static void
damaged_rules(void **state)
{
	static unsigned char file[8192];
	struct addr net = unit_addr("203.0.113.0");
	struct cdbwrite other;
	ssize_t len;
	int bad = 0;
	int fd;

	(void)state;
	write_rule("203.0.113.7", 128, LOCAL_ALLOW);
	fd = open(local_path(), O_RDWR);
	len = read(fd, file, sizeof file);
	assert_in_range(len, 2049, sizeof file - 1);
	for (ssize_t i = 0; i < len; i++) {
		unsigned char flipped =
		    (unsigned char)(file[i] ^ (1U << unit_random() % 8));
		struct allows *allows;

		assert_int_equal(pwrite(fd, &flipped, 1, i), 1);
		allows = allows_read(fd);
		if (allows == NULL) {
			assert_int_equal(errno, EINVAL);
			bad++;
		} else if (!allows_overlap(allows, &net, 120)) {
			fail_msg("byte %zd hides the rule", i);
		}
		allows_free(allows);
		assert_int_equal(pwrite(fd, &file[i], 1, i), 1);
	}
	assert_true(bad > 1000);
	for (ssize_t i = len; i-- > 0;) {
		assert_int_equal(ftruncate(fd, i), 0);
		assert_null(allows_read(fd));
	}
	close(fd);
	/* some other cdb */
	assert_int_equal(cdbwrite_start(&other, local_path(), 0600), 0);
	assert_int_equal(cdbwrite_commit(&other, NULL), 0);
	assert_null(read_rules());
	assert_int_equal(errno, EINVAL);
	assert_null(allows_read(-1));
	assert_int_equal(errno, EBADF);
}

static bool
protects(const struct guard *g, const char *net, unsigned bits)
{
	struct addr a = unit_addr(net);

	return guard_protects_inside(g, &a, bits);
}

static void
what_the_guard_protects(void **state)
{
	static struct guard g;
	struct addr own4 = unit_addr("203.0.113.200");
	struct addr own6 = unit_addr("2001:db8:7:1234::1");

	(void)state;
	assert_false(protects(&g, "203.0.113.0", 120));
	assert_false(protects(&g, "2001:db8:7::", 48));
	/* reserved ones, inside and around */
	assert_true(protects(&g, "127.1.0.0", 112));
	assert_true(protects(&g, "169.254.3.0", 120));
	assert_true(protects(&g, "::", 48));
	assert_false(protects(&g, "0:0:1::", 48));
	assert_true(protects(&g, "64:ff9b::", 48));
	assert_true(protects(&g, "fe80::", 64));
	assert_true(protects(&g, "10.1.0.0", 112));
	assert_true(protects(&g, "fd00:1:2::", 48));
	g.ban_private = true;
	assert_false(protects(&g, "10.1.0.0", 112));
	assert_false(protects(&g, "fd00:1:2::", 48));
	assert_true(protects(&g, "127.1.0.0", 112));
	/* own ones */
	assert_int_equal(guard_add_own(&g, &own4), 0);
	assert_int_equal(guard_add_own(&g, &own6), 0);
	assert_true(protects(&g, "203.0.113.0", 120));
	assert_true(protects(&g, "203.0.113.200", 126));
	assert_false(protects(&g, "203.0.113.204", 126));
	assert_true(protects(&g, "2001:db8:7::", 48));
	assert_true(protects(&g, "2001:db8:7:1200::", 56));
	assert_true(protects(&g, "2001:db8:7:1234::", 64));
	assert_false(protects(&g, "2001:db8:7:1235::", 64));
}

/* Read once, when it is asked for, and anew when the file is another. */
static void
the_allow_list(void **state)
{
	static struct allowlist l;
	FILE *f;

	(void)state;
	unlink(local_path());
	allowlist_open(&l, local_path());
	assert_false(protects(&l.guard, "203.0.113.0", 120));
	assert_null(l.allows);
	write_rule("203.0.113.7", 128, LOCAL_ALLOW);
	allowlist_refresh(&l);
	assert_null(l.allows);
	assert_true(protects(&l.guard, "203.0.113.0", 120));
	assert_non_null(l.allows);
	assert_false(protects(&l.guard, "203.0.112.0", 120));
	write_rule("203.0.112.7", 128, LOCAL_ALLOW);
	assert_true(protects(&l.guard, "203.0.113.0", 120));
	allowlist_refresh(&l);
	assert_false(protects(&l.guard, "203.0.113.0", 120));
	assert_true(protects(&l.guard, "203.0.112.0", 120));
	assert_null(allowlist_trouble(&l));
	/* one that cannot be read might allow anybody */
	unlink(local_path());
	f = fopen(local_path(), "w");
	fputs("no cdb", f);
	fclose(f);
	allowlist_refresh(&l);
	assert_true(protects(&l.guard, "198.51.100.0", 120));
	assert_true(protects(&l.guard, "198.51.101.0", 120));
	assert_non_null(
	    strstr(allowlist_trouble(&l), "local.cdb: it is damaged"));
	assert_null(allowlist_trouble(&l));
	write_rule("203.0.112.7", 128, LOCAL_ALLOW);
	allowlist_refresh(&l);
	assert_false(protects(&l.guard, "203.0.113.0", 120));
	/* none allows nobody */
	unlink(local_path());
	allowlist_refresh(&l);
	assert_false(protects(&l.guard, "203.0.113.0", 120));
	allowlist_close(&l);
	allowlist_open(&l, "");
	assert_false(protects(&l.guard, "203.0.113.0", 120));
	allowlist_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, begin_nets, end_nets)
	    ONE(enough_different_hosts),
	    ONE(within_the_time),
	    ONE(the_shorter_time),
	    ONE(ipv6),
	    ONE(rules_count_apart),
	    ONE(who_passes_prevents),
	    ONE(the_guard_prevents),
	    ONE(wrong_clocks),
	    ONE(late_lines),
	    ONE(by_hand),
	    ONE(forgets_only_what_is_over),
	    ONE(another_time),
	    ONE(bounded),
	    ONE(who_leaves_first),
	    ONE(malformed_entries),
	    ONE(like_the_model),
	    ONE(lines_read_twice),
	    ONE(a_rule_is_forgotten),
#undef ONE
	    cmocka_unit_test(allows_like_a_plain_search),
	    cmocka_unit_test(one_allowed),
	    cmocka_unit_test(damaged_rules),
	    cmocka_unit_test(what_the_guard_protects),
	    cmocka_unit_test(the_allow_list),
	};

	return cmocka_run_group_tests(tests, begin_dir, end_dir);
}
