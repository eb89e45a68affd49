/* SPDX-License-Identifier: ISC */
/*
 * An address that parses has one text, which parses as the same address. It is
 * glibc's, but for the kind of address below.
 *
 * Input: a text; its first 16 bytes are an address, too.
 */
#include "fuzz.h"

#include <arpa/inet.h>

#include "base/addr.h"

/* musl takes another one of two runs of zeros that vie. */
#ifdef __GLIBC__
#define GLIBC 1
#else
#define GLIBC 0
#endif

/* glibc ends what is in ::/96 with a dotted quad, though nobody uses it. */
static int
is_compatible(const struct addr *a)
{
	static const uint8_t zeros[12];

	return memcmp(a->b, zeros, sizeof zeros) == 0;
}

static void
check(const struct addr *a)
{
	char text[ADDR_STRLEN];
	char theirs[ADDR_STRLEN];
	struct addr again;

	HOLDS(addr_format(a, text) == text);
	HOLDS(strlen(text) < sizeof text);
	HOLDS(strspn(text, "0123456789abcdef:.") == strlen(text));
	HOLDS(addr_parse(text, strlen(text), &again) == 0);
	HOLDS(memcmp(a, &again, sizeof again) == 0);
	HOLDS(inet_ntop(AF_INET6, a->b, theirs, sizeof theirs) != NULL);
	if (addr_is4(a))
		HOLDS(strcmp(theirs + strlen("::ffff:"), text) == 0);
	else if (GLIBC && !is_compatible(a))
		HOLDS(strcmp(theirs, text) == 0);
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
