/* SPDX-License-Identifier: ISC */
#include "ctl/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hooklog.h"
#include "hook/verdict.h"
#include "state/doubts.h"
#include "state/judge.h"

#define LINE_SIZE (VERDICT_TEXT_SIZE + ADDR_STRLEN + 48)
#define MINUTE_S 60

struct trial {
	struct trial_setup setup;
	struct policy policy;
	struct state state;
	struct state_log log;
	int64_t expired; /* unix minutes: when that was done last */
	uint64_t chance;
};

struct trial *
trial_new(const struct trial_setup *setup)
{
	struct trial *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->setup = *setup;
	t->policy = (struct policy){.cap = setup->cap,
	    .alarm = setup->alarm,
	    .line_max = TORN_LINE_MAX,
	    .ban_s = setup->ban_s,
	    .doubt_s = setup->doubt_s,
	    .pass_s = setup->pass_s,
	    .pass_most_s = setup->pass_most_s,
	    .guard = setup->guard,
	    .rules = setup->rules};
	state_name_log(&t->log, "");
	if (state_new(&t->state) == 0)
		return t;
	free(t);
	return NULL;
}

void
trial_free(struct trial *t)
{
	if (t == NULL)
		return;
	state_free(&t->state);
	free(t);
}

/* ---- the hook ---- */

static struct verdict
ask_hook(struct trial *t, const struct addr *a, int64_t now)
{
	struct verdict_facts f = {.set_asked = true, .now = now};
	bool banned = bans_find_live(t->state.bans, a, now, &f.ban);

	f.set = banned ? SETTEST_MEMBER : SETTEST_ABSENT;
	f.pass =
	    doubts_pass_left(t->state.doubts, a, now, t->policy.pass_most_s) > 0
		? SETTEST_MEMBER
		: SETTEST_ABSENT;
	f.recent = banned ? BAN_FOUND : BAN_ABSENT;
	return verdict_decide(&f);
}

/* As the hook has it, by a chance that is the same each time. */
static bool
is_rechecked(struct trial *t)
{
	if (t->setup.recheck == 0)
		return false;
	t->chance = hash_mix(t->chance + t->setup.seed + 1);
	return t->chance % t->setup.recheck == 0;
}

/* ---- the feed ---- */

int
trial_line(struct trial *t, const struct follow_line *line, int64_t now_s,
    struct decision *d, struct news *news)
{
	return judge_line(&t->state, &t->log, &t->policy, line, now_s, d, news);
}

/* A line of a connection, which says nothing of its time. */
static int
take(struct trial *t, const char *line, size_t len, int64_t time_s)
{
	const struct follow_line given = {
	    .text = line, .len = len, .written_s = time_s};
	struct decision d;
	struct news news;

	return trial_line(t, &given, time_s, &d, &news);
}

/* ---- */

/* Where a connection is in its log. */
struct spot {
	struct trial *t;
	const struct trial_connection *c;
	char ip[ADDR_STRLEN];
};

__attribute__((format(printf, 2, 3))) static int
log_line(const struct spot *s, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	return take(s->t, line, (size_t)len, s->c->time_s);
}

static int
log_hook(const struct spot *s, const char *what)
{
	return log_line(s, HOOKLOG_SAYS_WHO "%s", s->ip,
	    (unsigned long long)s->c->pid, what);
}

/* The lists were asked. */
static int
log_lists(const struct spot *s)
{
	if (s->c->len == 0)
		return log_hook(s, HOOKLOG_SAYS_PASSED);
	return take(s->t, s->c->line, s->c->len, s->c->time_s);
}

/* What the hook does, and what comes behind it. */
static int
decide(const struct spot *s, const struct verdict *v, enum trial_answer *answer)
{
	char text[VERDICT_TEXT_SIZE];

	*answer = TRIAL_ASKED;
	if (v->kind == VERDICT_UNKNOWN)
		return log_lists(s);
	if (v->kind == VERDICT_REFUSE && is_rechecked(s->t))
		return log_hook(s, HOOKLOG_SAYS_RECHECK) == 0 ? log_lists(s)
							      : -1;
	*answer = v->kind == VERDICT_REFUSE ? TRIAL_REFUSED : TRIAL_PASSED;
	return log_hook(s, verdict_format(v, text));
}

static void
expire(struct trial *t, int64_t time_s)
{
	if (t->expired == time_s / MINUTE_S)
		return;
	t->expired = time_s / MINUTE_S;
	state_expire(&t->state, &t->log, 1);
}

enum trial_answer
trial_connect(struct trial *t, const struct trial_connection *c)
{
	struct verdict v = ask_hook(t, &c->ip, c->time_s);
	struct spot s = {.t = t, .c = c};
	enum trial_answer answer;

	addr_format(&c->ip, s.ip);
	expire(t, c->time_s);
	if (log_line(&s, "tcpserver: pid %llu from %s",
		(unsigned long long)c->pid, s.ip) != 0 ||
	    decide(&s, &v, &answer) != 0 ||
	    log_line(&s, "tcpserver: end %llu status 0",
		(unsigned long long)c->pid) != 0)
		return TRIAL_ERROR;
	return answer;
}
