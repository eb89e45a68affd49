/* SPDX-License-Identifier: ISC */
/*
 * lru: a bounded table of entries of one size.
 *
 * An entry begins with its key. When the table is full, the entry that was
 * used longest ago leaves for a new one. Every operation takes constant time,
 * however many entries there are. Entries move: a pointer to one is valid
 * until the next lru_put or lru_remove.
 */
#ifndef LRU_H
#define LRU_H

#include <stdbool.h>
#include <stddef.h>

struct lru;

/*
 * A table for at most max entries (1 .. 2^31) of entry_bytes bytes, the first
 * key_bytes of which tell them apart; or NULL with errno. Memory is taken as
 * it fills.
 */
struct lru *lru_new(size_t max, size_t key_bytes, size_t entry_bytes)
    __attribute__((warn_unused_result));
void lru_free(struct lru *l);

/* The entry with this key, or NULL. */
void *lru_find(const struct lru *l, const void *key);

/*
 * The entry with this key, as the one used last. It is added, all zero behind
 * its key, when there is none. NULL with errno ENOMEM.
 */
void *lru_put(struct lru *l, const void *key)
    __attribute__((warn_unused_result));

void lru_remove(struct lru *l, void *entry);

/* Removes all for which keep says no. */
void lru_filter(
    struct lru *l, bool (*keep)(void *user, const void *entry), void *user);

/* The entry that would leave next, or NULL. */
void *lru_oldest(struct lru *l);

size_t lru_count(const struct lru *l);

/*
 * The entries in the order in which they would leave: starts with *at = 0;
 * NULL at the end.
 */
const void *lru_next(const struct lru *l, size_t *at);

#endif
