/* SPDX-License-Identifier: ISC */
#include "base/lru.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"

#define FIRST_CAP 256

/* Node 0 is the head of the ring and never an entry. */
struct node {
	uint32_t hash;
	uint32_t older, newer; /* by last use */
	_Alignas(8) unsigned char entry[];
};

/* With the hash, so that other keys are passed over without their nodes. */
struct slot {
	uint32_t hash;
	uint32_t i; /* a node; 0: empty */
};

struct lru {
	unsigned char *nodes; /* 1 .. n are in use */
	struct slot *slots;   /* 2 * cap of them, with open addressing */
	size_t node_bytes, key_bytes, entry_bytes;
	size_t n, cap, max;
	uint64_t seed;
};

static struct node *
node_at(const struct lru *l, size_t i)
{
	void *node = l->nodes + i * l->node_bytes;

	return node;
}

static uint32_t
number_of(const struct lru *l, const void *entry)
{
	const unsigned char *at = entry;

	return (uint32_t)((size_t)(at - l->nodes) / l->node_bytes);
}

/* The seed keeps others from choosing collisions. */
static uint32_t
hash_key(const struct lru *l, const void *key)
{
	return (uint32_t)hash_bytes(l->seed, key, l->key_bytes);
}

/* ---- slots ---- */

static size_t
next_slot(const struct lru *l, size_t at)
{
	return (at + 1) & (2 * l->cap - 1);
}

static size_t
home_of(const struct lru *l, uint32_t hash)
{
	return hash & (2 * l->cap - 1);
}

static struct slot *
slot_of(const struct lru *l, uint32_t i)
{
	size_t at = home_of(l, node_at(l, i)->hash);

	while (l->slots[at].i != i)
		at = next_slot(l, at);
	return &l->slots[at];
}

static void
slot_add(struct lru *l, uint32_t i)
{
	uint32_t hash = node_at(l, i)->hash;
	size_t at = home_of(l, hash);

	while (l->slots[at].i != 0)
		at = next_slot(l, at);
	l->slots[at] = (struct slot){hash, i};
}

/* Empties a slot and closes the gap behind it. */
static void
slot_remove(struct lru *l, uint32_t i)
{
	size_t mask = 2 * l->cap - 1;
	size_t gap = (size_t)(slot_of(l, i) - l->slots);
	size_t at = gap;

	for (;;) {
		size_t home;

		at = next_slot(l, at);
		if (l->slots[at].i == 0)
			break;
		home = home_of(l, l->slots[at].hash);
		/* may it move to the gap without passing its home? */
		if (((at - home) & mask) >= ((at - gap) & mask)) {
			l->slots[gap] = l->slots[at];
			gap = at;
		}
	}
	l->slots[gap].i = 0;
}

/* ---- the ring ---- */

static void
ring_remove(struct lru *l, const struct node *node)
{
	node_at(l, node->older)->newer = node->newer;
	node_at(l, node->newer)->older = node->older;
}

static void
ring_add(struct lru *l, uint32_t i)
{
	struct node *head = node_at(l, 0);
	struct node *node = node_at(l, i);

	node->older = head->older;
	node->newer = 0;
	node_at(l, head->older)->newer = i;
	head->older = i;
}

/* ---- entries ---- */

static int
grow(struct lru *l)
{
	size_t cap = l->cap == 0 ? FIRST_CAP : l->cap * 2;
	struct slot *slots = calloc(2 * cap, sizeof *slots);
	unsigned char *nodes = reallocarray(l->nodes, cap + 1, l->node_bytes);

	if (nodes != NULL)
		l->nodes = nodes;
	if (slots == NULL || nodes == NULL) {
		free(slots);
		errno = ENOMEM;
		return -1;
	}
	if (l->cap == 0)
		memset(nodes, 0, l->node_bytes);
	free(l->slots);
	l->slots = slots;
	l->cap = cap;
	for (uint32_t i = 1; i <= l->n; i++)
		slot_add(l, i);
	return 0;
}

struct lru *
lru_new(size_t max, size_t key_bytes, size_t entry_bytes)
{
	struct lru *l = calloc(1, sizeof *l);
	size_t bytes = sizeof(struct node) + entry_bytes;

	if (l == NULL)
		return NULL;
	l->max = max;
	l->key_bytes = key_bytes;
	l->entry_bytes = entry_bytes;
	l->node_bytes = (bytes + 7) & ~(size_t)7;
	/* without it (early boot) the seed is 0, which is no harm */
	(void)!getrandom(&l->seed, sizeof l->seed, GRND_NONBLOCK);
	if (grow(l) != 0) {
		lru_free(l);
		errno = ENOMEM;
		return NULL;
	}
	return l;
}

void
lru_free(struct lru *l)
{
	if (l == NULL)
		return;
	free(l->nodes);
	free(l->slots);
	free(l);
}

/* The number of the node with this key, or 0. */
static uint32_t
find(const struct lru *l, const void *key, uint32_t hash)
{
	size_t at = home_of(l, hash);

	for (; l->slots[at].i != 0; at = next_slot(l, at))
		if (l->slots[at].hash == hash &&
		    memcmp(node_at(l, l->slots[at].i)->entry, key,
			l->key_bytes) == 0)
			break;
	return l->slots[at].i;
}

void *
lru_find(const struct lru *l, const void *key)
{
	uint32_t i = find(l, key, hash_key(l, key));

	return i == 0 ? NULL : node_at(l, i)->entry;
}

static void
unlink_node(struct lru *l, uint32_t i)
{
	slot_remove(l, i);
	ring_remove(l, node_at(l, i));
}

/* Adds a node with a key that is not there. Its number, or 0. */
static uint32_t
add(struct lru *l, const void *key, uint32_t hash)
{
	uint32_t i = (uint32_t)l->n + 1;
	struct node *node;

	if (l->n == l->max) { /* the oldest makes room */
		i = node_at(l, 0)->newer;
		unlink_node(l, i);
	} else if (l->n == l->cap && grow(l) != 0) {
		return 0;
	} else {
		l->n++;
	}
	node = node_at(l, i);
	node->hash = hash;
	memcpy(node->entry, key, l->key_bytes);
	memset(node->entry + l->key_bytes, 0, l->entry_bytes - l->key_bytes);
	slot_add(l, i);
	return i;
}

void *
lru_put(struct lru *l, const void *key)
{
	uint32_t hash = hash_key(l, key);
	uint32_t i = find(l, key, hash);

	if (i != 0)
		ring_remove(l, node_at(l, i));
	else
		i = add(l, key, hash);
	if (i == 0)
		return NULL;
	ring_add(l, i);
	return node_at(l, i)->entry;
}

/* The last node takes the number of the one that leaves. */
void
lru_remove(struct lru *l, void *entry)
{
	uint32_t i = number_of(l, entry);
	uint32_t last = (uint32_t)l->n;
	struct node *node = node_at(l, i);

	unlink_node(l, i);
	l->n--;
	if (i == last)
		return;
	slot_of(l, last)->i = i;
	memcpy(node, node_at(l, last), l->node_bytes);
	node_at(l, node->older)->newer = i;
	node_at(l, node->newer)->older = i;
}

void
lru_filter(
    struct lru *l, bool (*keep)(void *user, const void *entry), void *user)
{
	size_t i = node_at(l, 0)->newer;

	while (i != 0) {
		size_t next = node_at(l, i)->newer;

		if (!keep(user, node_at(l, i)->entry)) {
			bool moves = next == l->n; /* to the place of this */

			lru_remove(l, node_at(l, i)->entry);
			if (moves)
				next = i;
		}
		i = next;
	}
}

void *
lru_oldest(struct lru *l)
{
	return l->n == 0 ? NULL : node_at(l, node_at(l, 0)->newer)->entry;
}

size_t
lru_count(const struct lru *l)
{
	return l->n;
}

const void *
lru_next(const struct lru *l, size_t *at)
{
	*at = node_at(l, *at)->newer;
	return *at == 0 ? NULL : node_at(l, *at)->entry;
}
