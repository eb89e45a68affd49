/* SPDX-License-Identifier: ISC */
#include "state/connections.h"

#include <stdlib.h>
#include <string.h>

#include "base/lru.h"

#define HOST (CONNECTIONS_HOST_REJECTED | CONNECTIONS_HOST_BANNED)

struct host_key {
	uint64_t log;
	struct addr ip;
};

/* How many connections there are from a host. */
struct host {
	struct host_key key;
	uint32_t n;
	uint32_t passed; /* of these */
	uint32_t marks;	 /* of HOST */
};

struct connections {
	struct lru *entries; /* connections_entry */
	struct lru *hosts;   /* host; those of the entries and no other */
	size_t max;
};

struct connections *
connections_new(size_t max)
{
	struct connections *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->max = max;
	s->entries = lru_new(max, sizeof(struct connections_key),
	    sizeof(struct connections_entry));
	s->hosts = lru_new(max, sizeof(struct host_key), sizeof(struct host));
	if (s->entries != NULL && s->hosts != NULL)
		return s;
	connections_free(s);
	return NULL;
}

void
connections_free(struct connections *s)
{
	if (s == NULL)
		return;
	lru_free(s->entries);
	lru_free(s->hosts);
	free(s);
}

static struct host_key
host_key(const struct connections_entry *e)
{
	return (struct host_key){e->key.log, e->ip};
}

static uint32_t
marks_with(const struct connections_entry *e, const struct host *host)
{
	return e->marks | host->marks;
}

static bool
has_passed(const struct connections_entry *e)
{
	return (e->marks & CONNECTIONS_PASSED) != 0;
}

/* The marks that it had. */
static uint32_t
drop(struct connections *s, struct connections_entry *e)
{
	struct host_key key = host_key(e);
	struct host *host = lru_find(s->hosts, &key);
	uint32_t marks = marks_with(e, host);

	host->passed -= has_passed(e);
	if (--host->n == 0)
		lru_remove(s->hosts, host);
	lru_remove(s->entries, e);
	return marks;
}

/* Adds a connection that is not in the table. */
static int
add(struct connections *s, const struct connections_entry *entry)
{
	struct host_key key = host_key(entry);
	struct connections_entry *e;
	struct host *host;

	if (lru_count(s->entries) == s->max)
		(void)drop(s, lru_oldest(s->entries));
	host = lru_put(s->hosts, &key);
	if (host == NULL)
		return -1;
	host->n++;
	e = lru_put(s->entries, &entry->key);
	if (e == NULL) {
		if (--host->n == 0)
			lru_remove(s->hosts, host);
		return -1;
	}
	*e = *entry;
	host->passed += has_passed(e);
	host->marks |= entry->marks & HOST;
	return 0;
}

static uint32_t
marks_of(const struct connections *s, const struct connections_entry *e)
{
	struct host_key key = host_key(e);

	return marks_with(e, lru_find(s->hosts, &key));
}

int
connections_put(struct connections *s, const struct connections_entry *entry)
{
	return lru_find(s->entries, &entry->key) == NULL ? add(s, entry) : -1;
}

int
connections_begin(struct connections *s, uint64_t log, uint64_t pid,
    const struct addr *a, int64_t begin_s)
{
	const struct connections_entry entry = {
	    .key = {log, pid}, .ip = *a, .begin_s = begin_s};
	struct connections_entry *before = lru_find(s->entries, &entry.key);

	if (before != NULL)
		(void)drop(s, before); /* its end was missed */
	return add(s, &entry);
}

bool
connections_end(struct connections *s, uint64_t log, uint64_t pid,
    struct connections_entry *ended)
{
	const struct connections_key key = {log, pid};
	struct connections_entry *e = lru_find(s->entries, &key);

	if (e == NULL)
		return false;
	*ended = *e;
	ended->marks = drop(s, e);
	return true;
}

/* The one of that process, from that address. */
static struct connections_entry *
find(const struct connections *s, uint64_t log, uint64_t pid,
    const struct addr *a)
{
	const struct connections_key key = {log, pid};
	struct connections_entry *e = lru_find(s->entries, &key);

	return e == NULL || a == NULL || memcmp(&e->ip, a, sizeof *a) == 0
		   ? e
		   : NULL;
}

bool
connections_find(const struct connections *s, uint64_t log, uint64_t pid,
    const struct addr *a, struct connections_entry *found)
{
	const struct connections_entry *e = find(s, log, pid, a);

	if (e == NULL)
		return false;
	*found = *e;
	found->marks = marks_of(s, e);
	return true;
}

void
connections_at_port(struct connections *s, uint64_t log, uint64_t pid,
    const struct addr *a, uint16_t port)
{
	struct connections_entry *e = find(s, log, pid, a);

	if (e != NULL)
		e->port = port;
}

static uint32_t
mark_host(
    struct connections *s, uint64_t log, const struct addr *a, uint32_t mark)
{
	const struct host_key key = {log, *a};
	struct host *host = lru_find(s->hosts, &key);
	uint32_t before;

	if (host == NULL)
		return 0;
	before = CONNECTIONS_KNOWN | host->marks;
	if (host->passed == host->n)
		before |= CONNECTIONS_PASSED;
	if ((mark & CONNECTIONS_BANNED) != 0)
		host->marks |= CONNECTIONS_HOST_BANNED;
	if ((mark & ~(uint32_t)CONNECTIONS_BANNED) != 0)
		host->marks |= CONNECTIONS_HOST_REJECTED;
	return before;
}

static void
mark(struct connections *s, struct connections_entry *e, uint32_t mark)
{
	struct host_key key = host_key(e);

	if (!has_passed(e) && (mark & CONNECTIONS_PASSED) != 0) {
		struct host *host = lru_find(s->hosts, &key);

		host->passed++;
	}
	e->marks |= mark;
}

uint32_t
connections_mark(struct connections *s, uint64_t log, uint64_t pid,
    const struct addr *a, uint32_t marks)
{
	const struct connections_key key = {log, pid};
	struct connections_entry *e;
	uint32_t before = 0;

	if (pid == 0)
		return a == NULL ? 0 : mark_host(s, log, a, marks);
	e = lru_find(s->entries, &key);
	if (e == NULL)
		return 0;
	if (a != NULL && memcmp(&e->ip, a, sizeof *a) == 0)
		before = CONNECTIONS_KNOWN | marks_of(s, e);
	mark(s, e, marks);
	return before;
}

bool
connections_next(
    const struct connections *s, size_t *at, struct connections_entry *entry)
{
	const struct connections_entry *e = lru_next(s->entries, at);

	if (e == NULL)
		return false;
	*entry = *e;
	entry->marks = marks_of(s, e);
	return true;
}
