/* SPDX-License-Identifier: ISC */
/*
 * trial_lines: a trial without its hook reads a log.
 *
 *	trial_lines CAP RULES FEED.CONF <LOG
 *
 * A line for each that a rule matches: its unix seconds, a tab, and what -n of
 * rblcache-feed prints.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/trial.h"
#include "feed/settings.h"
#include "state/judge.h"

static void
die(const char *what)
{
	fprintf(stderr, "trial_lines: %s\n", what);
	exit(111);
}

int
main(int argc, char **argv)
{
	char error[RULES_ERROR_SIZE];
	char text[DECIDE_TEXT_SIZE];
	struct trial_setup setup = {.alarm = true};
	struct settings settings;
	struct guard guard = {0};
	struct trial *trial;
	const char *rules;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (argc != 4)
		die("usage: trial_lines CAP RULES FEED.CONF");
	rules = argv[2];
	setup.cap = (uint32_t)strtoul(argv[1], NULL, 10);
	setup.guard = &guard;
	setup.rules = rules_load(&rules, 1, error);
	if (setup.rules == NULL)
		die(error);
	if (settings_load(argv[3], &settings, error) != 0)
		die(error);
	setup.doubt_s = settings.doubt_s;
	setup.pass_s = settings.pass_s;
	setup.pass_most_s = settings.pass_most_s;
	trial = trial_new(&setup);
	if (trial == NULL)
		die("no memory");
	while ((len = getline(&line, &size, stdin)) > 0) {
		struct follow_line given = {
		    .text = line, .len = (size_t)len, .written_s = time(NULL)};
		struct decision d;
		struct news news;

		if (line[len - 1] == '\n')
			given.len--;
		if (trial_line(trial, &given, time(NULL), &d, &news) != 0)
			die("no memory");
		if (*judge_format(&d, &news, text) != 0)
			printf("%" PRId64 "\t%s\n", d.time, text);
	}
	free(line);
	trial_free(trial);
	rules_free(setup.rules);
	return 0;
}
