/* SPDX-License-Identifier: ISC */
#include "feed/commands.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cdbread.h"
#include "base/exits.h"
#include "control/report.h"
#include "control/request.h"
#include "feed/feed.h"
#include "feed/lift.h"
#include "hook/lookup.h"
#include "state/doubts.h"

#define TOLD_MS 1000

/* With the exit code of rblcachectl. */
static json_t *
failure(int exit_code, const char *why)
{
	return json_pack(
	    "{s:o, s:i}", "error", report_text(why), "exit", exit_code);
}

/* ---- status ---- */

/* With what to do about it. */
static json_t *
inotify_error(int error)
{
	const char *remedy = follow_remedy(error);

	if (error == 0)
		return json_null();
	return json_sprintf("%s%s%s", strerror(error),
	    remedy == NULL ? "" : "; ", remedy == NULL ? "" : remedy);
}

static json_t *
one_log(const struct feed *f, size_t i)
{
	const struct log *log = &f->logs[i];
	const struct state_log *mark = &f->marks[i];
	bool is_unknown = unknown_is(&log->unknown);

	return json_pack("{s:o, s:b, s:o, s:b, s:o, s:I, s:o, s:I, s:b, s:o, "
			 "s:o, s:o, s:o, s:o, s:o}",
	    "path", report_text(f->o.logs[i]), "following",
	    log->error == 0 && !log->ended, "error",
	    report_text(log->error == 0 ? NULL : follow_reason(log->error)),
	    "inotify", log->unwatched == 0, "inotify_error",
	    inotify_error(log->unwatched), "unread_bytes",
	    (json_int_t)follow_unread(log->follow), "newest_line",
	    report_time(mark->time_s), "lines", (json_int_t)mark->lines,
	    "understood", !is_unknown, "first_line",
	    report_text(is_unknown ? log->unknown.first : NULL), "missed",
	    report_time(log->missed_s), "capped",
	    report_time(log->capped_minute * 60), "alarm",
	    report_alarm(&mark->alarm), "torn", report_torn(mark, time(NULL)),
	    "rules_advice", report_text(log->spare));
}

static json_t *
logs(const struct feed *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->o.logs_n; i++)
		(void)json_array_append_new(list, one_log(f, i));
	return list;
}

static json_t *
sets(const struct feed *f)
{
	json_t *list = json_array();

	for (int i = 0; i < LIVESETS_PAIRS; i++)
		report_sets(list, f->livesets.pair[i].sets);
	return list;
}

static json_t *
errors(const struct feed *f)
{
	json_t *list = json_array();
	const struct complaint *trouble;

	for (size_t i = 0;
	     (trouble = complaints_nth(&f->complaints, i)) != NULL; i++)
		(void)json_array_append_new(list,
		    json_pack("{s:I, s:o}", "time", (json_int_t)trouble->time_s,
			"text", report_text(trouble->text)));
	return list;
}

static json_t *
reload_error(const struct feed *f)
{
	const struct complaint *bad = &f->bad_reload;

	return bad->time_s == 0
		   ? json_null()
		   : json_pack("{s:o, s:I}", "text", report_text(bad->text),
			 "since", (json_int_t)bad->time_s);
}

static json_t *
checkpoint(const struct feed *f)
{
	return json_pack("{s:o, s:o, s:o}", "path", report_text(f->saver.path),
	    "saved", report_time(f->saver.done_s), "error",
	    report_text(f->saver.error == 0 ? NULL : strerror(f->saver.error)));
}

static json_t *
status(struct feed *f)
{
	int64_t now = time(NULL);
	json_t *feed = json_pack("{s:I, s:I, s:I}", "pid", (json_int_t)getpid(),
	    "uid", (json_int_t)geteuid(), "since", (json_int_t)f->since_s);
	json_t *local = report_text(
	    f->guard.error == 0 ? NULL : cdbread_error_text(f->guard.error));

	json_t *status = json_pack(
	    "{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "now",
	    (json_int_t)now, "feed", feed, "logs", logs(f), "sets", sets(f),
	    "checkpoint", checkpoint(f), "reload_error", reload_error(f),
	    "rules_warning", report_text(rules_warning(f->rules)),
	    "local_error", local, "local_since", report_time(f->guard.since_s),
	    "errors", errors(f), "pass", (json_int_t)f->settings.pass_s);

	report_state(status, &f->state, now);
	return status;
}

/* ---- what changes something ---- */

/* Before a change: are the sets still out of reach? */
static void
look_again(struct feed *f)
{
	if (livesets_trouble(&f->livesets) == NULL)
		return;
	livesets_look_soon(&f->livesets);
	feed_flush_sets(f);
}

/* Finishes a change: sends it to the sets and waits for the checkpoint. */
static json_t *
changed(struct feed *f, json_t *answer, uint64_t *hold)
{
	const char *trouble;

	feed_flush_sets(f);
	trouble = livesets_trouble(&f->livesets);
	if (trouble != NULL)
		(void)json_object_set_new(
		    answer, "set_error", report_text(trouble));
	*hold = saver_urge(&f->saver, feed_now_ms());
	return answer;
}

/*
 * After a change for one host: what does the kernel say now? It may have
 * refused the host, in a full set that somebody made; or another entry of such
 * a set, a network, may have it.
 */
static void
look_into_set(
    const struct feed *f, const struct addr *a, bool wanted, json_t *answer)
{
	const char *set = addr_is4(a) ? f->o.set4 : f->o.set6;
	struct verdict_facts facts = {0};

	if (json_object_get(answer, "set_error") != NULL ||
	    lookup_set(&facts, f->o.set4, f->o.set6, a) != 0 ||
	    !facts.set_asked)
		return;
	if ((facts.set == SETTEST_MEMBER) == wanted)
		return;
	(void)json_object_set_new(answer, "set_error",
	    json_sprintf("%s: %s", set,
		wanted ? "it did not take the address; is it full?"
		       : "another entry still has the address"));
}

/* What the change is about: "203.0.113.9", "2001:db8:0:1::/64". */
static json_t *
whom(const struct addr *a)
{
	struct addr key = addr_ban_key(a);
	char ip[ADDR_STRLEN];

	addr_format(&key, ip);
	return addr_is4(a) ? json_string(ip) : json_sprintf("%s/64", ip);
}

static json_t *
add(struct feed *f, const struct request *r, uint64_t *hold)
{
	static const char rule[] = BAN_ADDED_RULE;
	struct tally *tally;
	int64_t now = time(NULL);
	struct ban ban = {.ip = r->ip, .since = now, .until = now + r->seconds};
	json_t *answer;

	if (guard_never_blocks(&f->guard, &r->ip))
		return failure(EXIT_USAGE,
		    "this address is never banned: it is on the "
		    "allow list, one of this host's own, or none of "
		    "the public internet");
	memcpy(ban.rule, rule, sizeof rule);
	memcpy(ban.reply, r->reply, sizeof ban.reply);
	look_again(f);
	/* what it had may last longer, in the set for the firewall too */
	if (bans_remove(f->state.bans, &r->ip))
		livesets_lift(&f->livesets, &r->ip);
	if (bans_put(f->state.bans, &ban) != 0)
		return failure(EXIT_SYSTEM, strerror(errno));
	tally = tallies_of(&f->state.tallies, rule);
	if (tally != NULL) {
		tallies_turn(&f->state.tallies, now);
		tally->all.bans++;
		tally->today.bans++;
	}
	livesets_ban(&f->livesets, &r->ip, now);
	doubts_end_pass(f->state.doubts, &r->ip);
	livesets_no_pass(&f->livesets, &r->ip);
	answer = changed(f,
	    json_pack("{s:o, s:I}", "banned", whom(&r->ip), "until",
		(json_int_t)ban.until),
	    hold);
	look_into_set(f, &r->ip, true, answer);
	return answer;
}

static json_t *
del(struct feed *f, const struct request *r, uint64_t *hold)
{
	struct verdict_facts facts = {0};
	json_t *answer;
	bool was;

	look_again(f);
	/* somebody may have put it into the set by hand */
	(void)lookup_set(&facts, f->o.set4, f->o.set6, &r->ip);
	was = facts.set_asked && facts.set == SETTEST_MEMBER;
	was |= lift_host(f, &r->ip);
	answer = changed(f,
	    json_pack("{s:o, s:b}", "lifted", whom(&r->ip), "was_banned", was),
	    hold);
	look_into_set(f, &r->ip, false, answer);
	return answer;
}

static json_t *
number_lifted(size_t n)
{
	return json_pack("{s:I}", "lifted", (json_int_t)n);
}

static json_t *
flush(struct feed *f, uint64_t *hold)
{
	json_t *answer = number_lifted(lift_all(f));
	const char *trouble;

	look_again(f);
	trouble = livesets_empty(&f->livesets);
	if (trouble != NULL)
		(void)json_object_set_new(
		    answer, "set_error", report_text(trouble));
	return changed(f, answer, hold);
}

static json_t *
forget(struct feed *f, const struct request *r, uint64_t *hold)
{
	if (tallies_find(&f->state.tallies, r->rule) == NULL)
		return failure(
		    EXIT_USAGE, "no rule of this name has matched anything");
	look_again(f);
	return changed(f, number_lifted(lift_rule(f, r->rule, r->since)), hold);
}

/* ---- */

static json_t *
test(struct feed *f, const struct request *r)
{
	struct verdict_facts facts = {0};
	int error = lookup_set(&facts, f->o.set4, f->o.set6, &r->ip);

	if (!facts.set_asked)
		return failure(EXIT_SYSTEM, "the set is switched off");
	if (error != 0)
		return failure(EXIT_SYSTEM, strerror(error));
	return json_pack("{s:b, s:b}", "member", facts.set == SETTEST_MEMBER,
	    "pass", facts.pass == SETTEST_MEMBER);
}

/*
 * Those who only read do not hurry the checkpoint: it would be written all the
 * time.
 */
static json_t *
save(struct feed *f, bool may_change, uint64_t *hold)
{
	*hold = may_change ? saver_urge(&f->saver, feed_now_ms())
			   : saver_soon(&f->saver);
	return json_object();
}

static json_t *
refusal(void)
{
	json_t *why = failure(
	    EXIT_SYSTEM, "only root and the feed's group may change something");

	(void)json_object_set_new(
	    why, "group", json_integer((json_int_t)getegid()));
	return why;
}

static json_t *
answer(struct feed *f, bool may_change, const struct request *r, uint64_t *hold)
{
	if (request_changes(r) && !may_change)
		return refusal();
	switch (r->command) {
	case REQUEST_STATUS:
		return status(f);
	case REQUEST_ADD:
		return add(f, r, hold);
	case REQUEST_DEL:
		return del(f, r, hold);
	case REQUEST_FLUSH:
		return flush(f, hold);
	case REQUEST_FORGET:
		return forget(f, r, hold);
	case REQUEST_TEST:
		return test(f, r);
	case REQUEST_SAVE:
		return save(f, may_change, hold);
	}
	return NULL;
}

/* As text, to be freed; takes the object. */
static char *
text_of(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	return text;
}

/*
 * The status for those who only read. It takes a look at each ban, so it is
 * made once a second at most, however many ask.
 */
static char *
told_status(struct feed *f)
{
	int64_t now_ms = feed_now_ms();

	if (f->told == NULL || now_ms >= f->told_ms + TOLD_MS) {
		free(f->told);
		f->told = text_of(status(f));
		f->told_ms = now_ms;
	}
	return f->told == NULL ? NULL : strdup(f->told);
}

char *
commands_answer(
    void *user, bool may_change, const char *line, size_t len, uint64_t *hold)
{
	char error[REQUEST_ERROR_SIZE];
	struct feed *f = user;
	struct request r;

	if (request_parse(&r, line, len, error) != 0)
		return text_of(failure(EXIT_USAGE, error));
	if (r.command == REQUEST_STATUS && !may_change)
		return told_status(f);
	return text_of(answer(f, may_change, &r, hold));
}

void
commands_release(struct feed *f)
{
	char why[PATH_MAX + 128];
	char *text;

	if (f->control == NULL)
		return;
	if (f->saver.error == 0) {
		control_release(f->control, f->saver.ended, NULL);
		return;
	}
	snprintf(why, sizeof why, "done, but not saved: %s: %s", f->saver.path,
	    strerror(f->saver.error));
	text = text_of(failure(EXIT_SYSTEM, why));
	control_release(f->control, f->saver.ended, text);
	free(text);
}
