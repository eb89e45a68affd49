/* SPDX-License-Identifier: ISC */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct text {
	char *string; /* NULL: free, and next is the next free one */
	uint32_t users;
	uint32_t hash;
	uint32_t next; /* in its bucket, or in the free list */
};

struct intern {
	struct text *list;
	uint32_t *buckets; /* cap of them, a power of 2 */
	uint32_t n, cap;
	uint32_t free_head;
};

struct intern *
intern_new(void)
{
	struct intern *t = calloc(1, sizeof *t);

	if (t != NULL)
		t->free_head = INTERN_NONE;
	return t;
}

void
intern_free(struct intern *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->n; i++)
		free(t->list[i].string);
	free(t->list);
	free(t->buckets);
	free(t);
}

static int
grow(struct intern *t)
{
	uint32_t cap = t->cap == 0 ? 64 : t->cap * 2;
	struct text *list = reallocarray(t->list, cap, sizeof *list);
	uint32_t *buckets;

	if (list == NULL)
		return -1;
	t->list = list;
	buckets = reallocarray(t->buckets, cap, sizeof *buckets);
	if (buckets == NULL)
		return -1;
	t->buckets = buckets;
	t->cap = cap;
	memset(buckets, 0xff, cap * sizeof *buckets);
	for (uint32_t i = 0; i < t->n; i++) { /* none is free, or why grow? */
		uint32_t *head = &buckets[list[i].hash & (cap - 1)];

		list[i].next = *head;
		*head = i;
	}
	return 0;
}

/* Puts one more entry on the empty free list. */
static int
new_entry(struct intern *t)
{
	if (t->n == t->cap && grow(t) != 0)
		return -1;
	t->list[t->n] = (struct text){.next = INTERN_NONE};
	t->free_head = t->n++;
	return 0;
}

uint32_t
intern_keep(struct intern *t, const char *text)
{
	uint32_t hash = (uint32_t)hash_bytes(0, text, strlen(text));
	struct text *x;
	uint32_t id;

	if (t->cap > 0) {
		id = t->buckets[hash & (t->cap - 1)];
		for (; id != INTERN_NONE; id = t->list[id].next)
			if (t->list[id].hash == hash &&
			    strcmp(t->list[id].string, text) == 0) {
				t->list[id].users++;
				return id;
			}
	}
	if (t->free_head == INTERN_NONE && new_entry(t) != 0)
		return INTERN_NONE;
	id = t->free_head;
	x = &t->list[id];
	x->string = strdup(text);
	if (x->string == NULL)
		return INTERN_NONE;
	t->free_head = x->next;
	x->users = 1;
	x->hash = hash;
	x->next = t->buckets[hash & (t->cap - 1)];
	t->buckets[hash & (t->cap - 1)] = id;
	return id;
}

void
intern_drop(struct intern *t, uint32_t id)
{
	struct text *x = &t->list[id];
	uint32_t *link;

	if (--x->users > 0)
		return;
	link = &t->buckets[x->hash & (t->cap - 1)];
	while (*link != id)
		link = &t->list[*link].next;
	*link = x->next;
	free(x->string);
	x->string = NULL;
	x->next = t->free_head;
	t->free_head = id;
}

const char *
intern_get(const struct intern *t, uint32_t id)
{
	return t->list[id].string;
}
