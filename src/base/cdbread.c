/* SPDX-License-Identifier: ISC */
#include "base/cdbread.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLES (CDBREAD_TABLES_BYTES / PAIR_BYTES)
#define PAIR_BYTES 8 /* two numbers: the file is made of such */

/* a hash table: where it is and how many slots; a slot: a hash, a position */
struct pair {
	uint32_t first, second;
};

static struct pair
unpack(const unsigned char *b)
{
	struct pair p = {cdb_unpack(b), cdb_unpack(b + 4)};

	return p;
}

static int
read_all(int fd, void *to, size_t len, uint32_t at)
{
	ssize_t n = pread(fd, to, len, at);

	if (n >= 0 && (size_t)n < len)
		errno = EINVAL;
	return n == (ssize_t)len ? 0 : -1;
}

int
cdbread_file(const char *path)
{
	/* musl's open(3) would set FD_CLOEXEC once more, its openat does not */
	return openat(
	    AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int
cdbread_open(struct cdbread *c, int fd)
{
	struct stat st;
	uint64_t end;

	c->fd = fd;
	if (fstat(fd, &st) != 0)
		return -1;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (!S_ISREG(st.st_mode) ||
	    read_all(fd, c->tables, sizeof c->tables, 0) != 0)
		return -1;
	errno = EINVAL;
	end = unpack(c->tables).first;
	if (end < sizeof c->tables)
		return -1;
	for (size_t i = 0; i < sizeof c->tables; i += PAIR_BYTES) {
		struct pair p = unpack(c->tables + i);

		if (p.first != end)
			return -1;
		end += (uint64_t)p.second * PAIR_BYTES;
	}
	return end == (uint64_t)st.st_size ? 0 : -1;
}

/*
 * The record of a slot. FOUND with its value in r when it has that key; ABSENT
 * when it has another, and that is the one which belongs into the slot.
 */
static enum cdbread_answer
read_slot(int fd, struct pair slot, const void *key, size_t klen,
    unsigned char version, struct record *r)
{
	unsigned char b[PAIR_BYTES + CDBREAD_KEY_MAX + sizeof r->buf];
	ssize_t n = pread(fd, b, sizeof b, slot.second);
	struct pair len; /* of key and value */
	size_t left;

	if (n < 0)
		return CDBREAD_ERROR;
	errno = EINVAL;
	if ((size_t)n < PAIR_BYTES)
		return CDBREAD_ERROR;
	len = unpack(b);
	left = (size_t)n - PAIR_BYTES;
	if (len.first > left || len.first > CDBREAD_KEY_MAX ||
	    cdb_hash(b + PAIR_BYTES, len.first) != slot.first)
		return CDBREAD_ERROR;
	if (len.first != klen || memcmp(b + PAIR_BYTES, key, klen) != 0)
		return CDBREAD_ABSENT;
	if (len.second > left - klen || len.second > sizeof r->buf)
		return CDBREAD_ERROR;
	memcpy(r->buf, b + PAIR_BYTES + klen, len.second);
	r->len = len.second;
	return record_open(r, key, klen, version) == 0 ? CDBREAD_FOUND
						       : CDBREAD_ERROR;
}

enum cdbread_answer
cdbread_find(const struct cdbread *c, const void *key, size_t klen,
    unsigned char version, struct record *r)
{
	uint32_t hash = cdb_hash(key, (unsigned)klen);
	struct pair table =
	    unpack(c->tables + (size_t)(hash % TABLES) * PAIR_BYTES);
	uint32_t at;

	if (table.second == 0)
		return CDBREAD_ABSENT;
	at = hash / TABLES % table.second;
	for (uint32_t i = 0; i < table.second; i++) {
		unsigned char b[PAIR_BYTES];
		struct pair slot;
		enum cdbread_answer answer;

		if (read_all(
			c->fd, b, sizeof b, table.first + at * PAIR_BYTES) != 0)
			return CDBREAD_ERROR;
		slot = unpack(b);
		if (slot.first == 0 && slot.second == 0)
			return CDBREAD_ABSENT;
		answer = read_slot(c->fd, slot, key, klen, version, r);
		if (answer != CDBREAD_ABSENT)
			return answer;
		at = (at + 1) % table.second;
	}
	errno = EINVAL; /* half of the slots of a table are empty */
	return CDBREAD_ERROR;
}

const char *
cdbread_error_text(int error)
{
	if (error == EINVAL)
		return "it is damaged, or no cdb of rblcache's";
	if (error == ENOTSUP)
		return "another version of rblcache wrote it";
	return strerror(error);
}
