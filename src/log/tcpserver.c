/* SPDX-License-Identifier: ISC */
#include "log/tcpserver.h"

#include <string.h>

/*
 * A form is a whole line: small letters, blanks and signs stand for themselves,
 * a capital for what take_field takes.
 */
struct form {
	const char *text; /* NULL: there are no more */
	enum tcpserver_answer answer;
};

static const struct form of_tcpserver[] = {
    {"pid P from A", TCPSERVER_BEGIN},
    {"ok P L R", TCPSERVER_OK},
    {"end P status S", TCPSERVER_END},
    {"deny P L R", TCPSERVER_DENY},
    {NULL, TCPSERVER_OTHER},
};

static const struct form of_tcpsvd[] = {
    {"pid P from A", TCPSERVER_BEGIN},
    {"end P exit N", TCPSERVER_END},
    {"deny P W :C", TCPSERVER_DENY},
    {"deny P W :C W", TCPSERVER_DENY}, /* with the file that said so */
    {NULL, TCPSERVER_OTHER},
};

static const struct form of_s6_tcpserverd[] = {
    {"accept A_N pid P count N/N", TCPSERVER_BEGIN},
    {"end pid P exitcode N count N/N", TCPSERVER_END},
    {"end pid P signal N count N/N", TCPSERVER_END},
    {NULL, TCPSERVER_OTHER},
};

static const struct {
	const char *name;
	const struct form *forms;
} servers[] = {
    {"tcpserver: ", of_tcpserver},
    {"sslserver: ", of_tcpserver},
    {"sslhandle: ", of_tcpserver},
    {"tcpsvd: info: ", of_tcpsvd},
    {"s6-tcpserverd: info: ", of_s6_tcpserverd},
};

/* ---- fields ---- */

static struct slice
take_while(struct slice *s, const char *bytes)
{
	struct slice taken = {s->p, 0};

	while (s->len > 0 && *s->p != 0 && strchr(bytes, *s->p) != NULL)
		slice_advance(s, 1);
	taken.len = (size_t)(s->p - taken.p);
	return taken;
}

/* What stands before the next blank, which may be nothing. */
static struct slice
take_word(struct slice *s)
{
	const char *blank = memchr(s->p, ' ', s->len);
	struct slice word = *s;

	if (blank != NULL)
		word.len = (size_t)(blank - s->p);
	slice_advance(s, word.len);
	return word;
}

/* Cuts a word at its last colon: what is behind that, or nothing at all. */
static bool
cut_last(struct slice *word, struct slice *behind)
{
	const char *colon = memrchr(word->p, ':', word->len);

	if (colon == NULL)
		return false;
	*behind = *word;
	slice_advance(behind, (size_t)(colon - word->p) + 1);
	word->len = (size_t)(colon - word->p);
	return true;
}

/*
 * Cuts "HOST:...:PORT" at both ends. In a host name these servers write a '?'
 * for a colon, but an IPv6 address has them.
 */
static bool
take_ends(struct slice *word, uint16_t *port)
{
	struct slice digits;
	const char *colon;
	uint64_t n;

	if (!cut_last(word, &digits))
		return false;
	n = slice_number(digits);
	colon = memchr(word->p, ':', word->len);
	if (n == 0 || n > UINT16_MAX || colon == NULL)
		return false;
	*port = (uint16_t)n;
	slice_advance(word, (size_t)(colon - word->p) + 1);
	return true;
}

/* The server's side: HOST:IP:PORT. */
static bool
take_local(struct slice word, struct tcpserver_event *e)
{
	struct addr ip;

	return take_ends(&word, &e->port) &&
	       addr_parse(word.p, word.len, &ip) == 0;
}

/* The client's: HOST:IP:PORT, or HOST:IP:INFO:PORT. */
static bool
take_client(struct slice word, bool has_info, struct tcpserver_event *e)
{
	struct slice info;
	uint16_t port;

	return take_ends(&word, &port) &&
	       (!has_info || cut_last(&word, &info)) &&
	       addr_parse(word.p, word.len, &e->ip) == 0;
}

/* A number as these programs write it. */
static bool
take_number(struct slice *s, bool *is_zero)
{
	struct slice digits = slice_digits(s);

	*is_zero = slice_is(&digits, "0");
	return digits.len > 0 && (*is_zero || *digits.p != '0');
}

static bool
take_field(char kind, struct slice *s, struct tcpserver_event *e)
{
	struct slice taken;
	bool is_zero;

	switch (kind) {
	case 'P': /* process */
		e->pid = slice_number(slice_digits(s));
		return e->pid != 0;
	case 'A': /* address */
		taken = take_while(s, "0123456789abcdefABCDEF:.");
		return addr_parse(taken.p, taken.len, &e->ip) == 0;
	case 'S': /* status */
		return take_number(s, &e->well);
	case 'N': /* number */
		return take_number(s, &is_zero);
	case 'W': /* word */
		(void)take_word(s);
		return true;
	case 'L': /* local */
		return take_local(take_word(s), e);
	case 'R': /* remote */
		return take_client(take_word(s), true, e);
	case 'C': /* client */
		return take_client(take_word(s), false, e);
	default:
		return false;
	}
}

/* ---- lines ---- */

static bool
is_of(const char *form, struct slice s, struct tcpserver_event *e)
{
	for (; *form != 0; form++) {
		if (*form >= 'A' && *form <= 'Z') {
			if (!take_field(*form, &s, e))
				return false;
		} else if (s.len > 0 && *s.p == *form) {
			slice_advance(&s, 1);
		} else {
			return false;
		}
	}
	return s.len == 0;
}

enum tcpserver_answer
tcpserver_parse(struct slice message, struct tcpserver_event *event)
{
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		const struct form *form = servers[i].forms;
		struct slice s = message;

		if (!slice_skip(&s, servers[i].name))
			continue;
		for (; form->text != NULL; form++) {
			*event = (struct tcpserver_event){0};
			if (is_of(form->text, s, event))
				return form->answer;
		}
	}
	return TCPSERVER_OTHER;
}
