/* SPDX-License-Identifier: ISC */
#include "base/addr.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/hash.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int
addr_parse(const char *text, size_t len, struct addr *out)
{
	char copy[ADDR_STRLEN];
	struct addr a;

	if (len == 0 || len >= sizeof copy || memchr(text, 0, len) != NULL)
		return -1;
	memcpy(copy, text, len);
	copy[len] = 0;
	if (strchr(copy, ':') == NULL) {
		memcpy(a.b, mapped, sizeof mapped);
		if (inet_pton(AF_INET, copy, a.b + sizeof mapped) != 1)
			return -1;
	} else if (inet_pton(AF_INET6, copy, a.b) != 1) {
		return -1;
	}
	*out = a;
	return 0;
}

/* The C library prints a dotted quad with sprintf, which takes ten times as
   long, and a checkpoint has a million of them. */
static const char *
format4(const uint8_t quad[4], char buf[ADDR_STRLEN])
{
	char *p = buf;

	for (int i = 0; i < 4; i++) {
		if (quad[i] >= 100)
			*p++ = (char)('0' + quad[i] / 100);
		if (quad[i] >= 10)
			*p++ = (char)('0' + quad[i] / 10 % 10);
		*p++ = (char)('0' + quad[i] % 10);
		*p++ = '.';
	}
	p[-1] = 0;
	return buf;
}

const char *
addr_format(const struct addr *a, char buf[ADDR_STRLEN])
{
	if (addr_is4(a))
		return format4(a->b + sizeof mapped, buf);
	return inet_ntop(AF_INET6, a->b, buf, ADDR_STRLEN);
}

bool
addr_is4(const struct addr *a)
{
	return memcmp(a->b, mapped, sizeof mapped) == 0;
}

bool
addr_mask(struct addr *a, unsigned bits)
{
	int lost = 0;

	for (unsigned i = bits / 8; i < sizeof a->b; i++) {
		int keep = i == bits / 8 ? 0xff00 >> bits % 8 & 0xff : 0;

		lost |= a->b[i] & ~keep;
		a->b[i] &= (uint8_t)keep;
	}
	return lost != 0;
}

struct addr
addr_ban_key(const struct addr *a)
{
	struct addr key = *a;

	if (!addr_is4(a))
		addr_mask(&key, ADDR_V6_BAN_BITS);
	return key;
}

/* Three rounds of a Feistel network: done again, they undo themselves. */
void
addr_spread(const struct addr *a, unsigned char to[ADDR_SPREAD_BYTES])
{
	uint64_t half[2];

	memcpy(half, a->b, sizeof half);
	half[1] ^= hash_mix(half[0]);
	half[0] ^= hash_mix(half[1]);
	half[1] ^= hash_mix(half[0]);
	memcpy(to, half, sizeof half);
}
