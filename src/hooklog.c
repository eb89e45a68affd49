#include "hooklog.h"

#include <stdbool.h>
#include <string.h>

#include "addr.h"
#include "reply.h"

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

static bool
ends_with(const struct slice *s, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(s->end - s->at) >= len &&
	       memcmp(s->end - len, word, len) == 0;
}

static bool
skip_address(struct slice *s)
{
	const char *blank = memchr(s->at, ' ', (size_t)(s->end - s->at));
	struct addr a;

	if (blank == NULL ||
	    addr_parse(s->at, (size_t)(blank - s->at), &a) != 0)
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

/* The list's text may have parentheses too; the hook's are the last. */
static enum hooklog_kind
source(const struct slice *s)
{
	const char *open = memrchr(s->at, '(', (size_t)(s->end - s->at));
	struct slice in;

	if (open == NULL || s->end[-1] != ')')
		return HOOKLOG_OTHER;
	in = (struct slice){open + 1, s->end};
	if (skip(&in, "local)"))
		return HOOKLOG_LOCAL;
	if (skip(&in, "ipset)"))
		return HOOKLOG_IPSET;
	if (skip(&in, "ipset, ") && skip_digits(&in) && skip(&in, "s left)"))
		return HOOKLOG_IPSET;
	if (skip(&in, "recent, ") && skip_digits(&in) && skip(&in, "s left)"))
		return HOOKLOG_RECENT;
	return HOOKLOG_OTHER;
}

enum hooklog_kind
hooklog_line(const char *message, size_t len)
{
	struct slice s = {message, message + len};
	enum hooklog_kind from;
	bool would;

	if (!skip(&s, "rblcache: ") || !skip_address(&s) ||
	    !skip(&s, " pid ") || !skip_digits(&s) || !skip(&s, ": "))
		return HOOKLOG_OTHER;
	would = skip(&s, "would refuse: ");
	if (reply_code(s.at, (size_t)(s.end - s.at)) != 0) {
		from = source(&s);
		return would && from != HOOKLOG_OTHER ? HOOKLOG_WOULD : from;
	}
	if (skip(&s, "allowed ("))
		return HOOKLOG_ALLOWED;
	if (skip(&s, "not known"))
		return HOOKLOG_OTHER;
	return ends_with(&s, ": no right to read it (cap_net_admin)")
		   ? HOOKLOG_NO_RIGHT
		   : HOOKLOG_TROUBLE;
}
