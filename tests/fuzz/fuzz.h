/* SPDX-License-Identifier: ISC */
/* What every fuzz target includes. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Ends the process, and says where, unless the condition holds. */
#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: does not hold: %s\n",          \
			    __FILE__, __LINE__, #condition);                   \
			abort();                                               \
		}                                                              \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A reply must be one line of printable ASCII behind its code; reply.h. */
static inline void
fuzz_check_reply(const char *reply)
{
	HOLDS(reply[0] == '4' || reply[0] == '5');
	HOLDS(strspn(reply, "0123456789") == 3 && reply[3] == ' ');
	HOLDS(strlen(reply) <= 4 + 200);
	for (; *reply != 0; reply++)
		HOLDS(*reply >= 32 && *reply <= 126);
}

/* The input, taken off from its start. */
struct fuzz_input {
	const uint8_t *p;
	size_t len;
};

/* The next byte, or 0 when there is none. */
static inline uint8_t
fuzz_byte(struct fuzz_input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->p++;
}

/* The next n bytes as a number; a missing one is 0. */
static inline uint64_t
fuzz_number(struct fuzz_input *in, size_t n)
{
	uint64_t number = 0;

	while (n-- > 0)
		number = number << 8 | fuzz_byte(in);
	return number;
}

#endif
