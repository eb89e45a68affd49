/* SPDX-License-Identifier: ISC */
#include "local/allows.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cdbread.h"
#include "base/record.h"
#include "local/local.h"

#define LENGTHS_BYTES 8 /* of a key and its value, in front of them */

struct allow {
	struct addr net;
	unsigned bits;
};

/* Ascending by family, address, length; none holds another. */
struct allows {
	struct allow *list;
	size_t n, cap;
};

static bool
is4(const struct allow *a)
{
	return a->bits >= ADDR_V4_OFFSET && addr_is4(&a->net);
}

static int
compare(const void *x, const void *y)
{
	const struct allow *a = x;
	const struct allow *b = y;
	int by_net;

	if (is4(a) != is4(b))
		return is4(a) ? 1 : -1;
	by_net = memcmp(&a->net, &b->net, sizeof a->net);
	if (by_net != 0)
		return by_net;
	return a->bits < b->bits ? -1 : a->bits > b->bits;
}

static bool
holds(const struct allow *outer, const struct allow *inner)
{
	struct addr net = inner->net;

	addr_mask(&net, outer->bits);
	return is4(outer) == is4(inner) && outer->bits <= inner->bits &&
	       memcmp(&net, &outer->net, sizeof net) == 0;
}

static int
add(struct allows *a, const struct allow *allow)
{
	if (a->n == a->cap) {
		size_t cap = a->cap == 0 ? 64 : a->cap * 2;
		struct allow *list = reallocarray(a->list, cap, sizeof *list);

		if (list == NULL)
			return -1;
		a->list = list;
		a->cap = cap;
	}
	a->list[a->n++] = *allow;
	return 0;
}

/* One behind another that holds it adds nothing. */
static void
drop_inner(struct allows *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++)
		if (kept == 0 || !holds(&a->list[kept - 1], &a->list[i]))
			a->list[kept++] = a->list[i];
	a->n = kept;
}

/* Takes a record that record_open accepted. */
static int
take_node(
    struct allows *a, const unsigned char *key, size_t klen, struct record *r)
{
	struct local_rule rule;
	struct allow allow;
	bool is_rule;

	if (klen != LOCAL_KEY_BYTES || local_node_get(r, &rule, &is_rule) != 0)
		return -1;
	if (!is_rule || rule.action != LOCAL_ALLOW)
		return 0;
	allow.bits = key[0];
	allow.net = addr_unspread(key + 1);
	if (allow.bits > ADDR_BITS || addr_mask(&allow.net, allow.bits))
		return -1;
	return add(a, &allow);
}

/* The file as it is read through. */
struct reading {
	FILE *file;
	uint64_t left; /* bytes of records */
	bool has_header;
};

static int
take(struct reading *f, void *to, size_t len)
{
	if (len > f->left || fread(to, 1, len, f->file) != len)
		return -1;
	f->left -= len;
	return 0;
}

static int
read_record(struct allows *a, struct reading *f)
{
	unsigned char lengths[LENGTHS_BYTES];
	unsigned char key[LOCAL_KEY_BYTES];
	struct record r;
	size_t klen;

	if (take(f, lengths, sizeof lengths) != 0)
		return -1;
	klen = cdb_unpack(lengths);
	r.len = cdb_unpack(lengths + LENGTHS_BYTES / 2);
	if (klen > sizeof key || r.len > sizeof r.buf ||
	    take(f, key, klen) != 0 || take(f, r.buf, r.len) != 0 ||
	    record_open(&r, key, klen, LOCAL_VERSION) != 0)
		return -1;
	if (klen == strlen(LOCAL_HEADER_KEY) &&
	    memcmp(key, LOCAL_HEADER_KEY, klen) == 0) {
		f->has_header = true;
		return 0;
	}
	return take_node(a, key, klen, &r);
}

static int
read_all(struct allows *a, struct reading *f)
{
	while (f->left > 0) {
		errno = EINVAL;
		if (read_record(a, f) != 0)
			return -1;
	}
	errno = EINVAL;
	return f->has_header ? 0 : -1;
}

/* The file at a descriptor of its own, behind the tables. */
static int
open_records(struct reading *f, int fd)
{
	struct cdbread c;
	int own;

	if (cdbread_open(&c, fd) != 0)
		return -1;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return -1;
	f->file = fdopen(own, "r");
	if (f->file == NULL) {
		close(own);
		return -1;
	}
	f->left = cdb_unpack(c.tables) - sizeof c.tables;
	return fseeko(f->file, sizeof c.tables, SEEK_SET);
}

struct allows *
allows_read(int fd)
{
	struct allows *a = calloc(1, sizeof *a);
	struct reading f = {0};
	int rc = -1;
	int error;

	if (a != NULL && open_records(&f, fd) == 0)
		rc = read_all(a, &f);
	error = errno;
	if (f.file != NULL)
		fclose(f.file);
	if (rc != 0) {
		allows_free(a);
		errno = error;
		return NULL;
	}
	if (a->n > 0)
		qsort(a->list, a->n, sizeof *a->list, compare);
	drop_inner(a);
	return a;
}

void
allows_free(struct allows *a)
{
	if (a == NULL)
		return;
	free(a->list);
	free(a);
}

bool
allows_overlap(const struct allows *a, const struct addr *net, unsigned bits)
{
	struct allow asked = {*net, bits};
	size_t low = 0;
	size_t high = a->n;

	while (low < high) { /* the first that is not before it */
		size_t middle = low + (high - low) / 2;

		if (compare(&a->list[middle], &asked) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low < a->n && holds(&asked, &a->list[low])) ||
	       (low > 0 && holds(&a->list[low - 1], &asked));
}

size_t
allows_count(const struct allows *a)
{
	return a->n;
}
