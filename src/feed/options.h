/* SPDX-License-Identifier: ISC */
/*
 * options: the command line of rblcache-feed.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_LOGS_MAX 32
#define OPTIONS_RULES_MAX 64

struct options {
	bool once;    /* -1 */
	bool dry_run; /* -n */
	bool private; /* -p */
	bool verbose; /* -v */
	uint32_t cap; /* -m: bans a minute; 0: any number */
	const char *rules[OPTIONS_RULES_MAX];
	size_t rules_n;
	const char *conf; /* -f; NULL: the usual one, which need not exist */
	const char *statedir, *local, *set4, *set6;
	char **logs;
	size_t logs_n;
};

/*
 * Reads the command line, whose words must live as long as o. Returns
 * USAGE_GO_ON (usage.h), or the exit status to end with, after printing what
 * was asked for or saying what is wrong.
 */
int options_read(struct options *o, int argc, char **argv)
    __attribute__((warn_unused_result));

#endif
