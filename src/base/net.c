/* SPDX-License-Identifier: ISC */
#include "base/net.h"

#include <stdio.h>

bool
net_contains(const struct net *n, const struct addr *a)
{
	unsigned whole = n->bits / 8;
	unsigned odd = n->bits % 8;

	return memcmp(a->b, n->ip.b, whole) == 0 &&
	       (odd == 0 || (a->b[whole] ^ n->ip.b[whole]) >> (8 - odd) == 0);
}

const char *
net_parse(struct slice text, struct net *n)
{
	const char *slash = memchr(text.p, '/', text.len);
	size_t addr_len = slash == NULL ? text.len : (size_t)(slash - text.p);
	bool dotted = memchr(text.p, ':', addr_len) == NULL;
	unsigned max = dotted ? 32 : 128;
	unsigned bits = max;
	struct slice digits;

	if (addr_parse(text.p, addr_len, &n->ip) != 0)
		return "no IP address";
	if (slash != NULL) {
		slice_advance(&text, addr_len + 1);
		digits = slice_digits(&text);
		if (text.len > 0 || digits.len == 0 || digits.len > 3)
			return "the prefix length is no number";
		bits = (unsigned)slice_number(digits);
		if (bits > max)
			return dotted ? "the prefix is longer than 32"
				      : "the prefix is longer than 128";
	}
	n->bits = (uint8_t)(dotted ? ADDR_V4_OFFSET + bits : bits);
	if (addr_mask(&n->ip, n->bits))
		return "the address has bits behind its prefix";
	return NULL;
}

const char *
net_format(const struct net *n, char buf[NET_STRLEN])
{
	unsigned offset = net_is4(n) ? ADDR_V4_OFFSET : 0;
	size_t len;

	addr_format(&n->ip, buf);
	len = strlen(buf);
	if (n->bits < ADDR_BITS)
		snprintf(buf + len, NET_STRLEN - len, "/%u", n->bits - offset);
	return buf;
}
