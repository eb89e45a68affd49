#include "seen.h"

#include <string.h>

#define PID_DIGITS 18

struct lru *
seen_new(size_t max)
{
	return lru_new(max, sizeof(struct seen_key), sizeof(struct seen_entry));
}

/* The number that begins at p, and how many bytes it has; 0: none. */
static size_t
read_pid(const char *p, size_t len, uint64_t *pid)
{
	size_t i = 0;

	*pid = 0;
	while (i < len && i < PID_DIGITS && p[i] >= '0' && p[i] <= '9')
		*pid = *pid * 10 + (uint64_t)(p[i++] - '0');
	return i;
}

uint64_t
seen_pid(const char *digits, size_t len)
{
	uint64_t pid;

	return read_pid(digits, len, &pid) == len ? pid : 0;
}

static bool
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
begin(struct lru *seen, const struct seen_key *key, const char *ip, size_t len)
{
	struct seen_entry *e;
	struct addr a;

	if (addr_parse(ip, len, &a) != 0)
		return SEEN_OTHER;
	e = lru_find(seen, key);
	if (e == NULL)
		e = lru_add(seen, key);
	else
		lru_use(seen, e); /* its end was missed */
	if (e == NULL)
		return SEEN_ERROR;
	e->ip = a;
	return SEEN_BEGIN;
}

static enum seen_answer
end(struct lru *seen, const struct seen_key *key)
{
	struct seen_entry *e = lru_find(seen, key);

	if (e != NULL)
		lru_remove(seen, e);
	return SEEN_END;
}

enum seen_answer
seen_line(struct lru *seen, uint64_t log, const char *message, size_t len)
{
	struct seen_key key = {.log = log};
	const char *p = message;
	bool begins;
	size_t digits;

	if (!takes(&p, &len, "tcpserver: ") && !takes(&p, &len, "sslserver: "))
		return SEEN_OTHER;
	begins = takes(&p, &len, "pid ");
	if (!begins && !takes(&p, &len, "end "))
		return SEEN_OTHER;
	digits = read_pid(p, len, &key.pid);
	p += digits;
	len -= digits;
	if (digits == 0 || !takes(&p, &len, begins ? " from " : " status "))
		return SEEN_OTHER;
	return begins ? begin(seen, &key, p, len) : end(seen, &key);
}

bool
seen_is(struct lru *seen, uint64_t log, uint64_t pid, const struct addr *a)
{
	struct seen_key key = {log, pid};
	const struct seen_entry *e;
	size_t at = 0;

	if (pid != 0) {
		e = lru_find(seen, &key);
		return e != NULL && memcmp(&e->ip, a, sizeof *a) == 0;
	}
	while ((e = lru_next(seen, &at)) != NULL)
		if (e->key.log == log && memcmp(&e->ip, a, sizeof *a) == 0)
			return true;
	return false;
}
