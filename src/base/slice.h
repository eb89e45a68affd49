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
#include <stdint.h>
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

/* Takes the digits off the start. */
static inline struct slice
slice_digits(struct slice *s)
{
	struct slice digits = {s->p, 0};

	while (s->len > 0 && *s->p >= '0' && *s->p <= '9')
		slice_advance(s, 1);
	digits.len = (size_t)(s->p - digits.p);
	return digits;
}

#define SLICE_NUMBER_DIGITS 18 /* fit into 63 bits */

/* The number that all of it is; 0: it is none, or has too many digits. */
static inline uint64_t
slice_number(struct slice s)
{
	struct slice digits = slice_digits(&s);
	uint64_t n = 0;

	if (s.len > 0 || digits.len > SLICE_NUMBER_DIGITS)
		return 0;
	for (; digits.len > 0; slice_advance(&digits, 1))
		n = n * 10 + (uint64_t)(*digits.p - '0');
	return n;
}

#endif
