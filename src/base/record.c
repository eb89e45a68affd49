/* SPDX-License-Identifier: ISC */
#include "base/record.h"

#include <string.h>

#include "base/hash.h"

#define CHECK_BYTES 4

static uint32_t
check_of(const uint8_t *value, size_t len, const void *key, size_t klen)
{
	return hash_fnv32(hash_fnv32(HASH_FNV32, key, klen),
	    value + CHECK_BYTES, len - CHECK_BYTES);
}

static void
store(uint8_t *to, size_t size, uint64_t n)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(n >> 8 * i);
}

static uint64_t
fetch(const uint8_t *from, size_t size)
{
	uint64_t n = 0;

	for (size_t i = 0; i < size; i++)
		n |= (uint64_t)from[i] << 8 * i;
	return n;
}

void
record_begin(struct record *r, uint8_t version)
{
	r->len = CHECK_BYTES;
	r->bad = false;
	record_put(r, 1, version);
}

void
record_put(struct record *r, size_t size, uint64_t n)
{
	if (size > sizeof r->buf - r->len) {
		r->bad = true;
		return;
	}
	store(r->buf + r->len, size, n);
	r->len += size;
}

void
record_put_bytes(struct record *r, const void *p, size_t len)
{
	if (len > UINT16_MAX || len + 2 > sizeof r->buf - r->len) {
		r->bad = true;
		return;
	}
	record_put(r, 2, len);
	if (len > 0)
		memcpy(r->buf + r->len, p, len);
	r->len += len;
}

int
record_seal(struct record *r, const void *key, size_t klen)
{
	if (r->bad)
		return -1;
	store(r->buf, CHECK_BYTES, check_of(r->buf, r->len, key, klen));
	return 0;
}

int
record_version(const void *value, size_t len, const void *key, size_t klen)
{
	const uint8_t *bytes = value;

	if (len <= CHECK_BYTES ||
	    fetch(bytes, CHECK_BYTES) != check_of(bytes, len, key, klen))
		return -1;
	return bytes[CHECK_BYTES];
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
	r->at = CHECK_BYTES + 1;
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
