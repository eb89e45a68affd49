/* SPDX-License-Identifier: ISC */
/*
 * rblcachectl: asks the feed and tells it things.
 *
 *	what changes something	request -> ask (the feed's socket)
 *	status, metrics		ask, or recent.cdb; health -> show, metrics
 *	list, export		recent.cdb and the sets -> listing
 *	test			the hook's own questions -> inspect
 *	replay			a log -> replaylog, replay -> savings
 */
#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cdbread.h"
#include "base/exits.h"
#include "base/paths.h"
#include "base/source.h"
#include "base/timespan.h"
#include "base/usage.h"
#include "base/when.h"
#include "control/ask.h"
#include "control/control.h"
#include "control/report.h"
#include "ctl/health.h"
#include "ctl/inspect.h"
#include "ctl/jsonget.h"
#include "ctl/listing.h"
#include "ctl/metrics.h"
#include "ctl/rbldnsdzone.h"
#include "ctl/replaylog.h"
#include "ctl/replayshow.h"
#include "ctl/show.h"
#include "hook/lookup.h"
#include "kernel/settest.h"
#include "local/hosts.h"
#include "state/checkpoint.h"

/* status exits as a monitoring plugin: health.h, and 3 when it cannot tell */
enum { EXIT_UNKNOWN = 3 };

#define OPTIONS "dhjlsSV" /* in front of a command */
#define TROUBLE_SIZE (PATH_MAX + 128)
#define ADD_DEFAULT_S 86400
#define PASS_DEFAULT_S (15 * 60)
#define RULES_MAX 16 /* -c */
#define ADD_DEFAULT_TEXT "this server takes no mail from your address for now"

struct options {
	bool json; /* -j */
	const char *statedir, *local, *set4, *set6;
	char recent[PATH_MAX];
};

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rblcachectl: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
}

#define die_usage(...) exit(usage_complain("rblcachectl", NULL, __VA_ARGS__))

static int
count_words(char **words)
{
	int n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

/* Reads the n options of a command, the word argv[0]; returns the rest. */
static char **
command_options(const char *command, const struct usage_option options[],
    size_t n, bool in_order, char **argv)
{
	const struct usage u = {"rblcachectl", options, n, .in_order = in_order,
	    .command = command, .before = OPTIONS};
	int code = usage_read(&u, count_words(argv), argv);

	if (code != USAGE_GO_ON)
		exit(code);
	return argv + optind;
}

/* ---- the feed ---- */

/* Why the feed has no answer, errno being as ask_feed left it, and staying so. */
static void
feed_trouble(
    char why[TROUBLE_SIZE], const struct options *o, const struct ask *ask)
{
	char who[48] = "the feed";
	int error = errno;

	if (ask->pid > 0)
		snprintf(who, sizeof who, "the feed (pid %ld)", (long)ask->pid);
	if (errno == ETIMEDOUT && ask->pid > 0)
		snprintf(
		    why, TROUBLE_SIZE, "%s does not answer: it hangs", who);
	else if (errno == ETIMEDOUT)
		snprintf(why, TROUBLE_SIZE,
		    "%s does not answer: too many wait for it", who);
	else if (errno == ECONNRESET)
		snprintf(why, TROUBLE_SIZE, "%s gave no answer", who);
	else if (errno == EACCES)
		snprintf(why, TROUBLE_SIZE,
		    "%s/" CONTROL_NAME ": Permission denied (%s)", o->statedir,
		    access(o->statedir, X_OK) != 0
			? "rblcachectl wants a directory of mode 0755"
			: "a feed of version 0.5 is running; restart it");
	else if (errno == EPERM)
		snprintf(why, TROUBLE_SIZE,
		    "%s/" CONTROL_NAME ": pid %ld listens there, which is "
		    "somebody else's",
		    o->statedir, (long)ask->pid);
	else
		snprintf(why, TROUBLE_SIZE, "%s/" CONTROL_NAME ": %s",
		    o->statedir, strerror(errno));
	errno = error;
}

/* Says who may, by what the feed refused; its group may have a name. */
static void
complain_of_rights(const json_t *group)
{
	gid_t gid = (gid_t)json_integer_value(group);
	const struct group *g = getgrgid(gid);
	char number[24];

	snprintf(number, sizeof number, "%lu", (unsigned long)gid);
	say("only root and the group %s may change something: use sudo, or "
	    "join that group",
	    g == NULL ? number : g->gr_name);
}

/* Sends a change. The answer, or NULL after saying why; *code says how bad. */
static json_t *
tell_feed(const struct options *o, const struct request *r, int *code)
{
	struct ask ask;
	enum ask_answer answer = ask_feed(o->statedir, r, &ask);
	json_t *object = ask.answer;
	char why[TROUBLE_SIZE];
	const char *error;

	*code = EXIT_SYSTEM;
	if (answer == ASK_NOBODY) {
		say("no rblcache-feed runs on %s", o->statedir);
		return NULL;
	}
	if (answer == ASK_ERROR) {
		*code = exits_code(errno);
		feed_trouble(why, o, &ask);
		say("%s", why);
		return NULL;
	}
	error = jsonget_string(object, "error");
	if (error != NULL) {
		if (json_object_get(object, "group") != NULL)
			complain_of_rights(json_object_get(object, "group"));
		else
			say("%s", error);
		if (jsonget_integer(object, "exit") != 0)
			*code = (int)jsonget_integer(object, "exit");
		json_decref(object);
		return NULL;
	}
	*code = 0;
	error = jsonget_string(object, "set_error");
	if (error != NULL) {
		say("recent.cdb is changed, but a set is not: %s", error);
		*code = EXIT_SYSTEM;
	}
	return object;
}

static void
print_json(const json_t *object)
{
	(void)json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* ---- recent.cdb and the sets ---- */

/*
 * Loads what recent.cdb has, if it is there. NULL, or what is wrong with it, and
 * errno, and the state is empty. To be freed in any case; without bans there is no
 * memory.
 */
static const char *
load(const struct options *o, struct state *state)
{
	const char *wrong = NULL;

	if (state_new(state) != 0)
		return strerror(ENOMEM);
	bans_bound(state->bans, BANS_MAX); /* whatever the feed's bound is */
	switch (checkpoint_load(o->recent, state, NULL, 0, NULL)) {
	case CHECKPOINT_LOADED:
	case CHECKPOINT_ABSENT:
		return NULL;
	case CHECKPOINT_DAMAGED:
		wrong = cdbread_error_text(EINVAL);
		errno = EIO; /* that is nobody's input */
		break;
	case CHECKPOINT_FOREIGN:
		wrong = "it is somebody else's";
		errno = EIO;
		break;
	case CHECKPOINT_ERROR:
		wrong = strerror(errno);
		break;
	}
	state_free(state);
	return state_new(state) == 0 ? wrong : strerror(ENOMEM);
}

static void
ignore(void *user, const struct addr *a)
{
	(void)user;
	(void)a;
}

static struct sets *
open_sets(const struct options *o)
{
	return sets_new(o->set4, o->set6, SETS_BANS, ignore, NULL);
}

/* Whether the kernel keeps the sets from this user. */
static bool
may_not_read_sets(const struct options *o)
{
	static const char *const any[] = {"192.0.2.1", "2001:db8::1"};

	for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
		struct verdict_facts facts = {0};
		struct addr a;

		if (addr_parse(any[i], strlen(any[i]), &a) == 0 &&
		    lookup_set(&facts, o->set4, o->set6, &a) == EPERM)
			return true;
	}
	return false;
}

/* ---- status ---- */

/* What is wrong with the directory, or with what was loaded from it. */
static const char *
files_trouble(const struct options *o, const char *loaded)
{
	struct stat st;

	return stat(o->statedir, &st) != 0 ? strerror(errno) : loaded;
}

/*
 * What can be known while no feed runs (why: NULL), or while one has no answer
 * for that reason. No more than this is known for sure, so all else may be
 * missing. NULL: no memory.
 */
static json_t *
status_of_files(const struct options *o, const char *why)
{
	bool forbidden = may_not_read_sets(o);
	struct sets *sets = forbidden ? NULL : open_sets(o);
	int64_t now = time(NULL);
	struct state state;
	const char *wrong = load(o, &state);
	struct stat st;
	bool saved = stat(o->recent, &st) == 0;
	json_t *list = json_array();
	json_t *status;

	if (state.bans == NULL) {
		say("%s", wrong);
		sets_free(sets);
		json_decref(list);
		return NULL;
	}
	report_sets(list, sets);
	status = json_pack("{s:I, s:n, s:o, s:[], s:o, s:b, s:n, s:[]}", "now",
	    (json_int_t)now, "feed", "feed_error", report_text(why), "logs",
	    "sets", list, "sets_forbidden", forbidden, "local_error", "errors");
	report_state(status, &state, now);
	(void)json_object_set_new(status, "checkpoint",
	    json_pack("{s:o, s:o, s:o}", "path", report_text(o->recent),
		"saved", saved ? json_integer(st.st_mtime) : json_null(),
		"error", report_text(files_trouble(o, wrong))));
	state_free(&state);
	sets_free(sets);
	return status;
}

/* NULL, with why, when it cannot even be told whether there is a feed. */
static json_t *
get_status(const struct options *o, char why[TROUBLE_SIZE])
{
	const struct request r = {.command = REQUEST_STATUS};
	struct ask ask;
	enum ask_answer answer = ask_feed(o->statedir, &r, &ask);
	bool forbidden = answer == ASK_ERROR && errno == EACCES;

	if (answer == ASK_ANSWERED)
		return ask.answer;
	if (answer == ASK_NOBODY)
		return status_of_files(o, NULL);
	feed_trouble(why, o, &ask);
	return forbidden ? NULL : status_of_files(o, why);
}

/* On standard output, where a monitor reads. */
static int
print_unknown(const struct options *o, const char *why)
{
	json_t *status;

	if (o->json) {
		status = json_pack("{s:{s:s, s:[o]}}", "health", "level",
		    "UNKNOWN", "problems", report_text(why));
		print_json(status);
		json_decref(status);
	} else {
		printf("UNKNOWN: %s\n", why);
	}
	return EXIT_UNKNOWN;
}

static int
do_status(const struct options *o, char **args)
{
	char why[TROUBLE_SIZE] = "no memory";
	json_t *status = get_status(o, why);
	json_t *problems;
	enum health health;

	(void)args;
	if (status == NULL)
		return print_unknown(o, why);
	problems = json_array();
	health = health_judge(status, problems);
	if (o->json) {
		(void)json_object_set_new(status, "health",
		    json_pack("{s:s, s:O}", "level", health_name(health),
			"problems", problems));
		print_json(status);
	} else {
		show_status(stdout, status, health, problems);
	}
	json_decref(problems);
	json_decref(status);
	return (int)health;
}

static int
do_metrics(const struct options *o, char **args)
{
	char why[TROUBLE_SIZE] = "no memory";
	json_t *status = get_status(o, why);
	int code = 0;

	if (status == NULL) {
		code = exits_code(errno);
		say("%s", why);
		return code;
	}
	if (*args == NULL) {
		metrics_write(stdout, status);
	} else if (metrics_save(*args, status) != 0) {
		code = exits_code(errno);
		say("%s: %s", *args, strerror(errno));
	}
	json_decref(status);
	return code;
}

/* ---- list, export ---- */

static void
print_entry(const struct listing_entry *e)
{
	char when[WHEN_SIZE];
	char net[NET_STRLEN];

	printf("%s\t%s\t%s\t%s\n", net_format(&e->net, net),
	    e->until == 0 ? "for ever" : when_format(e->until, when),
	    e->known ? e->rule : "-", *e->reply != 0 ? e->reply : "-");
}

static void
print_entry_json(const struct listing_entry *e)
{
	char net[NET_STRLEN];
	json_t *object = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "ip",
	    net_format(&e->net, net), "source",
	    source_name(e->in_set ? SOURCE_IPSET : SOURCE_RECENT), "until",
	    e->until == 0 ? json_null() : json_integer(e->until), "since",
	    e->known ? json_integer(e->since) : json_null(), "rule",
	    e->known ? report_text(e->rule) : json_null(), "reply",
	    *e->reply != 0 ? json_string(e->reply) : json_null());

	(void)json_dumpf(object, stdout, JSON_COMPACT);
	json_decref(object);
}

static void
print_list(const struct listing *l)
{
	struct listing_entry e;

	for (size_t i = 0; i < l->n; i++) {
		listing_nth(l, i, &e);
		print_entry(&e);
	}
}

/* One at a time, since there may be a million. */
static void
print_list_json(const struct listing *l)
{
	struct listing_entry e;

	putchar('[');
	for (size_t i = 0; i < l->n; i++) {
		listing_nth(l, i, &e);
		fputs(i == 0 ? "\n" : ",\n", stdout);
		print_entry_json(&e);
	}
	puts("\n]");
}

static void
print_zone(const struct listing *l)
{
	rbldnsdzone_write(stdout, l);
}

/* recent.cdb is up to 2 s old, or more; where we may, have it written now. */
static void
save_first(const struct options *o)
{
	const struct request r = {.command = REQUEST_SAVE};
	struct ask ask;

	/* it hangs, or its disk is slow */
	if (ask_feed(o->statedir, &r, &ask) == ASK_ERROR && errno == ETIMEDOUT)
		say("the feed does not answer within %d s; so this is what it "
		    "saved before",
		    ASK_READ_S);
	json_decref(ask.answer);
}

static int
with_listing(const struct options *o, void (*print)(const struct listing *))
{
	bool forbidden = may_not_read_sets(o);
	struct sets *hosts = forbidden ? NULL : open_sets(o);
	struct listing l;
	struct state state;
	const char *wrong;
	int code;

	save_first(o);
	wrong = load(o, &state);
	code = exits_code(errno);
	if (forbidden)
		say("no right to read the kernel sets (cap_net_admin); so this "
		    "is what recent.cdb has");
	if (wrong != NULL) {
		say("%s: %s", o->recent, wrong);
	} else if (listing_open(&l, &state, hosts, time(NULL)) != 0) {
		code = EXIT_SYSTEM;
		say("%s", strerror(errno));
	} else {
		print(&l);
		listing_close(&l);
		code = 0;
	}
	state_free(&state);
	sets_free(hosts);
	return code;
}

static int
do_list(const struct options *o, char **args)
{
	(void)args;
	return with_listing(o, o->json ? print_list_json : print_list);
}

static int
do_export(const struct options *o, char **args)
{
	if (strcmp(*args, "rbldnsd") != 0)
		die_usage("export: '%s' is no format; there is rbldnsd", *args);
	return with_listing(o, print_zone);
}

/* ---- one address ---- */

static struct addr
address(const char *text)
{
	struct addr a;

	if (addr_parse(text, strlen(text), &a) != 0)
		die_usage("'%s' is no IP address", text);
	return a;
}

static int
do_test(const struct options *o, char **args)
{
	const struct inspect_sources from = {
	    .local = o->local,
	    .recent = o->recent,
	    .set4 = o->set4,
	    .set6 = o->set6,
	    .statedir = o->statedir,
	};
	struct addr a = address(*args);
	json_t *found = inspect_address(&from, &a);

	if (o->json)
		print_json(found);
	else
		inspect_show(stdout, found);
	json_decref(found);
	return 0;
}

/* The words, with blanks between them. */
static void
join(char *to, size_t size, char **words)
{
	size_t len = 0;

	*to = 0;
	for (; *words != NULL && len < size; words++)
		len += (size_t)snprintf(
		    to + len, size - len, "%s%s", len == 0 ? "" : " ", *words);
}

/* Reads what options there are, behind the word args[-1]; returns the rest. */
static char **
add_options(char **args, uint32_t *seconds)
{
	const struct usage_option options[] = {
	    {'t', .number = seconds, .parse = timespan_parse,
		.wants = "a time such as 2h or 3d, up to 366d"}};

	return command_options("add", options, 1, true, args - 1);
}

/* Has the feed change something, and says with print what it answers. */
static int
change(const struct options *o, const struct request *r,
    void (*print)(const json_t *answer, const struct request *r))
{
	int code;
	json_t *answer = tell_feed(o, r, &code);

	if (answer != NULL && o->json)
		print_json(answer);
	else if (answer != NULL)
		print(answer, r);
	json_decref(answer);
	return code;
}

static void
print_added(const json_t *answer, const struct request *r)
{
	char until[WHEN_SIZE];

	printf("%s is refused until %s: %s\n", jsonget_string(answer, "banned"),
	    when_format(jsonget_integer(answer, "until"), until), r->reply);
}

static int
do_add(const struct options *o, char **args)
{
	struct request r = {.command = REQUEST_ADD, .seconds = ADD_DEFAULT_S};
	char text[REPLY_SIZE] = ADD_DEFAULT_TEXT;

	args = add_options(args, &r.seconds);
	if (*args == NULL)
		die_usage("add wants an IP");
	r.ip = address(*args++);
	args = add_options(args, &r.seconds);
	if (*args != NULL && args[1] == NULL &&
	    timespan_parse(*args, &r.seconds) == 0)
		die_usage("add: '%s' is a time, not a text for the client: "
			  "-t %s",
		    *args, *args);
	if (*args != NULL)
		join(text, sizeof text, args);
	reply_make(r.reply, REPLY_DEFER, text, strlen(text));
	return change(o, &r, print_added);
}

static void
print_lifted(const json_t *answer, const struct request *r)
{
	(void)r;
	printf("%s %s\n", jsonget_string(answer, "lifted"),
	    json_is_true(json_object_get(answer, "was_banned"))
		? "is no longer banned; if a list refuses it again, it is "
		  "banned again"
		: "was not banned");
}

static int
do_del(const struct options *o, char **args)
{
	struct request r = {.command = REQUEST_DEL};

	r.ip = address(*args);
	return change(o, &r, print_lifted);
}

/* ---- many ---- */

static void
print_number_lifted(const json_t *answer, const struct request *r)
{
	(void)r;
	printf("bans lifted: %lld\n",
	    (long long)jsonget_integer(answer, "lifted"));
}

static int
do_flush(const struct options *o, char **args)
{
	const struct request r = {.command = REQUEST_FLUSH};

	(void)args;
	return change(o, &r, print_number_lifted);
}

static int
do_forget(const struct options *o, char **args)
{
	struct request r = {.command = REQUEST_FORGET};
	char when[64];

	if (strlen(*args) >= sizeof r.rule || **args == 0)
		die_usage("forget: '%s' is no name of a rule", *args);
	snprintf(r.rule, sizeof r.rule, "%s", *args++);
	if (*args != NULL) {
		if (strcmp(*args, "since") != 0 || args[1] == NULL)
			die_usage("forget wants RULE [since TIME]");
		join(when, sizeof when, args + 1);
		if (when_parse(when, time(NULL), &r.since) != 0)
			die_usage("forget: '%s' is no time such as 14:00, 2h "
				  "or 2026-11-25 14:00",
			    when);
	}
	return change(o, &r, print_number_lifted);
}

/* ---- replay ---- */

/* The pass time; the rest goes to from, the rules into its list. */
static uint32_t
replay_options(
    struct replaylog_sources *from, const char *rules[RULES_MAX], char **args)
{
	uint32_t pass_s = PASS_DEFAULT_S;
	const struct usage_option options[] = {
	    {'c', .text = rules, .n = &from->rules_n, .max = RULES_MAX},
	    {'p', .number = &pass_s, .parse = timespan_parse,
		.wants = "a time such as 15m"},
	};

	args = command_options("replay", options, 2, false, args - 1);
	if (count_words(args) != 1)
		die_usage("replay wants one log");
	from->log = *args;
	return pass_s;
}

/* The exit status when there is nothing to be said of a log, after saying so.
 */
static int
refuse_log(const struct replaylog_sources *from, const struct replay_counts *n)
{
	const char *log = strcmp(from->log, "-") == 0 ? "stdin" : from->log;
	char wanted[RULES_WANTED_SIZE];

	if (n->connections > 0)
		say("%s: no line has a time, so replay cannot tell how soon "
		    "a host comes again",
		    log);
	else if (n->local > 0)
		say("%s: your own rules decided on all %llu connections", log,
		    (unsigned long long)n->local);
	else
		say("%s: no connection in %llu lines; it should have lines of "
		    "tcpserver -v (\"tcpserver: pid N from IP\") or %s",
		    log, (unsigned long long)n->lines,
		    rules_wanted(from->rules, from->rules_n, wanted));
	return EXIT_USAGE;
}

static int
do_replay(const struct options *o, char **args)
{
	const char *rules[RULES_MAX] = {PATHS_RULES};
	struct replaylog_sources from = {.rules = rules, .local = o->local};
	uint32_t pass_s = replay_options(&from, rules, args);
	char warning[RULES_ERROR_SIZE];
	char error[REPLAYLOG_ERROR_SIZE];
	struct replay_counts n;
	int code;

	if (from.rules_n == 0)
		from.rules_n = 1; /* the default */
	code = replaylog_count(&from, pass_s, &n, warning, error) == 0
		   ? 0
		   : exits_code(errno);
	if (*warning != 0)
		say("WARNING: %s", warning);
	if (code != 0) {
		say("%s", error);
		return code;
	}
	if (n.unstamped == n.connections)
		return refuse_log(&from, &n);
	if (o->json) {
		json_t *report = replayshow_report(&n);

		print_json(report);
		json_decref(report);
	} else {
		replayshow_show(stdout, &n);
	}
	return 0;
}

/* ---- the commands ---- */

static int do_help(const struct options *o, char **args);

static const struct command {
	const char *name;
	const char *args;
	const char *what;
	const char *options; /* its own, a line each; NULL: it has none */
	int (*run)(const struct options *, char **);
	int least, most; /* arguments */
} commands[] = {
    {"status", "", "is all well? exits 0 to 3, like a plugin", NULL, do_status,
	0, 0},
    {"list", "", "the hosts that are banned", NULL, do_list, 0, 0},
    {"test", "IP", "what would the hook answer, and why?", NULL, do_test, 1, 1},
    {"add", "IP [-t TIME] [TEXT]", "ban a host, and tell it TEXT",
	"  -t TIME        how long: 90, 10m, 4h, 3d, 2w, at most 24d (1d)\n",
	do_add, 1, INT_MAX},
    {"del", "IP", "lift a ban", NULL, do_del, 1, 1},
    {"flush", "", "lift all bans", NULL, do_flush, 0, 0},
    {"forget", "RULE [since TIME]", "lift the bans of a rule (since 14:00)",
	NULL, do_forget, 1, INT_MAX},
    {"metrics", "[DIR]", "the status for Prometheus; to DIR/rblcache.prom",
	NULL, do_metrics, 0, 1},
    {"export", "rbldnsd", "the bans as a zone file", NULL, do_export, 1, 1},
    {"replay", "[-c RULES] ... [-p TIME] LOG|-",
	"what the cache would have saved",
	"  -c RULES       a rule file, or a directory of them (" PATHS_RULES
	")\n"
	"  -p TIME        how long a pass holds (15m)\n",
	do_replay, 1, INT_MAX},
    {"help", "[COMMAND]", "print this, or how a command is used", NULL, do_help,
	0, 1},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	die_usage("'%s' is no command", name);
}

static int
help(void)
{
	fputs("usage: rblcachectl [-j] [-d STATEDIR] [-l local.cdb] [-s set4] "
	      "[-S set6]\n"
	      "                   COMMAND\n",
	    stdout);
	for (size_t i = 0; i < COMMANDS; i++) {
		char form[64];

		snprintf(form, sizeof form, "%s %s", commands[i].name,
		    commands[i].args);
		printf("  %-25s  %s\n", form, commands[i].what);
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].options != NULL)
			printf("Options of %s:\n%s", commands[i].name,
			    commands[i].options);
	return usage_print(
	    "Options before the command:\n"
	    "  -d STATEDIR    the state directory of the feed (" PATHS_STATEDIR
	    ")\n"
	    "  -h, --help     print this\n"
	    "  -j             answer in JSON\n"
	    "  -l local.cdb   your own rules (" PATHS_LOCAL_CDB ")\n"
	    "  -s set4        the kernel set of IPv4 hosts (" PATHS_SET4 ")\n"
	    "  -S set6        the kernel set of IPv6 networks (" PATHS_SET6
	    ")\n"
	    "  -V, --version  print the version\n"
	    "See rblcachectl(8).\n");
}

static int
help_command(const struct command *c)
{
	printf("usage: rblcachectl [options] %s%s%s\n  %s\n", c->name,
	    *c->args == 0 ? "" : " ", c->args, c->what);
	return usage_print(c->options == NULL ? "" : c->options);
}

static int
do_help(const struct options *o, char **args)
{
	(void)o;
	return *args == NULL ? help() : help_command(find_command(*args));
}

static void
read_options(struct options *o, int argc, char **argv)
{
	const struct usage_option options[] = {
	    {'j', .flag = &o->json},
	    {'d', .text = &o->statedir},
	    {'l', .text = &o->local},
	    {'s', .text = &o->set4, SETTEST_OPTION},
	    {'S', .text = &o->set6, SETTEST_OPTION},
	};
	const struct usage u = {"rblcachectl", options,
	    sizeof options / sizeof *options, .help = help, .in_order = true};
	int code;

	*o = (struct options){
	    .statedir = PATHS_STATEDIR,
	    .local = PATHS_LOCAL_CDB,
	    .set4 = PATHS_SET4,
	    .set6 = PATHS_SET6,
	};
	code = usage_read(&u, argc, argv);
	if (code != USAGE_GO_ON)
		exit(code);
	if (snprintf(o->recent, sizeof o->recent, "%s/%s", o->statedir,
		PATHS_RECENT_NAME) >= (int)sizeof o->recent)
		die_usage("%s: %s", o->statedir, strerror(ENAMETOOLONG));
}

static int
run(const struct options *o, char **words)
{
	const struct command *c;
	int n;

	if (*words == NULL)
		die_usage("a command is missing");
	c = find_command(*words);
	if (words[1] != NULL &&
	    (strcmp(words[1], "-h") == 0 || strcmp(words[1], "--help") == 0))
		return help_command(c);
	words = c->options == NULL
		    ? command_options(*words, NULL, 0, false, words)
		    : words + 1;
	n = count_words(words);
	if (n > 0 && c->most == 0)
		die_usage("%s takes no arguments", c->name);
	if (n < c->least || n > c->most)
		die_usage("%s wants %s", c->name, c->args);
	return c->run(o, words);
}

int
main(int argc, char **argv)
{
	struct options o;
	int code;

	read_options(&o, argc, argv);
	code = run(&o, argv + optind);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say("standard output: %s", strerror(errno));
		return EXIT_SYSTEM;
	}
	return code;
}
