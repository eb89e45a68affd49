/* SPDX-License-Identifier: ISC */
#include "ctl/show.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/when.h"
#include "ctl/jsonget.h"
#include "log/decide.h"

#define ERRORS_SHOWN 3
#define DAY_S 86400

const char *
show_span(int64_t seconds, char buf[SHOW_SPAN_SIZE])
{
	long long s = seconds < 0 ? 0 : seconds;

	if (s < 60)
		snprintf(buf, SHOW_SPAN_SIZE, "%llds", s);
	else if (s < 3600)
		snprintf(buf, SHOW_SPAN_SIZE, "%lldm %llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(
		    buf, SHOW_SPAN_SIZE, "%lldh %lldm", s / 3600, s / 60 % 60);
	else
		snprintf(buf, SHOW_SPAN_SIZE, "%lldd %lldh", s / 86400,
		    s / 3600 % 24);
	return buf;
}

/* The word at the left, once, and blanks below it. */
static void
left(FILE *to, const char *word)
{
	fprintf(to, "%-8s", word);
}

static void
show_feed(FILE *to, const json_t *status)
{
	const json_t *feed = json_object_get(status, "feed");
	char since[WHEN_SIZE];

	left(to, "feed");
	if (jsonget_string(status, "feed_error") != NULL) {
		fputs("has no answer; below is what it last saved\n", to);
		return;
	}
	if (!json_is_object(feed)) {
		fputs("not running; its own log says why (svstat, systemctl "
		      "status)\n",
		    to);
		return;
	}
	fprintf(to, "running since %s, pid %lld, %s\n",
	    when_format(jsonget_integer(feed, "since"), since),
	    (long long)jsonget_integer(feed, "pid"),
	    jsonget_integer(feed, "uid") == 0 ? "as root" : "as its own user");
}

static void
show_logs(FILE *to, const json_t *status)
{
	const char *word = "log";
	char age[SHOW_SPAN_SIZE];
	const json_t *log;
	size_t i;

	json_array_foreach (json_object_get(status, "logs"), i, log) {
		int64_t newest = jsonget_integer(log, "newest_line");

		left(to, word);
		fprintf(to, "%s: ", jsonget_string(log, "path"));
		if (jsonget_string(log, "error") != NULL)
			fputs(jsonget_string(log, "error"), to);
		else if (!json_is_true(json_object_get(log, "following")))
			fputs("has ended", to);
		else if (jsonget_integer(log, "unread_bytes") > 0)
			fprintf(to, "%lld bytes to read",
			    (long long)jsonget_integer(log, "unread_bytes"));
		else
			fputs("read to its end", to);
		if (jsonget_string(log, "inotify_error") != NULL)
			fputs(", without inotify", to);
		if (newest == 0)
			fputs(", no line yet\n", to);
		else
			fprintf(to, ", newest line %s ago\n",
			    show_span(
				jsonget_integer(status, "now") - newest, age));
		word = "";
	}
}

static void
show_sets(FILE *to, const json_t *status)
{
	const char *word = "sets";
	const json_t *set;
	size_t i;

	json_array_foreach (json_object_get(status, "sets"), i, set) {
		left(to, word);
		if (jsonget_string(set, "error") != NULL)
			fprintf(to, "%s\n", jsonget_string(set, "error"));
		else
			fprintf(to, "%s: %lld of %lld\n",
			    jsonget_string(set, "name"),
			    (long long)jsonget_integer(set, "entries"),
			    (long long)jsonget_integer(set, "room"));
		word = "";
	}
	if (*word != 0)
		fprintf(to, "%-8s%s\n", word,
		    json_is_true(json_object_get(status, "sets_forbidden"))
			? "no right to read them"
			: "switched off");
}

/* One rule: what holds, and what came of its lines today. */
static void
show_rule(FILE *to, const json_t *rule)
{
	const json_t *today = json_object_get(rule, "today");
	const json_t *skips = json_object_get(today, "skips");
	const char *before = ", left out: ";

	fprintf(to, "%s %lld, today %lld new", jsonget_string(rule, "rule"),
	    (long long)jsonget_integer(rule, "live"),
	    (long long)jsonget_integer(today, "bans"));
	if (jsonget_integer(today, "counts") > 0)
		fprintf(to, ", counted %lld",
		    (long long)jsonget_integer(today, "counts"));
	for (int why = 0; why < DECIDE_WHYS; why++) {
		const char *name = decide_why_name((enum decide_why)why);

		if (jsonget_integer(skips, name) == 0)
			continue;
		fprintf(to, "%s%s %lld", before, name,
		    (long long)jsonget_integer(skips, name));
		before = ", ";
	}
	putc('\n', to);
}

static void
show_bans(FILE *to, const json_t *status)
{
	const json_t *bans = json_object_get(status, "bans");
	const json_t *rule;
	size_t i;

	left(to, "bans");
	fprintf(
	    to, "%lld hold now\n", (long long)jsonget_integer(bans, "live"));
	json_array_foreach (json_object_get(bans, "rules"), i, rule) {
		left(to, "");
		show_rule(to, rule);
	}
}

/* Each refusal spares rblsmtpd one query at the least. */
static void
show_hook(FILE *to, const json_t *status)
{
	const json_t *hook = json_object_get(status, "hook");
	const json_t *today = json_object_get(hook, "today");
	const json_t *last = json_object_get(hook, "last");
	long long refused = jsonget_integer(today, "local") +
			    jsonget_integer(today, "ipset") +
			    jsonget_integer(today, "recent");
	long long passes = jsonget_integer(today, "pass");
	long long saved = refused + passes + jsonget_integer(today, "allowed");
	char when[WHEN_SIZE];

	left(to, "hook");
	fprintf(to,
	    "today refused %lld without asking a list (sets %lld, recent.cdb "
	    "%lld, local.cdb %lld)\n",
	    refused, (long long)jsonget_integer(today, "ipset"),
	    (long long)jsonget_integer(today, "recent"),
	    (long long)jsonget_integer(today, "local"));
	if (passes > 0)
		fprintf(to,
		    "%-8slet in %lld that the lists let pass a moment ago\n",
		    "", passes);
	left(to, "");
	fprintf(to, "DNS queries saved today: %lld at least\n", saved);
	if (jsonget_integer(today, "would_refuse") > 0)
		fprintf(to, "%-8swould have refused %lld, but for its -n\n", "",
		    (long long)jsonget_integer(today, "would_refuse"));
	if (jsonget_integer(last, "no_right") > jsonget_integer(last, "ipset"))
		fprintf(to, "%-8sruns without cap_net_admin, said last at %s\n",
		    "", when_format(jsonget_integer(last, "no_right"), when));
	if (jsonget_integer(today, "trouble") > 0)
		fprintf(to, "%-8slook-ups that failed today: %lld\n", "",
		    (long long)jsonget_integer(today, "trouble"));
}

/* How often the cache is wrong by now, as far as the lists were asked again. */
static void
show_rechecks(FILE *to, const json_t *status)
{
	const json_t *rechecks = json_object_get(status, "rechecks");
	const json_t *all = json_object_get(rechecks, "all");
	const json_t *outlived = json_object_get(rechecks, "outlived");
	long long passed = jsonget_integer(all, "passed");

	if (!json_is_object(outlived))
		return;
	left(to, "recheck");
	fprintf(to,
	    "%lld of %lld were no longer listed: %.1f %% of the refusals from "
	    "the cache (%.1f to %.1f)\n",
	    passed, passed + (long long)jsonget_integer(all, "refused"),
	    json_number_value(json_object_get(outlived, "percent")),
	    json_number_value(json_object_get(outlived, "low")),
	    json_number_value(json_object_get(outlived, "high")));
}

static void
show_zones(FILE *to, const json_t *status)
{
	const char *word = "zones";
	char when[WHEN_SIZE];
	const json_t *zone;
	size_t i;

	json_array_foreach (json_object_get(status, "zones"), i, zone) {
		int64_t well = jsonget_integer(zone, "well");

		left(to, word);
		fprintf(to, "%s: ", jsonget_string(zone, "zone"));
		if (!json_is_true(json_object_get(zone, "trusted")))
			fprintf(to, "%s; distrusted since %s\n",
			    jsonget_string(zone, "why"),
			    well == 0
				? "it was first asked"
				: when_format(
				      jsonget_integer(zone, "since"), when));
		else if (!json_is_true(json_object_get(zone, "answers")))
			fputs("gives no answer\n", to);
		else if (well == 0)
			fputs("not asked yet\n", to);
		else
			fprintf(to, "well at %s\n", when_format(well, when));
		word = "";
	}
}

/* The alarm that is on, or was today; and what would be one. */
static void
show_alarms(FILE *to, const json_t *status)
{
	int64_t now = jsonget_integer(status, "now");
	const char *word = "alarm";
	char when[WHEN_SIZE];
	const json_t *log;
	size_t i;

	json_array_foreach (json_object_get(status, "logs"), i, log) {
		const json_t *alarm = json_object_get(log, "alarm");

		left(to, word);
		fprintf(to, "%s: ", jsonget_string(log, "path"));
		if (json_is_true(json_object_get(alarm, "on")))
			fprintf(to, "no new bans since %s: %s\n",
			    when_format(jsonget_integer(alarm, "since"), when),
			    jsonget_string(alarm, "why"));
		else if (jsonget_integer(alarm, "ended") > now - DAY_S)
			fprintf(to, "over at %s, after %s\n",
			    when_format(jsonget_integer(alarm, "ended"), when),
			    jsonget_string(alarm, "why"));
		else
			fprintf(to, "none; usual: %s\n",
			    jsonget_string(alarm, "usual"));
		word = "";
	}
}

/* Lines that ban nobody, since a client may have written them. */
static void
show_torn(FILE *to, const json_t *status)
{
	const char *word = "torn";
	const json_t *log;
	size_t i;

	json_array_foreach (json_object_get(status, "logs"), i, log) {
		const json_t *torn = json_object_get(log, "torn");
		long long cut = jsonget_integer(torn, "cut");
		long long broken = jsonget_integer(torn, "torn");
		long long late = jsonget_integer(torn, "late");
		long long back = jsonget_integer(torn, "taken_back");

		if (cut + broken + late + back == 0)
			continue;
		left(to, word);
		fprintf(to,
		    "%s: lines torn %lld (%lld %% of the time now), cut %lld; "
		    "refused after they passed %lld, bans taken back %lld\n",
		    jsonget_string(log, "path"), broken,
		    (long long)jsonget_integer(torn, "share"), cut, late, back);
		word = "";
	}
}

static void
show_checkpoint(FILE *to, const json_t *status)
{
	const json_t *checkpoint = json_object_get(status, "checkpoint");
	int64_t saved = jsonget_integer(checkpoint, "saved");
	char age[SHOW_SPAN_SIZE];

	left(to, "saved");
	fprintf(to, "%s, ", jsonget_string(checkpoint, "path"));
	if (saved == 0)
		fputs("not yet\n", to);
	else
		fprintf(to, "%s ago\n",
		    show_span(jsonget_integer(status, "now") - saved, age));
}

static void
show_errors(FILE *to, const json_t *status)
{
	const json_t *errors = json_object_get(status, "errors");
	char when[WHEN_SIZE];
	const json_t *error;
	size_t i;

	json_array_foreach (errors, i, error) {
		if (i == ERRORS_SHOWN)
			break;
		left(to, i == 0 ? "said" : "");
		fprintf(to, "%s %s\n",
		    when_format(jsonget_integer(error, "time"), when),
		    jsonget_string(error, "text"));
	}
}

void
show_status(
    FILE *to, const json_t *status, enum health health, const json_t *problems)
{
	const json_t *problem;
	size_t i;

	fputs(health_name(health), to);
	json_array_foreach (problems, i, problem)
		fprintf(to, "%s%s", i == 0 ? ": " : "; ",
		    json_string_value(problem));
	putc('\n', to);
	show_feed(to, status);
	show_logs(to, status);
	show_sets(to, status);
	show_bans(to, status);
	show_zones(to, status);
	show_alarms(to, status);
	show_torn(to, status);
	show_hook(to, status);
	show_rechecks(to, status);
	show_checkpoint(to, status);
	show_errors(to, status);
}
