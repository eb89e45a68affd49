/* SPDX-License-Identifier: ISC */
/*
 * chance: numbers at random that are the same for the same seed.
 */
#ifndef CHANCE_H
#define CHANCE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct chance {
	uint64_t n; /* the seed */
};

static inline uint64_t
chance_bits(struct chance *c)
{
	c->n += 0x9e3779b97f4a7c15ULL; /* 2^64 / the golden ratio, odd */
	return hash_mix(c->n);
}

/* From 0 to 1, without 1. */
static inline double
chance_share(struct chance *c)
{
	return (double)(chance_bits(c) >> 11) * 0x1p-53;
}

/* True in so great a share of the cases. */
static inline bool
chance_is(struct chance *c, double share)
{
	return chance_share(c) < share;
}

/* The time to the next of what happens once in mean on the average. */
static inline double
chance_gap(struct chance *c, double mean)
{
	return -mean * log(1 - chance_share(c));
}

/* From least to most, with each doubling as likely as the next. */
static inline double
chance_scale(struct chance *c, double least, double most)
{
	return least * pow(most / least, chance_share(c));
}

/* How often it happens that happens mean times on the average. */
static inline unsigned
chance_times(struct chance *c, double mean)
{
	unsigned n = 0;

	for (double at = chance_gap(c, 1); at < mean; at += chance_gap(c, 1))
		n++;
	return n;
}

#endif
