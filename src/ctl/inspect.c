/* SPDX-License-Identifier: ISC */
#include "ctl/inspect.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cdbread.h"
#include "base/hooklog.h"
#include "base/paths.h"
#include "base/when.h"
#include "control/ask.h"
#include "ctl/jsonget.h"
#include "ctl/show.h"
#include "hook/lookup.h"
#include "hook/verdict.h"

/* ---- the facts ---- */

static void
note(json_t *notes, const char *what, const char *why)
{
	(void)json_array_append_new(notes, json_sprintf("%s: %s", what, why));
}

/* Why a set cannot be read. */
static const char *
why_text(int error)
{
	switch (error) {
	case ENOENT:
		return "no such set";
	case EPERM:
		return HOOKLOG_SAYS_NO_RIGHT "; so this goes by recent.cdb";
	default:
		return strerror(error);
	}
}

static void
take_member(const json_t *object, const char *set, enum settest_answer *to)
{
	const json_t *member = json_object_get(object, set);

	if (json_is_boolean(member))
		*to = json_is_true(member) ? SETTEST_MEMBER : SETTEST_ABSENT;
}

/*
 * The feed may read the sets where we may not: 0, or the errno that stays; a
 * feed that is there and has no answer is worth a note.
 */
static int
ask_set_of_feed(struct verdict_facts *f, const char *statedir,
    const struct addr *a, json_t *notes)
{
	const struct request r = {.command = REQUEST_TEST, .ip = *a};
	struct ask ask;
	enum ask_answer answer = ask_feed(statedir, &r, &ask);

	if (answer == ASK_ERROR)
		note(notes, "the feed", strerror(errno));
	if (answer != ASK_ANSWERED)
		return EPERM;
	take_member(ask.answer, "member", &f->set);
	take_member(ask.answer, "pass", &f->pass);
	json_decref(ask.answer);
	return f->set == SETTEST_ERROR ? EPERM : 0;
}

static void
gather(struct verdict_facts *f, const struct inspect_sources *from,
    const struct addr *a, json_t *notes)
{
	const char *set = addr_is4(a) ? from->set4 : from->set6;
	int error = lookup_set(f, from->set4, from->set6, a);

	if (error == EPERM)
		error = ask_set_of_feed(f, from->statedir, a, notes);
	if (error != 0)
		note(notes, set, why_text(error));
	error = lookup_local(f, from->local, a);
	if (error != 0)
		note(notes, from->local, cdbread_error_text(error));
	error = lookup_recent(f, from->recent, a);
	if (error != 0)
		note(notes, from->recent, cdbread_error_text(error));
}

/* Whether it is a ban of this host that refuses it. */
static bool
is_by_ban(const struct verdict *v)
{
	return v->source == SOURCE_IPSET || v->source == SOURCE_RECENT;
}

/* The ban in recent.cdb, whether or not the hook would ask there. */
static json_t *
ban_of(const struct inspect_sources *from, const struct addr *a, json_t *notes,
    const struct verdict_facts *facts, const struct verdict *v)
{
	struct verdict_facts f = {.now = time(NULL)};
	json_int_t until = f.now;
	uint32_t left;

	(void)lookup_recent(&f, from->recent, a);
	if (f.recent != BAN_FOUND)
		return json_null();
	left = ban_left_s(&f.ban, f.now);
	until += left;
	if (facts->set_asked && facts->set == SETTEST_ABSENT && left > 0)
		note(notes, from->recent,
		    "has a ban that the set has not: somebody took it out");
	return json_pack("{s:s, s:I, s:I, s:s, s:b}", "rule", f.ban.rule,
	    "since", (json_int_t)f.ban.since, "until", until, "reply",
	    f.ban.reply, "in_force", (int)is_by_ban(v));
}

/* ---- the answer ---- */

static json_t *
prefix(const struct verdict_facts *f, const struct verdict *v,
    const struct addr *a)
{
	struct net net =
	    v->source == SOURCE_LOCAL ? f->rule.net : net_of_ban(a);
	char ip[ADDR_STRLEN];

	if (v->kind == VERDICT_UNKNOWN)
		return json_null();
	return json_sprintf("%s/%u", addr_format(&net.ip, ip),
	    addr_is4(a) ? net.bits - ADDR_V4_OFFSET : net.bits);
}

json_t *
inspect_address(const struct inspect_sources *from, const struct addr *a)
{
	static const char *const answers[] = {
	    [VERDICT_UNKNOWN] = "pass",
	    [VERDICT_ALLOW] = "allow",
	    [VERDICT_REFUSE] = "refuse",
	};
	struct verdict_facts f = {.now = time(NULL)};
	json_t *notes = json_array();
	struct verdict v;
	char ip[ADDR_STRLEN];
	json_t *ban;

	gather(&f, from, a, notes);
	v = verdict_decide(&f);
	ban = ban_of(from, a, notes, &f, &v);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "ip",
	    addr_format(a, ip), "answer", answers[v.kind], "source",
	    v.source == SOURCE_NONE ? json_null()
				    : json_string(source_name(v.source)),
	    "reply", *v.reply == 0 ? json_null() : json_string(v.reply),
	    "prefix", prefix(&f, &v, a), "left",
	    v.left_s < 0 ? json_null() : json_integer(v.left_s), "ban", ban,
	    "notes", notes);
}

/* ---- for people ---- */

static enum source
source_of(const json_t *found)
{
	const char *name = jsonget_string(found, "source");
	struct slice s = slice_of(name == NULL ? "" : name);

	return source_take(&s);
}

static void
show_answer(FILE *to, const json_t *found)
{
	static const char *const names[SOURCES] = {
	    [SOURCE_LOCAL] = "local.cdb, your own rules",
	    [SOURCE_IPSET] = "the kernel set",
	    [SOURCE_RECENT] = "recent.cdb",
	    [SOURCE_PASS] = "the kernel set",
	};
	const char *answer = jsonget_string(found, "answer");
	const char *ip = jsonget_string(found, "ip");
	const char *net = jsonget_string(found, "prefix");
	enum source source = source_of(found);

	if (strcmp(answer, "refuse") == 0)
		fprintf(to, "%s is refused: %s\n", ip,
		    jsonget_string(found, "reply"));
	else if (strcmp(answer, "allow") == 0)
		fprintf(to, "%s is allowed: rblsmtpd asks no list\n", ip);
	else
		fprintf(
		    to, "%s is not known here: rblsmtpd asks the lists\n", ip);
	if (source == SOURCE_NONE)
		return;
	fprintf(to, "source   %s", names[source]);
	if (source == SOURCE_PASS)
		fprintf(to, " %s",
		    strchr(ip, ':') == NULL ? PATHS_PASS4 : PATHS_PASS6);
	if (net != NULL)
		fprintf(to, ", as %s", net);
	fputc('\n', to);
}

static void
show_ban(FILE *to, const json_t *found)
{
	const json_t *ban = json_object_get(found, "ban");
	int64_t until = jsonget_integer(ban, "until");
	int64_t left = until - time(NULL);
	char buf[WHEN_SIZE];

	if (!json_is_object(ban))
		return;
	if (left > 0 && !json_is_true(json_object_get(ban, "in_force")))
		fprintf(to, "ban      this one is not in force%s\n",
		    source_of(found) == SOURCE_LOCAL
			? ": your own rules come first"
			: "");
	when_format(jsonget_integer(ban, "since"), buf);
	if (strcmp(jsonget_string(ban, "rule"), BAN_ADDED_RULE) == 0)
		fprintf(to, "rule     added by hand, %s\n", buf);
	else
		fprintf(to, "rule     %s, by the log line of %s\n",
		    jsonget_string(ban, "rule"), buf);
	if (left <= 0) {
		fputs("until    it is over\n", to);
		return;
	}
	fprintf(to, "until    %s, ", when_format(until, buf));
	fprintf(to, "%s left\n", show_span(left, buf));
}

void
inspect_show(FILE *to, const json_t *found)
{
	const json_t *each;
	size_t i;

	show_answer(to, found);
	show_ban(to, found);
	json_array_foreach (json_object_get(found, "notes"), i, each)
		fprintf(to, "note     %s\n", json_string_value(each));
	if (strcmp(jsonget_string(found, "answer"), "refuse") != 0)
		return;
	if (source_of(found) != SOURCE_LOCAL)
		fprintf(to, "to lift  rblcachectl del %s\n",
		    jsonget_string(found, "ip"));
	fprintf(to,
	    "to keep  \"%s allow\" in " PATHS_CONFDIR
	    "/hosts, and make there\n",
	    jsonget_string(found, "ip"));
}
