/* SPDX-License-Identifier: ISC */
#include "local/localmake.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/intern.h"

#define EMPTY UINT32_MAX

/*
 * A rule, or a marker: a node half-way on the search for a longer prefix.
 * What a marker answers is found when everything has been added.
 */
struct node {
	struct net net;
	uint8_t action; /* LOCAL_NONE: a marker */
	uint16_t source;
	uint32_t reply; /* texts */
};

struct localmake {
	struct node *list;
	uint32_t *slots; /* hash table over list, open addressing */
	struct intern *texts;
	size_t n, cap, slot_mask;
};

/* The slot of the node, or the empty one where it would be. */
static size_t
slot_of(const struct localmake *m, const struct net *net)
{
	size_t slot = hash_bytes(0, net, sizeof *net) & m->slot_mask;

	while (m->slots[slot] != EMPTY &&
	       memcmp(&m->list[m->slots[slot]].net, net, sizeof *net) != 0)
		slot = (slot + 1) & m->slot_mask;
	return slot;
}

static int
grow(struct localmake *m)
{
	size_t cap = m->cap == 0 ? 1024 : m->cap * 2;
	struct node *list;
	uint32_t *slots;

	if (cap > EMPTY / 4) {
		errno = EFBIG;
		return -1;
	}
	list = reallocarray(m->list, cap, sizeof *list);
	if (list == NULL)
		return -1;
	m->list = list;
	slots = reallocarray(NULL, cap * 2, sizeof *slots);
	if (slots == NULL)
		return -1;
	free(m->slots);
	m->slots = slots;
	m->slot_mask = cap * 2 - 1;
	m->cap = cap;
	memset(slots, 0xff, cap * 2 * sizeof *slots);
	for (size_t i = 0; i < m->n; i++)
		slots[slot_of(m, &list[i].net)] = (uint32_t)i;
	return 0;
}

struct localmake *
localmake_new(void)
{
	struct localmake *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->texts = intern_new();
	if (m->texts == NULL || grow(m) != 0) {
		localmake_free(m);
		errno = ENOMEM;
		return NULL;
	}
	return m;
}

void
localmake_free(struct localmake *m)
{
	if (m == NULL)
		return;
	intern_free(m->texts);
	free(m->list);
	free(m->slots);
	free(m);
}

/* Finds or makes a node. NULL with errno. */
static struct node *
node_at(struct localmake *m, const struct net *net)
{
	size_t slot = slot_of(m, net);

	if (m->slots[slot] != EMPTY)
		return &m->list[m->slots[slot]];
	if (m->n == m->cap) {
		if (grow(m) != 0)
			return NULL;
		slot = slot_of(m, net);
	}
	m->slots[slot] = (uint32_t)m->n;
	m->list[m->n] = (struct node){.net = *net, .action = LOCAL_NONE};
	return &m->list[m->n++];
}

enum localmake_answer
localmake_add(
    struct localmake *m, const struct local_rule *rule, unsigned source)
{
	struct node *x = node_at(m, &rule->net);

	if (x == NULL)
		return LOCALMAKE_ERROR;
	if (x->action != LOCAL_NONE)
		return x->source == source && x->action != rule->action
			   ? LOCALMAKE_CONTRARY
			   : LOCALMAKE_KNOWN;
	x->reply = intern_keep(m->texts, rule->reply);
	if (x->reply == INTERN_NONE) {
		errno = ENOMEM;
		return LOCALMAKE_ERROR;
	}
	x->action = (uint8_t)rule->action;
	x->source = (uint16_t)source;
	return LOCALMAKE_ADDED;
}

static void
collect_lengths(
    const struct localmake *m, bool is4, struct local_lengths *lengths)
{
	bool used[LOCAL_LENGTHS] = {false};

	for (size_t i = 0; i < m->n; i++)
		if (net_is4(&m->list[i].net) == is4)
			used[m->list[i].net.bits] = true;
	lengths->n = 0;
	for (unsigned bits = 0; bits < LOCAL_LENGTHS; bits++)
		if (used[bits])
			lengths->bits[lengths->n++] = (unsigned char)bits;
}

/* Puts the markers that lead the search of local_find to one rule. */
static int
add_markers(struct localmake *m, size_t i, const struct local_lengths *lengths)
{
	const struct net whole = m->list[i].net;
	size_t low = 0;
	size_t high = lengths->n;

	for (;;) {
		size_t middle = low + (high - low) / 2;
		unsigned half = lengths->bits[middle];
		struct net net = net_of(&whole.ip, half);

		if (half == whole.bits)
			return 0;
		if (half > whole.bits) {
			high = middle;
			continue;
		}
		if (node_at(m, &net) == NULL)
			return -1;
		low = middle + 1;
	}
}

/* The rule with the longest prefix around a marker; NULL: none. */
static const struct node *
rule_around(const struct localmake *m, const struct node *marker,
    const struct local_lengths *lengths)
{
	for (size_t i = lengths->n; i-- > 0;) {
		struct net net = net_of(&marker->net.ip, lengths->bits[i]);
		uint32_t at;

		if (net.bits >= marker->net.bits)
			continue;
		at = m->slots[slot_of(m, &net)];
		if (at != EMPTY && m->list[at].action != LOCAL_NONE)
			return &m->list[at];
	}
	return NULL;
}

/* Fills r with a node (not sealed). is_rule: its own, not a marker's. */
static void
node_put(struct record *r, const struct local_rule *rule, bool is_rule)
{
	record_begin(r, LOCAL_VERSION);
	record_put(r, 1, rule->action);
	record_put(r, 1, rule->net.bits);
	record_put(r, 1, is_rule);
	record_put_bytes(r, rule->reply, strlen(rule->reply));
}

static int
add(struct cdbwrite *w, const void *key, size_t klen, struct record *r)
{
	if (record_seal(r, key, klen) != 0) {
		errno = EINVAL;
		return -1;
	}
	return cdbwrite_add(w, key, klen, r->buf, r->len);
}

static int
write_node(struct cdbwrite *w, const struct localmake *m, size_t i,
    const struct local_lengths *lengths)
{
	const struct node *x = &m->list[i];
	bool is_rule = x->action != LOCAL_NONE;
	const struct node *answer = is_rule ? x : rule_around(m, x, lengths);
	struct local_rule rule = {.action = LOCAL_NONE, .net = x->net};
	unsigned char key[LOCAL_KEY_BYTES];
	struct record r;

	if (answer != NULL) {
		rule.action = (enum local_action)answer->action;
		rule.net = answer->net;
		snprintf(rule.reply, sizeof rule.reply, "%s",
		    intern_get(m->texts, answer->reply));
	}
	local_key(key, &x->net);
	node_put(&r, &rule, is_rule);
	return add(w, key, sizeof key, &r);
}

static int
write_all(struct cdbwrite *w, const struct localmake *m,
    const struct local_lengths *v4, const struct local_lengths *v6)
{
	struct record r;

	record_begin(&r, LOCAL_VERSION);
	record_put_bytes(&r, v4->bits, v4->n);
	record_put_bytes(&r, v6->bits, v6->n);
	if (add(w, LOCAL_HEADER_KEY, strlen(LOCAL_HEADER_KEY), &r) != 0)
		return -1;
	for (size_t i = 0; i < m->n; i++) {
		bool is4 = net_is4(&m->list[i].net);

		if (write_node(w, m, i, is4 ? v4 : v6) != 0)
			return -1;
	}
	return 0;
}

/* Puts the markers to all rules. */
static int
mark_rules(struct localmake *m, const struct local_lengths *v4,
    const struct local_lengths *v6)
{
	size_t rules = m->n;

	for (size_t i = 0; i < rules; i++) {
		bool is4 = net_is4(&m->list[i].net);

		if (m->list[i].action != LOCAL_NONE &&
		    add_markers(m, i, is4 ? v4 : v6) != 0)
			return -1;
	}
	return 0;
}

int
localmake_write(struct localmake *m, struct cdbwrite *w)
{
	struct local_lengths v4;
	struct local_lengths v6;

	collect_lengths(m, true, &v4);
	collect_lengths(m, false, &v6);
	if (mark_rules(m, &v4, &v6) != 0 || write_all(w, m, &v4, &v6) != 0) {
		cdbwrite_abort(w);
		return -1;
	}
	return cdbwrite_commit(w, NULL);
}
