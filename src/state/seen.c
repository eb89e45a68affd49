/* SPDX-License-Identifier: ISC */
#include "state/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/hooklog.h"
#include "base/lru.h"

struct host_key {
	uint64_t log;
	struct addr ip;
};

/* How many connections there are from a host. */
struct host {
	struct host_key key;
	uint32_t n;
	bool rejected;
};

struct seen {
	struct lru *entries; /* seen_entry */
	struct lru *hosts;   /* host; those of the entries and no other */
	size_t max;
};

struct seen *
seen_new(size_t max)
{
	struct seen *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->max = max;
	s->entries =
	    lru_new(max, sizeof(struct seen_key), sizeof(struct seen_entry));
	s->hosts = lru_new(max, sizeof(struct host_key), sizeof(struct host));
	if (s->entries != NULL && s->hosts != NULL)
		return s;
	seen_free(s);
	return NULL;
}

void
seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	lru_free(s->entries);
	lru_free(s->hosts);
	free(s);
}

static struct host_key
host_key(const struct seen_entry *e)
{
	return (struct host_key){e->key.log, e->ip};
}

static uint32_t
marks_with(const struct seen_entry *e, const struct host *host)
{
	return e->marks | (host->rejected ? SEEN_HOST_REJECTED : 0);
}

/* The marks that it had. */
static uint32_t
drop(struct seen *s, struct seen_entry *e)
{
	struct host_key key = host_key(e);
	struct host *host = lru_find(s->hosts, &key);
	uint32_t marks = marks_with(e, host);

	if (--host->n == 0)
		lru_remove(s->hosts, host);
	lru_remove(s->entries, e);
	return marks;
}

/* Adds a connection that lru_find has just not found. */
static int
add(struct seen *s, const struct seen_entry *entry)
{
	struct host_key key = host_key(entry);
	struct seen_entry *e;
	struct host *host;

	if (lru_count(s->entries) == s->max)
		(void)drop(s, lru_oldest(s->entries));
	host = lru_find(s->hosts, &key);
	if (host == NULL)
		host = lru_add(s->hosts, &key);
	if (host == NULL)
		return -1;
	host->n++;
	e = lru_add(s->entries, &entry->key);
	if (e == NULL) {
		if (--host->n == 0)
			lru_remove(s->hosts, host);
		return -1;
	}
	*e = *entry;
	host->rejected |= (entry->marks & SEEN_HOST_REJECTED) != 0;
	return 0;
}

static uint32_t
marks_of(const struct seen *s, const struct seen_entry *e)
{
	struct host_key key = host_key(e);

	return marks_with(e, lru_find(s->hosts, &key));
}

int
seen_put(struct seen *s, const struct seen_entry *entry)
{
	return lru_find(s->entries, &entry->key) == NULL ? add(s, entry) : -1;
}

static inline bool
takes(const char **p, size_t *len, const char *text)
{
	size_t n = strlen(text);

	if (*len < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	*len -= n;
	return true;
}

static enum seen_answer
begin(struct seen *s, const struct seen_entry *entry)
{
	struct seen_entry *before = lru_find(s->entries, &entry->key);

	if (before != NULL)
		(void)drop(s, before); /* its end was missed */
	return add(s, entry) == 0 ? SEEN_BEGIN : SEEN_ERROR;
}

static enum seen_answer
end(struct seen *s, const struct seen_key *key, bool well,
    struct seen_ended *ended)
{
	struct seen_entry *e = lru_find(s->entries, key);

	if (e == NULL)
		return SEEN_END;
	ended->ip = e->ip;
	ended->well = well;
	ended->marks = drop(s, e);
	return SEEN_ENDED;
}

/* The verbs of tcpserver that say something of a process, and what is behind
   its number. */
static const struct verb {
	const char *before, *behind;
	enum seen_answer answer;
} verbs[] = {
    {"pid ", " from ", SEEN_BEGIN},
    {"end ", " status ", SEEN_END},
    {"deny ", " ", SEEN_DENY},
};

static const struct verb *
take_verb(const char **p, size_t *len)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (*len > 0 && **p == *verbs[i].before && /* most have none */
		    takes(p, len, verbs[i].before))
			return &verbs[i];
	return NULL;
}

enum seen_answer
seen_parse(const char *message, size_t len, struct seen_event *event)
{
	const char *p = message;
	const struct verb *verb;
	size_t digits;

	if (!takes(&p, &len, "tcpserver: ") && !takes(&p, &len, "sslserver: "))
		return SEEN_OTHER;
	verb = take_verb(&p, &len);
	if (verb == NULL)
		return SEEN_OTHER;
	digits = hooklog_read_pid(p, len, &event->pid);
	p += digits;
	len -= digits;
	if (event->pid == 0 || !takes(&p, &len, verb->behind))
		return SEEN_OTHER;
	if (verb->answer == SEEN_BEGIN && addr_parse(p, len, &event->ip) != 0)
		return SEEN_OTHER;
	event->well = len == 1 && *p == '0';
	return verb->answer;
}

enum seen_answer
seen_line(struct seen *seen, uint64_t log, const char *message, size_t len,
    struct seen_ended *ended)
{
	struct seen_event event;
	struct seen_entry entry = {.key = {.log = log}};
	enum seen_answer answer = seen_parse(message, len, &event);

	if (answer == SEEN_OTHER)
		return answer;
	entry.key.pid = event.pid;
	if (answer == SEEN_END)
		return end(seen, &entry.key, event.well, ended);
	if (answer == SEEN_BEGIN) {
		entry.ip = event.ip;
		return begin(seen, &entry);
	}
	seen_mark(seen, log, event.pid, NULL, SEEN_REJECTED);
	return SEEN_DENY;
}

static uint32_t
mark_host(struct seen *s, uint64_t log, const struct addr *a)
{
	const struct host_key key = {log, *a};
	struct host *host = lru_find(s->hosts, &key);
	uint32_t before;

	if (host == NULL)
		return 0;
	before = host->rejected ? SEEN_HOST_REJECTED : 0;
	host->rejected = true;
	return before;
}

uint32_t
seen_mark(struct seen *s, uint64_t log, uint64_t pid, const struct addr *a,
    uint32_t mark)
{
	const struct seen_key key = {log, pid};
	struct seen_entry *e;
	uint32_t before = 0;

	if (pid == 0)
		return a == NULL ? 0 : mark_host(s, log, a);
	e = lru_find(s->entries, &key);
	if (e == NULL)
		return 0;
	if (a != NULL && memcmp(&e->ip, a, sizeof *a) == 0)
		before = marks_of(s, e);
	e->marks |= mark;
	return before;
}

bool
seen_marks(struct seen *s, uint64_t log, uint64_t pid, const struct addr *a,
    uint32_t *marks)
{
	const struct seen_key key = {log, pid};
	const struct host_key host_key = {log, *a};
	const struct seen_entry *e;
	const struct host *host;

	if (pid == 0) {
		host = lru_find(s->hosts, &host_key);
		*marks =
		    host != NULL && host->rejected ? SEEN_HOST_REJECTED : 0;
		return host != NULL;
	}
	e = lru_find(s->entries, &key);
	if (e == NULL || memcmp(&e->ip, a, sizeof *a) != 0)
		return false;
	*marks = marks_of(s, e);
	return true;
}

bool
seen_is(struct seen *s, uint64_t log, uint64_t pid, const struct addr *a)
{
	const struct seen_key key = {log, pid};
	const struct host_key host = {log, *a};
	const struct seen_entry *e;

	if (pid == 0)
		return lru_find(s->hosts, &host) != NULL;
	e = lru_find(s->entries, &key);
	return e != NULL && memcmp(&e->ip, a, sizeof *a) == 0;
}

size_t
seen_count(const struct seen *s)
{
	return lru_count(s->entries);
}

bool
seen_next(const struct seen *s, size_t *at, struct seen_entry *entry)
{
	const struct seen_entry *e = lru_next(s->entries, at);

	if (e == NULL)
		return false;
	*entry = *e;
	entry->marks = marks_of(s, e);
	return true;
}
