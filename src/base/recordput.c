/* SPDX-License-Identifier: ISC */
#include "base/record.h"

#include <string.h>

static void
store(uint8_t *to, size_t size, uint64_t n)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(n >> 8 * i);
}

void
record_begin(struct record *r, uint8_t version)
{
	r->len = RECORD_CHECK_BYTES;
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
	store(r->buf, RECORD_CHECK_BYTES,
	    record_check(r->buf, r->len, key, klen));
	return 0;
}
