/* SPDX-License-Identifier: ISC */
#include "state/checkpoint.h"

#include <cdb.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ban.h"
#include "base/cdbwrite.h"
#include "base/owner.h"
#include "base/record.h"
#include "state/codec.h"

#define END_KEY "end"

static int
add(struct cdbwrite *w, const void *key, size_t klen, struct record *r)
{
	if (record_seal(r, key, klen) != 0) {
		errno = EINVAL;
		return -1;
	}
	return cdbwrite_add(w, key, klen, r->buf, r->len);
}

static int
add_all(struct cdbwrite *w, const struct state *s, const struct state_log *logs,
    size_t n)
{
	struct codec_at at = {0};
	struct codec_key key;
	struct record r;
	uint64_t records = 0;

	while (codec_next(s, logs, n, &at, &key, &r) != 0) {
		if (add(w, key.b, key.len, &r) != 0)
			return -1;
		records++;
	}
	record_begin(&r, BAN_VERSION);
	record_put(&r, 8, records);
	return add(w, END_KEY, strlen(END_KEY), &r);
}

int
checkpoint_save(const char *path, const struct state *s,
    const struct state_log *logs, size_t n)
{
	char old[PATH_MAX + sizeof CHECKPOINT_OLD];
	struct cdbwrite w;

	if (cdbwrite_start(&w, path, 0644) != 0)
		return -1;
	if (add_all(&w, s, logs, n) != 0) {
		cdbwrite_abort(&w);
		return -1;
	}
	snprintf(old, sizeof old, "%s%s", path, CHECKPOINT_OLD);
	return cdbwrite_commit(&w, old);
}

/* Records that there are, that there should be, and that nobody knows. */
struct tally_of_records {
	uint64_t n, said, strange;
	bool ended;
};

static bool
is_end(const void *key, size_t klen)
{
	return klen == strlen(END_KEY) && memcmp(key, END_KEY, klen) == 0;
}

/* The version, or -1: damaged. Fields can be got of what fits into r. */
static int
open_record(struct record *r, const void *value, size_t len, const void *key,
    size_t klen)
{
	r->len = len;
	if (len > sizeof r->buf)
		return record_version(value, len, key, klen);
	memcpy(r->buf, value, len);
	return record_open(r, key, klen, RECORD_ANY) == 0 ? r->version : -1;
}

static int
load_record(struct cdb *c, struct state *s, struct state_log *logs, size_t n,
    struct tally_of_records *records)
{
	const unsigned char *key = cdb_getkey(c);
	const void *value = cdb_getdata(c);
	size_t klen = cdb_keylen(c);
	struct record r;
	int version;

	if (key == NULL || value == NULL || records->ended)
		return -1;
	version = open_record(&r, value, cdb_datalen(c), key, klen);
	if (version < 0)
		return -1;
	if (!is_end(key, klen)) {
		records->n++;
		if (!codec_knows(key, klen, (uint8_t)version)) {
			records->strange++;
			return 0;
		}
	}
	if (r.len > sizeof r.buf)
		return -1;
	if (!is_end(key, klen))
		return codec_take(s, logs, n, key, klen, &r);
	records->ended = true;
	records->said = record_get(&r, 8);
	return r.bad ? -1 : 0;
}

enum checkpoint_answer
checkpoint_load(const char *path, struct state *s, struct state_log *logs,
    size_t n, uint64_t *strange)
{
	enum checkpoint_answer answer = CHECKPOINT_DAMAGED;
	struct tally_of_records records = {0};
	struct cdb c;
	unsigned at;
	int more;
	int fd = owner_open(path);

	if (fd < 0)
		return errno == ENOENT	? CHECKPOINT_ABSENT
		       : errno == EPERM ? CHECKPOINT_FOREIGN
					: CHECKPOINT_ERROR;
	errno = 0;
	if (cdb_init(&c, fd) != 0) {
		/* too short for a cdb, or it cannot be mapped */
		if (errno == ENOMEM || errno == EACCES || errno == EIO)
			answer = CHECKPOINT_ERROR;
		close(fd);
		return answer;
	}
	cdb_seqinit(&at, &c);
	while ((more = cdb_seqnext(&at, &c)) > 0) {
		errno = 0;
		if (load_record(&c, s, logs, n, &records) == 0)
			continue;
		if (errno == ENOMEM)
			answer = CHECKPOINT_ERROR;
		goto out;
	}
	if (more == 0 && records.ended && records.n == records.said)
		answer = CHECKPOINT_LOADED;
out:
	if (strange != NULL)
		*strange = records.strange;
	cdb_free(&c);
	close(fd);
	return answer;
}
