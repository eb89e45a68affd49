/* SPDX-License-Identifier: ISC */
/*
 * secret: keys of DNS blocklists, taken out of texts that others read.
 *
 * Who pays for a list, or registers with it, asks it by a name that has a key
 * as a label: REVERSED.KEY.zen.dq.spamhaus.net (26 letters and digits),
 * REVERSED.KEY.combined.mail.abusix.zone (32), REVERSED.CODE.r.mail-abuse.com
 * (31, an activation code of Trend Micro without its dashes). Such a name comes
 * back in a list's text, in a log line, in an error, and a refused client would
 * read it.
 *
 *	struct secrets known = {0};
 *	secret_learn(&known, zone);
 *	secret_mask(&known, text);
 */
#ifndef SECRET_H
#define SECRET_H

#define SECRET_MAX 16	     /* as many as there may be zones */
#define SECRET_LABEL_SIZE 64 /* a label, RFC 1035, 2.3.4, and a NUL */

struct secrets {
	char label[SECRET_MAX][SECRET_LABEL_SIZE];
	unsigned n;
};

/*
 * Remembers the key of a zone that the administrator named, if it has one: its
 * first label, when two more follow and it has 12 bytes and a digit, or 20
 * bytes. A label that was no key is masked as well then, which does no harm.
 * Of more than SECRET_MAX different ones the others are left out.
 */
void secret_learn(struct secrets *known, const char *zone);

/*
 * Puts "KEY" in the place of each key, in a text or in the name of a zone. It
 * never gets longer. These count as keys:
 *
 * - a known one (known may be NULL), wherever it stands and in whatever case;
 *   at the end of the text its first 8 bytes or more, since texts are cut;
 * - any label of 20 letters and digits or more, a digit among them, that two
 *   more labels follow. In a text of 200 bytes or more, which is where rblsmtpd
 *   and reply_make cut, the end may stand for these labels or a part of them.
 *
 * Of an unknown key that is cut, fewer than 20 bytes stay: what is missing is
 * too much to be guessed by asking the list.
 *
 * A host name that looks like that loses its first label (an IPv6 address as 32
 * digits, say), and a link to HASH.tar.gz leads nowhere. One to ?id=HASH stays
 * whole, unless it ends a text of 200 bytes. Nothing is to be decided by a text
 * that was masked.
 */
void secret_mask(const struct secrets *known, char *text);

#endif
