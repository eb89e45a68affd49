/* SPDX-License-Identifier: ISC */
/*
 * plain: text that others wrote, before it meets a terminal.
 */
#ifndef PLAIN_H
#define PLAIN_H

/*
 * Puts a '?' in the place of each control byte of ASCII, and of each byte of the
 * control characters U+0080 to U+009F in UTF-8. The length stays.
 */
void plain_text(char *text);

#endif
