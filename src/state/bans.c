/* SPDX-License-Identifier: ISC */
#include "state/bans.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/intern.h"
#include "state/template.h"

#define EMPTY UINT32_MAX

struct entry {
	struct addr ip;
	uint32_t since, until; /* unix seconds, good until 2106 */
	uint32_t rule, reply;  /* texts; of the reply the template */
	uint32_t refused;
	uint32_t heap_at;
};

/*
 * Entries stand densely; slots is a hash table with open addressing over
 * their indices, heap an order over them with the first to end at 0.
 */
struct bans {
	struct entry *list;
	uint32_t *heap;
	uint32_t *slots;
	struct intern *texts;
	size_t n, cap, slot_mask, max;
	struct addr gone; /* that left for a new one */
	bool has_gone;
	uint64_t seed;
};

static uint32_t
clamp(int64_t t)
{
	return t < 0 ? 0 : t > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

/* The seed keeps a client with many addresses from choosing collisions. */
static size_t
hash_of(const struct bans *b, const struct addr *key)
{
	return (size_t)hash_bytes(b->seed, key->b, sizeof key->b);
}

static int
compare_keys(const struct addr *a, const struct addr *b)
{
	struct addr x = addr_ban_key(a);
	struct addr y = addr_ban_key(b);

	return memcmp(x.b, y.b, sizeof x.b);
}

/* The slot where the key stands, or the empty one where it would. */
static size_t
slot_of(const struct bans *b, const struct addr *a)
{
	struct addr key = addr_ban_key(a);
	size_t slot = hash_of(b, &key) & b->slot_mask;

	while (b->slots[slot] != EMPTY &&
	       compare_keys(&b->list[b->slots[slot]].ip, &key) != 0)
		slot = (slot + 1) & b->slot_mask;
	return slot;
}

/* Empties a slot and closes the gap behind it. */
static void
clear_slot(struct bans *b, size_t gap)
{
	size_t i = gap;

	for (;;) {
		struct addr key;
		size_t home;

		i = (i + 1) & b->slot_mask;
		if (b->slots[i] == EMPTY)
			break;
		key = addr_ban_key(&b->list[b->slots[i]].ip);
		home = hash_of(b, &key) & b->slot_mask;
		/* may it move to the gap without passing its home? */
		if (((i - home) & b->slot_mask) >= ((i - gap) & b->slot_mask)) {
			b->slots[gap] = b->slots[i];
			gap = i;
		}
	}
	b->slots[gap] = EMPTY;
}

static bool
ends_before(const struct bans *b, uint32_t x, uint32_t y)
{
	const struct entry *ex = &b->list[x];
	const struct entry *ey = &b->list[y];

	if (ex->until != ey->until)
		return ex->until < ey->until;
	return compare_keys(&ex->ip, &ey->ip) < 0;
}

static void
heap_set(struct bans *b, size_t at, uint32_t entry)
{
	b->heap[at] = entry;
	b->list[entry].heap_at = (uint32_t)at;
}

/* Moves the entry at a place of the heap to where its end belongs. */
static void
heap_fix(struct bans *b, size_t at)
{
	uint32_t entry = b->heap[at];

	while (at > 0 && ends_before(b, entry, b->heap[(at - 1) / 2])) {
		heap_set(b, at, b->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= b->n)
			break;
		if (child + 1 < b->n &&
		    ends_before(b, b->heap[child + 1], b->heap[child]))
			child++;
		if (!ends_before(b, b->heap[child], entry))
			break;
		heap_set(b, at, b->heap[child]);
		at = child;
	}
	heap_set(b, at, entry);
}

static void
remove_entry(struct bans *b, uint32_t entry)
{
	uint32_t last = (uint32_t)b->n - 1;
	size_t hole = b->list[entry].heap_at;
	uint32_t moved = b->heap[last];

	clear_slot(b, slot_of(b, &b->list[entry].ip));
	intern_drop(b->texts, b->list[entry].rule);
	intern_drop(b->texts, b->list[entry].reply);
	b->n--;
	if (hole < b->n) {
		heap_set(b, hole, moved);
		heap_fix(b, hole);
	}
	if (entry != last) {
		b->slots[slot_of(b, &b->list[last].ip)] = entry;
		b->list[entry] = b->list[last];
		b->heap[b->list[entry].heap_at] = entry;
	}
}

static int
grow(struct bans *b)
{
	size_t cap = b->cap == 0 ? 256 : b->cap * 2;
	size_t slots_n = cap * 2;
	struct entry *list;
	uint32_t *heap;
	uint32_t *slots;

	list = reallocarray(b->list, cap, sizeof *list);
	if (list == NULL)
		return -1;
	b->list = list;
	heap = reallocarray(b->heap, cap, sizeof *heap);
	if (heap == NULL)
		return -1;
	b->heap = heap;
	slots = reallocarray(NULL, slots_n, sizeof *slots);
	if (slots == NULL)
		return -1;
	free(b->slots);
	b->slots = slots;
	b->slot_mask = slots_n - 1;
	b->cap = cap;
	memset(slots, 0xff, slots_n * sizeof *slots);
	for (uint32_t i = 0; i < b->n; i++)
		slots[slot_of(b, &list[i].ip)] = i;
	return 0;
}

struct bans *
bans_new(size_t max)
{
	struct bans *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->max = max;
	/* without it (early boot) the seed is 0, which is no harm */
	(void)!getrandom(&b->seed, sizeof b->seed, GRND_NONBLOCK);
	b->texts = intern_new();
	if (b->texts == NULL || grow(b) != 0) {
		bans_free(b);
		errno = ENOMEM;
		return NULL;
	}
	return b;
}

void
bans_bound(struct bans *b, size_t max)
{
	b->max = max;
	while (b->n > max)
		remove_entry(b, b->heap[0]);
}

size_t
bans_max(const struct bans *b)
{
	return b->max;
}

void
bans_free(struct bans *b)
{
	if (b == NULL)
		return;
	intern_free(b->texts);
	free(b->list);
	free(b->heap);
	free(b->slots);
	free(b);
}

/* Fills the entry's fields but for heap_at. */
static int
fill(struct bans *b, struct entry *e, const struct ban *ban)
{
	char template[REPLY_SIZE];
	uint32_t rule = intern_keep(b->texts, ban->rule);
	uint32_t reply;

	template_make(template, ban->reply, &ban->ip);
	reply = intern_keep(b->texts, template);
	if (rule == INTERN_NONE || reply == INTERN_NONE) {
		if (rule != INTERN_NONE)
			intern_drop(b->texts, rule);
		if (reply != INTERN_NONE)
			intern_drop(b->texts, reply);
		errno = ENOMEM;
		return -1;
	}
	e->ip = ban->ip;
	e->since = clamp(ban->since);
	e->until = clamp(ban->until);
	e->refused = ban->refused;
	e->rule = rule;
	e->reply = reply;
	return 0;
}

/* Whether a ban was put while the clock was wrong. */
static bool
is_from_future(uint32_t since, int64_t now)
{
	return since > now + BAN_AHEAD_S;
}

static void
make_room(struct bans *b)
{
	b->gone = b->list[b->heap[0]].ip;
	b->has_gone = true;
	remove_entry(b, b->heap[0]);
}

bool
bans_pushed_out(struct bans *b, struct addr *a)
{
	bool told = b->has_gone && b->slots[slot_of(b, &b->gone)] == EMPTY;

	*a = b->gone;
	b->has_gone = false;
	return told;
}

int
bans_put(struct bans *b, const struct ban *ban)
{
	uint32_t i = b->slots[slot_of(b, &ban->ip)];

	if (i != EMPTY) {
		struct entry old = b->list[i];

		if (clamp(ban->until) < old.until &&
		    !is_from_future(old.since, ban->since))
			return 0;
		if (fill(b, &b->list[i], ban) != 0)
			return -1;
		if (old.until > clamp(ban->since)) /* not yet over */
			b->list[i].refused += old.refused;
		intern_drop(b->texts, old.rule);
		intern_drop(b->texts, old.reply);
		heap_fix(b, old.heap_at);
		return 0;
	}
	if (b->n == b->max)
		make_room(b);
	else if (b->n == b->cap && grow(b) != 0)
		return -1;
	if (fill(b, &b->list[b->n], ban) != 0)
		return -1;
	i = (uint32_t)b->n++;
	b->slots[slot_of(b, &ban->ip)] = i;
	heap_set(b, i, i);
	heap_fix(b, i);
	return 0;
}

bool
bans_remove(struct bans *b, const struct addr *a)
{
	uint32_t i = b->slots[slot_of(b, a)];

	if (i != EMPTY)
		remove_entry(b, i);
	return i != EMPTY;
}

uint32_t
bans_refused(struct bans *b, const struct addr *a, int64_t time_s)
{
	uint32_t i = b->slots[slot_of(b, a)];

	if (i == EMPTY || b->list[i].until <= clamp(time_s) ||
	    is_from_future(b->list[i].since, time_s))
		return 0;
	if (b->list[i].refused < UINT32_MAX)
		b->list[i].refused++;
	return b->list[i].refused;
}

void
bans_expire(struct bans *b, int64_t now)
{
	while (b->n > 0 && b->list[b->heap[0]].until <= clamp(now))
		remove_entry(b, b->heap[0]);
}

size_t
bans_count(const struct bans *b)
{
	return b->n;
}

bool
bans_find(const struct bans *b, const struct addr *a, struct ban *ban)
{
	uint32_t i = b->slots[slot_of(b, a)];

	if (i != EMPTY)
		bans_nth(b, i, ban);
	return i != EMPTY;
}

bool
bans_find_live(
    const struct bans *b, const struct addr *a, int64_t now, struct ban *ban)
{
	return bans_find(b, a, ban) && ban_left_s(ban, now) > 0;
}

bool
bans_left(const struct bans *b, const struct addr *a, int64_t now,
    struct bans_left *left)
{
	uint32_t i = b->slots[slot_of(b, a)];

	if (i != EMPTY)
		bans_nth_left(b, i, now, left);
	return i != EMPTY && left->left_s > 0;
}

static void
get_times(const struct entry *e, struct ban *ban)
{
	ban->ip = e->ip;
	ban->since = e->since;
	ban->until = e->until;
	ban->refused = e->refused;
}

void
bans_nth_left(
    const struct bans *b, size_t i, int64_t now, struct bans_left *left)
{
	struct ban ban;

	get_times(&b->list[i], &ban);
	*left = (struct bans_left){ban.ip, ban_left_s(&ban, now), ban.refused};
}

void
bans_nth(const struct bans *b, size_t i, struct ban *ban)
{
	const struct entry *e = &b->list[i];

	get_times(e, ban);
	snprintf(
	    ban->rule, sizeof ban->rule, "%s", intern_get(b->texts, e->rule));
	template_fill(ban->reply, intern_get(b->texts, e->reply), &e->ip);
}

size_t
bans_count_rule(const struct bans *b, const char *rule, int64_t now)
{
	uint32_t id =
	    intern_keep(b->texts, rule); /* if it is there, as it is */
	size_t count = 0;

	if (id == INTERN_NONE)
		return 0;
	for (size_t i = 0; i < b->n; i++) {
		const struct entry *e = &b->list[i];

		if (e->rule == id && e->until > clamp(now) &&
		    !is_from_future(e->since, now))
			count++;
	}
	intern_drop(b->texts, id);
	return count;
}
