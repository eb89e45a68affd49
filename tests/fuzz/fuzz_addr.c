/* SPDX-License-Identifier: ISC */
/*
 * An address that parses has one text, which parses as the same address.
 *
 * Input: a text; its first 16 bytes are an address, too.
 */
#include "fuzz.h"

#include "base/addr.h"

static void
check(const struct addr *a)
{
	char text[ADDR_STRLEN];
	struct addr again;

	HOLDS(addr_format(a, text) == text);
	HOLDS(strlen(text) < sizeof text);
	HOLDS(strspn(text, "0123456789abcdef:.") == strlen(text));
	HOLDS(addr_parse(text, strlen(text), &again) == 0);
	HOLDS(memcmp(a, &again, sizeof again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr a;

	if (addr_parse((const char *)data, size, &a) == 0)
		check(&a);
	if (size >= sizeof a.b) {
		memcpy(a.b, data, sizeof a.b);
		check(&a);
	}
	return 0;
}
