/* SPDX-License-Identifier: ISC */
/*
 * addr: IP addresses as 16 bytes in network order.
 *
 * An IPv4 address is kept in its mapped form ::ffff:a.b.c.d (RFC 4291,
 * 2.5.5.2), so "192.0.2.7" and "::ffff:192.0.2.7" are the same value and no
 * caller ever tests for the mapped prefix. Nothing here resolves names.
 *
 *	struct addr a;
 *	if (addr_parse("192.0.2.7", 9, &a) == 0) ...
 */
#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_STRLEN 46	  /* the longest text of an address, NUL included */
#define ADDR_BITS 128	  /* of an address, also of a mapped one */
#define ADDR_V4_OFFSET 96 /* bits before the IPv4 part of a mapped address */
#define ADDR_V6_BAN_BITS 64

struct addr {
	uint8_t b[16];
};

/*
 * Reads the len bytes at text (no NUL needed) as one IPv4 dotted quad or one
 * IPv6 address. No host names, zones (%eth0), brackets, blanks or octal.
 * Returns 0, or -1 when it is anything else; *out is written on 0 only.
 */
int addr_parse(const char *text, size_t len, struct addr *out)
    __attribute__((warn_unused_result));

/*
 * Writes the canonical text (RFC 5952; IPv4 as dotted quad) with a NUL and
 * returns buf. addr_parse of that text gives the same address again.
 */
const char *addr_format(const struct addr *a, char buf[ADDR_STRLEN]);

/* Whether the address is IPv4. */
bool addr_is4(const struct addr *a);

/*
 * Clears all but the first bits of the 128 (an IPv4 /24 is bits 96 + 24).
 * Returns whether any bit was lost.
 */
bool addr_mask(struct addr *a, unsigned bits);

/*
 * What a ban of this address covers: the host for IPv4, the /64 for IPv6,
 * which is what one customer gets (RFC 6177) and can renumber within at will.
 */
struct addr addr_ban_key(const struct addr *a);

/*
 * The address as 16 bytes in which each depends on all of it. Spread again,
 * they are the address: addr_spread(&a, a.b). A cdb
 * finds keys by a weak hash (h * 33 ^ byte): the million addresses of one
 * network have some ten thousand values of it, and a look-up went through
 * thousands of records.
 */
#define ADDR_SPREAD_BYTES 16
void addr_spread(const struct addr *a, unsigned char to[ADDR_SPREAD_BYTES]);

#endif
