/* SPDX-License-Identifier: ISC */
#include "base/record.h"

#include <string.h>

#include "base/hash.h"

uint32_t
record_check(const uint8_t *value, size_t len, const void *key, size_t klen)
{
	return hash_fnv32(hash_fnv32(HASH_FNV32, key, klen),
	    value + RECORD_CHECK_BYTES, len - RECORD_CHECK_BYTES);
}

static uint64_t
fetch(const uint8_t *from, size_t size)
{
	uint64_t n = 0;

	for (size_t i = 0; i < size; i++)
		n |= (uint64_t)from[i] << 8 * i;
	return n;
}

int
record_version(const void *value, size_t len, const void *key, size_t klen)
{
	const uint8_t *bytes = value;

	if (len <= RECORD_CHECK_BYTES ||
	    fetch(bytes, RECORD_CHECK_BYTES) !=
		record_check(bytes, len, key, klen))
		return -1;
	return bytes[RECORD_CHECK_BYTES];
}

int
record_open(struct record *r, const void *key, size_t klen, uint8_t version)
{
	int found = -1;

	r->bad = true;
	if (r->len <= sizeof r->buf)
		found = record_version(r->buf, r->len, key, klen);
	if (found < 0 || (version != RECORD_ANY && version != found))
		return -1;
	r->bad = false;
	r->version = (uint8_t)found;
	r->at = RECORD_CHECK_BYTES + 1;
	return 0;
}

uint64_t
record_get(struct record *r, size_t size)
{
	uint64_t n;

	if (r->bad || size > r->len - r->at) {
		r->bad = true;
		return 0;
	}
	n = fetch(r->buf + r->at, size);
	r->at += size;
	return n;
}

const void *
record_get_bytes(struct record *r, size_t max, size_t *len)
{
	const void *p;

	*len = (size_t)record_get(r, 2);
	if (r->bad || *len > max || *len > r->len - r->at) {
		r->bad = true;
		*len = 0;
		return NULL;
	}
	p = r->buf + r->at;
	r->at += *len;
	return p;
}
