/*
 * rblcache-feed: the log reader.
 *
 *	log files -> follow -> decide (stamp, rules, addr, guard) -> bans
 *	-> sets (kernel), checkpoint (recent.cdb)
 *
 * The log is the journal: bans depend on the lines and their stamps, and the
 * checkpoint says how far they were read, so that a feed that was killed at
 * any moment goes on as if it had not been.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allowlist.h"
#include "bans.h"
#include "checkpoint.h"
#include "decide.h"
#include "follow.h"
#include "livesets.h"
#include "paths.h"
#include "rules.h"
#include "sets.h"
#include "settest.h"

enum { EXIT_USAGE = 100, EXIT_SYSTEM = 111 };

#define LOGS_MAX 32
#define RULES_MAX 64
#define FUTURE_S 60
#define LOCK_TRIES 50	   /* at 10 ms */
#define LINES_A_ROUND 4096 /* then the others get their turn */

/* milliseconds */
#define CHECKPOINT_DELAY 200	 /* after the first change */
#define CHECKPOINT_INTERVAL 2000 /* and at least from one to the next */
#define CHECKPOINT_SHARE 100	 /* or this many times what the last one cost */
#define LOOK_INTERVAL 1000	 /* at logs, for file systems without inotify */

static const char usage[] =
    "usage: rblcache-feed [-1v] [-c RULES] ... [-d STATEDIR] "
    "[-l local.cdb]\n"
    "                     [-s set4] [-S set6] LOG ...\n"
    "       rblcache-feed -n [-c RULES] ... [-l local.cdb] LOG|-\n";

struct options {
	bool once;    /* -1 */
	bool dry_run; /* -n */
	bool verbose; /* -v */
	const char *rules[RULES_MAX];
	size_t rules_n;
	const char *statedir, *local, *set4, *set6;
	char **logs;
	size_t logs_n;
};

struct log {
	struct follow *follow;
	bool ended;
	bool missed; /* and not yet told, for want of a time */
	int error;   /* the last one told; 0 */
};

struct feed {
	struct options o;
	struct rules *rules;
	struct allowlist allowlist;
	struct bans *bans;
	struct sets *sets;
	struct livesets live;
	struct log logs[LOGS_MAX];
	struct checkpoint_log marks[LOGS_MAX];
	char recent[PATH_MAX];
	int signals;
	int64_t clock_s; /* of the newest line */

	bool stop;
	bool dirty;
	int64_t dirty_ms, saved_ms, save_interval_ms;
	int save_error; /* the last one told; 0 */
	pid_t saver;	/* the child that writes the checkpoint; 0 */
};

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rblcache-feed: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
}

static void
tell(const char *message)
{
	if (message != NULL)
		say("%s", message);
}

__attribute__((noreturn, format(printf, 2, 3))) static void
die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rblcache-feed: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	exit(code);
}

/* 100 for what the caller named wrongly, 111 for what the system refuses. */
static int
exit_code(int error)
{
	switch (error) {
	case EINVAL:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case EACCES:
	case EPERM:
	case EROFS:
	case ENAMETOOLONG:
	case ELOOP:
		return EXIT_USAGE;
	default:
		return EXIT_SYSTEM;
	}
}

static int64_t
clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

/* ---- options ---- */

__attribute__((noreturn, format(printf, 1, 2))) static void
die_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rblcache-feed: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	fputs(usage, stderr);
	va_end(args);
	exit(EXIT_USAGE);
}

static const char *
set_option(int letter, const char *name)
{
	if (*name != 0 && !settest_name_ok(name))
		die_usage("option -%c: '%s' is no name of a set", letter, name);
	return name;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){
	    .statedir = PATHS_STATEDIR,
	    .local = PATHS_LOCAL_CDB,
	    .set4 = PATHS_SET4,
	    .set6 = PATHS_SET6,
	};
	opterr = 0;
	while ((c = getopt(argc, argv, "+:1hnvc:d:l:s:S:")) != -1) {
		switch (c) {
		case '1':
			o->once = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(fflush(stdout) == 0 ? 0 : EXIT_SYSTEM);
		case 'n':
			o->dry_run = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'c':
			if (o->rules_n == RULES_MAX)
				die_usage("more than %d -c", RULES_MAX);
			o->rules[o->rules_n++] = optarg;
			break;
		case 'd':
			o->statedir = optarg;
			break;
		case 'l':
			o->local = optarg;
			break;
		case 's':
		case 'S':
			*(c == 's' ? &o->set4 : &o->set6) =
			    set_option(c, optarg);
			break;
		case ':':
			die_usage("option -%c needs an argument", optopt);
		default:
			die_usage("unknown option -%c", optopt);
		}
	}
	if (o->rules_n == 0)
		o->rules[o->rules_n++] = PATHS_RULES;
	o->logs = argv + optind;
	o->logs_n = (size_t)(argc - optind);
	if (o->logs_n == 0)
		die_usage("no log to read");
	if (o->logs_n > LOGS_MAX)
		die_usage("more than %d logs", LOGS_MAX);
}

/* ---- checkpoint ---- */

static void
mark_dirty(struct feed *f)
{
	if (!f->dirty)
		f->dirty_ms = now_ms();
	f->dirty = true;
}

/* Brings bans and places into the state that is to be saved. */
static void
prepare_save(struct feed *f)
{
	bans_expire(f->bans, f->clock_s);
	for (size_t i = 0; i < f->o.logs_n; i++)
		f->marks[i].has_place =
		    follow_place(f->logs[i].follow, &f->marks[i].place);
	f->dirty = false;
}

static int
write_checkpoint(const struct feed *f)
{
	return checkpoint_save(f->recent, f->bans, f->marks, f->o.logs_n);
}

static void
saved(struct feed *f, int error)
{
	if (error == 0 && f->save_error != 0)
		say("%s: written again", f->recent);
	if (error != 0 && f->save_error != error)
		say("%s: %s; the old one stays", f->recent, strerror(error));
	f->save_error = error;
	if (error != 0)
		mark_dirty(f);
	f->saved_ms = now_ms();
}

/*
 * Saves in a child, which has the state as of now, since the disk may take
 * longer than a busy log keeps its files. The child ends with the feed, however
 * that ends, and holds its lock until then.
 */
static void
start_save(struct feed *f)
{
	pid_t feed = getpid();

	if (f->saver != 0)
		return;
	prepare_save(f);
	f->saver = fork();
	if (f->saver == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != feed)
			_exit(0);
		_exit(write_checkpoint(f) == 0 ? 0 : errno);
	}
	if (f->saver < 0) {
		f->saver = 0;
		saved(f, errno);
	}
}

static void
end_save(struct feed *f, int flags)
{
	struct rusage used;
	int64_t cpu_ms;
	int status;

	if (f->saver == 0 || wait4(f->saver, &status, flags, &used) <= 0)
		return;
	f->saver = 0;
	saved(f, WIFEXITED(status) ? WEXITSTATUS(status) : EIO);
	/* one percent of the processor at most, however many bans there are */
	cpu_ms = (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
		 (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	f->save_interval_ms = cpu_ms * CHECKPOINT_SHARE > CHECKPOINT_INTERVAL
				  ? cpu_ms * CHECKPOINT_SHARE
				  : CHECKPOINT_INTERVAL;
}

/* The last one: waits for it. */
static void
save_now(struct feed *f)
{
	end_save(f, 0);
	prepare_save(f);
	saved(f, write_checkpoint(f) == 0 ? 0 : errno);
}

static int64_t
save_due_ms(const struct feed *f)
{
	int64_t soon = f->dirty_ms + CHECKPOINT_DELAY;
	int64_t next = f->saved_ms + f->save_interval_ms;

	return soon > next ? soon : next;
}

static void
load(struct feed *f)
{
	f->bans = bans_new(BANS_MAX);
	if (f->bans == NULL)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	switch (checkpoint_load(f->recent, f->bans, f->marks, f->o.logs_n)) {
	case CHECKPOINT_LOADED:
		say("%s: bans: %zu", f->recent, bans_count(f->bans));
		return;
	case CHECKPOINT_ABSENT:
		return;
	case CHECKPOINT_DAMAGED:
		say("%s is damaged; starting from the logs", f->recent);
		break;
	case CHECKPOINT_ERROR:
		die(exit_code(errno), "%s: %s", f->recent, strerror(errno));
	}
	bans_free(f->bans);
	f->bans = bans_new(BANS_MAX);
	if (f->bans == NULL)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	for (size_t i = 0; i < f->o.logs_n; i++)
		f->marks[i].has_place = false;
}

/* ---- lines ---- */

static void
format_time(int64_t t, char buf[32])
{
	time_t seconds = (time_t)t;
	struct tm tm;

	strftime(buf, 32, "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &tm));
}

static void
tell_missed(struct feed *f, size_t i, int64_t until_s)
{
	char from[32] = "its start";
	char to[32];

	if (f->marks[i].time_s != 0)
		format_time(f->marks[i].time_s, from);
	format_time(until_s, to);
	say("%s: files were gone before they could be read; lines from %s "
	    "to %s are missing",
	    f->o.logs[i], from, to);
	f->logs[i].missed = false;
}

static void
ban(struct feed *f, const struct decision *d)
{
	struct recent_ban entry = {
	    .ip = d->ip, .since = d->time, .until = d->time + d->ban_s};

	snprintf(entry.rule, sizeof entry.rule, "%s", d->rule->name);
	memcpy(entry.reply, d->reply, sizeof entry.reply);
	if (bans_put(f->bans, &entry) != 0) {
		say("%s", strerror(errno));
		return;
	}
	livesets_add(&f->live, &entry, time(NULL));
}

static void
take_line(struct feed *f, size_t i, const struct follow_line *line)
{
	struct decision d;
	int64_t now = time(NULL);

	decide_line(&d, f->rules, &f->allowlist.guard, line->text, line->len,
	    line->written_s);
	/*
	 * A stamp from the future would end other bans too early. A little is
	 * normal (s6-log is 27 s ahead, time() some ms behind), and what is
	 * taken as it stands is the same however often it is read.
	 */
	if (d.time > now + FUTURE_S)
		d.time = now;
	if (f->logs[i].missed)
		tell_missed(f, i, d.time);
	f->marks[i].time_s = d.time;
	if (d.time > f->clock_s)
		f->clock_s = d.time;
	if (d.kind == DECIDE_NOTHING) {
		if (d.rule != NULL && d.rule->gave_up == 1)
			say("[%s]: a pattern takes too many steps; such lines "
			    "ban nobody",
			    d.rule->name);
		return;
	}
	if (f->o.verbose) {
		char text[DECIDE_TEXT_SIZE];

		say("%s", decide_format(&d, text));
	}
	if (d.kind == DECIDE_BAN)
		ban(f, &d);
}

static void
log_failed(struct feed *f, size_t i)
{
	if (f->logs[i].error != errno)
		say("%s: %s", f->o.logs[i], strerror(errno));
	f->logs[i].error = errno;
}

/* Reads some lines. Whether there are more to read at once. */
static bool
read_log(struct feed *f, size_t i)
{
	struct log *log = &f->logs[i];
	struct follow_line line;

	for (int n = 0; !log->ended && n < LINES_A_ROUND; n++) {
		enum follow_answer answer = follow_line(log->follow, &line);

		log->missed |= follow_missed(log->follow);
		switch (answer) {
		case FOLLOW_LINE:
			log->error = 0;
			mark_dirty(f);
			take_line(f, i, &line);
			break;
		case FOLLOW_WAIT:
			return false;
		case FOLLOW_END:
			if (follow_rest(log->follow, &line) == FOLLOW_LINE) {
				mark_dirty(f);
				take_line(f, i, &line);
			}
			log->ended = true;
			break;
		case FOLLOW_ERROR:
			log_failed(f, i);
			return false;
		}
	}
	return !log->ended;
}

static bool
read_logs(struct feed *f)
{
	bool more = false;

	allowlist_refresh(&f->allowlist);
	for (size_t i = 0; i < f->o.logs_n; i++)
		more |= read_log(f, i);
	return more;
}

static bool
all_ended(const struct feed *f)
{
	for (size_t i = 0; i < f->o.logs_n; i++)
		if (!f->logs[i].ended)
			return false;
	return true;
}

/* ---- signals and waiting ---- */

static void
reload(struct feed *f)
{
	char error[RULES_ERROR_SIZE];
	struct rules *rules = rules_load(f->o.rules, f->o.rules_n, error);

	allowlist_read_addresses(&f->allowlist);
	if (rules == NULL) {
		say("%s; the old rules stay", error);
		return;
	}
	rules_free(f->rules);
	f->rules = rules;
	say("rules loaded again");
}

static void
take_signals(struct feed *f)
{
	struct signalfd_siginfo info;

	while (read(f->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGHUP)
			reload(f);
		else if (info.ssi_signo == SIGCHLD)
			end_save(f, WNOHANG);
		else
			f->stop = true;
	}
}

static void
open_signals(struct feed *f)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	f->signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (f->signals < 0)
		die(EXIT_SYSTEM, "signalfd: %s", strerror(errno));
}

static void
wait_for_more(struct feed *f)
{
	struct pollfd fds[LOGS_MAX + 1] = {{f->signals, POLLIN, 0}};
	int64_t timeout = LOOK_INTERVAL;
	nfds_t n = 1;

	for (size_t i = 0; i < f->o.logs_n; i++)
		if (!f->logs[i].ended)
			fds[n++] = (struct pollfd){
			    follow_fd(f->logs[i].follow), POLLIN, 0};
	if (f->dirty && f->saver == 0) {
		int64_t due = save_due_ms(f) - now_ms();

		if (due < timeout)
			timeout = due < 0 ? 0 : due;
	}
	if (poll(fds, n, (int)timeout) > 0)
		for (size_t i = 0; i < f->o.logs_n; i++)
			follow_wake(f->logs[i].follow);
}

static void
run(struct feed *f)
{
	bool more = true;

	for (;;) {
		take_signals(f);
		if (f->stop)
			break;
		more = read_logs(f);
		tell(livesets_flush(&f->live, time(NULL), now_ms()));
		tell(allowlist_trouble(&f->allowlist));
		if (f->dirty && now_ms() >= save_due_ms(f))
			start_save(f);
		if (more)
			continue;
		if (f->o.once || all_ended(f))
			break;
		wait_for_more(f);
	}
	tell(livesets_flush(&f->live, time(NULL), now_ms()));
	save_now(f);
}

/* ---- start ---- */

static void
lock_statedir(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%s/lock", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		die(exit_code(errno), "%s: %s", path, strerror(errno));
	if (access(dir, W_OK) != 0)
		die(exit_code(errno), "%s: %s", dir, strerror(errno));
	/* one that was killed leaves a child that is about to end */
	for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK)
			die(EXIT_SYSTEM, "%s: %s", path, strerror(errno));
		if (tries == LOCK_TRIES)
			die(EXIT_SYSTEM, "%s: another rblcache-feed is at work",
			    path);
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	}
	/* stays open, and so locked, until the process ends */
}

static void
open_logs(struct feed *f)
{
	for (size_t i = 0; i < f->o.logs_n; i++) {
		const struct checkpoint_log *mark = &f->marks[i];

		f->logs[i].follow = follow_open(
		    f->o.logs[i], mark->has_place ? &mark->place : NULL);
		if (f->logs[i].follow == NULL)
			die(exit_code(errno), "%s: %s", f->o.logs[i],
			    strerror(errno));
	}
}

static void
name_logs(struct feed *f)
{
	for (size_t i = 0; i < f->o.logs_n; i++) {
		const char *path = f->o.logs[i];

		if (strcmp(path, "-") == 0)
			continue;
		if (realpath(path, f->marks[i].path) == NULL)
			die(exit_code(errno), "%s: %s", path, strerror(errno));
	}
}

static void
start(struct feed *f)
{
	int n = snprintf(f->recent, sizeof f->recent, "%s/%s", f->o.statedir,
	    PATHS_RECENT_NAME);

	if (n < 0 || (size_t)n >= sizeof f->recent)
		die(EXIT_USAGE, "%s: %s", f->o.statedir,
		    strerror(ENAMETOOLONG));
	name_logs(f);
	lock_statedir(f->o.statedir);
	load(f);
	open_logs(f);
	f->sets = sets_new(f->o.set4, f->o.set6);
	if (f->sets == NULL)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	f->save_interval_ms = CHECKPOINT_INTERVAL;
	f->saved_ms = now_ms() - CHECKPOINT_INTERVAL;
	open_signals(f);
	tell(livesets_start(&f->live, f->sets,
	    *f->o.set4 == 0 && *f->o.set6 == 0, f->bans, time(NULL), now_ms()));
}

/* -n: prints what each line would do, and touches nothing. */
static int
print_decisions(struct feed *f)
{
	open_logs(f);
	allowlist_refresh(&f->allowlist);
	for (size_t i = 0; i < f->o.logs_n; i++) {
		struct follow *follow = f->logs[i].follow;
		struct follow_line line;
		enum follow_answer answer;

		for (;;) {
			char text[DECIDE_TEXT_SIZE];
			struct decision d;

			answer = follow_line(follow, &line);
			if (answer == FOLLOW_WAIT &&
			    !follow_place(follow, &f->marks[i].place)) {
				struct pollfd p = {
				    follow_fd(follow), POLLIN, 0};

				(void)poll(&p, 1, -1);
				continue;
			}
			if (answer == FOLLOW_WAIT || answer == FOLLOW_END)
				answer = follow_rest(follow, &line);
			if (answer == FOLLOW_END)
				break;
			if (answer == FOLLOW_ERROR)
				die(exit_code(errno), "%s: %s", f->o.logs[i],
				    strerror(errno));
			decide_line(&d, f->rules, &f->allowlist.guard,
			    line.text, line.len, line.written_s);
			if (d.kind != DECIDE_NOTHING)
				puts(decide_format(&d, text));
		}
	}
	return fflush(stdout) == 0 ? 0 : EXIT_SYSTEM;
}

static void
finish(struct feed *f)
{
	for (size_t i = 0; i < f->o.logs_n; i++)
		follow_close(f->logs[i].follow);
	sets_free(f->sets);
	bans_free(f->bans);
	rules_free(f->rules);
	allowlist_close(&f->allowlist);
}

int
main(int argc, char **argv)
{
	static struct feed f;
	char error[RULES_ERROR_SIZE];
	int code = 0;

	setvbuf(stderr, NULL, _IOLBF, 0);
	read_options(&f.o, argc, argv);
	f.rules = rules_load(f.o.rules, f.o.rules_n, error);
	if (f.rules == NULL)
		die(exit_code(errno), "%s", error);
	allowlist_open(&f.allowlist, f.o.local);
	if (f.o.dry_run) {
		code = print_decisions(&f);
	} else {
		start(&f);
		run(&f);
	}
	finish(&f);
	return code;
}
