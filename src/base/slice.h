/* SPDX-License-Identifier: ISC */
/*
 * slice: bytes that another owns, without a NUL, and how to read on in them.
 *
 *	struct slice s = {line, len};
 *	if (slice_skip(&s, "tcpserver: ")) ...
 */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *p;
	size_t len;
};

static inline struct slice
slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

/* Leaves out the first n bytes; there are as many. */
static inline void
slice_advance(struct slice *s, size_t n)
{
	s->p += n;
	s->len -= n;
}

static inline bool
slice_begins(const struct slice *s, const char *word)
{
	size_t n = strlen(word);

	return s->len >= n && memcmp(s->p, word, n) == 0;
}

static inline bool
slice_ends(const struct slice *s, const char *word)
{
	size_t n = strlen(word);

	return s->len >= n && memcmp(s->p + s->len - n, word, n) == 0;
}

/* Whether just this word is left. */
static inline bool
slice_is(const struct slice *s, const char *word)
{
	return s->len == strlen(word) && slice_begins(s, word);
}

/* Takes the word off the start, if it stands there. */
static inline bool
slice_skip(struct slice *s, const char *word)
{
	if (!slice_begins(s, word))
		return false;
	slice_advance(s, strlen(word));
	return true;
}

/* Takes the digits off the start; how many there are. */
static inline size_t
slice_skip_digits(struct slice *s)
{
	size_t n = 0;

	while (n < s->len && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	slice_advance(s, n);
	return n;
}

#endif
