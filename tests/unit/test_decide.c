/*
 * decide, rules, guard: lines that must ban, lines that must not, and lines in
 * which a client plants an address that is not its own.
 */
#include "unit.h"

#include <errno.h>

#include "decide.h"

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
#define SENDER_REPLY                                                           \
	"451 mail from your host named a sender domain without a valid MX a "  \
	"short while ago; try again later"
#define GENERAL_REPLY                                                          \
	"451 your address was refused here a short while ago; try again later"
#define DYKE(from, to, rdns, auth)                                             \
	"spamdyke[7]: DENIED_RBL_MATCH from: " from " to: " to                 \
	" origin_ip: " REAL " origin_rdns: " rdns " auth: " auth               \
	" encryption: (none)"
#define INTRUSION_REPLY                                                        \
	"451 your host tried too many unknown recipients a short while ago; "  \
	"try again later"

static void
lines(void **state)
{
	static const char *const cases[][2] = {
	    {"rblsmtpd: " REAL " pid 7: " XBL,
		"ban " REAL " rblsmtpd 86400 " XBL},
	    {"@4000000066d1f3a50c5e2f1c rblsmtpd: " REAL " pid 7: 553 x",
		"ban " REAL " rblsmtpd 86400 553 x"},
	    {"2026-11-24 07:31:02.123 rblsmtpd: " REAL " pid 7: 553 x",
		"ban " REAL " rblsmtpd 86400 553 x"},
	    {"rblsmtpd: ::ffff:" REAL " pid 7: 451 x",
		"ban " REAL " rblsmtpd 86400 451 x"},
	    {"rblsmtpd: 2001:DB8::1 pid 7: 451 x",
		"ban 2001:db8::1 rblsmtpd 86400 451 x"},
	    {"rblsmtpd: " REAL
	     " pid 7: 451 http://www.spamhaus.org/query/bl?ip=" REAL,
		"ban " REAL " rblsmtpd 86400 451 "
		"http://www.spamhaus.org/query/bl?ip=" REAL},
	    {"rblsmtpd: " REAL
	     " pid 7: 451 Blocked - see https://www.spamcop.net/bl.shtml?" REAL,
		"ban " REAL " rblsmtpd 86400 451 Blocked - see "
		"https://www.spamcop.net/bl.shtml?" REAL},
	    {"rblsmtpd: " REAL " pid 7: 451 a\tb",
		"ban " REAL " rblsmtpd 86400 451 a?b"},
	    {SENDER OLD("a@b", "h", "r", REAL, "c@d") NO_MX,
		"ban " REAL " chkuser-sender 86400 " SENDER_REPLY},
	    {SENDER NEW("a@b", "", "h", "r", REAL, "c@d") NO_MX,
		"ban " REAL " chkuser-sender 86400 " SENDER_REPLY},
	    {SENDER NEW("", "", "", "", "::ffff:" REAL, "") NO_MX,
		"ban " REAL " chkuser-sender 86400 " SENDER_REPLY},
	    {INTRUSION OLD("a@b", "h", "r", REAL, "c@d") OVER,
		"ban " REAL " chkuser-intrusion 86400 " INTRUSION_REPLY},
	    {INTRUSION NEW("a@b", "", "h", "r", REAL, "c@d") OVER,
		"ban " REAL " chkuser-intrusion 86400 " INTRUSION_REPLY},
	    {"CHKUSER intrusion threshold: " OLD("a@b", "h", "r", REAL,
		 "c@d") " : max number of allowed invalid rcpt",
		"ban " REAL " chkuser-intrusion 86400 " INTRUSION_REPLY},
	    /* the other writers */
	    {"rblsmtpd: " REAL " pid 7 zen.test: 451 http://x.test/y",
		"ban " REAL " tjsi 86400 451 http://x.test/y"},
	    {"rblsmtpd: " REAL " pid 7 zen.test: 451 Error: x",
		"skip " REAL " tjsi except"},
	    {"rblsmtpd: zen.test blocked " REAL " mail.test -",
		"ban " REAL " tjsi-blocked 3600 " GENERAL_REPLY},
	    {"rblsmtpd:  pid 7 from " REAL ": 451 text",
		"ban " REAL " indimail 86400 451 text"},
	    {"rblsmtpd:  pid 7 from " REAL ": 553 te: xt: Sender <a@b>",
		"ban " REAL " indimail 86400 553 te: xt"},
	    {"rblsmtpd:  pid 7 from " REAL ": 451 Error: x: Sender <a@b>",
		"skip " REAL " indimail except"},
	    {"qmail-smtpd: 421 badiprbl: ip " REAL " rbl: zen.test",
		"ban " REAL " badiprbl 3600 " GENERAL_REPLY},
	    {"qmail-smtpd[7]: rbl: ip=" REAL
	     " query=9.113.0.203.zen.test result=reject message='a text'",
		"ban " REAL " sagredo 86400 451 a text"},
	    {"qmail-smtpd[7]: rbl: ip=" REAL
	     " query=9.113.0.203.zen.test result=delay message='553 x'",
		"ban " REAL " sagredo 86400 553 x"},
	    {"qmail-smtpd[7]: rbl: ip=" REAL
	     " query=x result=reject message='Error: open resolver'",
		"skip " REAL " sagredo except"},
	    {"qmail-smtpd[7]: rbl: ip=" REAL
	     " query=x result=pass message='a text'",
		""},
	    {"qmail-smtpd[7]: rbl: ip=" REAL
	     " query=x result=dnserr message='a text'",
		""},
	    {"spamdyke[7]: DENIED_RBL_MATCH from: a@b to: c@d origin_ip: " REAL
	     " origin_rdns: r.test auth: (unknown) encryption: (none)",
		"ban " REAL " spamdyke 86400 " GENERAL_REPLY},
	    {"Nov 24 07:31:02 host spamdyke[7]: DENIED_RBL_MATCH from: a@b to: "
	     "c@d origin_ip: " REAL " origin_rdns: r.test auth: (unknown) "
	     "encryption: TLS reason: zen.test",
		"ban " REAL " spamdyke 86400 " GENERAL_REPLY},
	    {"spamdyke[7]: DENIED_RBL_MATCH from: a@b to: c@d origin_ip: " REAL
	     " origin_rdns: r.test auth: u encryption: TLS reason: Error: x",
		"skip " REAL " spamdyke except"},
	    {"spamdyke[7]: ALLOWED from: a@b to: c@d origin_ip: " REAL
	     " origin_rdns: r.test auth: (unknown) encryption: (none)",
		""},
	    /* the same prefix, but no listing */
	    {"rblsmtpd: " REAL " pid 7: greetdelay: 50", ""},
	    {"rblsmtpd: " REAL " pid 7: [RBL info] text", ""},
	    {"rblsmtpd: " REAL " pid 7: timeout while waiting for : zen", ""},
	    {"rblsmtpd:  pid 7: 451 x", ""},
	    {"rblsmtpd: " REAL " pid 7: 451", ""},
	    {"rblsmtpd: " REAL " pid x: 451 x", ""},
	    {"x rblsmtpd: " REAL " pid 7: 451 x", ""},
	    {"rblcache: " REAL " pid 7: 451 x (ipset, 7s left)", ""},
	    {"rblsmtpd: " REAL " pid 7: 451 temporary RBL lookup error",
		"skip " REAL " rblsmtpd except"},
	    {"rblsmtpd: " REAL " pid 7: 451 Error: open resolver; "
	     "https://check.spamhaus.org/returnc/pub/46.38.225.230/",
		"skip " REAL " rblsmtpd except"},
	    {"rblsmtpd: " REAL " pid 7: 553 Error: x",
		"skip " REAL " rblsmtpd except"},
	    {"rblsmtpd: " REAL " pid 7: 451 https://x.test/returnc/y",
		"skip " REAL " rblsmtpd except"},
	    {"rblsmtpd: " REAL " pid 7: 451 [cached] x",
		"skip " REAL " rblsmtpd except"},
	    {"rblsmtpd: mail.test pid 7: 451 x", "skip - rblsmtpd badaddr"},
	    {"rblsmtpd: 127.0.0.1 pid 7: 451 x",
		"skip 127.0.0.1 rblsmtpd allowed"},
	    {"rblsmtpd: 192.0.2.1 pid 7: 451 own",
		"skip 192.0.2.1 rblsmtpd allowed"},
	    {"rblsmtpd: 2001:db8:7::99 pid 7: 451 own /64",
		"skip 2001:db8:7::99 rblsmtpd allowed"},
	    /* CHKUSER says many other things */
	    {"CHKUSER accepted sender: " OLD(
		 "a@b", "h", "r", REAL, "") " : sender accepted",
		""},
	    {"CHKUSER relaying rcpt: " OLD("a@b", "h", "r", REAL, "c") " : x",
		""},
	    {SENDER OLD("a@b", "h", "r", REAL, "") " : temporary DNS problem",
		""},
	    {"CHKUSER rejected rcpt: " OLD(
		 "a@b", "h", "r", REAL, "c@d") " : not existing recipient",
		""},
	    {"CHKUSER mbx overquota: " OLD("a@b", "h", "r", REAL, "c@d") " : x",
		""},
	    {"CHKUSER must auth: " OLD("a@b", "h", "r", REAL, "c@d") NO_MX, ""},
	    {SENDER OLD("a@b", "h", "r", "10.0.0.7", "") NO_MX,
		"skip 10.0.0.7 chkuser-sender allowed"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (strcmp(decided(cases[i][0]), cases[i][1]) != 0)
			fail_msg(
			    "'%s':\n%s", cases[i][0], decided(cases[i][0]));
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
			n++;
		}
	assert_int_equal(n, 25 * 22);
}

static enum local_answer
stub_answer(void *user, const struct addr *a, struct local_rule *rule)
{
	(void)a;
	rule->action = LOCAL_DENY;
	if (*(const int *)user == LOCAL_ALLOW)
		rule->action = LOCAL_ALLOW;
	return *(const int *)user == -1 ? LOCAL_ERROR : LOCAL_FOUND;
}

static void
the_allow_list(void **state)
{
	int says = LOCAL_ALLOW;

	(void)state;
	guard.ask_local = stub_answer;
	guard.user = &says;
	assert_string_equal(decided("rblsmtpd: " REAL " pid 7: 451 x"),
	    "skip " REAL " rblsmtpd allowed");
	says = LOCAL_DENY;
	assert_string_equal(decided("rblsmtpd: " REAL " pid 7: 451 x"),
	    "ban " REAL " rblsmtpd 86400 451 x");
	says = -1; /* it cannot be read, so who knows */
	assert_string_equal(decided("rblsmtpd: " REAL " pid 7: 451 x"),
	    "skip " REAL " rblsmtpd allowed");
	guard.ask_local = NULL;
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
	assert_int_equal(rules_apply(r, line, sizeof line, &m), RULES_GAVE_UP);
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
	assert_int_equal(rules_apply(r, "1.2.3.4 !", 9, &m), RULES_BAN);
	assert_int_equal(rules_apply(r, "1.2.3.4", 7, &m), RULES_AMBIGUOUS);
	assert_int_equal(rules_apply(r, "1 xx! x!", 8, &m), RULES_AMBIGUOUS);
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
		if (rules_apply(r, cases[i].message, strlen(cases[i].message),
			&m) != cases[i].want)
			fail_msg("%s: %s", cases[i].pattern, cases[i].message);
		rules_free(r);
	}
}

static int
begin(void **state)
{
	static const char *const paths[] = {"hooks/log"};
	char error[RULES_ERROR_SIZE];
	struct addr own4 = unit_addr("192.0.2.1");
	struct addr own6 = unit_addr("2001:db8:7::1");

	(void)state;
	rules = rules_load(paths, 1, error);
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
	};

	return cmocka_run_group_tests(tests, begin, end);
}
