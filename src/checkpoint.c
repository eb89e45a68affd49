#include "checkpoint.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cdbwrite.h"
#include "recent.h"
#include "record.h"

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
add_bans(struct cdbwrite *w, const struct bans *bans)
{
	for (size_t i = 0; i < bans_count(bans); i++) {
		unsigned char key[RECENT_KEY_BYTES];
		struct recent_ban ban;
		struct record r;

		bans_nth(bans, i, &ban);
		recent_key(key, &ban.ip);
		recent_put(&r, &ban);
		if (add(w, key, sizeof key, &r) != 0)
			return -1;
	}
	return 0;
}

static size_t
log_key(char key[PATH_MAX + 1], const struct checkpoint_log *log)
{
	size_t len = strlen(log->path);

	key[0] = 'l';
	memcpy(key + 1, log->path, len);
	return len + 1;
}

static int
add_log(struct cdbwrite *w, const struct checkpoint_log *log)
{
	char key[PATH_MAX + 1];
	size_t klen = log_key(key, log);
	struct record r;

	record_begin(&r, RECENT_VERSION);
	record_put(&r, 8, log->place.ino);
	record_put(&r, 8, log->place.offset);
	record_put(&r, 8, log->place.head_hash);
	record_put(&r, 4, log->place.head_len);
	record_put(&r, 8, (uint64_t)log->time_s);
	return add(w, key, klen, &r);
}

static int
add_end(struct cdbwrite *w, size_t bans_n, size_t logs_n)
{
	struct record r;

	record_begin(&r, RECENT_VERSION);
	record_put(&r, 8, bans_n);
	record_put(&r, 8, logs_n);
	return add(w, END_KEY, strlen(END_KEY), &r);
}

int
checkpoint_save(const char *path, const struct bans *bans,
    const struct checkpoint_log *logs, size_t n)
{
	struct cdbwrite w;
	size_t places = 0;

	if (cdbwrite_start(&w, path, 0644) != 0)
		return -1;
	if (add_bans(&w, bans) != 0)
		goto fail;
	for (size_t i = 0; i < n; i++) {
		if (!logs[i].has_place)
			continue;
		if (add_log(&w, &logs[i]) != 0)
			goto fail;
		places++;
	}
	if (add_end(&w, bans_count(bans), places) != 0)
		goto fail;
	return cdbwrite_commit(&w);
fail:
	cdbwrite_abort(&w);
	return -1;
}

static int
load_ban(struct record *r, struct bans *bans)
{
	struct recent_ban ban;

	if (recent_get(r, &ban) != 0)
		return -1;
	return bans_put(bans, &ban);
}

static int
load_log(struct record *r, const void *key, size_t klen,
    struct checkpoint_log *logs, size_t n)
{
	struct checkpoint_log log = {.has_place = true};

	log.place.ino = record_get(r, 8);
	log.place.offset = record_get(r, 8);
	log.place.head_hash = record_get(r, 8);
	log.place.head_len = (uint32_t)record_get(r, 4);
	log.time_s = (int64_t)record_get(r, 8);
	if (r->bad)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char own[PATH_MAX + 1];

		if (log_key(own, &logs[i]) != klen ||
		    memcmp(own, key, klen) != 0)
			continue;
		logs[i].has_place = true;
		logs[i].place = log.place;
		logs[i].time_s = log.time_s;
	}
	return 0;
}

struct counts {
	uint64_t bans, logs;
	uint64_t said_bans, said_logs;
	bool ended;
};

static int
load_record(struct cdb *c, struct bans *bans, struct checkpoint_log *logs,
    size_t n, struct counts *counts)
{
	const unsigned char *key = cdb_getkey(c);
	const void *value = cdb_getdata(c);
	size_t klen = cdb_keylen(c);
	struct record r;

	r.len = cdb_datalen(c);
	if (key == NULL || value == NULL || klen == 0 || r.len > sizeof r.buf)
		return -1;
	memcpy(r.buf, value, r.len);
	if (record_open(&r, key, klen, RECENT_VERSION) != 0)
		return -1;
	switch (key[0]) {
	case 'b':
		counts->bans++;
		return load_ban(&r, bans);
	case 'l':
		counts->logs++;
		return load_log(&r, key, klen, logs, n);
	case 'e':
		counts->ended = true;
		counts->said_bans = record_get(&r, 8);
		counts->said_logs = record_get(&r, 8);
		return r.bad ? -1 : 0;
	default:
		return -1;
	}
}

enum checkpoint_answer
checkpoint_load(
    const char *path, struct bans *bans, struct checkpoint_log *logs, size_t n)
{
	enum checkpoint_answer answer = CHECKPOINT_DAMAGED;
	struct counts counts = {0};
	struct cdb c;
	unsigned at;
	int more;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? CHECKPOINT_ABSENT : CHECKPOINT_ERROR;
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
		if (load_record(&c, bans, logs, n, &counts) == 0)
			continue;
		if (errno == ENOMEM)
			answer = CHECKPOINT_ERROR;
		goto out;
	}
	if (more == 0 && counts.ended && counts.bans == counts.said_bans &&
	    counts.logs == counts.said_logs)
		answer = CHECKPOINT_LOADED;
out:
	cdb_free(&c);
	close(fd);
	return answer;
}
