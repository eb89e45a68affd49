/* SPDX-License-Identifier: ISC */
#include "feed/dryrun.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/exits.h"
#include "state/judge.h"

#define OUTPUT_BYTES 65536

static const char *
name_of(const struct feed *f, size_t i)
{
	return strcmp(f->o.logs[i], "-") == 0 ? "stdin" : f->o.logs[i];
}

static void
tell_unknown(const struct feed *f, size_t i, uint64_t lines)
{
	const struct unknown *u = &f->logs[i].unknown;
	char wanted[RULES_WANTED_SIZE];
	bool is_quoted = !u->is_known && lines > 0;

	feed_say(f,
	    "%s: no rule matches any of %llu lines; it should have %s%s%s%s",
	    name_of(f, i), (unsigned long long)lines,
	    rules_wanted(f->o.rules, f->o.rules_n, wanted),
	    is_quoted ? "; no line is understood, the first is \"" : "",
	    is_quoted ? u->first : "", is_quoted ? "\"" : "");
}

/* Whether a rule knows the line, or -1 with errno ENOMEM. */
static int
print_line(struct feed *f, size_t i, const struct follow_line *line)
{
	char text[DECIDE_TEXT_SIZE];
	struct decision d;
	struct news news;

	if (judge_line(&f->state, &f->marks[i], &f->policy, line, time(NULL),
		&d, &news) != 0)
		return -1;
	if (unknown_take(&f->logs[i].unknown, &d, f->rules,
		&f->settings.secrets, (struct slice){line->text, line->len}))
		tell_unknown(f, i, UNKNOWN_LINES); /* a stream may last */
	if (*judge_format(&d, &news, text) != 0)
		puts(text);
	if (f->logs[i].spare == NULL && decide_has_no_rule(&d))
		f->logs[i].spare = spare_look(f->spare, &d.line);
	return d.rule != NULL;
}

/* 0, or -1 with errno. */
static int
print_log(struct feed *f, size_t i)
{
	struct follow_line line;
	enum follow_answer answer;
	uint64_t lines = 0;
	bool is_known = false;

	while (
	    (answer = follow_to_end(f->logs[i].follow, &line)) == FOLLOW_LINE) {
		int known = print_line(f, i, &line);

		if (known < 0)
			return -1;
		is_known |= known > 0;
		lines++;
	}
	if (answer == FOLLOW_ERROR)
		return -1;
	if (!is_known && !unknown_is(&f->logs[i].unknown))
		tell_unknown(f, i, lines);
	if (f->logs[i].spare != NULL)
		feed_say(f, "%s: %s", name_of(f, i), f->logs[i].spare);
	return 0;
}

int
dryrun_print(struct feed *f)
{
	int code = 0;

	guard_refresh(&f->guard);
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BYTES);
	for (size_t i = 0; code == 0 && i < f->o.logs_n; i++) {
		if (print_log(f, i) == 0)
			continue;
		code = exits_code(errno);
		feed_say(f, "%s: %s", f->o.logs[i], follow_reason(errno));
	}
	return fflush(stdout) == 0 ? code : EXIT_SYSTEM;
}
