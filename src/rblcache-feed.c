/*
 * rblcache-feed: the log reader.
 *
 *	log files -> follow -> decide (stamp, rules, addr, guard)
 *	-> state (seen, count, cap, again, bans)
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
#include "checkpoint.h"
#include "decide.h"
#include "follow.h"
#include "livesets.h"
#include "paths.h"
#include "rules.h"
#include "settest.h"
#include "state.h"

enum { EXIT_USAGE = 100, EXIT_SYSTEM = 111 };

#define LOGS_MAX 32
#define RULES_MAX 64
#define FUTURE_S 60
#define LOCK_TRIES 50 /* at 10 ms */
#define CAP_DEFAULT 1000
#define OUTPUT_BYTES 65536
#define LINES_A_ROUND 4096 /* then the others get their turn */

/* milliseconds */
#define CHECKPOINT_DELAY 200	 /* after the first change */
#define CHECKPOINT_INTERVAL 2000 /* and at least from one to the next */
#define CHECKPOINT_SHARE 200	 /* or this many times what the last one cost */
#define LOOK_INTERVAL 1000	 /* at logs, for file systems without inotify */

static const char usage[] =
    "usage: rblcache-feed [-1pv] [-c RULES] ... [-d STATEDIR] "
    "[-l local.cdb]\n"
    "                     [-m MAX] [-s set4] [-S set6] LOG ...\n"
    "       rblcache-feed -n [-p] [-c RULES] ... [-l local.cdb] [-m MAX] "
    "LOG|-\n";

struct options {
	bool once;    /* -1 */
	bool dry_run; /* -n */
	bool private; /* -p */
	bool verbose; /* -v */
	uint32_t cap; /* -m: bans a minute; 0: any number */
	const char *rules[RULES_MAX];
	size_t rules_n;
	const char *statedir, *local, *set4, *set6;
	char **logs;
	size_t logs_n;
};

struct log {
	struct follow *follow;
	bool ended;
	bool missed;	       /* and not yet told, for want of a time */
	int64_t capped_minute; /* the last one told */
	int error;	       /* the last one told; 0 */
};

struct feed {
	struct options o;
	struct rules *rules;
	struct allowlist allowlist;
	struct state state;
	struct livesets live;
	struct log logs[LOGS_MAX];
	struct state_log marks[LOGS_MAX];
	char recent[PATH_MAX];
	int signals;

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

static uint32_t
cap_option(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != 0 || n > UINT32_MAX)
		die_usage(
		    "option -m: '%s' is no number of bans a minute", text);
	return (uint32_t)n;
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
	    .cap = CAP_DEFAULT,
	};
	opterr = 0;
	while ((c = getopt(argc, argv, "+:1hnpvc:d:l:m:s:S:")) != -1) {
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
		case 'p':
			o->private = true;
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
		case 'm':
			o->cap = cap_option(optarg);
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

/* Brings state and places into the state that is to be saved. */
static void
prepare_save(struct feed *f)
{
	for (size_t i = 0; i < f->o.logs_n; i++)
		f->marks[i].has_place =
		    follow_place(f->logs[i].follow, &f->marks[i].place);
	state_expire(&f->state, f->marks, f->o.logs_n);
	f->dirty = false;
}

static int
write_checkpoint(const struct feed *f)
{
	return checkpoint_save(f->recent, &f->state, f->marks, f->o.logs_n);
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
	/* below one percent of the processor, however many bans there are */
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
make_state(struct feed *f)
{
	state_free(&f->state);
	if (state_new(&f->state) != 0)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	for (size_t i = 0; i < f->o.logs_n; i++) {
		char path[PATH_MAX] = "";

		if (strcmp(f->o.logs[i], "-") != 0 &&
		    realpath(f->o.logs[i], path) == NULL)
			die(exit_code(errno), "%s: %s", f->o.logs[i],
			    strerror(errno));
		f->marks[i] = (struct state_log){0};
		state_name_log(&f->marks[i], path);
	}
}

static enum checkpoint_answer
load_from(struct feed *f, const char *path, const char *instead)
{
	enum checkpoint_answer answer =
	    checkpoint_load(path, &f->state, f->marks, f->o.logs_n);

	switch (answer) {
	case CHECKPOINT_LOADED:
		say("%s: bans: %zu", path, bans_count(f->state.bans));
		break;
	case CHECKPOINT_ABSENT:
		break;
	case CHECKPOINT_DAMAGED:
		say("%s is damaged; starting from %s", path, instead);
		make_state(f);
		break;
	case CHECKPOINT_ERROR:
		die(exit_code(errno), "%s: %s", path, strerror(errno));
	}
	return answer;
}

static void
load(struct feed *f)
{
	char old[PATH_MAX + sizeof CHECKPOINT_OLD];

	snprintf(old, sizeof old, "%s%s", f->recent, CHECKPOINT_OLD);
	if (load_from(f, f->recent, old) != CHECKPOINT_LOADED)
		(void)load_from(f, old, "the logs");
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
	if (bans_put(f->state.bans, &entry) != 0) {
		say("%s", strerror(errno));
		return;
	}
	livesets_add(&f->live, &entry, time(NULL));
}

static void
tell_capped(struct feed *f, size_t i)
{
	char minute[32];

	if (f->logs[i].capped_minute == f->marks[i].minute)
		return;
	f->logs[i].capped_minute = f->marks[i].minute;
	format_time(f->marks[i].minute * 60, minute);
	say("%s: more than %lu bans in the minute from %s; the others are "
	    "left out",
	    f->o.logs[i], (unsigned long)f->o.cap, minute);
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
	if (state_take(&f->state, &f->marks[i], &d, f->o.cap) != 0) {
		say("%s", strerror(errno));
		return;
	}
	if (d.kind == DECIDE_NOTHING) {
		if (d.rule != NULL && d.rule->gave_up == 1)
			say("[%s]: a pattern takes too many steps; such lines "
			    "ban nobody",
			    d.rule->name);
		return;
	}
	if (d.kind == DECIDE_SKIP && d.why == DECIDE_CAP)
		tell_capped(f, i);
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
	for (size_t i = 0; i < f->o.logs_n; i++) {
		f->marks[i].is_behind = read_log(f, i);
		more |= f->marks[i].is_behind;
	}
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
	livesets_look_soon(&f->live);
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

/*
 * A log that rotates all the time needs many files open at once, and those that
 * wait to be closed count too.
 */
static void
allow_many_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)!setrlimit(RLIMIT_NOFILE, &files);
}

static void
open_logs(struct feed *f)
{
	allow_many_files();
	for (size_t i = 0; i < f->o.logs_n; i++) {
		const struct state_log *mark = &f->marks[i];

		f->logs[i].follow = follow_open(
		    f->o.logs[i], mark->has_place ? &mark->place : NULL);
		if (f->logs[i].follow == NULL)
			die(exit_code(errno), "%s: %s", f->o.logs[i],
			    strerror(errno));
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
	open_signals(f);
	lock_statedir(f->o.statedir);
	load(f);
	open_logs(f);
	if (livesets_open(&f->live, f->o.set4, f->o.set6, f->state.bans) != 0)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	f->save_interval_ms = CHECKPOINT_INTERVAL;
	f->saved_ms = now_ms() - CHECKPOINT_INTERVAL;
	tell(livesets_start(&f->live, time(NULL), now_ms()));
}

/* -n: prints what each line would do, and touches nothing. */
static int
print_decisions(struct feed *f)
{
	open_logs(f);
	allowlist_refresh(&f->allowlist);
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BYTES);
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
			if (state_take(&f->state, &f->marks[i], &d, f->o.cap) !=
			    0)
				die(EXIT_SYSTEM, "%s", strerror(errno));
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
	livesets_close(&f->live);
	state_free(&f->state);
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
	f.allowlist.guard.ban_private = f.o.private;
	make_state(&f);
	if (f.o.dry_run) {
		code = print_decisions(&f);
	} else {
		start(&f);
		run(&f);
	}
	finish(&f);
	return code;
}
