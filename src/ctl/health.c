/* SPDX-License-Identifier: ISC */
#include "ctl/health.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/when.h"
#include "ctl/jsonget.h"
#include "log/torn.h"

#define BEHIND_S 60 /* reading that much after the fact is worth a look */
#define LATELY_S 3600
#define FULL_PERCENT 90

struct judgement {
	enum health worst;
	json_t *problems;
	int64_t now;
};

/* A problem; takes the text. */
static void
find(struct judgement *j, enum health level, json_t *text)
{
	if (level > j->worst)
		j->worst = level;
	(void)json_array_append_new(j->problems, text);
}

static void
judge_log(struct judgement *j, const json_t *log)
{
	const char *path = jsonget_string(log, "path");
	int64_t newest = jsonget_integer(log, "newest_line");

	if (!json_is_true(json_object_get(log, "following")))
		find(j, HEALTH_CRITICAL,
		    json_sprintf("%s is not read: %s", path,
			jsonget_string(log, "error") == NULL
			    ? "it has ended"
			    : jsonget_string(log, "error")));
	else if (jsonget_integer(log, "unread_bytes") > 0 &&
		 newest < j->now - BEHIND_S)
		find(j, HEALTH_WARNING,
		    json_sprintf("%s: %lld bytes and %lld s behind", path,
			(long long)jsonget_integer(log, "unread_bytes"),
			(long long)(j->now - newest)));
	if (jsonget_string(log, "inotify_error") != NULL)
		find(j, HEALTH_WARNING,
		    json_sprintf("%s is read late: inotify: %s", path,
			jsonget_string(log, "inotify_error")));
	if (jsonget_integer(log, "missed") > j->now - LATELY_S)
		find(j, HEALTH_WARNING,
		    json_sprintf("%s: lines may be missing: files were deleted "
				 "or truncated",
			path));
	if (json_is_false(json_object_get(log, "understood")))
		find(j, HEALTH_WARNING,
		    json_sprintf("%s: no line of it is understood; the first: "
				 "\"%s\"",
			path, jsonget_string(log, "first_line")));
	if (jsonget_integer(log, "capped") > j->now - LATELY_S)
		find(j, HEALTH_WARNING,
		    json_sprintf(
			"%s: more bans a minute than -m allows", path));
	if (jsonget_string(log, "rules_advice") != NULL)
		find(j, HEALTH_WARNING,
		    json_sprintf(
			"%s: %s", path, jsonget_string(log, "rules_advice")));
}

static void
judge_alarm(struct judgement *j, const json_t *log)
{
	const json_t *alarm = json_object_get(log, "alarm");

	if (json_is_true(json_object_get(alarm, "on")))
		find(j, HEALTH_WARNING,
		    json_sprintf("%s: no new bans: %s",
			jsonget_string(log, "path"),
			jsonget_string(alarm, "why")));
}

/* A client can tear lines, and so switch bans off. */
static void
judge_torn(struct judgement *j, const json_t *log)
{
	const json_t *torn = json_object_get(log, "torn");
	int64_t share = jsonget_integer(torn, "share");

	if (share >= TORN_FLOOD)
		find(j, HEALTH_WARNING,
		    json_sprintf("%s: torn lines: nobody could be banned in "
				 "%lld %% of the last minutes",
			jsonget_string(log, "path"), (long long)share));
	if (json_is_true(json_object_get(torn, "unshown")))
		find(j, HEALTH_WARNING,
		    json_sprintf("%s: has no lines of tcpserver -v; rules "
				 "without a process number ban nobody",
			jsonget_string(log, "path")));
}

static void
judge_zone(struct judgement *j, const json_t *zone)
{
	const char *name = jsonget_string(zone, "zone");

	if (!json_is_true(json_object_get(zone, "trusted")))
		find(j, HEALTH_WARNING,
		    json_sprintf("zone %s: %s; it bans nobody", name,
			jsonget_string(zone, "why")));
	else if (!json_is_true(json_object_get(zone, "answers")))
		find(j, HEALTH_WARNING,
		    json_sprintf("zone %s gives no answer", name));
}

/* Unless a list is checked, a host may pass because it gave no answer. */
static void
judge_pass(struct judgement *j, const json_t *status)
{
	if (jsonget_integer(status, "pass") > 0 &&
	    json_array_size(json_object_get(status, "zones")) == 0)
		find(j, HEALTH_WARNING,
		    json_string("pass without a zone: name your lists in "
				"feed.conf (zone = ...)"));
}

static void
judge_set(struct judgement *j, const json_t *set)
{
	int64_t room = jsonget_integer(set, "room");
	int64_t entries = jsonget_integer(set, "entries");

	if (jsonget_string(set, "error") != NULL)
		find(j, HEALTH_WARNING,
		    json_sprintf("set %s", jsonget_string(set, "error")));
	else if (entries > 0 && entries * 100 >= room * FULL_PERCENT)
		find(j, HEALTH_WARNING,
		    json_sprintf("set %s is %sfull",
			jsonget_string(set, "name"),
			entries < room ? "nearly " : ""));
}

static void
judge_hook(struct judgement *j, const json_t *hook)
{
	const json_t *last = json_object_get(hook, "last");

	if (jsonget_integer(last, "no_right") > j->now - LATELY_S &&
	    jsonget_integer(last, "no_right") > jsonget_integer(last, "ipset"))
		find(j, HEALTH_WARNING,
		    json_string("the hook has no right to read the sets "
				"(cap_net_admin)"));
}

static void
judge_feed(struct judgement *j, const json_t *status)
{
	const char *local = jsonget_string(status, "local_error");
	const json_t *checkpoint = json_object_get(status, "checkpoint");
	const json_t *reload = json_object_get(status, "reload_error");
	char when[WHEN_SIZE];

	if (jsonget_string(status, "feed_error") != NULL)
		find(j, HEALTH_CRITICAL,
		    json_string(jsonget_string(status, "feed_error")));
	else if (!json_is_object(json_object_get(status, "feed")))
		find(j, HEALTH_CRITICAL,
		    json_string("rblcache-feed is not running"));
	if (local != NULL)
		find(j, HEALTH_WARNING,
		    json_sprintf("local.cdb: %s; nobody is banned since %s",
			local,
			when_format(
			    jsonget_integer(status, "local_since"), when)));
	if (json_is_object(reload))
		find(j, HEALTH_WARNING,
		    json_sprintf("reload failed (%s), so the old rules and "
				 "settings stay: %s",
			when_format(jsonget_integer(reload, "since"), when),
			jsonget_string(reload, "text")));
	if (jsonget_string(status, "rules_warning") != NULL)
		find(j, HEALTH_WARNING,
		    json_string(jsonget_string(status, "rules_warning")));
	if (jsonget_string(checkpoint, "error") != NULL)
		find(j, HEALTH_WARNING,
		    json_sprintf("%s: %s", jsonget_string(checkpoint, "path"),
			jsonget_string(checkpoint, "error")));
}

enum health
health_judge(const json_t *status, json_t *problems)
{
	struct judgement j = {
	    HEALTH_OK, problems, jsonget_integer(status, "now")};
	const json_t *each;
	size_t i;

	judge_feed(&j, status);
	json_array_foreach (json_object_get(status, "logs"), i, each) {
		judge_log(&j, each);
		judge_alarm(&j, each);
		judge_torn(&j, each);
	}
	json_array_foreach (json_object_get(status, "zones"), i, each)
		judge_zone(&j, each);
	judge_pass(&j, status);
	json_array_foreach (json_object_get(status, "sets"), i, each)
		judge_set(&j, each);
	judge_hook(&j, json_object_get(status, "hook"));
	return j.worst;
}

const char *
health_name(enum health h)
{
	static const char *const names[] = {
	    [HEALTH_OK] = "OK",
	    [HEALTH_WARNING] = "WARNING",
	    [HEALTH_CRITICAL] = "CRITICAL",
	};

	return names[h];
}
