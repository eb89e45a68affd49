/* SPDX-License-Identifier: ISC */
/* Rules out of a text, for fuzz targets that have some of their own. */
#ifndef RULESTEXT_H
#define RULESTEXT_H

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#include "log/rules.h"

static inline struct rules *
rulestext_load(const char *text)
{
	char path[64];
	const char *const paths[] = {path};
	char error[RULES_ERROR_SIZE] = "";
	int fd = memfd_create("rules", 0);
	struct rules *rules;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	HOLDS(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	rules = rules_load(paths, 1, error);
	if (rules == NULL)
		fprintf(stderr, "%s\n", error);
	HOLDS(rules != NULL);
	close(fd);
	return rules;
}

#endif
