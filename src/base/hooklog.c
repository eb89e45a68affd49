/* SPDX-License-Identifier: ISC */
#include "base/hooklog.h"

#include <stdbool.h>
#include <string.h>

#include "base/reply.h"

#define PID_DIGITS 18

size_t
hooklog_read_pid(const char *p, size_t len, uint64_t *pid)
{
	size_t i = 0;

	*pid = 0;
	while (i < len && i < PID_DIGITS && p[i] >= '0' && p[i] <= '9')
		*pid = *pid * 10 + (uint64_t)(p[i++] - '0');
	return i;
}

uint64_t
hooklog_pid(const char *digits, size_t len)
{
	uint64_t pid;

	return hooklog_read_pid(digits, len, &pid) == len ? pid : 0;
}

struct slice {
	const char *at, *end;
};

static bool
skip(struct slice *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return false;
	s->at += len;
	return true;
}

/* Whether just this word is left. */
static bool
is(const struct slice *s, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(s->end - s->at) == len && memcmp(s->at, word, len) == 0;
}

static bool
ends_with(const struct slice *s, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(s->end - s->at) >= len &&
	       memcmp(s->end - len, word, len) == 0;
}

static bool
take_address(struct slice *s, struct addr *a)
{
	const char *blank = memchr(s->at, ' ', (size_t)(s->end - s->at));

	if (blank == NULL || addr_parse(s->at, (size_t)(blank - s->at), a) != 0)
		return false;
	s->at = blank;
	return true;
}

static bool
skip_digits(struct slice *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

/*
 * Takes the source off the end. The list's text may have parentheses too; the
 * hook's are the last.
 */
static enum hooklog_kind
take_source(struct slice *s)
{
	const char *open = memrchr(s->at, '(', (size_t)(s->end - s->at));
	struct slice in;

	if (open == NULL || s->end[-1] != ')')
		return HOOKLOG_OTHER;
	in = (struct slice){open + 1, s->end};
	s->end = open > s->at && open[-1] == ' ' ? open - 1 : open;
	if (skip(&in, "local)"))
		return HOOKLOG_LOCAL;
	/* "net": of a hook before 0.7, by a set of whole networks */
	if (skip(&in, "ipset)") || skip(&in, "net)"))
		return HOOKLOG_IPSET;
	if (skip(&in, "ipset, ") && skip_digits(&in) && skip(&in, "s left)"))
		return HOOKLOG_IPSET;
	if (skip(&in, "recent, ") && skip_digits(&in) && skip(&in, "s left)"))
		return HOOKLOG_RECENT;
	return HOOKLOG_OTHER;
}

/* What is said behind "rblcache: ADDRESS pid N: ". */
static enum hooklog_kind
said(struct slice s, struct hooklog *h)
{
	enum hooklog_kind from;
	bool would = skip(&s, "would refuse: ");

	if (reply_code(s.at, (size_t)(s.end - s.at)) != 0) {
		from = take_source(&s);
		h->reply = s.at;
		h->reply_len = (size_t)(s.end - s.at);
		return would && from != HOOKLOG_OTHER ? HOOKLOG_WOULD : from;
	}
	if (is(&s, "allowed (pass)"))
		return HOOKLOG_PASS;
	if (skip(&s, "allowed ("))
		return HOOKLOG_ALLOWED;
	if (is(&s, "recheck"))
		return HOOKLOG_RECHECK;
	if (is(&s, "passed"))
		return HOOKLOG_PASSED;
	if (skip(&s, "not known"))
		return HOOKLOG_OTHER;
	return ends_with(&s, ": no right to read it (cap_net_admin)")
		   ? HOOKLOG_NO_RIGHT
		   : HOOKLOG_TROUBLE;
}

struct hooklog
hooklog_line(const char *message, size_t len)
{
	struct slice s = {message, message + len};
	struct hooklog h = {.kind = HOOKLOG_OTHER};
	const char *digits;

	if (!skip(&s, "rblcache: ") || !take_address(&s, &h.ip) ||
	    !skip(&s, " pid "))
		return h;
	digits = s.at;
	if (!skip_digits(&s))
		return h;
	h.pid = hooklog_pid(digits, (size_t)(s.at - digits));
	if (skip(&s, ": "))
		h.kind = said(s, &h);
	return h;
}
