/* SPDX-License-Identifier: ISC */
#include "state/nets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lru.h"

struct nets {
	struct lru *counts; /* nets_count */
	struct lru *passes; /* nets_pass */
	struct lru *bans;   /* nets_ban */
	size_t max;
	uint32_t banned[ADDR_BITS + 1]; /* networks of each length */
};

struct nets *
nets_new(size_t max)
{
	struct nets *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->max = max;
	n->counts = lru_new(
	    max, sizeof(struct nets_count_key), sizeof(struct nets_count));
	n->passes =
	    lru_new(max, sizeof(struct nets_prefix), sizeof(struct nets_pass));
	n->bans =
	    lru_new(max, sizeof(struct nets_prefix), sizeof(struct nets_ban));
	if (n->counts != NULL && n->passes != NULL && n->bans != NULL)
		return n;
	nets_free(n);
	errno = ENOMEM;
	return NULL;
}

void
nets_free(struct nets *n)
{
	if (n == NULL)
		return;
	lru_free(n->counts);
	lru_free(n->passes);
	lru_free(n->bans);
	free(n);
}

static uint32_t
clamp(int64_t t)
{
	if (t < 0)
		return 0;
	return t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

/* Whether there are networks of that length around the address. */
static bool
is_length_of(unsigned bits, const struct addr *a)
{
	return (bits >= ADDR_V4_OFFSET) == addr_is4(a);
}

static struct nets_prefix
prefix_of(const struct addr *a, unsigned bits)
{
	struct nets_prefix p = {*a, bits};

	addr_mask(&p.net, bits);
	return p;
}

/* ---- counts ---- */

static struct nets_count_key
count_key(const struct nets_prefix *prefix, const char *rule)
{
	struct nets_count_key key = {.prefix = *prefix};

	memcpy(key.rule, rule, strnlen(rule, sizeof key.rule - 1));
	return key;
}

/* What tells a host from the others of a network; see struct nets_count. */
static uint64_t
host_of(const struct addr *a, unsigned bits)
{
	const uint8_t *half = bits < ADDR_V6_BAN_BITS ? a->b : a->b + 8;
	uint64_t host = 0;

	for (int i = 0; i < 8; i++)
		host = host << 8 | half[i];
	return host;
}

static void
remove_host(struct nets_count *e, uint32_t i)
{
	e->n--;
	e->times_s[i] = e->times_s[e->n];
	e->hosts[i] = e->hosts[e->n];
}

/* The place of a host; n: it is not there. */
static uint32_t
place_of(const struct nets_count *e, uint64_t host)
{
	uint32_t i = 0;

	while (i < e->n && e->hosts[i] != host)
		i++;
	return i;
}

/*
 * Removes what was put by a wrong clock, then what is too old to count beside
 * the newest. Whether a line of now is too old itself.
 */
static bool
forget_old(struct nets_count *e, int64_t now)
{
	int64_t newest = now;

	for (uint32_t i = e->n; i-- > 0;)
		if (e->times_s[i] > now + RECENT_AHEAD_S)
			remove_host(e, i);
		else if (e->times_s[i] > newest)
			newest = e->times_s[i];
	for (uint32_t i = e->n; i-- > 0;)
		if ((int64_t)e->times_s[i] + e->window_s <= newest)
			remove_host(e, i);
	return now + e->window_s <= newest;
}

static uint32_t
oldest_of(const struct nets_count *e)
{
	uint32_t oldest = 0;

	for (uint32_t i = 1; i < e->n; i++)
		if (e->times_s[i] < e->times_s[oldest])
			oldest = i;
	return oldest;
}

/* Counts a host of a network. Whether it had not been counted. */
static bool
count_host(struct nets_count *e, uint64_t host, int64_t time_s)
{
	uint32_t i;

	if (forget_old(e, time_s))
		return false;
	i = place_of(e, host);
	if (i < e->n) {
		if (e->times_s[i] < time_s)
			e->times_s[i] = clamp(time_s);
		return false;
	}
	if (e->n < RULES_COUNT_MAX) {
		e->n++;
	} else {
		i = oldest_of(e);
		if (e->times_s[i] >= time_s)
			return true;
	}
	e->hosts[i] = host;
	e->times_s[i] = clamp(time_s);
	return true;
}

/* ---- passes ---- */

/* One from the future was noted before the clock was set back. */
static bool
still_protects(const struct nets_pass *pass, int64_t now)
{
	return (int64_t)pass->time_s + NETS_PASS_S > now &&
	       pass->time_s < now + NETS_PASS_S;
}

static bool
has_passed(struct nets *n, const struct nets_prefix *prefix, int64_t now)
{
	const struct nets_pass *pass = lru_find(n->passes, prefix);

	return pass != NULL && still_protects(pass, now);
}

static int
note_pass(struct nets *n, const struct nets_prefix *prefix, int64_t time_s)
{
	struct nets_pass *pass = lru_find(n->passes, prefix);

	if (pass == NULL) {
		pass = lru_add(n->passes, prefix);
		if (pass == NULL)
			return -1;
	} else {
		lru_use(n->passes, pass);
	}
	if (pass->time_s < time_s || !still_protects(pass, time_s))
		pass->time_s = clamp(time_s);
	return 0;
}

/* ---- bans ---- */

static bool
is_from_future(const struct nets_ban *ban, int64_t now)
{
	return ban->since > now + RECENT_AHEAD_S;
}

static bool
holds(const struct nets_ban *ban, int64_t now)
{
	return ban->until > now && !is_from_future(ban, now);
}

static void
drop_ban(struct nets *n, struct nets_ban *ban)
{
	n->banned[ban->prefix.bits]--;
	lru_remove(n->bans, ban);
}

/* Adds a ban that lru_find has just not found. */
static int
add_ban(struct nets *n, const struct nets_ban *ban)
{
	struct nets_ban *e;

	if (lru_count(n->bans) == n->max)
		drop_ban(n, lru_oldest(n->bans));
	e = lru_add(n->bans, &ban->prefix);
	if (e == NULL)
		return -1;
	*e = *ban;
	n->banned[ban->prefix.bits]++;
	return 0;
}

/* 1: the network is banned thus; 0: it stays banned as it was; -1: ENOMEM. */
static int
renew_ban(struct nets *n, const struct nets_ban *ban)
{
	struct nets_ban *e = lru_find(n->bans, &ban->prefix);

	if (e == NULL)
		return add_ban(n, ban) == 0 ? 1 : -1;
	if (ban->until < e->until && !is_from_future(e, ban->since))
		return 0;
	lru_use(n->bans, e);
	*e = *ban;
	return 1;
}

static bool
is_banned_by(struct nets *n, const struct nets_count_key *key, int64_t now)
{
	const struct nets_ban *ban = lru_find(n->bans, &key->prefix);

	return ban != NULL && holds(ban, now) &&
	       strcmp(ban->rule, key->rule) == 0;
}

/* Copies the bans around an address, and removes them if so. */
static size_t
bans_around(struct nets *n, const struct addr *a, bool remove,
    struct nets_ban bans[NETS_AROUND_MAX])
{
	unsigned from = addr_is4(a) ? ADDR_V4_OFFSET : 0;
	unsigned to = addr_is4(a) ? ADDR_BITS : ADDR_V6_BAN_BITS;
	size_t found = 0;

	for (unsigned bits = from; bits <= to; bits++) {
		struct nets_prefix prefix;
		struct nets_ban *ban;

		if (n->banned[bits] == 0)
			continue;
		prefix = prefix_of(a, bits);
		ban = lru_find(n->bans, &prefix);
		if (ban == NULL)
			continue;
		bans[found++] = *ban;
		if (remove)
			drop_ban(n, ban);
	}
	return found;
}

/* ---- lines ---- */

/* For one network around the host: 1: banned; 0: not; -1: ENOMEM. */
static int
refused_in(struct nets *n, const struct rules_rule *rule,
    const struct rules_net *net, const struct addr *a, int64_t time_s,
    const struct guard *guard, struct nets_ban *ban)
{
	struct nets_prefix prefix = prefix_of(a, net->bits);
	struct nets_count_key key = count_key(&prefix, rule->name);
	struct nets_count *e = lru_find(n->counts, &key);
	uint32_t ban_s =
	    rule->ban_s < net->window_s ? rule->ban_s : net->window_s;

	if (e == NULL) {
		e = lru_add(n->counts, &key);
		if (e == NULL)
			return -1;
	} else {
		lru_use(n->counts, e);
	}
	e->window_s = net->window_s;
	if (!count_host(e, host_of(a, net->bits), time_s))
		return 0;
	if (e->n < net->n && !is_banned_by(n, &key, time_s))
		return 0;
	if (has_passed(n, &prefix, time_s) ||
	    (guard != NULL &&
		guard_protects_inside(guard, &prefix.net, prefix.bits)))
		return 0;
	*ban = (struct nets_ban){.prefix = prefix,
	    .since = clamp(time_s),
	    .until = clamp(time_s + ban_s)};
	memcpy(ban->rule, key.rule, sizeof ban->rule);
	return renew_ban(n, ban);
}

int
nets_refused(struct nets *n, const struct rules_rule *rule,
    const struct addr *a, int64_t time_s, const struct guard *guard,
    struct nets_ban bans[RULES_NETS_MAX], size_t *bans_n)
{
	int result = 0;

	*bans_n = 0;
	for (size_t i = 0; i < rule->nets_n; i++) {
		int rc;

		if (!is_length_of(rule->nets[i].bits, a))
			continue;
		rc = refused_in(
		    n, rule, &rule->nets[i], a, time_s, guard, &bans[*bans_n]);
		if (rc < 0)
			result = -1;
		else
			*bans_n += (size_t)rc;
	}
	return result;
}

int
nets_passed(struct nets *n, const struct rules_lengths *lengths,
    const struct addr *a, int64_t time_s,
    struct nets_ban lifted[NETS_AROUND_MAX], size_t *lifted_n)
{
	int result = 0;

	*lifted_n = nets_lift(n, a, lifted);
	for (size_t i = 0; i < lengths->n; i++) {
		struct nets_prefix prefix = prefix_of(a, lengths->bits[i]);

		if (is_length_of(lengths->bits[i], a) &&
		    note_pass(n, &prefix, time_s) != 0)
			result = -1;
	}
	return result;
}

/* ---- questions and what an admin does ---- */

size_t
nets_find(
    struct nets *n, const struct addr *a, struct nets_ban bans[NETS_AROUND_MAX])
{
	return bans_around(n, a, false, bans);
}

size_t
nets_lift(struct nets *n, const struct addr *a,
    struct nets_ban lifted[NETS_AROUND_MAX])
{
	return bans_around(n, a, true, lifted);
}

struct removal {
	nets_goes *goes;
	void *user;
	uint32_t *banned;
	size_t n;
};

static bool
stays(void *user, const void *entry)
{
	const struct nets_ban *ban = entry;
	struct removal *r = user;

	if (!r->goes(r->user, ban))
		return true;
	r->banned[ban->prefix.bits]--;
	r->n++;
	return false;
}

size_t
nets_remove_if(struct nets *n, nets_goes *goes, void *user)
{
	struct removal r = {goes, user, n->banned, 0};

	lru_filter(n->bans, stays, &r);
	return r.n;
}

void
nets_forget_hosts(struct nets *n, const struct nets_ban *ban)
{
	struct nets_count_key key = count_key(&ban->prefix, ban->rule);
	struct nets_count *e = lru_find(n->counts, &key);

	if (e != NULL)
		lru_remove(n->counts, e);
}

void
nets_forget(struct nets *n, const char *rule, const struct addr *a)
{
	for (unsigned bits = 0; bits <= ADDR_BITS; bits++) {
		struct nets_prefix prefix;
		struct nets_count_key key;
		struct nets_count *e;
		uint32_t i;

		if (!rules_is_net_length(bits) || !is_length_of(bits, a))
			continue;
		prefix = prefix_of(a, bits);
		key = count_key(&prefix, rule);
		e = lru_find(n->counts, &key);
		if (e == NULL)
			continue;
		i = place_of(e, host_of(a, bits));
		if (i < e->n)
			remove_host(e, i);
		if (e->n == 0)
			lru_remove(n->counts, e);
	}
}

size_t
nets_count_bans(const struct nets *n, const char *rule, int64_t now)
{
	const struct nets_ban *ban;
	size_t count = 0;
	size_t at = 0;

	while ((ban = nets_next_ban(n, &at)) != NULL)
		if (holds(ban, now) &&
		    (rule == NULL || strcmp(ban->rule, rule) == 0))
			count++;
	return count;
}

uint32_t
nets_left_s(const struct nets_ban *ban, int64_t now)
{
	struct recent_ban host = {.since = ban->since, .until = ban->until};

	return recent_left_s(&host, now);
}

static bool
count_is_over(const struct nets_count *e, int64_t now_s)
{
	for (uint32_t i = 0; i < e->n; i++)
		if ((int64_t)e->times_s[i] + e->window_s > now_s)
			return false;
	return true;
}

void
nets_expire(struct nets *n, int64_t now_s)
{
	struct nets_count *count;
	struct nets_pass *pass;
	struct nets_ban *ban;

	while ((count = lru_oldest(n->counts)) != NULL &&
	       count_is_over(count, now_s))
		lru_remove(n->counts, count);
	while ((pass = lru_oldest(n->passes)) != NULL &&
	       (int64_t)pass->time_s + NETS_PASS_S <= now_s)
		lru_remove(n->passes, pass);
	while ((ban = lru_oldest(n->bans)) != NULL && ban->until <= now_s)
		drop_ban(n, ban);
}

/* ---- to save and to load ---- */

static bool
is_of_another(void *rule, const void *entry)
{
	const struct nets_count *e = entry;

	return strcmp(e->key.rule, rule) != 0;
}

void
nets_forget_rule(struct nets *n, const char *rule)
{
	char name[RECENT_RULE_SIZE] = "";

	memcpy(name, rule, strnlen(rule, sizeof name - 1));
	lru_filter(n->counts, is_of_another, name);
}

const struct nets_count *
nets_next_count(const struct nets *n, size_t *at)
{
	return lru_next(n->counts, at);
}

const struct nets_pass *
nets_next_pass(const struct nets *n, size_t *at)
{
	return lru_next(n->passes, at);
}

const struct nets_ban *
nets_next_ban(const struct nets *n, size_t *at)
{
	return lru_next(n->bans, at);
}

static bool
is_prefix(const struct nets_prefix *p)
{
	struct addr net = p->net;

	return rules_is_net_length(p->bits) && is_length_of(p->bits, &net) &&
	       !addr_mask(&net, p->bits);
}

/* Whether it is a name with zeros to its end. */
static bool
is_rule(const char rule[RECENT_RULE_SIZE])
{
	size_t len = strnlen(rule, RECENT_RULE_SIZE);

	if (len == 0 || len == RECENT_RULE_SIZE)
		return false;
	while (len < RECENT_RULE_SIZE)
		if (rule[len++] != 0)
			return false;
	return true;
}

int
nets_put_count(struct nets *n, const struct nets_count *entry)
{
	struct nets_count *e;

	if (!is_prefix(&entry->key.prefix) || !is_rule(entry->key.rule) ||
	    entry->n == 0 || entry->n > RULES_COUNT_MAX ||
	    lru_find(n->counts, &entry->key) != NULL)
		return -1;
	e = lru_add(n->counts, &entry->key);
	if (e == NULL)
		return -1;
	*e = *entry;
	return 0;
}

int
nets_put_pass(struct nets *n, const struct nets_pass *entry)
{
	struct nets_pass *e;

	if (!is_prefix(&entry->prefix) ||
	    lru_find(n->passes, &entry->prefix) != NULL)
		return -1;
	e = lru_add(n->passes, &entry->prefix);
	if (e == NULL)
		return -1;
	*e = *entry;
	return 0;
}

int
nets_put_ban(struct nets *n, const struct nets_ban *entry)
{
	if (!is_prefix(&entry->prefix) || !is_rule(entry->rule) ||
	    lru_find(n->bans, &entry->prefix) != NULL)
		return -1;
	return add_ban(n, entry);
}
