/* SPDX-License-Identifier: ISC */
#include "ctl/metrics.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/source.h"

#define NAME "rblcache.prom"

static void
head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP rblcache_%s %s\n# TYPE rblcache_%s %s\n", name,
	    help, name, type);
}

static void
put_label(FILE *to, const char *label, const char *value)
{
	fprintf(to, "%s=\"", label);
	for (; *value != 0; value++) {
		if (*value == '\\' || *value == '"')
			putc('\\', to);
		if (*value == '\n')
			fputs("\\n", to);
		else
			putc(*value, to);
	}
	putc('"', to);
}

/* One value, with up to two labels ("": none). */
static void
sample(FILE *to, const char *name, const char *label, const char *value,
    const char *label2, const char *value2, json_int_t n)
{
	fprintf(to, "rblcache_%s", name);
	if (*label != 0) {
		putc('{', to);
		put_label(to, label, value);
		if (*label2 != 0) {
			putc(',', to);
			put_label(to, label2, value2);
		}
		putc('}', to);
	}
	fprintf(to, " %lld\n", (long long)n);
}

/* The number at a path of keys ("all.bans"); true is 1. */
static json_int_t
number(const json_t *object, const char *path)
{
	char key[64];
	size_t len;

	for (;; path += len + 1) {
		len = strcspn(path, ".");
		snprintf(key, sizeof key, "%.*s", (int)len, path);
		object = json_object_get(object, key);
		if (path[len] == 0)
			break;
	}
	return json_is_true(object) ? 1 : json_integer_value(object);
}

struct metric {
	const char *name, *type, *path, *help;
};

/* One sample for each object of a list, labelled by one of its strings. */
static void
put_list(FILE *to, const struct metric *m, const json_t *list,
    const char *label, const char *key)
{
	const json_t *each;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	head(to, m->name, m->type, m->help);
	json_array_foreach (list, i, each)
		sample(to, m->name, label,
		    json_string_value(json_object_get(each, key)), "", "",
		    number(each, m->path));
}

/* Several of them. */
static void
put_lists(FILE *to, const struct metric *metrics, size_t n, const json_t *list,
    const char *label, const char *key)
{
	for (size_t i = 0; i < n; i++)
		put_list(to, &metrics[i], list, label, key);
}

static void
put_one(FILE *to, const struct metric *m, const json_t *status)
{
	head(to, m->name, m->type, m->help);
	sample(to, m->name, "", "", "", "", number(status, m->path));
}

static void
put_rules(FILE *to, const json_t *status)
{
	static const struct metric live = {
	    "bans", "gauge", "live", "Bans that hold now."};
	static const struct metric totals[] = {
	    {"bans_total", "counter", "all.bans", "Bans made."},
	    {"counted_total", "counter", "all.counts",
		"Matches that did not ban yet."},
	};
	const json_t *rules =
	    json_object_get(json_object_get(status, "bans"), "rules");
	const json_t *rule;
	json_t *skips;
	const char *why;
	json_t *n;
	size_t i;

	put_list(to, &live, rules, "rule", "rule");
	put_lists(
	    to, totals, sizeof totals / sizeof *totals, rules, "rule", "rule");
	if (json_array_size(rules) == 0)
		return;
	head(to, "skipped_total", "counter", "Matches that ban nobody.");
	json_array_foreach (rules, i, rule) {
		skips = json_object_get(json_object_get(rule, "all"), "skips");
		json_object_foreach (skips, why, n)
			sample(to, "skipped_total", "rule",
			    json_string_value(json_object_get(rule, "rule")),
			    "why", why, json_integer_value(n));
	}
}

static void
put_hook(FILE *to, const json_t *status)
{
	static const struct metric others[] = {
	    {"hook_would_refuse_total", "counter", "hook.all.would_refuse",
		"Refusals that option -n of the hook spared."},
	    {"hook_allowed_total", "counter", "hook.all.allowed",
		"Clients that local.cdb allows, as far as the hook says so."},
	    {"hook_pass_total", "counter", "hook.all.pass",
		"Clients let in since the lists let them pass a moment ago."},
	    {"hook_recheck_total", "counter", "hook.all.recheck",
		"Known clients that were let go on to the lists."},
	    {"hook_decided_total", "counter", "hook.all.decided",
		"Clients that the server itself refuses, by RBLSMTPD."},
	    {"hook_no_right_total", "counter", "hook.all.no_right",
		"Times that the hook had no right to read a set."},
	    {"hook_trouble_total", "counter", "hook.all.trouble",
		"Other look-ups of the hook that failed."},
	};
	const json_t *all =
	    json_object_get(json_object_get(status, "hook"), "all");

	head(to, "refused_total", "counter",
	    "Clients that the hook refused without asking a list.");
	for (enum source i = SOURCE_LOCAL; i <= SOURCE_RECENT; i++)
		sample(to, "refused_total", "source", source_name(i), "", "",
		    number(all, source_name(i)));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		put_one(to, &others[i], status);
}

static void
put_rechecks(FILE *to, const json_t *status)
{
	static const char *const results[] = {"refused", "passed"};
	const json_t *all =
	    json_object_get(json_object_get(status, "rechecks"), "all");

	head(to, "rechecks_total", "counter",
	    "What the lists said of clients that were let go on to them.");
	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		sample(to, "rechecks_total", "result", results[i], "", "",
		    number(all, results[i]));
}

static void
put_zones(FILE *to, const json_t *status)
{
	static const struct metric metrics[] = {
	    {"zone_trusted", "gauge", "trusted",
		"Whether the list is to be believed."},
	    {"zone_answers", "gauge", "answers", "Whether the list answers."},
	    {"zone_well_time_seconds", "gauge", "well",
		"When the list was last found well."},
	};
	const json_t *zones = json_object_get(status, "zones");

	put_lists(to, metrics, sizeof metrics / sizeof *metrics, zones, "zone",
	    "zone");
}

static void
put_logs(FILE *to, const json_t *status)
{
	static const struct metric metrics[] = {
	    {"log_following", "gauge", "following", "Whether the log is read."},
	    {"log_inotify", "gauge", "inotify",
		"Whether the kernel says when there are new lines."},
	    {"log_unread_bytes", "gauge", "unread_bytes",
		"Bytes of it still to be read."},
	    {"log_newest_line_time_seconds", "gauge", "newest_line",
		"The stamp of the newest line that was read."},
	    {"log_lines_total", "counter", "lines", "Lines read."},
	    {"log_understood", "gauge", "understood",
		"0 when no line of it is understood."},
	    {"log_alarm", "gauge", "alarm.on",
		"Whether bans are stopped, since refusals are unusual."},
	    {"log_cut_total", "counter", "torn.cut",
		"Lines that were the rest of one that the logger cut."},
	    {"log_torn_total", "counter", "torn.torn",
		"Lines that began and were not whole."},
	    {"log_torn_percent", "gauge", "torn.share",
		"Share of the last minutes in which nobody could be banned."},
	    {"log_late_total", "counter", "torn.late",
		"Refusals of processes that had passed, which ban nobody."},
	    {"log_taken_back_total", "counter", "torn.taken_back",
		"Bans taken back, since their process passed."},
	};
	const json_t *logs = json_object_get(status, "logs");

	put_lists(
	    to, metrics, sizeof metrics / sizeof *metrics, logs, "log", "path");
}

static void
put_sets(FILE *to, const json_t *status)
{
	static const struct metric metrics[] = {
	    {"set_entries", "gauge", "entries", "Entries of a kernel set."},
	    {"set_room", "gauge", "room",
		"Entries that a kernel set can hold."},
	};
	const json_t *sets = json_object_get(status, "sets");
	const json_t *set;
	size_t i;

	if (json_array_size(sets) == 0)
		return;
	head(to, "set_usable", "gauge", "Whether a kernel set can be used.");
	json_array_foreach (sets, i, set)
		sample(to, "set_usable", "set",
		    json_string_value(json_object_get(set, "name")), "", "",
		    json_object_get(set, "error") == NULL);
	put_lists(
	    to, metrics, sizeof metrics / sizeof *metrics, sets, "set", "name");
}

void
metrics_write(FILE *to, const json_t *status)
{
	static const struct metric saved = {"checkpoint_time_seconds", "gauge",
	    "checkpoint.saved", "When recent.cdb was last written."};
	static const struct metric start = {"start_time_seconds", "gauge",
	    "feed.since", "When the feed was started."};
	bool up = json_is_object(json_object_get(status, "feed"));

	head(to, "up", "gauge", "Whether the feed runs and answers.");
	sample(to, "up", "", "", "", "", up);
	if (up) {
		put_one(to, &start, status);
		head(to, "reload_ok", "gauge",
		    "Whether rules and settings are those of their files.");
		sample(to, "reload_ok", "", "", "", "",
		    !json_is_object(json_object_get(status, "reload_error")));
	}
	put_one(to, &saved, status);
	put_logs(to, status);
	put_sets(to, status);
	put_zones(to, status);
	put_rules(to, status);
	put_hook(to, status);
	put_rechecks(to, status);
}

int
metrics_save(const char *dir, const json_t *status)
{
	char path[PATH_MAX];
	char beside[PATH_MAX];
	FILE *to;
	int error;

	/* node_exporter reads *.prom */
	if (snprintf(path, sizeof path, "%s/" NAME, dir) >= (int)sizeof path ||
	    snprintf(beside, sizeof beside, "%s/." NAME ".new", dir) >=
		(int)sizeof beside) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* never through a link that somebody else has put there */
	(void)unlink(beside);
	to = fopen(beside, "wxe");
	if (to == NULL)
		return -1;
	metrics_write(to, status);
	error = fflush(to) != 0 || fchmod(fileno(to), 0644) != 0 ? errno : 0;
	/* what a full disk took of it before that is gone */
	if (error == 0 && ferror(to))
		error = EIO;
	if (fclose(to) != 0 && error == 0)
		error = errno;
	if (error == 0 && rename(beside, path) == 0)
		return 0;
	if (error == 0)
		error = errno;
	(void)unlink(beside);
	errno = error;
	return -1;
}
