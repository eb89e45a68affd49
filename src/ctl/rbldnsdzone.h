/* SPDX-License-Identifier: ISC */
/*
 * rbldnsdzone: the bans as a zone of rbldnsd, so that any other mail server can
 * ask for them.
 *
 *	rbldnsd -b 127.0.0.1/53 cached.local:combined:/var/lib/rbldns/cached
 */
#ifndef RBLDNSDZONE_H
#define RBLDNSDZONE_H

#include <stdio.h>

#include "ctl/listing.h"

/*
 * Writes the listing as a "combined" dataset of an ip4set and an ip6trie, with
 * the test entries of RFC 5782. Errors are the stream's.
 */
void rbldnsdzone_write(FILE *to, const struct listing *l);

#endif
