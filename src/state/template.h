/* SPDX-License-Identifier: ISC */
/*
 * template: a reply with the client's address taken out.
 *
 * Lists quote the address that is listed, so each host has a text of its own. A
 * table of many hosts keeps the template, which they share, and makes the text
 * again.
 *
 * The address is found as often as it stands there, in these forms. IPv4: as
 * usual, with dashes, and both in reverse (so are the names that are asked for);
 * with three digits a number; as one number, decimal and hexadecimal. IPv6: as
 * usual (RFC 5952), in capitals, for a URL (%3A); its /64; all eight groups,
 * with zeros and without; its 32 digits, with dots and without, and in reverse.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "base/addr.h"
#include "base/reply.h"

/*
 * Writes the template of a reply that reply_is_clean accepts: a string that is
 * no longer, with one byte below 32 for each address.
 */
void template_make(
    char out[REPLY_SIZE], const char *reply, const struct addr *a);

/* Writes the reply of which template_make made that, for the same address. */
void template_fill(
    char out[REPLY_SIZE], const char *template, const struct addr *a);

#endif
