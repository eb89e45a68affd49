/* SPDX-License-Identifier: ISC */
/* A state as the records of its checkpoint, to compare and to load it. */
#ifndef RECORDS_H
#define RECORDS_H

#include "fuzz.h"

#include "state/codec.h"

#define RECORDS_MAX 320 /* the tallies, and some of everything else */

struct records {
	struct {
		struct codec_key key;
		struct record r; /* sealed */
	} list[RECORDS_MAX];
	size_t n;
};

static inline int
records_order(const void *a, const void *b)
{
	const struct codec_key *x = a;
	const struct codec_key *y = b;

	return memcmp(x->b, y->b, x->len);
}

/*
 * All records, as checkpoint.c would write them. The bans, which come first,
 * have no order; all others keep theirs.
 */
static inline void
records_save(struct records *to, const struct state *s,
    const struct state_log *logs, size_t logs_n)
{
	struct codec_at at = {0};
	size_t i = 0;

	for (;; i++) {
		HOLDS(i < RECORDS_MAX);
		if (codec_next(s, logs, logs_n, &at, &to->list[i].key,
			&to->list[i].r) == 0)
			break;
		HOLDS(record_seal(&to->list[i].r, to->list[i].key.b,
			  to->list[i].key.len) == 0);
	}
	to->n = i;
	qsort(to->list, bans_count(s->bans), sizeof *to->list, records_order);
}

/* Into an empty state, as checkpoint.c would load them. */
static inline void
records_load(const struct records *from, struct state *s,
    struct state_log *logs, size_t logs_n)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct codec_key *key = &from->list[i].key;
		struct record r = from->list[i].r;

		HOLDS(record_open(&r, key->b, key->len, BAN_VERSION) == 0);
		HOLDS(codec_take(s, logs, logs_n, key->b, key->len, &r) == 0);
	}
}

static inline void
records_same(const struct records *x, const struct records *y)
{
	HOLDS(x->n == y->n);
	for (size_t i = 0; i < x->n; i++) {
		const struct codec_key *kx = &x->list[i].key;
		const struct codec_key *ky = &y->list[i].key;

		HOLDS(kx->len == ky->len && memcmp(kx->b, ky->b, kx->len) == 0);
		HOLDS(x->list[i].r.len == y->list[i].r.len);
		HOLDS(memcmp(x->list[i].r.buf, y->list[i].r.buf,
			  x->list[i].r.len) == 0);
	}
}

#endif
