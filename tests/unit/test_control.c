/* request, when, hooklog, tallies, troubles, health, show: the control. */
#include "unit.h"

#include <jansson.h>
#include <time.h>

#include "health.h"
#include "hooklog.h"
#include "request.h"
#include "show.h"
#include "tallies.h"
#include "troubles.h"
#include "when.h"

#define NOON 1795521600 /* 2026-11-24 12:00:00 UTC */
#define DAY 86400

static void
requests(void **state)
{
	struct request r = {.command = REQUEST_ADD, .seconds = 60};
	struct request got;
	char error[REQUEST_ERROR_SIZE];
	char *line;

	(void)state;
	r.ip = unit_addr("2001:db8::1");
	strcpy(r.reply, "451 a \"b\"");
	line = request_format(&r);
	assert_int_equal(request_parse(&got, line, strlen(line), error), 0);
	assert_memory_equal(&r, &got, sizeof r);
	free(line);

	static const struct {
		const char *line, *error;
	} bad[] = {
	    {"", "no JSON"},
	    {"{", "no JSON"},
	    {"{\"command\": \"status\"} x", "no JSON"},
	    {"[]", "no such command"},
	    {"{}", "no such command"},
	    {"{\"command\": 1}", "no such command"},
	    {"{\"command\": \"sh\"}", "no such command"},
	    {"{\"command\": \"status\", \"ip\": \"::1\"}", "nothing else"},
	    {"{\"command\": \"del\"}", "\"ip\" is missing"},
	    {"{\"command\": \"del\", \"ip\": \"localhost\"}", "\"ip\""},
	    {"{\"command\": \"del\", \"ip\": \"192.0.2.0/24\"}", "\"ip\""},
	    {"{\"command\": \"del\", \"ip\": [1]}", "\"ip\""},
	    {"{\"command\": \"forget\", \"rule\": \"\", \"since\": 0}",
		"\"rule\""},
	    {"{\"command\": \"forget\", \"rule\": \"a\", \"since\": -1}",
		"\"since\""},
	    {"{\"command\": \"add\", \"ip\": \"::1\", \"seconds\": 60, "
	     "\"reply\": \"250 ok\"}",
		"\"reply\""},
	    {"{\"command\": \"add\", \"ip\": \"::1\", \"seconds\": 60, "
	     "\"reply\": \"451 a\\r\\n250 b\"}",
		"\"reply\""},
	    {"{\"command\": \"add\", \"ip\": \"::1\", \"seconds\": 2147484, "
	     "\"reply\": \"451 a\"}",
		"\"seconds\""},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(request_parse(&got, bad[i].line,
				     strlen(bad[i].line), error),
		    -1);
		if (strstr(error, bad[i].error) == NULL)
			fail_msg("%s: %s", bad[i].line, error);
	}
}

static void
moments(void **state)
{
	static const struct {
		const char *text;
		int64_t is; /* -1: refused */
	} cases[] = {
	    {"11:30", NOON - 1800},
	    {"11:30:10", NOON - 1790},
	    {"12:00", NOON},
	    {"12:01", NOON + 60 - DAY}, /* yesterday's */
	    {"2026-11-24", NOON - 43200},
	    {"2026-11-24 11:30", NOON - 1800},
	    {"2026-11-24 11:30:05", NOON - 1795},
	    {"2026-11-24T11:30", NOON - 1800},
	    {"2h", NOON - 7200},
	    {"90", NOON - 90},
	    {"@1795521000", 1795521000},
	    {"", -1},
	    {"yesterday", -1},
	    {"25:00", -1},
	    {"11:30x", -1},
	    {"2026-13-01", -1},
	    {"2026-02-31", -1},
	    {"2024-02-29", 1709164800},
	    {"2026-11-24 11:30 UTC", -1},
	    {"@", -1},
	    {"@1x", -1},
	    {"@99999999999999999999", -1},
	    {"-1h", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t got = -1;

		if (when_parse(cases[i].text, NOON, &got) != 0)
			got = -1;
		if (got != cases[i].is)
			fail_msg("'%s': %lld", cases[i].text, (long long)got);
	}
}

static void
lines_of_the_hook(void **state)
{
	static const struct {
		const char *line;
		enum hooklog_kind kind;
	} cases[] = {
	    {"rblcache: 203.0.113.9 pid 7: 451 text (ipset, 86391s left)",
		HOOKLOG_IPSET},
	    {"rblcache: 203.0.113.9 pid 7: 451 text (ipset)", HOOKLOG_IPSET},
	    {"rblcache: 2001:db8::9 pid 7: 553 text (recent, 1s left)",
		HOOKLOG_RECENT},
	    {"rblcache: 203.0.113.9 pid 7: 553 (ipset) text (local)",
		HOOKLOG_LOCAL},
	    {"rblcache: 203.0.113.9 pid 7: would refuse: 451 text (local)",
		HOOKLOG_WOULD},
	    {"rblcache: 203.0.113.9 pid 7: would refuse: 451 t (ipset, 9s "
	     "left)",
		HOOKLOG_WOULD},
	    {"rblcache: 203.0.113.9 pid 7: allowed (local)", HOOKLOG_ALLOWED},
	    {"rblcache: 203.0.113.9 pid 7: not known", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid 7: set rblcache4: no right to read it "
	     "(cap_net_admin)",
		HOOKLOG_NO_RIGHT},
	    {"rblcache: 203.0.113.9 pid 7: set rblcache4: no such set",
		HOOKLOG_TROUBLE},
	    {"rblcache: 203.0.113.9 pid 7: /x/recent.cdb: Invalid argument",
		HOOKLOG_TROUBLE},
	    /* none of its lines */
	    {"", HOOKLOG_OTHER},
	    {"rblcache: ", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid : 451 text (local)", HOOKLOG_OTHER},
	    {"rblcache: mail.test pid 7: 451 text (local)", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid 7: 451 text", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid 7: 451 text (ipset, s left)",
		HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid 7: 451 text (dns)", HOOKLOG_OTHER},
	    {"rblsmtpd: 203.0.113.9 pid 7: 451 text (local)", HOOKLOG_OTHER},
	    {"x rblcache: 203.0.113.9 pid 7: 451 text (local)", HOOKLOG_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* without a NUL behind it */
		size_t len = strlen(cases[i].line);
		char *line = malloc(len + 1);

		memcpy(line, cases[i].line, len);
		if (hooklog_line(line, len) != cases[i].kind)
			fail_msg("'%s'", cases[i].line);
		free(line);
	}
}

static void
days(void **state)
{
	static struct tallies t;
	const uint64_t *today = t.hook.today;

	(void)state;
	tallies_add_hook(&t, HOOKLOG_IPSET, NOON);
	tallies_add_hook(&t, HOOKLOG_IPSET, NOON + DAY / 2 - 1);
	tallies_add_hook(&t, HOOKLOG_OTHER, NOON);
	assert_int_equal(today[HOOKLOG_IPSET], 2);
	/* the next day; a line of another log is a little late */
	tallies_add_hook(&t, HOOKLOG_IPSET, NOON + DAY / 2);
	tallies_add_hook(&t, HOOKLOG_IPSET, NOON + DAY / 2 - 1);
	assert_int_equal(today[HOOKLOG_IPSET], 1);
	assert_int_equal(t.hook.all[HOOKLOG_IPSET], 4);
	assert_int_equal(t.hook.last_s[HOOKLOG_IPSET], NOON + DAY / 2);
	/* a log that is read late */
	tallies_add_hook(&t, HOOKLOG_LOCAL, NOON - DAY);
	assert_int_equal(today[HOOKLOG_IPSET], 1);
	assert_int_equal(today[HOOKLOG_LOCAL], 0);
	/* the clock was days ahead */
	tallies_add_hook(&t, HOOKLOG_LOCAL, NOON - 8 * DAY);
	assert_int_equal(today[HOOKLOG_LOCAL], 1);
	assert_int_equal(today[HOOKLOG_IPSET], 0);
}

/* In a zone where a day has 23 or 25 hours. */
static void
days_of_summer_time(void **state)
{
	static struct tallies t;

	(void)state;
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	tallies_turn(&t, 1774746000); /* 2026-03-29 02:00 UTC */
	assert_int_equal(t.day_to - t.day_from, 23 * 3600);
	tallies_turn(&t, 1792893600); /* 2026-10-25 */
	assert_int_equal(t.day_to - t.day_from, 25 * 3600);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void
last_troubles(void **state)
{
	static struct troubles t;
	char text[16];

	(void)state;
	assert_null(troubles_nth(&t, 0));
	for (int i = 0; i < TROUBLES_MAX + 3; i++) {
		snprintf(text, sizeof text, "%d", i);
		troubles_note(&t, NOON + i, text);
	}
	assert_string_equal(troubles_nth(&t, 0)->text, "10");
	assert_int_equal(troubles_nth(&t, 0)->time_s, NOON + 10);
	assert_string_equal(troubles_nth(&t, TROUBLES_MAX - 1)->text, "3");
	assert_null(troubles_nth(&t, TROUBLES_MAX));
}

/* ---- health ---- */

static const char well[] =
    "{\"now\": 1795521600, \"feed\": {\"pid\": 7}, \"local_error\": null,"
    " \"logs\": [{\"path\": \"/log\", \"following\": true, \"error\": null,"
    "  \"unread_bytes\": 9, \"newest_line\": 1795521590, \"capped\": null}],"
    " \"sets\": [{\"name\": \"four\", \"entries\": 7, \"room\": 1000}],"
    " \"hook\": {\"last\": {\"ipset\": 1795521500}},"
    " \"checkpoint\": {\"path\": \"/recent\", \"error\": null}}";

/* Puts the value at the path of keys, a number being an index. */
static void
put(json_t *status, const char *path, json_t *value)
{
	char key[32];
	size_t len = strcspn(path, ".");

	snprintf(key, sizeof key, "%.*s", (int)len, path);
	if (path[len] == 0)
		assert_int_equal(json_object_set_new(status, key, value), 0);
	else if (*key >= '0' && *key <= '9')
		put(json_array_get(status, (size_t)atoi(key)), path + len + 1,
		    value);
	else
		put(json_object_get(status, key), path + len + 1, value);
}

static void
healths(void **state)
{
	const struct {
		const char *path;
		json_t *value;
		enum health health;
		const char *problem;
	} cases[] = {
	    {"now", json_integer(NOON), HEALTH_OK, NULL},
	    {"feed", json_null(), HEALTH_CRITICAL, "not running"},
	    {"logs.0.following", json_false(), HEALTH_CRITICAL, "has ended"},
	    {"logs.0.newest_line", json_integer(NOON - 61), HEALTH_WARNING,
		"61 s behind"},
	    {"logs.0.capped", json_integer(NOON - 600), HEALTH_WARNING, "-m"},
	    {"logs.0.capped", json_integer(NOON - 3601), HEALTH_OK, NULL},
	    {"sets.0.error", json_string("four: no such set"), HEALTH_WARNING,
		"set four: no such set"},
	    {"sets.0.entries", json_integer(901), HEALTH_WARNING, "full"},
	    {"hook.last.no_right", json_integer(NOON - 50), HEALTH_WARNING,
		"cap_net_admin"},
	    /* it has read them since */
	    {"hook.last.no_right", json_integer(NOON - 200), HEALTH_OK, NULL},
	    {"local_error", json_string("Invalid argument"), HEALTH_WARNING,
		"local.cdb"},
	    {"checkpoint.error", json_string("No space left on device"),
		HEALTH_WARNING, "/recent: No space"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *status = json_loads(well, 0, NULL);
		json_t *problems = json_array();
		enum health health;
		const char *problem;

		assert_non_null(status);
		put(status, cases[i].path, cases[i].value);
		health = health_judge(status, problems);
		problem = json_string_value(json_array_get(problems, 0));
		if (health != cases[i].health)
			fail_msg("%s: %s", cases[i].path, health_name(health));
		if ((cases[i].problem == NULL) != (problem == NULL) ||
		    (problem != NULL &&
			strstr(problem, cases[i].problem) == NULL))
			fail_msg("%s: %s", cases[i].path, problem);
		json_decref(problems);
		json_decref(status);
	}
}

static void
spans(void **state)
{
	char buf[SHOW_TIME_SIZE];

	(void)state;
	assert_string_equal(show_span(-5, buf), "0s");
	assert_string_equal(show_span(59, buf), "59s");
	assert_string_equal(show_span(60, buf), "1m 0s");
	assert_string_equal(show_span(86399, buf), "23h 59m");
	assert_string_equal(show_span(90000, buf), "1d 1h");
	assert_string_equal(show_time(NOON, buf), "2026-11-24 12:00:00");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests),
	    cmocka_unit_test(moments),
	    cmocka_unit_test(lines_of_the_hook),
	    cmocka_unit_test(days),
	    cmocka_unit_test(days_of_summer_time),
	    cmocka_unit_test(last_troubles),
	    cmocka_unit_test(healths),
	    cmocka_unit_test(spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
