/* SPDX-License-Identifier: ISC */
/*
 * net: a network, which may be one host: an address and a length.
 *
 * Lengths count in the 128 bits of struct addr: an IPv4 /24 is 120. In a text
 * they are what people write: 192.0.2.0/24, 2001:db8::/32.
 */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/slice.h"

/* Longest text of a network: an address, '/', three digits, NUL. */
#define NET_STRLEN (ADDR_STRLEN + 4)

struct net {
	struct addr ip; /* no bit is set behind the length */
	uint8_t bits;	/* of ADDR_BITS */
};

/* That of this length around an address. */
static inline struct net
net_of(const struct addr *a, unsigned bits)
{
	struct net n = {*a, (uint8_t)bits};

	addr_mask(&n.ip, bits);
	return n;
}

/* What a ban of this address covers: see addr_ban_key. */
static inline struct net
net_of_ban(const struct addr *a)
{
	return net_of(a, addr_is4(a) ? ADDR_BITS : ADDR_V6_BAN_BITS);
}

/* Whether it is one of IPv4's; ::/0 holds them, but is not. */
static inline bool
net_is4(const struct net *n)
{
	return addr_is4(&n->ip) && n->bits >= ADDR_V4_OFFSET;
}

/* Whether the address is in it. */
bool net_contains(const struct net *n, const struct addr *a);

/*
 * Reads "ADDRESS" or "ADDRESS/LENGTH". NULL and the network, or what is wrong
 * with it (a static string). Bits behind the length are an error; then n is the
 * network without them.
 */
const char *net_parse(struct slice text, struct net *n)
    __attribute__((warn_unused_result));

/* Its text, without "/32" or "/128" of a host. Returns buf. */
const char *net_format(const struct net *n, char buf[NET_STRLEN]);

#endif
