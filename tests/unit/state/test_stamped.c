/* SPDX-License-Identifier: ISC */
/*
 * stamp, message, decide, judge: each line of tests/corpus/lines, and what
 * servers and the hook say, behind each stamp and in each way in which a syslog
 * names a program. It must mean the same every time.
 */
#include "../unit.h"

#include <glob.h>
#include <time.h>

#include "log/localtime.h"
#include "state/judge.h"

#define T 1795505462 /* 2026-11-24 07:31:02 in UTC */
#define LINE_SIZE 2048

static struct rules *rules;
static struct guard guard;

/* ---- stamps ---- */

enum behind { PLAIN, HOST, FIELDS };

/* strftime writes them, of the local time or of UTC. */
static const struct form {
	const char *name, *format;
	bool is_local;
	enum behind behind;
} forms[] = {
    {"none", "", false, PLAIN},
    {"TAI64N", "@400000006b053d400c5e2f1c ", false, PLAIN},
    {"multilog d", "%Y-%m-%d %H:%M:%S.123456789 ", true, PLAIN},
    {"multilog m", "%Y-%m-%d %H:%M:%S.123 ", true, PLAIN},
    {"s6-log T", "%Y-%m-%d %H:%M:%S.123456789  ", true, PLAIN},
    {"svlogd -tt", "%Y-%m-%d_%H:%M:%S.12345 ", false, PLAIN},
    {"svlogd -ttt", "%Y-%m-%dT%H:%M:%S.12345 ", false, PLAIN},
    {"container", "%Y-%m-%dT%H:%M:%S.123456789Z ", false, PLAIN},
    {"RFC 3164", "%b %e %H:%M:%S ", true, HOST},
    {"short-precise", "%b %e %H:%M:%S.123456 ", true, HOST},
    {"ISO 8601", "%Y-%m-%dT%H:%M:%S.123456Z ", false, HOST},
    {"ISO 8601, whole seconds", "%Y-%m-%dT%H:%M:%S+00:00 ", false, HOST},
    {"short-iso", "%Y-%m-%dT%H:%M:%S%z ", true, HOST},
    {"short-iso-precise", "%Y-%m-%dT%H:%M:%S.123456%z ", true, HOST},
    {"short-full", "%a %Y-%m-%d %H:%M:%S %Z ", true, HOST},
    {"short-full --utc", "%a %Y-%m-%d %H:%M:%S UTC ", false, HOST},
    {"short-unix", "1795505462.123456 ", false, HOST},
    {"RFC 5424", "<22>1 %Y-%m-%dT%H:%M:%S.123456Z ", false, FIELDS},
    {"RFC 5424, local", "<22>1 %Y-%m-%dT%H:%M:%S+00:00 ", false, FIELDS},
};

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
write_stamp(const struct form *f, char stamp[64])
{
	time_t t = T;
	struct tm tm;

	assert_non_null(f->is_local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm));
	*stamp = 0;
	if (*f->format != 0)
		assert_int_not_equal(strftime(stamp, 64, f->format, &tm), 0);
}

/* ---- what a syslog puts before a line ---- */

/*
 * LINE is all of the line; NAME, PID and REST are its parts, where it begins with
 * "name: " or "name[pid]: ", or with CHKUSER, which has no colon.
 */
static const struct tag {
	enum behind behind;
	const char *text;
} tags[] = {
    {PLAIN, "LINE"},
    {HOST, "mx qmail: LINE"},
    {HOST, "mx qmail[812]: LINE"},
    {HOST, "mx qmail: 1795505462.485077 LINE"},
    {HOST, "mx qmail[812]: 1795505462.485077 LINE"},
    {HOST, "mx tcpserver[812]: LINE"}, /* a unit of systemd's */
    {HOST, "mx qmail-smtpd[812]: LINE"},
    {HOST, "qmail[812]: LINE"}, /* --no-hostname */
    {HOST, "mx LINE"},
    {HOST, "mx NAME[812]: REST"},
    {HOST, "mx NAME[PID]: REST"},
    {HOST, "NAME: REST"},
    {HOST, "NAME[812]: REST"},
    {HOST, "NAME[PID]: REST"},
    {FIELDS, "mx qmail - - - LINE"},
    {FIELDS, "mx qmail 812 - - LINE"},
    {FIELDS, "mx qmail 812 - -  LINE"},
    {FIELDS, "mx qmail - - -  1795505462.485077 LINE"},
    {FIELDS, "mx tcpserver 812 - - LINE"},
    {FIELDS, "mx NAME - - - REST"},
    {FIELDS, "mx NAME - - -  REST"},
    {FIELDS, "mx NAME 812 - - REST"},
    {FIELDS, "mx NAME 812 - -  REST"},
    {FIELDS, "mx NAME PID - - REST"},
    {FIELDS, "mx NAME PID - -  REST"},
    {FIELDS, "mx CHKUSER - - -  REST"},
};

struct parts {
	struct slice line, name, pid, rest; /* p NULL: it has none */
};

static struct parts
parts_of(const char *text)
{
	struct parts p = {.line = slice_of(text)};
	struct slice r = p.line;
	size_t name = strcspn(text, " :[");

	if (slice_skip(&r, "CHKUSER ")) {
		p.rest = r;
		return p;
	}
	slice_advance(&r, name);
	if (slice_skip(&r, "[")) {
		p.pid = slice_digits(&r);
		if (!slice_skip(&r, "]: "))
			return (struct parts){.line = p.line};
	} else if (!slice_skip(&r, ": ")) {
		return p;
	}
	p.name = (struct slice){text, name};
	p.rest = r;
	return p;
}

/* Whether the tag is one for this line. */
static bool
fits(const struct tag *tag, const struct parts *p)
{
	bool wants_name = strstr(tag->text, "NAME") != NULL;

	if (strstr(tag->text, "CHKUSER") != NULL)
		return p->rest.p != NULL && p->name.p == NULL;
	return !wants_name ||
	       (p->name.p != NULL &&
		   (strstr(tag->text, "PID") != NULL) == (p->pid.p != NULL));
}

/* Writes the line. False: there is no such one. */
static bool
write_line(const struct form *f, const struct tag *tag, const struct parts *p,
    char line[LINE_SIZE])
{
	const struct {
		const char *word;
		struct slice part;
	} words[] = {{"LINE", p->line}, {"NAME", p->name}, {"PID", p->pid},
	    {"REST", p->rest}};
	char stamp[64];
	size_t n;

	if (f->behind != tag->behind || !fits(tag, p))
		return false;
	write_stamp(f, stamp);
	n = (size_t)snprintf(line, LINE_SIZE, "%s", stamp);
	for (const char *at = tag->text; *at != 0;) {
		size_t i = 0;

		while (i < COUNT(words) &&
		       strncmp(at, words[i].word, strlen(words[i].word)) != 0)
			i++;
		if (i == COUNT(words)) {
			line[n++] = *at++;
			continue;
		}
		memcpy(line + n, words[i].part.p, words[i].part.len);
		n += words[i].part.len;
		at += strlen(words[i].word);
	}
	line[n] = 0;
	return true;
}

/* ---- rules ---- */

#define TEXT_SIZE (DECIDE_TEXT_SIZE + 64)

/* The decision, for which process, and when. */
static void
decided(const char *line, char text[TEXT_SIZE])
{
	struct decision d;
	size_t n;

	decide_line(&d, rules, &guard, line, strlen(line), T);
	n = strlen(decide_format(&d, text));
	snprintf(text + n, TEXT_SIZE - n, " pid %llu at %lld",
	    (unsigned long long)d.pid, (long long)d.time);
}

static bool
has_stamp(const char *line)
{
	struct slice s = slice_of(line);
	int64_t t;

	return stamp_take(&s, T, &t) != STAMP_NONE;
}

static unsigned
check_line(const char *bare)
{
	struct parts parts = parts_of(bare);
	char want[TEXT_SIZE];
	char got[TEXT_SIZE];
	char line[LINE_SIZE];
	unsigned n = 0;

	decided(bare, want);
	for (size_t i = 0; i < COUNT(forms); i++)
		for (size_t k = 0; k < COUNT(tags); k++) {
			if (!write_line(&forms[i], &tags[k], &parts, line))
				continue;
			decided(line, got);
			if (strcmp(got, want) != 0)
				fail_msg("%s: '%s':\n%s, not %s", forms[i].name,
				    line, got, want);
			n++;
		}
	return n;
}

static unsigned
check_file(const char *path)
{
	char line[LINE_SIZE / 2];
	FILE *f = fopen(path, "re");
	unsigned n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = 0;
		if (*line != '>' && !has_stamp(line))
			n += check_line(line);
	}
	fclose(f);
	return n;
}

static void
each_rule(void **state)
{
	glob_t files;

	(void)state;
	assert_int_equal(glob("tests/corpus/lines/*", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 7);
	for (size_t i = 0; i < files.gl_pathc; i++)
		assert_true(check_file(files.gl_pathv[i]) > 500);
	globfree(&files);
}

/* ---- servers and the hook ---- */

static struct state all;
static struct state_log log_a;
static struct decision decision;
static struct news news;

static void
take(const struct form *f, const struct tag *tag, const char *bare)
{
	const struct policy policy = {.guard = &guard, .rules = rules};
	struct parts parts = parts_of(bare);
	char line[LINE_SIZE];
	struct follow_line read = {.text = line, .written_s = T};

	if (!write_line(f, tag, &parts, line))
		fail_msg("%s: %s", tag->text, bare);
	read.len = strlen(line);
	assert_int_equal(
	    judge_line(&all, &log_a, &policy, &read, T, &decision, &news), 0);
	if (decision.time != T)
		fail_msg("'%s': %lld", line, (long long)decision.time);
}

static void
holds(const struct form *f, const struct tag *tag, const char *what, bool is_so)
{
	if (!is_so)
		fail_msg("%s, %s: %s", f->name, tag->text, what);
}

static void
check_connections(const struct form *f, const struct tag *tag)
{
	assert_int_equal(state_new(&all), 0);
	log_a = (struct state_log){0};
	state_name_log(&log_a, "/var/log/a");
	take(f, tag, "tcpserver: pid 7 from 203.0.113.7");
	holds(f, tag, "begin", log_a.shows_tcpserver);
	take(f, tag, "rblcache: 203.0.113.7 pid 7: passed");
	holds(f, tag, "passed", news.passed);
	take(f, tag, "rblsmtpd: 203.0.113.8 pid 7: 451 x");
	holds(f, tag, "unseen", decision.kind == DECIDE_SKIP);
	take(f, tag, "tcpserver: pid 8 from 203.0.113.8");
	take(f, tag, "rblsmtpd: 203.0.113.8 pid 8: 451 x");
	holds(f, tag, "ban", news.banned);
	take(f, tag, "tcpserver: end 8 status 0");
	take(f, tag, "rblsmtpd: 203.0.113.8 pid 8: 451 x");
	holds(f, tag, "end", decision.kind == DECIDE_SKIP);
	take(f, tag, "sslserver: pid 9 from 203.0.113.8");
	take(f, tag, "rblcache: 203.0.113.8 pid 9: 451 x (ipset, 9s left)");
	holds(f, tag, "refused",
	    all.tallies.hook.all[HOOKLOG_IPSET] == 1 && !news.passed);
	take(f, tag, "sslserver: pid 10 from 203.0.113.8");
	take(f, tag, "rblcache: 203.0.113.8 pid 10: recheck");
	take(f, tag, "rblcache: 203.0.113.8 pid 10: passed");
	holds(f, tag, "recheck", news.lifted);
	state_free(&all);
}

static void
each_connection(void **state)
{
	const struct parts parts = parts_of("name: rest");
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++)
		for (size_t k = 0; k < COUNT(tags); k++)
			if (forms[i].behind == tags[k].behind &&
			    fits(&tags[k], &parts)) {
				check_connections(&forms[i], &tags[k]);
				n++;
			}
	assert_true(n > 100);
}

/* ---- in two zones ---- */

static int
zone(const char *tz)
{
	static const char *const paths[] = {"hooks/log"};
	char error[RULES_ERROR_SIZE];

	setenv("TZ", tz, 1);
	localtime_new_zone();
	rules = rules_load(paths, 1, error);
	if (rules == NULL)
		fail_msg("%s", error);
	return 0;
}

static int
in_utc(void **state)
{
	(void)state;
	return zone("UTC");
}

static int
in_adelaide(void **state)
{
	(void)state;
	return zone("ACST-9:30ACDT,M10.1.0,M4.1.0/3");
}

static int
end(void **state)
{
	(void)state;
	rules_free(rules);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_rule, in_utc, end),
	    cmocka_unit_test_setup_teardown(each_rule, in_adelaide, end),
	    cmocka_unit_test_setup_teardown(each_connection, in_utc, end),
	    cmocka_unit_test_setup_teardown(each_connection, in_adelaide, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
