/* SPDX-License-Identifier: ISC */
#include "ctl/rbldnsdzone.h"

/* seconds that others may remember an answer */
#define TTL "300"

#define LISTED ":127.0.0.2:"
#define NO_TEXT "listed"

/*
 * A dollar sign alone would stand for the address, the first of two equals
 * signs for no template; and who is listed without a text is not for rblsmtpd.
 */
static void
put_text(FILE *to, const char *text)
{
	if (*text == '=')
		putc('=', to);
	if (*text == 0)
		fputs(NO_TEXT, to);
	for (; *text != 0; text++) {
		if (*text == '$')
			putc('$', to);
		putc(*text, to);
	}
}

static void
put_entry(FILE *to, const struct listing_entry *e)
{
	char net[NET_STRLEN];

	fprintf(to, "%s " LISTED, net_format(&e->net, net));
	/* the text behind the code */
	put_text(to, *e->reply != 0 ? e->reply + 4 : NO_TEXT);
	putc('\n', to);
}

static void
put_family(FILE *to, const struct listing *l, bool is4)
{
	struct listing_entry e;

	for (size_t i = 0; i < l->n; i++) {
		if (addr_is4(&l->list[i].ip) != is4)
			continue;
		listing_nth(l, i, &e);
		put_entry(to, &e);
	}
}

void
rbldnsdzone_write(FILE *to, const struct listing *l)
{
	fputs("$TTL " TTL "\n"
	      "$SOA " TTL " localhost postmaster.localhost 0 10m 5m 1d " TTL
	      "\n"
	      "$NS " TTL " localhost\n"
	      "$DATASET ip4set @\n"
	      "127.0.0.2 " LISTED "test\n",
	    to);
	put_family(to, l, true);
	fputs("$DATASET ip6trie @\n"
	      "::ffff:7f00:2 " LISTED "test\n",
	    to);
	put_family(to, l, false);
}
