/* SPDX-License-Identifier: ISC */
/* What every unit test includes. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/addr.h"
#include "log/rules.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline struct addr
unit_addr(const char *text)
{
	struct addr a;

	if (addr_parse(text, strlen(text), &a) != 0)
		fail_msg("'%s' does not parse", text);
	return a;
}

/* A pseudo-random sequence that is the same every time. */
static inline uint32_t
unit_random(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32);
}

/* A fresh directory; the test removes it with unit_remove. */
static inline char *
unit_directory(char path[64])
{
	snprintf(path, 64, "/tmp/rblcache-unit.XXXXXX");
	assert_non_null(mkdtemp(path));
	return path;
}

static inline void
unit_remove(const char *path)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

/* Rules out of a text, to be freed with rules_free. */
static inline struct rules *
unit_rules(const char *text)
{
	char directory[64];
	char path[96];
	char error[RULES_ERROR_SIZE];
	const char *const paths[] = {path};
	struct rules *made;
	FILE *f;

	snprintf(path, sizeof path, "%s/r.rules", unit_directory(directory));
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	made = rules_load(paths, 1, error);
	if (made == NULL)
		fail_msg("%s", error);
	unit_remove(directory);
	return made;
}

#endif
