/* SPDX-License-Identifier: ISC */
/*
 * record: the values that are kept in local.cdb and recent.cdb.
 *
 * A value is a check sum over key and fields (4 bytes), a version byte, then
 * fields: unsigned numbers little-endian, byte strings behind a 2-byte length.
 * The check is FNV-1a in 32 bits: it finds every changed byte and makes other
 * damage unlikely to pass (1 in 2^32); it is no defence against an author of
 * the file, whose rights are those of the file.
 *
 *	struct record r;		struct record r;
 *	record_begin(&r, VERSION);	r.len = bytes read into r.buf
 *	record_put(&r, 8, until);	record_open(&r, key, klen, VERSION)
 *	record_seal(&r, key, klen);	until = record_get(&r, 8);
 *					if (r.bad) ...
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_MAX 1024
#define RECORD_CHECK_BYTES 4

struct record {
	uint8_t buf[RECORD_MAX];
	size_t len;	 /* bytes in buf */
	size_t at;	 /* the next byte to get */
	bool bad;	 /* something did not fit, or was not there */
	uint8_t version; /* after record_open */
};

/* Starts an empty value. */
void record_begin(struct record *r, uint8_t version);

/* Appends n as size_bytes (1, 2, 4 or 8). */
void record_put(struct record *r, size_t size_bytes, uint64_t n);

/* Appends a byte string of at most 65535 bytes. */
void record_put_bytes(struct record *r, const void *p, size_t len);

/* The check sum over a key and what stands behind the sum in a value. */
uint32_t record_check(
    const uint8_t *value, size_t len, const void *key, size_t klen);

/*
 * Sets the check sum; afterwards buf and len are what is to be stored.
 * Returns 0, or -1 when a field did not fit.
 */
int record_seal(struct record *r, const void *key, size_t klen)
    __attribute__((warn_unused_result));

/* The version of a value, which may be longer than RECORD_MAX; -1: damaged. */
int record_version(const void *value, size_t len, const void *key, size_t klen);

/*
 * Prepares to get the fields of the len bytes in buf. Returns 0, or -1 when
 * the check sum or the version does not agree. RECORD_ANY takes any version,
 * for a caller that looks at it.
 */
#define RECORD_ANY 0
int record_open(struct record *r, const void *key, size_t klen, uint8_t version)
    __attribute__((warn_unused_result));

/* The next number; 0 and bad when it is not there. */
uint64_t record_get(struct record *r, size_t size_bytes);

/*
 * The next byte string, inside buf and valid as long as it; NULL and bad when
 * it is not there or longer than max.
 */
const void *record_get_bytes(struct record *r, size_t max, size_t *len);

#endif
