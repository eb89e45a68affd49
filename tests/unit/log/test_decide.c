/* SPDX-License-Identifier: ISC */
/*
 * decide, rules, guard: lines that must ban, lines that must not, and lines in
 * which a client plants an address that is not its own.
 */
#include "../unit.h"

#include <errno.h>
#include <glob.h>

#include "local/localmake.h"
#include "log/decide.h"

#define REAL "203.0.113.9"
#define PLANTED "8.8.8.8"

static struct rules *rules;
static struct guard guard;

/* What the decision prints, with blanks for its tabs. */
static const char *
decided(const char *line)
{
	static char text[DECIDE_TEXT_SIZE];
	struct decision d;

	decide_line(&d, rules, &guard, line, strlen(line), 1000000000);
	decide_format(&d, text);
	for (char *p = text; *p != 0; p++)
		if (*p == '\t')
			*p = ' ';
	return text;
}

#define XBL "451 Listed by XBL, see https://check.spamhaus.org/query/ip/" REAL
#define SENDER "CHKUSER rejected sender: "
#define INTRUSION "CHKUSER rejected intrusion: "
#define NO_MX " : invalid sender MX domain"
#define OVER " : rcpt ignored, session over intrusion threshold"
#define OLD(sender, helo, rdns, ip, rcpt)                                      \
	"from <" sender "::> remote <" helo ":" rdns ":" ip "> rcpt <" rcpt ">"
#define NEW(sender, auth, helo, rdns, ip, rcpt)                                \
	"from <" sender "|remoteinfo/auth:" auth "|chkuser-identify:> remote " \
	"<helo:" helo "|remotehostname:" rdns "|remotehostip:" ip              \
	"> rcpt <" rcpt ">"
#define DYKE(from, to, rdns, auth)                                             \
	"spamdyke[7]: DENIED_RBL_MATCH from: " from " to: " to                 \
	" origin_ip: " REAL " origin_rdns: " rdns " auth: " auth               \
	" encryption: (none)"
#define OLD_DYKE(from, to, rdns, auth)                                         \
	"spamdyke[7]: DENIED_RBL_MATCH from: " from " to: " to                 \
	" origin_ip: " REAL " origin_rdns: " rdns " auth: " auth

/*
 * tests/corpus/lines: a file a log writer, in which each line of a log is
 * followed by "> " and what is decided, or ">" for nothing.
 */
static int
check_file(const char *path)
{
	char line[2048];
	char want[DECIDE_TEXT_SIZE];
	FILE *f = fopen(path, "re");
	int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		assert_non_null(fgets(want, sizeof want, f));
		line[strcspn(line, "\n")] = 0;
		want[strcspn(want, "\n")] = 0;
		assert_int_equal(want[0], '>');
		if (strcmp(decided(line), want[1] == 0 ? "" : want + 2) != 0)
			fail_msg("%s: '%s':\n%s", path, line, decided(line));
		n++;
	}
	fclose(f);
	return n;
}

/* Each rule file has lines of its own. */
static void
lines(void **state)
{
	glob_t rule_files;

	(void)state;
	assert_int_equal(glob("hooks/log/*.rules", 0, NULL, &rule_files), 0);
	assert_int_equal(rule_files.gl_pathc, 2);
	assert_int_equal(
	    glob("hooks/log/available/*.rules", GLOB_APPEND, NULL, &rule_files),
	    0);
	assert_true(rule_files.gl_pathc >= 7);
	for (size_t i = 0; i < rule_files.gl_pathc; i++) {
		const char *name = strrchr(rule_files.gl_pathv[i], '/') + 1;
		char path[256];

		snprintf(path, sizeof path, "tests/corpus/lines/%.*s",
		    (int)strcspn(name, "."), name);
		assert_true(check_file(path) >= 5);
	}
	globfree(&rule_files);
}

/* Each text in each place that a client can write to. */
static void
forgeries(void **state)
{
	static const char *const plants[] = {PLANTED, ":" PLANTED,
	    "x:y:" PLANTED "> rcpt <z", "x> remote <h:r:" PLANTED "> rcpt <y",
	    "x> remote <h:r:" PLANTED "> rcpt <y> : invalid sender MX domain",
	    "|remotehostip:" PLANTED, "x|remotehostip:" PLANTED "> rcpt <y",
	    "|remotehostip:" PLANTED "> rcpt <y>" NO_MX,
	    "|remotehostip:" PLANTED "> rcpt <y>" OVER,
	    "rblsmtpd: " PLANTED " pid 1: 553 x", "<" PLANTED ">",
	    "|remotehostip:2001:db8:", ":2001:db8:", "> rcpt <", "<", ">",
	    "h|remotehostname:r|remotehostip:" PLANTED,
	    " origin_ip: " PLANTED " origin_rdns: r auth: u encryption: e",
	    PLANTED " origin_rdns: r auth: u encryption: e",
	    "x origin_ip: " PLANTED
	    " origin_rdns: r auth: u encryption: e reason: ",
	    "x origin_ip: " PLANTED
	    " origin_rdns: r auth: u encryption: e reason: Error: ",
	    "\r" SENDER OLD("a", "h", "r", PLANTED, "c") NO_MX,
	    SENDER OLD("a", "h", "r", PLANTED, "c") NO_MX};
	static const char *const places[] = {
	    SENDER OLD("%s", "h", "r", REAL, "c@d") NO_MX,
	    SENDER OLD("a@b", "%s", "r", REAL, "c@d") NO_MX,
	    SENDER OLD("a@b", "h", "%s", REAL, "c@d") NO_MX,
	    SENDER OLD("a@b", "h", "r", REAL, "%s") NO_MX,
	    INTRUSION OLD("%s", "h", "r", REAL, "c@d") OVER,
	    INTRUSION OLD("a@b", "%s", "r", REAL, "c@d") OVER,
	    INTRUSION OLD("a@b", "h", "%s", REAL, "c@d") OVER,
	    INTRUSION OLD("a@b", "h", "r", REAL, "%s") OVER,
	    SENDER NEW("%s", "", "h", "r", REAL, "c@d") NO_MX,
	    SENDER NEW("a@b", "%s", "h", "r", REAL, "c@d") NO_MX,
	    SENDER NEW("a@b", "", "%s", "r", REAL, "c@d") NO_MX,
	    SENDER NEW("a@b", "", "h", "%s", REAL, "c@d") NO_MX,
	    SENDER NEW("a@b", "", "h", "r", REAL, "%s") NO_MX,
	    "CHKUSER rejected rcpt: " OLD("%s", "h", "r", REAL, "c") " : x",
	    "CHKUSER accepted rcpt: " OLD("a", "h", "r", REAL, "%s") " : x",
	    "CHKUSER relaying rcpt: " OLD("a", "%s", "r", REAL, "c") " : x",
	    "qmail-smtpd: subject %s",
	    DYKE("%s", "c@d", "r.test", "u"),
	    DYKE("a@b", "%s", "r.test", "u"),
	    DYKE("a@b", "c@d", "%s", "u"),
	    DYKE("a@b", "c@d", "r.test", "%s"),
	    DYKE("a@b", "c@d", "r.test", "%s") " reason: zen.test",
	    OLD_DYKE("%s", "c@d", "r.test", "u"),
	    OLD_DYKE("a@b", "%s", "r.test", "u"),
	    OLD_DYKE("a@b", "c@d", "%s", "u"),
	    OLD_DYKE("a@b", "c@d", "r.test", "%s"),
	    "rblsmtpd: zen.test blocked " REAL " %s -",
	    "rblsmtpd:  pid 7 from " REAL ": 451 text: Sender <%s>",
	    "rblsmtpd:  pid 7 from " REAL ": 451 text: Recipient <%s>",
	    "tcpserver: ok 7 localhost:127.0.0.1:25 %s:" REAL "::1234",
	};
	int n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++)
		for (size_t j = 0; j < COUNT(plants); j++) {
			char before[256];
			const char *at = strstr(places[i], "%s");
			char line[1024];
			const char *text;

			snprintf(before, sizeof before, "%.*s",
			    (int)(at - places[i]), places[i]);
			snprintf(line, sizeof line, "%s%s%s", before, plants[j],
			    at + 2);
			text = decided(line);
			if (strncmp(text, "ban ", 4) == 0 &&
			    strncmp(text, "ban " REAL " ", 16) != 0)
				fail_msg("'%s':\n%s", line, text);
			/* nor does it end a pass */
			if (strncmp(text, "skip " PLANTED " ", 13) == 0)
				fail_msg("'%s':\n%s", line, text);
			n++;
		}
	assert_int_equal(n, 30 * 23);
}

/* The guard's local.cdb has this rule for REAL from now on. */
static void
local_says(enum local_action action, const char *reply)
{
	struct localmake *m = localmake_new();
	struct local_rule rule = {
	    .action = action, .net = {unit_addr(REAL), ADDR_BITS}};
	struct cdbwrite w;

	snprintf(rule.reply, sizeof rule.reply, "%s", reply);
	assert_int_equal(localmake_add(m, &rule, 1), LOCALMAKE_ADDED);
	assert_int_equal(cdbwrite_start(&w, guard.path, 0644), 0);
	assert_int_equal(localmake_write(m, &w), 0);
	localmake_free(m);
	guard_refresh(&guard);
}

static void
the_allow_list(void **state)
{
	char path[] = "/tmp/rblcache-unit.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	guard.path = path;
	local_says(LOCAL_ALLOW, "");
	assert_string_equal(decided("rblsmtpd: " REAL " pid 7: 451 x"),
	    "skip " REAL " rblsmtpd allowed");
	local_says(LOCAL_DENY, "553 x");
	assert_string_equal(decided("rblsmtpd: " REAL " pid 7: 451 x"),
	    "ban " REAL " rblsmtpd 2073600 451 x");
	assert_null(guard_trouble(&guard));
	/* it is damaged, so anybody may be allowed */
	assert_int_equal(truncate(path, 100), 0);
	assert_string_equal(decided("rblsmtpd: " REAL " pid 7: 451 x"),
	    "skip " REAL " rblsmtpd allowed");
	assert_non_null(strstr(guard_trouble(&guard), path));
	assert_null(guard_trouble(&guard));
	guard_close(&guard);
	/* and so it is while no file can be opened */
	assert_string_equal(decided("rblsmtpd: " REAL " pid 7: 451 x"),
	    "skip " REAL " rblsmtpd allowed");
	assert_int_equal(unlink(path), 0);
	guard_refresh(&guard);
	assert_string_equal(decided("rblsmtpd: " REAL " pid 7: 451 x"),
	    "ban " REAL " rblsmtpd 2073600 451 x");
	guard.path = "";
	close(fd);
}

static struct rules *
load_text(const char *text, char error[RULES_ERROR_SIZE])
{
	char path[] = "/tmp/rblcache-unit.XXXXXX";
	const char *const paths[] = {path};
	int fd = mkstemp(path);
	struct rules *r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	r = rules_load(paths, 1, error);
	unlink(path);
	return r;
}

static void
catastrophic_patterns(void **state)
{
	char error[RULES_ERROR_SIZE];
	char line[200];
	struct rules_match m;
	struct rules *r =
	    load_text("[evil]\nmatch = ^((a+)+)+(?<ip>b)$\nban = 1d\n", error);

	(void)state;
	assert_non_null(r);
	memset(line, 'a', sizeof line);
	line[sizeof line - 2] = 'b';
	assert_int_equal(rules_apply(r, (struct slice){line, sizeof line}, &m),
	    RULES_GAVE_UP);
	assert_string_equal(m.rule->name, "evil");
	assert_int_equal(m.rule->gave_up, 1);
	rules_free(r);
}

static void
once(void **state)
{
	char error[RULES_ERROR_SIZE];
	struct rules_match m;
	struct rules *r = load_text(
	    "[r]\nmatch = ^(?<ip>\\S+)\nonce = x*!|$a\nban = 1d\n", error);

	(void)state;
	assert_non_null(r);
	assert_int_equal(rules_apply(r, slice_of("1.2.3.4 !"), &m), RULES_BAN);
	assert_int_equal(
	    rules_apply(r, slice_of("1.2.3.4"), &m), RULES_AMBIGUOUS);
	assert_int_equal(
	    rules_apply(r, slice_of("1 xx! x!"), &m), RULES_AMBIGUOUS);
	rules_free(r);
	/* before "except", which may be in what makes the line ambiguous */
	r = load_text(
	    "[r]\nmatch = ^.*(?<ip>\\d)\nexcept = E\nonce = !\nban = 1d\n",
	    error);
	assert_non_null(r);
	assert_int_equal(rules_apply(r, slice_of("E 1 !"), &m), RULES_EXCEPT);
	assert_int_equal(
	    rules_apply(r, slice_of("E 1 ! !"), &m), RULES_AMBIGUOUS);
	assert_int_equal(rules_apply(r, slice_of("E 1"), &m), RULES_AMBIGUOUS);
	rules_free(r);
}

static void
anchors(void **state)
{
	static const char *const unanchored[] = {"(?<ip>x)", ".*(?<ip>x)",
	    "(?s).*(?<ip>x)", "^a(?<ip>x)|b", "(?m)^(?<ip>x)", "\\b(?<ip>x)",
	    "(?:^|y)(?<ip>x)"};
	static const char *const anchored[] = {"^(?<ip>x)", "\\A(?<ip>x)",
	    "(?:^a|^b)(?<ip>x)", "(?i)^(?<ip>x)", "^(?|a(?<ip>x)|b(?<ip>x))"};
	char error[RULES_ERROR_SIZE];
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(unanchored); i++) {
		snprintf(text, sizeof text, "[r]\nmatch = %s\nban = 1d\n",
		    unanchored[i]);
		assert_null(load_text(text, error));
		assert_int_equal(errno, EINVAL);
		assert_non_null(strstr(error, ":2: match: "));
		assert_non_null(strstr(error, "not anchored"));
	}
	for (size_t i = 0; i < COUNT(anchored); i++) {
		struct rules *r;

		snprintf(text, sizeof text, "[r]\nmatch = %s\nban = 1d\n",
		    anchored[i]);
		r = load_text(text, error);
		if (r == NULL)
			fail_msg("%s", error);
		rules_free(r);
	}
}

/* A pattern's literal start is compared first; that must change nothing. */
static void
starts(void **state)
{
	static const struct {
		const char *pattern, *message;
		enum rules_outcome want;
	} cases[] = {
	    {"^abc: (?<ip>x)", "abc: x", RULES_BAN},
	    {"^abc: (?<ip>x)", "abc:", RULES_NONE},
	    {"^abc: (?<ip>x)", "abd: x", RULES_NONE},
	    {"^abc?(?<ip>x)", "abx", RULES_BAN},
	    {"^abc*(?<ip>x)", "abccx", RULES_BAN},
	    {"^abc{0,2}(?<ip>x)", "abx", RULES_BAN},
	    {"^abc+(?<ip>x)", "abccx", RULES_BAN},
	    {"^abc+(?<ip>x)", "abx", RULES_NONE},
	    {"^a|^(?<ip>x)", "x", RULES_BAN},
	    {"^a[|](?<ip>x)", "a|x", RULES_BAN},
	    {"^a\\|(?<ip>x)", "a|x", RULES_BAN},
	    {"^a[[:alpha:](]|^(?<ip>x)", "x", RULES_BAN},
	    {"^a[])](?<ip>x)", "a)x", RULES_BAN},
	    {"^a[])]|^(?<ip>x)", "x", RULES_BAN},
	    {"^a[^])]|^(?<ip>x)", "x", RULES_BAN},
	    {"^a(b|c)(?<ip>x)", "acx", RULES_BAN},
	    {"^\\Qa|(\\E|^(?<ip>x)", "x", RULES_BAN},
	    {"^(?i)abc(?<ip>x)", "ABCx", RULES_BAN},
	    {"^a.c(?<ip>x)", "abcx", RULES_BAN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char error[RULES_ERROR_SIZE];
		char text[200];
		struct rules_match m;
		struct rules *r;

		snprintf(text, sizeof text, "[r]\nmatch = %s\nban = 1d\n",
		    cases[i].pattern);
		r = load_text(text, error);
		if (r == NULL)
			fail_msg("%s", error);
		if (rules_apply(r, slice_of(cases[i].message), &m) !=
		    cases[i].want)
			fail_msg("%s: %s", cases[i].pattern, cases[i].message);
		rules_free(r);
	}
}

/* The key that banned whole networks before 0.7 does nothing, and is told. */
static void
a_key_that_is_gone(void **state)
{
	char error[RULES_ERROR_SIZE];
	struct rules_match m;
	struct rules *r = load_text(
	    "[a]\nmatch = ^a (?<ip>x)\nnet = 24 after 8 in 1h\nban = 1d\n"
	    "[b]\nnet = 99\nmatch = ^b (?<ip>x)\nban = 1d\nnet =\n",
	    error);

	(void)state;
	if (r == NULL)
		fail_msg("%s", error);
	assert_non_null(rules_warning(r));
	assert_non_null(strstr(rules_warning(r), ":3: net: "));
	assert_non_null(strstr(rules_warning(r), " (and 2 more)"));
	assert_int_equal(rules_apply(r, slice_of("a x"), &m), RULES_BAN);
	assert_int_equal(m.rule->ban_s, 86400);
	assert_int_equal(rules_apply(r, slice_of("b x"), &m), RULES_BAN);
	rules_free(r);
	r = load_text(
	    "[a]\nmatch = ^(?<ip>x)\nban = 1d\nnet = 24 after 8 in 1h\n",
	    error);
	assert_non_null(r);
	assert_non_null(strstr(rules_warning(r), ":4: net: "));
	assert_null(strstr(rules_warning(r), "more)"));
	rules_free(r);
	assert_null(rules_warning(rules));
	/* what is wrong besides is as wrong as ever */
	assert_null(
	    load_text("[a]\nmatch = ^(?<ip>x)\nban = 1d\nnets = 1\n", error));
	assert_non_null(strstr(error, "'nets': no such key; there are again, "
				      "ban, count, except, list, match, once"));
}

/* A text that names nobody bans for a shorter time, and frames stand. */
static void
texts(void **state)
{
	static const struct {
		const char *keys, *line, *want;
	} cases[] = {
	    {"vague = 1h", "a 8.8.8.8 x", "ban 8.8.8.8 r 3600 451 x"},
	    {"vague = 1h", "a 8.8.8.8 8.8.8.8",
		"ban 8.8.8.8 r 86400 451 8.8.8.8"},
	    {"vague = 1h", "a 8.8.8.8 8.8.8.80",
		"ban 8.8.8.8 r 3600 451 8.8.8.80"},
	    {"vague = 1h\nlist = no", "a 8.8.8.8 x",
		"ban 8.8.8.8 r 86400 451 x"},
	    {"list = no", "a 8.8.8.8 Error: x",
		"ban 8.8.8.8 r 86400 451 Error: x"},
	    {"list = yes", "a 8.8.8.8 Error: x", "skip 8.8.8.8 r except"},
	    {"list = yes", "a junk Error: x", "skip - r except"},
	    {"list = yes", "a 8.8.8.8 554 x", "ban 8.8.8.8 r 86400 554 x"},
	    {"reply = 553 %reply%", "a 8.8.8.8 x", "ban 8.8.8.8 r 86400 553 x"},
	    {"reply = 553 %reply%", "a 8.8.8.8 451 x",
		"ban 8.8.8.8 r 86400 553 451 x"},
	    {"reply = 554 at %reply%", "a 8.8.8.8 x",
		"ban 8.8.8.8 r 86400 554 at x"},
	    {"reply = 554 at %reply% or", "a 8.8.8.8 x",
		"ban 8.8.8.8 r 86400 451 x"},
	    {"reply = 554 at %reply%", "a 8.8.8.8",
		"ban 8.8.8.8 r 86400 554 at "},
	};
	struct rules *before = rules;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];
		char error[RULES_ERROR_SIZE];

		snprintf(text, sizeof text,
		    "[r]\nmatch = ^a (?<ip>\\S+)(?: (?<reply>.*))?$\nban = "
		    "1d\n%s\n",
		    cases[i].keys);
		rules = load_text(text, error);
		if (rules == NULL)
			fail_msg("%s", error);
		if (strcmp(decided(cases[i].line), cases[i].want) != 0)
			fail_msg(
			    "%s: %s", cases[i].line, decided(cases[i].line));
		rules_free(rules);
	}
	rules = before;
}

static void
bad_texts(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"match = ^(?<ip>x)\nban = 1h\nvague = 2h\n",
		"[r]: the time of vague is longer than ban"},
	    {"match = ^(?<ip>x)\nban = 1h\nvague = soon\n",
		"vague: 'soon' is no time from 1s"},
	    {"match = ^(?<ip>x)\nban = 1h\nreply = 451 %reply%\n",
		"[r]: reply has %reply%, but match has no group"},
	    {"match = ^(?<ip>x)(?<reply>y)\nban = 1h\nreply = %reply%\n",
		"reply: '%reply%' does not begin with a code"},
	};
	char error[RULES_ERROR_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];

		snprintf(text, sizeof text, "[r]\n%s", cases[i].text);
		assert_null(load_text(text, error));
		if (strstr(error, cases[i].want) == NULL)
			fail_msg("%s", error);
	}
}

/* A line that names no process could be about anybody. */
static void
unseen_without_a_process(void **state)
{
	char error[RULES_ERROR_SIZE];
	struct rules *r = load_text(
	    "[a]\nmatch = ^a (?<ip>x) (?<pid>y)\nseen = no\nban = 1d\n"
	    "[b]\nmatch = ^b (?<ip>x)\nban = 1d\n",
	    error);

	(void)state;
	assert_non_null(r);
	assert_null(rules_warning(r));
	rules_free(r);
	r = load_text("[b]\nseen = no\nmatch = ^b (?<ip>x)\nban = 1d\n", error);
	assert_non_null(r);
	assert_non_null(strstr(rules_warning(r), ":2: seen: without (?<pid>"));
	rules_free(r);
}

/* A number that is none is not the same as no number. */
static void
process_numbers(void **state)
{
	static const struct {
		const char *line;
		uint64_t pid;
	} lines[] = {
	    {"rblsmtpd: " REAL " pid 7: 451 x", 7},
	    {"rblsmtpd: " REAL " pid 0: 451 x", DECIDE_NO_PID},
	    {"rblsmtpd: " REAL " pid 00: 451 Error: x", DECIDE_NO_PID},
	    {"rblsmtpd: " REAL " pid 9999999999999999999: 451 x",
		DECIDE_NO_PID},
	    {DYKE("a", "b", "r", "u"), 7},
	    {"DENIED_RBL_MATCH from: a to: b origin_ip: " REAL
	     " origin_rdns: r auth: u encryption: e",
		0},
	    {"rblsmtpd: zen.test blocked " REAL " r -", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct decision d;

		decide_line(
		    &d, rules, NULL, lines[i].line, strlen(lines[i].line), 0);
		assert_true(d.pid == lines[i].pid);
		assert_true(d.has_ip);
	}
}

/* What is shipped says what it is about. */
static void
of_lists(void **state)
{
	(void)state;
	assert_true(rules_find(rules, "rblsmtpd")->list);
	/* these log the text of a list, the others perhaps that of the admin */
	assert_int_equal(rules_find(rules, "rblsmtpd")->vague_s, 0);
	assert_int_equal(rules_find(rules, "tjsi")->vague_s, 0);
	assert_int_equal(rules_find(rules, "indimail")->vague_s, 3600);
	assert_int_equal(rules_find(rules, "sagredo")->vague_s, 3600);
	assert_int_equal(rules_find(rules, "sagredo-reject")->vague_s, 3600);
	assert_int_equal(rules_find(rules, "spamdyke")->vague_s, 3600);
	assert_int_equal(rules_find(rules, "spamdyke-old")->ban_s, 3600);
	assert_int_equal(rules_find(rules, "badiprbl")->ban_s, 3600);
	assert_int_equal(rules_find(rules, "tjsi-blocked")->ban_s, 3600);
	assert_false(rules_find(rules, "chkuser-sender")->list);
	assert_false(rules_find(rules, "chkuser-intrusion")->list);
	assert_null(rules_find(rules, "no-such-rule"));
}

static int
begin(void **state)
{
	static const char *const paths[] = {"hooks/log", "hooks/log/available"};
	char error[RULES_ERROR_SIZE];
	struct addr own4 = unit_addr("192.0.2.1");
	struct addr own6 = unit_addr("2001:db8:7::1");

	(void)state;
	rules = rules_load(paths, 2, error);
	if (rules == NULL)
		fail_msg("%s", error);
	return guard_add_own(&guard, &own4) + guard_add_own(&guard, &own6);
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
	    cmocka_unit_test(lines),
	    cmocka_unit_test(forgeries),
	    cmocka_unit_test(the_allow_list),
	    cmocka_unit_test(catastrophic_patterns),
	    cmocka_unit_test(once),
	    cmocka_unit_test(anchors),
	    cmocka_unit_test(starts),
	    cmocka_unit_test(a_key_that_is_gone),
	    cmocka_unit_test(texts),
	    cmocka_unit_test(bad_texts),
	    cmocka_unit_test(unseen_without_a_process),
	    cmocka_unit_test(process_numbers),
	    cmocka_unit_test(of_lists),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
