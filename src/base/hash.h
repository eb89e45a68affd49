/* SPDX-License-Identifier: ISC */
/* hash_mix: spreads every bit of a number over all, one to one. */
#ifndef HASH_H
#define HASH_H

#include <stdint.h>

/* The finalizer of MurmurHash3 (public domain). */
static inline uint64_t
hash_mix(uint64_t h)
{
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

#endif
