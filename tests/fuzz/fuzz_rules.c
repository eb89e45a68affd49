/*
 * A rule file: loads, or says FILE:LINE and what is wrong; what loads can be
 * applied.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char line[] =
	    "rblsmtpd: 203.0.113.9 pid 7: 451 Listed by XBL";
	static char path[64];
	static int fd = -1;
	const char *const paths[] = {path};
	char error[RULES_ERROR_SIZE] = "";
	struct rules_match m;
	struct rules *rules;

	if (fd < 0) {
		fd = memfd_create("rules", 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) < 0)
		return 0;
	rules = rules_load(paths, 1, error);
	if (rules == NULL) {
		if (strncmp(error, path, strlen(path)) != 0)
			abort();
		return 0;
	}
	(void)!rules_apply(rules, line, strlen(line), &m);
	rules_free(rules);
	return 0;
}
