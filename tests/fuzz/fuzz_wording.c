/* SPDX-License-Identifier: ISC */
/*
 * A text of a list, by all that it may say: a code in front and other capitals
 * change nothing; that the host is named can make a listing of
 * it, and nothing else; and what says clearly that it is none stays so, whatever
 * is said in another sentence.
 *
 * Input: each line a text.
 */
#include "fuzz.h"

#include <ctype.h>

#include "base/reply.h"
#include "log/wording.h"

#define REAL "203.0.113.9"
#define TEXT_MAX 512

static struct addr host;

enum wording { NO_LISTING, VAGUE, NAMED };

static enum wording
read_text(const char *p, size_t len)
{
	const struct slice text = {p, len};

	if (wording_is_no_listing(text, &host))
		return NO_LISTING;
	return wording_names_host(text, &host) ? NAMED : VAGUE;
}

/* What is written in front of a text, or behind it. */
static enum wording
read_with(const char *before, const char *p, size_t len, const char *behind)
{
	char text[TEXT_MAX + 64];
	int n = snprintf(
	    text, sizeof text, "%s%.*s%s", before, (int)len, p, behind);

	HOLDS(n >= 0 && (size_t)n < sizeof text);
	return read_text(text, (size_t)n);
}

static enum wording
read_larger(const char *p, size_t len)
{
	char text[TEXT_MAX];

	for (size_t i = 0; i < len; i++)
		text[i] = (char)toupper((unsigned char)p[i]);
	return read_text(text, len);
}

/* It says nothing about pages, which are compared as they stand. */
static int
is_plain(const char *p, size_t len)
{
	return memchr(p, '/', len) == NULL && memchr(p, '[', len) == NULL;
}

static void
check(const char *p, size_t len)
{
	enum wording is = read_text(p, len);

	/* not knowing the host makes no listing of it */
	if (is == NO_LISTING)
		HOLDS(wording_is_no_listing((struct slice){p, len}, NULL));
	if (reply_code(p, len) == 0)
		HOLDS(read_with("451 ", p, len, "") == is);
	if (is_plain(p, len) && reply_code(p, len) == 0)
		HOLDS(read_larger(p, len) == is);
	HOLDS(read_with("", p, len, " . This list is closed.") == NO_LISTING);
	HOLDS(read_with("Query refused! ", p, len, "") == NO_LISTING);
	if (is != NO_LISTING)
		HOLDS(read_with("", p, len, " . " REAL) == NAMED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	const char *end = p + size;

	HOLDS(addr_parse(REAL, strlen(REAL), &host) == 0);
	(void)read_text(p, size); /* of any length and bytes */
	while (p < end) {
		const char *feed = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((feed != NULL ? feed : end) - p);

		if (len > TEXT_MAX)
			len = TEXT_MAX;
		if (memchr(p, 0, len) == NULL)
			check(p, len);
		p = feed != NULL ? feed + 1 : end;
	}
	return 0;
}
