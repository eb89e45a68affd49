/* SPDX-License-Identifier: ISC */
#include "state/connections.h"

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
	return e->marks | (host->rejected ? CONNECTIONS_HOST_REJECTED : 0);
}

/* The marks that it had. */
static uint32_t
drop(struct connections *s, struct connections_entry *e)
{
	struct host_key key = host_key(e);
	struct host *host = lru_find(s->hosts, &key);
	uint32_t marks = marks_with(e, host);

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
	host->rejected |= (entry->marks & CONNECTIONS_HOST_REJECTED) != 0;
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

static enum tcpserver_answer
begin(struct connections *s, const struct connections_entry *entry)
{
	struct connections_entry *before = lru_find(s->entries, &entry->key);

	if (before != NULL)
		(void)drop(s, before); /* its end was missed */
	return add(s, entry) == 0 ? TCPSERVER_BEGIN : CONNECTIONS_ERROR;
}

static enum tcpserver_answer
end(struct connections *s, const struct connections_key *key, bool well,
    struct connections_ended *ended)
{
	struct connections_entry *e = lru_find(s->entries, key);

	if (e == NULL)
		return TCPSERVER_END;
	ended->ip = e->ip;
	ended->well = well;
	ended->marks = drop(s, e);
	return CONNECTIONS_ENDED;
}

/* The verbs of tcpserver that say something of a process, and what is behind
   its number. */
static const struct verb {
	const char *before, *behind;
	enum tcpserver_answer answer;
} verbs[] = {
    {"pid ", " from ", TCPSERVER_BEGIN},
    {"end ", " status ", TCPSERVER_END},
    {"deny ", " ", TCPSERVER_DENY},
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

enum tcpserver_answer
tcpserver_parse(const char *message, size_t len, struct tcpserver_event *event)
{
	const char *p = message;
	const struct verb *verb;
	size_t digits;

	if (!takes(&p, &len, "tcpserver: ") && !takes(&p, &len, "sslserver: "))
		return TCPSERVER_OTHER;
	verb = take_verb(&p, &len);
	if (verb == NULL)
		return TCPSERVER_OTHER;
	digits = hooklog_read_pid(p, len, &event->pid);
	p += digits;
	len -= digits;
	if (event->pid == 0 || !takes(&p, &len, verb->behind))
		return TCPSERVER_OTHER;
	if (verb->answer == TCPSERVER_BEGIN &&
	    addr_parse(p, len, &event->ip) != 0)
		return TCPSERVER_OTHER;
	event->well = len == 1 && *p == '0';
	return verb->answer;
}

enum tcpserver_answer
connections_line(struct connections *seen, uint64_t log, const char *message,
    size_t len, struct connections_ended *ended)
{
	struct tcpserver_event event;
	struct connections_entry entry = {.key = {.log = log}};
	enum tcpserver_answer answer = tcpserver_parse(message, len, &event);

	if (answer == TCPSERVER_OTHER)
		return answer;
	entry.key.pid = event.pid;
	if (answer == TCPSERVER_END)
		return end(seen, &entry.key, event.well, ended);
	if (answer == TCPSERVER_BEGIN) {
		entry.ip = event.ip;
		return begin(seen, &entry);
	}
	connections_mark(seen, log, event.pid, NULL, CONNECTIONS_REJECTED);
	return TCPSERVER_DENY;
}

static uint32_t
mark_host(
    struct connections *s, uint64_t log, const struct addr *a, uint32_t mark)
{
	const struct host_key key = {log, *a};
	struct host *host = lru_find(s->hosts, &key);
	uint32_t before = CONNECTIONS_KNOWN;

	if (host == NULL)
		return 0;
	if (host->rejected)
		before |= CONNECTIONS_HOST_REJECTED;
	host->rejected |= mark != 0;
	return before;
}

uint32_t
connections_mark(struct connections *s, uint64_t log, uint64_t pid,
    const struct addr *a, uint32_t mark)
{
	const struct connections_key key = {log, pid};
	struct connections_entry *e;
	uint32_t before = 0;

	if (pid == 0)
		return a == NULL ? 0 : mark_host(s, log, a, mark);
	e = lru_find(s->entries, &key);
	if (e == NULL)
		return 0;
	if (a != NULL && memcmp(&e->ip, a, sizeof *a) == 0)
		before = CONNECTIONS_KNOWN | marks_of(s, e);
	e->marks |= mark;
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
