/* SPDX-License-Identifier: ISC */
#include "base/secret.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MASK "KEY"
#define MASK_LEN (sizeof MASK - 1)
#define KNOWN_MIN 12 /* a shorter label is a word, such as dnsbl-1 */
#define ANY_MIN 20
#define PIECE_MIN 8
#define CUT_LEN 200 /* REPLY_TEXT_MAX, or longer by what stands before it */

static void
mask(char *p, size_t len)
{
	memcpy(p, MASK, MASK_LEN);
	memmove(p + MASK_LEN, p + len, strlen(p + len) + 1);
}

static bool
is_label_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* How many bytes of a label stand at p. */
static size_t
label_len(const char *p)
{
	size_t len = 0;

	while (is_label_byte(p[len]))
		len++;
	return len;
}

/* Whether the end of the text is reached over labels and dots alone. */
static bool
only_labels_follow(const char *p)
{
	while (is_label_byte(*p) || *p == '.')
		p++;
	return *p == 0;
}

static bool
is_alnum(const char *p, size_t len)
{
	while (len-- > 0)
		if (!isalnum((unsigned char)*p++))
			return false;
	return true;
}

static bool
has_digit(const char *p, size_t len)
{
	while (len-- > 0)
		if (isdigit((unsigned char)*p++))
			return true;
	return false;
}

/* Whether two labels follow, each behind a dot. */
static bool
two_follow(const char *p)
{
	for (int i = 0; i < 2; i++) {
		size_t len = *p == '.' ? label_len(p + 1) : 0;

		if (len == 0)
			return false;
		p += 1 + len;
	}
	return true;
}

void
secret_learn(struct secrets *known, const char *zone)
{
	size_t len = label_len(zone);

	if (len < KNOWN_MIN || len >= SECRET_LABEL_SIZE ||
	    (len < ANY_MIN && !has_digit(zone, len)) || !two_follow(zone + len))
		return;
	for (unsigned i = 0; i < known->n; i++)
		if (strncasecmp(known->label[i], zone, len) == 0 &&
		    known->label[i][len] == 0)
			return;
	if (known->n < SECRET_MAX)
		snprintf(known->label[known->n++], SECRET_LABEL_SIZE, "%.*s",
		    (int)len, zone);
}

/* The first bytes of a known key, where a text was cut. */
static void
mask_piece(const char *key, char *text)
{
	size_t text_len = strlen(text);
	size_t len = strlen(key) - 1;

	if (len > text_len)
		len = text_len;
	for (; len >= PIECE_MIN; len--)
		if (strncasecmp(text + text_len - len, key, len) == 0) {
			mask(text + text_len - len, len);
			return;
		}
}

/*
 * The next label that is long enough, p being the start of the text or behind a
 * label; NULL: there is none. Looks at few bytes of the others.
 */
static char *
long_label(char *p)
{
	const char *end = p + strlen(p);

	while (end - p >= ANY_MIN) {
		size_t i = ANY_MIN;

		while (i > 0 && is_label_byte(p[i - 1]))
			i--;
		if (i == 0)
			return p;
		p += i;
	}
	return NULL;
}

static void
mask_any(char *text)
{
	bool is_cut = strlen(text) >= CUT_LEN;
	char *p = text;

	while ((p = long_label(p)) != NULL) {
		size_t len = label_len(p);
		const char *rest = p + len;

		if (is_alnum(p, len) && has_digit(p, len) &&
		    (two_follow(rest) ||
			(is_cut && only_labels_follow(rest)))) {
			mask(p, len);
			len = MASK_LEN;
		}
		p += len;
	}
}

void
secret_mask(const struct secrets *known, char *text)
{
	for (unsigned i = 0; known != NULL && i < known->n; i++) {
		const char *key = known->label[i];
		char *p;

		mask_piece(key, text);
		while ((p = strcasestr(text, key)) != NULL)
			mask(p, strlen(key));
	}
	mask_any(text);
}
