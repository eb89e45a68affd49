/* SPDX-License-Identifier: ISC */
/*
 * reply: an SMTP reply line "CCC TEXT" that may be sent, logged and stored.
 *
 * A reply is always one line: code, blank, printable ASCII, no CR or LF. The
 * text is cut at 200 bytes and every byte outside 32..126 becomes '?', which
 * is what rblsmtpd 0.88 does, so a reply line stays far below the 512 bytes
 * of RFC 5321, 4.5.3.1.5.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define REPLY_TEXT_MAX 200
#define REPLY_SIZE (4 + REPLY_TEXT_MAX + 1) /* code, blank, text, NUL */

enum { REPLY_DEFER = 451, REPLY_DENY = 553 }; /* rblsmtpd's two codes */

/*
 * Writes a reply made of the len bytes at text. Text that begins with a code
 * of its own ("554 go away") keeps it, anything else gets the given code.
 * Never fails; an empty text gives "CCC ".
 */
void reply_make(
    char out[REPLY_SIZE], unsigned code, const char *text, size_t len);

/* The same, but whatever the text begins with, it is text. */
void reply_with_code(
    char out[REPLY_SIZE], unsigned code, const char *text, size_t len);

/* The byte as a reply may hold it: itself, or '?' outside 32..126. */
char reply_clean(char c);

/*
 * The code with which the len bytes begin: 400..599 followed by a blank.
 * 0 when they begin otherwise.
 */
unsigned reply_code(const char *text, size_t len);

/* Whether the text is a reply as reply_make makes it. */
bool reply_is_clean(const char *text);

/* Whether a reply tells the client to come back later (4yz). */
bool reply_is_temporary(const char *reply);

#endif
