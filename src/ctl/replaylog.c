/* SPDX-License-Identifier: ISC */
#include "ctl/replaylog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cdbread.h"
#include "local/guard.h"
#include "log/follow.h"

/* Says what is wrong with something. Returns -1, and errno stays. */
static int
fail(char error[REPLAYLOG_ERROR_SIZE], const char *what)
{
	int why = errno;

	snprintf(
	    error, REPLAYLOG_ERROR_SIZE, "%s: %s", what, follow_reason(why));
	errno = why;
	return -1;
}

static int
take_lines(struct replay *r, struct follow *follow)
{
	struct follow_line line;
	enum follow_answer answer;

	while ((answer = follow_to_end(follow, &line)) == FOLLOW_LINE)
		if (replay_line(r, &line) != 0)
			return -1;
	return answer == FOLLOW_END ? replay_end(r) : -1;
}

static int
take_log(struct replay *r, const char *log, struct replay_counts *counts,
    char error[REPLAYLOG_ERROR_SIZE])
{
	struct follow *follow;
	int result;
	int why;

	follow_allow_files();
	follow = follow_open(log, NULL);
	if (follow == NULL)
		return fail(error, log);
	result = take_lines(r, follow);
	if (result != 0)
		(void)fail(error, log);
	why = errno;
	*counts = *replay_counts(r);
	counts->missed = follow_missed(follow);
	follow_close(follow);
	errno = why;
	return result;
}

/* When it cannot be read, anybody might be on it, and nobody is banned. */
static int
check_guard(const struct guard *g, char error[REPLAYLOG_ERROR_SIZE])
{
	if (g->error == 0)
		return 0;
	snprintf(error, REPLAYLOG_ERROR_SIZE, "%s: %s", g->path,
	    cdbread_error_text(g->error));
	errno = g->error;
	return -1;
}

static int
count(const struct replaylog_sources *from, const struct replay_setup *setup,
    struct replay_counts *counts, char error[REPLAYLOG_ERROR_SIZE])
{
	struct replay *r;
	int result = check_guard(setup->guard, error);

	if (result != 0)
		return -1;
	r = replay_new(setup);
	if (r == NULL)
		return fail(error, from->log);
	result = take_log(r, from->log, counts, error);
	if (result == 0) /* it may be found damaged when it is asked */
		result = check_guard(setup->guard, error);
	replay_free(r);
	return result;
}

int
replaylog_count(const struct replaylog_sources *from, uint32_t pass_s,
    struct replay_counts *counts, char warning[RULES_ERROR_SIZE],
    char error[REPLAYLOG_ERROR_SIZE])
{
	struct replay_setup setup = {.pass_s = pass_s};
	struct guard guard;
	char rules_error[RULES_ERROR_SIZE];
	int result;
	int why;

	*warning = 0;
	setup.rules = rules_load(from->rules, from->rules_n, rules_error);
	if (setup.rules == NULL) {
		snprintf(error, REPLAYLOG_ERROR_SIZE, "%s", rules_error);
		return -1;
	}
	if (rules_warning(setup.rules) != NULL)
		snprintf(warning, RULES_ERROR_SIZE, "%s",
		    rules_warning(setup.rules));
	guard_open(&guard, from->local);
	setup.guard = &guard;
	result = count(from, &setup, counts, error);
	why = errno;
	guard_close(&guard);
	rules_free(setup.rules);
	errno = why;
	return result;
}
