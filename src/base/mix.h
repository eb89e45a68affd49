/* SPDX-License-Identifier: ISC */
/* mix: spreads every bit of a number over all, one to one. */
#ifndef MIX_H
#define MIX_H

#include <stdint.h>

/* The finalizer of MurmurHash3 (public domain). */
static inline uint64_t
mix(uint64_t h)
{
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

#endif
