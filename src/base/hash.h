/* SPDX-License-Identifier: ISC */
/*
 * hash: tables in memory use hash_bytes; what stands in a file has FNV-1a, which
 * is the same on every machine.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Spreads every bit of a number over all, one to one: the finalizer of
   MurmurHash3 (public domain). */
static inline uint64_t
hash_mix(uint64_t h)
{
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

/* Eight bytes a step. A secret seed keeps others from choosing collisions. */
static inline uint64_t
hash_bytes(uint64_t seed, const void *p, size_t len)
{
	const unsigned char *at = p;
	uint64_t h = seed;

	while (len > 0) {
		size_t n = len < sizeof h ? len : sizeof h;
		uint64_t word = 0;

		memcpy(&word, at, n);
		h = hash_mix(h ^ word);
		at += n;
		len -= n;
	}
	return h;
}

/* FNV-1a (public domain); h is the basis, or what came of the bytes before. */
#define HASH_FNV32 2166136261U
#define HASH_FNV64 14695981039346656037ULL

static inline uint32_t
hash_fnv32(uint32_t h, const void *p, size_t len)
{
	const unsigned char *at = p;

	while (len-- > 0)
		h = (h ^ *at++) * 16777619U;
	return h;
}

static inline uint64_t
hash_fnv64(uint64_t h, const void *p, size_t len)
{
	const unsigned char *at = p;

	while (len-- > 0)
		h = (h ^ *at++) * 1099511628211ULL;
	return h;
}

#endif
