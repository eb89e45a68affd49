/* SPDX-License-Identifier: ISC */
#include "base/hooklog.h"

#include <string.h>

#include "base/reply.h"
#include "base/source.h"

static bool
take_address(struct slice *s, struct addr *a)
{
	const char *blank = memchr(s->p, ' ', s->len);

	if (blank == NULL || addr_parse(s->p, (size_t)(blank - s->p), a) != 0)
		return false;
	slice_advance(s, (size_t)(blank - s->p));
	return true;
}

/*
 * Takes the source off the end. The list's text may have parentheses too; the
 * hook's are the last.
 */
static enum hooklog_kind
take_source(struct slice *s)
{
	static const enum hooklog_kind kinds[SOURCES] = {
	    [SOURCE_NONE] = HOOKLOG_OTHER,
	    [SOURCE_LOCAL] = HOOKLOG_LOCAL,
	    [SOURCE_IPSET] = HOOKLOG_IPSET,
	    [SOURCE_RECENT] = HOOKLOG_RECENT,
	    [SOURCE_PASS] = HOOKLOG_OTHER,
	};
	const char *open = memrchr(s->p, '(', s->len);
	struct slice in = *s;
	enum source source;

	if (open == NULL || !slice_ends(s, ")"))
		return HOOKLOG_OTHER;
	s->len = (size_t)(open - s->p);
	slice_advance(&in, s->len + 1);
	if (slice_ends(s, " "))
		s->len--;
	if (slice_skip(
		&in, "net)")) /* of a hook before 0.7, by a set of nets */
		return HOOKLOG_IPSET;
	source = source_take(&in);
	if (!slice_skip(&in, ")") &&
	    !(slice_skip(&in, ", ") && slice_digits(&in).len > 0 &&
		slice_skip(&in, HOOKLOG_SAYS_LEFT ")")))
		return HOOKLOG_OTHER;
	return kinds[source];
}

/* What is said behind "rblcache: ADDRESS pid N: ". */
static enum hooklog_kind
said(struct slice s, struct hooklog *h)
{
	enum hooklog_kind from;
	bool would = slice_skip(&s, HOOKLOG_SAYS_WOULD);

	if (reply_code(s.p, s.len) != 0) {
		from = take_source(&s);
		h->reply = s;
		return would && from != HOOKLOG_OTHER ? HOOKLOG_WOULD : from;
	}
	if (slice_skip(&s, HOOKLOG_SAYS_ALLOWED))
		return source_take(&s) == SOURCE_PASS && slice_is(&s, ")")
			   ? HOOKLOG_PASS
			   : HOOKLOG_ALLOWED;
	if (slice_is(&s, HOOKLOG_SAYS_RECHECK))
		return HOOKLOG_RECHECK;
	if (slice_is(&s, HOOKLOG_SAYS_PASSED))
		return HOOKLOG_PASSED;
	if (slice_is(&s, HOOKLOG_SAYS_DECIDED))
		return HOOKLOG_DECIDED;
	if (slice_skip(&s, HOOKLOG_SAYS_UNKNOWN))
		return HOOKLOG_OTHER;
	return slice_ends(&s, ": " HOOKLOG_SAYS_NO_RIGHT) ? HOOKLOG_NO_RIGHT
							  : HOOKLOG_TROUBLE;
}

struct hooklog
hooklog_line(struct slice message)
{
	struct slice s = message;
	struct hooklog h = {.kind = HOOKLOG_OTHER};
	struct slice digits;

	if (!slice_skip(&s, HOOKLOG_SAYS_NAME) || !take_address(&s, &h.ip) ||
	    !slice_skip(&s, HOOKLOG_SAYS_PID))
		return h;
	digits = slice_digits(&s);
	if (digits.len == 0)
		return h;
	h.pid = slice_number(digits);
	if (slice_skip(&s, ": "))
		h.kind = said(s, &h);
	return h;
}
