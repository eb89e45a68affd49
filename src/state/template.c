/* SPDX-License-Identifier: ISC */
#include "state/template.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SPELLING_SIZE 72   /* the longest has 32 digits and 31 dots */
#define SHORTEST 7	   /* of all but the usual one: 1-1-1-1 */
#define FIRST_MARK 1	   /* stands for the first of the spellings */
#define FIRST_PRINTABLE 32 /* and those that a reply may hold begin here */

enum family { BOTH, IPV4, IPV6 };

enum how {
	PLAIN,
	REVERSED, /* the last number first */
	UPPER,	  /* in capitals */
	NET,	  /* the /64 */
};

static const struct spelling {
	enum family family;
	enum how how;
	unsigned bits;	     /* of each number; 0: the usual text */
	unsigned base;	     /* of its digits */
	unsigned digits;     /* at least */
	const char *between; /* the numbers; in the usual text, for a colon */
} spellings[] = {
    {BOTH, PLAIN, 0, 0, 0, ":"},
    {IPV4, REVERSED, 8, 10, 1, "."},
    {IPV4, PLAIN, 8, 10, 1, "-"},
    {IPV4, REVERSED, 8, 10, 1, "-"},
    {IPV4, PLAIN, 8, 10, 3, "."},
    {IPV4, PLAIN, 8, 16, 2, ""},
    {IPV4, UPPER, 8, 16, 2, ""},
    {IPV4, PLAIN, 32, 10, 1, ""},
    {IPV6, UPPER, 0, 0, 0, ":"},
    {IPV6, PLAIN, 0, 0, 0, "%3A"},
    {IPV6, PLAIN, 0, 0, 0, "%3a"},
    {IPV6, NET, 0, 0, 0, ":"},
    {IPV6, PLAIN, 16, 16, 1, ":"},
    {IPV6, UPPER, 16, 16, 1, ":"},
    {IPV6, PLAIN, 16, 16, 4, ":"},
    {IPV6, UPPER, 16, 16, 4, ":"},
    {IPV6, PLAIN, 4, 16, 1, "."},
    {IPV6, REVERSED, 4, 16, 1, "."},
    {IPV6, PLAIN, 4, 16, 1, ""},
};

#define SPELLINGS_N (sizeof spellings / sizeof *spellings)

_Static_assert(FIRST_MARK + SPELLINGS_N <= FIRST_PRINTABLE, "too many marks");

static char *
put_text(char *to, const char *text)
{
	while (*text != 0)
		*to++ = *text++;
	return to;
}

static char *
put_number(char *to, const struct spelling *s, uint32_t n)
{
	char digits[16];
	unsigned len = 0;

	do {
		digits[len++] = "0123456789abcdef"[n % s->base];
		n /= s->base;
	} while (len < s->digits || n > 0);
	while (len > 0)
		*to++ = digits[--len];
	return to;
}

/* The i-th number of the address, from its most significant one. */
static uint32_t
number(const struct addr *a, const struct spelling *s, unsigned i)
{
	unsigned at = (s->family == IPV4 ? ADDR_V4_OFFSET : 0) + i * s->bits;
	uint32_t n = 0;

	if (s->bits < 8)
		return a->b[at / 8] >> (at % 8 == 0 ? 4 : 0) & 15;
	for (unsigned k = 0; k < s->bits; k += 8)
		n = n << 8 | a->b[(at + k) / 8];
	return n;
}

static char *
put_numbers(char *to, const struct spelling *s, const struct addr *a)
{
	unsigned n = (s->family == IPV4 ? 32 : ADDR_BITS) / s->bits;

	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			to = put_text(to, s->between);
		to = put_number(
		    to, s, number(a, s, s->how == REVERSED ? n - 1 - i : i));
	}
	return to;
}

static char *
put_usual(char *to, const struct spelling *s, const struct addr *a)
{
	struct addr shown = s->how == NET ? addr_ban_key(a) : *a;
	char text[ADDR_STRLEN];

	addr_format(&shown, text);
	for (const char *from = text; *from != 0; from++)
		if (*from == ':')
			to = put_text(to, s->between);
		else
			*to++ = *from;
	return to;
}

/* Writes the address so and returns buf; "" when that is not for it. */
static const char *
spell(char buf[SPELLING_SIZE], const struct spelling *s, const struct addr *a)
{
	char *end = buf;

	if (s->family == BOTH || addr_is4(a) == (s->family == IPV4))
		end = s->bits == 0 ? put_usual(buf, s, a)
				   : put_numbers(buf, s, a);
	*end = 0;
	for (char *c = buf; s->how == UPPER && c < end; c++)
		*c = (char)toupper(*c);
	return buf;
}

/* Puts the mark in place of each spelling in the text. */
static void
take_out(char *text, const char *spelling, char mark)
{
	size_t len = strlen(spelling);

	while (len > 0 && (text = strstr(text, spelling)) != NULL) {
		*text++ = mark;
		memmove(text, text + len - 1, strlen(text + len - 1) + 1);
	}
}

/*
 * Whether an address may stand there in another form than the usual one. Most
 * replies have none.
 */
static bool
may_have_more(const char *text)
{
	size_t run = 0;

	for (; *text != 0 && run < SHORTEST; text++)
		run = isxdigit((unsigned char)*text) ||
			      strchr(".:-%", *text) != NULL
			  ? run + 1
			  : 0;
	return run == SHORTEST;
}

void
template_make(char out[REPLY_SIZE], const char *reply, const struct addr *a)
{
	char spelling[SPELLING_SIZE];

	memccpy(out, reply, 0, REPLY_SIZE - 1);
	out[REPLY_SIZE - 1] = 0;
	for (size_t i = 0; i < SPELLINGS_N; i++) {
		if (i == 1 && !may_have_more(out))
			break;
		take_out(out, spell(spelling, &spellings[i], a),
		    (char)(FIRST_MARK + i));
	}
}

void
template_fill(char out[REPLY_SIZE], const char *template, const struct addr *a)
{
	char *end = out;

	for (; *template != 0; template ++) {
		char text[SPELLING_SIZE];
		size_t room = (size_t)(out + REPLY_SIZE - 1 - end);
		size_t i = (unsigned char)*template - FIRST_MARK;

		if (i >= SPELLINGS_N && room > 0)
			*end++ = *template;
		else if (i < SPELLINGS_N &&
			 strlen(spell(text, &spellings[i], a)) <= room)
			end = put_text(end, text);
	}
	*end = 0;
}
