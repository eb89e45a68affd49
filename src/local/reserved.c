/* SPDX-License-Identifier: ISC */
#include "local/reserved.h"

#include "base/net.h"

static bool
is_in_one_of(const struct addr *a, const struct net *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (net_contains(&list[i], a))
			return true;
	return false;
}

#define V4(a, b, c, len)                                                       \
	{                                                                      \
		{{[10] = 0xff, 0xff, a, b, c}}, ADDR_V4_OFFSET + (len)         \
	}

bool
reserved_is_private(const struct addr *a)
{
	static const struct net private[] = {
	    V4(10, 0, 0, 8),
	    V4(100, 64, 0, 10),
	    V4(172, 16, 0, 12),
	    V4(192, 168, 0, 16),
	    {{{0xfc}}, 7},
	};

	return is_in_one_of(a, private, sizeof private / sizeof *private);
}

bool
reserved_is_any(const struct addr *a)
{
	static const struct net special[] = {
	    V4(0, 0, 0, 8),
	    V4(127, 0, 0, 8),
	    V4(169, 254, 0, 16),
	    V4(224, 0, 0, 3),			    /* multicast, reserved */
	    {{{0}}, 96},			    /* ::, ::1, ::a.b.c.d */
	    {{{0x00, 0x64, 0xff, 0x9b}}, 96},	    /* NAT64, RFC 6052 */
	    {{{0x00, 0x64, 0xff, 0x9b, 0, 1}}, 48}, /* NAT64, RFC 8215 */
	    {{{0xfe, 0x80}}, 9}, /* link-local and the old site-local */
	    {{{0xff}}, 8},
	};

	return reserved_is_private(a) ||
	       is_in_one_of(a, special, sizeof special / sizeof *special);
}
