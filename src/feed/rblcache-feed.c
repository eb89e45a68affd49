/* SPDX-License-Identifier: ISC */
/*
 * rblcache-feed: the log reader.
 *
 *	log files -> follow -> decide (stamp, rules, addr, guard)
 *	-> state (seen, zones, count, alarm, cap, again, bans)
 *	-> live (kernel sets), checkpoint (recent.cdb)
 *	watch: are the lists to be believed?
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
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/paths.h"
#include "base/usage.h"
#include "base/when.h"
#include "feed/commands.h"
#include "feed/dryrun.h"
#include "feed/feed.h"
#include "feed/lines.h"
#include "feed/notify.h"
#include "feed/privileges.h"
#include "feed/trust.h"
#include "log/decide.h"
#include "log/opener.h"
#include "state/checkpoint.h"

#define LOCK_TRIES 50	   /* at 10 ms */
#define LINES_A_ROUND 4096 /* then the others get their turn */

/* milliseconds */
#define LOOK_INTERVAL 1000 /* at logs on file systems without inotify */
#define LOOK_OFTEN 50	   /* where there is no inotify, while lines come */
#define LOOK_SHARE 4	   /* later, this part of how long none has come */
#define WATCH_AGAIN 30000  /* tries to have it */

__attribute__((noreturn, format(printf, 2, 3))) static void
die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	feed_vsay(format, args);
	va_end(args);
	exit(code);
}

/* ---- configuration ---- */

/* 0, or -1 with errno and a message, and *s has the defaults. */
static int
read_settings(
    const struct feed *f, struct settings *s, char error[SETTINGS_ERROR_SIZE])
{
	const char *path = f->o.conf == NULL ? PATHS_FEED_CONF : f->o.conf;

	if (settings_load(path, s, error) == 0)
		return 0;
	return f->o.conf == NULL && errno == ENOENT ? 0 : -1;
}

static void
name_zones(const struct settings *s, struct zones *zones)
{
	*zones = (struct zones){0};
	for (size_t i = 0; i < s->n_zones; i++) {
		char shown[ZONES_NAME_SIZE];

		snprintf(shown, sizeof shown, "%s", s->zones[i].name);
		secret_mask(&s->secrets, shown);
		/* the settings have seen to it that it can be added */
		(void)!zones_add(
		    zones, s->zones[i].name, shown, s->zones[i].text);
	}
}

/* What follows from settings, rules and options. */
static void
make_policy(struct feed *f)
{
	f->policy = (struct policy){.cap = f->o.cap,
	    .drop_after = f->settings.drop_after,
	    .alarm = f->settings.alarm,
	    .guard = &f->allowlist.guard,
	    .rules = f->rules,
	    .secrets = &f->settings.secrets};
}

/* Nothing would end one that is on. */
static void
forget_alarms(struct feed *f)
{
	for (size_t i = 0; !f->settings.alarm && i < f->o.logs_n; i++)
		f->marks[i].alarm = (struct alarm){0};
}

static struct livesets_wishes
wishes(const struct feed *f)
{
	return (struct livesets_wishes){
	    .drop_after = f->settings.drop_after,
	    .pass = f->settings.pass_s > 0,
	};
}

static void
warn_of_rules(struct feed *f)
{
	const char *warning = rules_warning(f->rules);

	if (warning != NULL)
		feed_complain(f, "WARNING: %s", warning);
}

static void
configure(struct feed *f)
{
	char settings_error[SETTINGS_ERROR_SIZE];
	char error[RULES_ERROR_SIZE];

	if (read_settings(f, &f->settings, settings_error) != 0)
		die(exits_code(errno), "%s", settings_error);
	f->rules = rules_load(f->o.rules, f->o.rules_n, error);
	if (f->rules == NULL)
		die(exits_code(errno), "%s", error);
	warn_of_rules(f);
	make_policy(f);
}

/* ---- checkpoint ---- */

/* Brings the places into what is to be saved. */
static void
note_positions(struct feed *f)
{
	for (size_t i = 0; i < f->o.logs_n; i++)
		f->marks[i].has_position =
		    follow_position(f->logs[i].follow, &f->marks[i].position);
}

static void
save_when_due(struct feed *f)
{
	int64_t now_ms = feed_now_ms();

	if (saver_wait_ms(&f->saver, now_ms) > 0)
		return;
	note_positions(f);
	feed_tell(f, saver_start(&f->saver, now_ms));
	if (f->saver.child == 0) /* it could not be started */
		commands_release(f);
}

static void
end_save(struct feed *f)
{
	feed_tell(f, saver_end(&f->saver, false, feed_now_ms()));
	commands_release(f);
}

/* The last one: waits for it. */
static void
save_now(struct feed *f)
{
	feed_tell(f, saver_end(&f->saver, true, feed_now_ms()));
	note_positions(f);
	feed_tell(f, saver_finish(&f->saver, feed_now_ms()));
	commands_release(f);
}

__attribute__((noreturn)) static void
die_of_log(const struct feed *f, size_t i)
{
	const char *path = f->o.logs[i];

	if (errno == EACCES)
		die(exits_code(errno),
		    "%s: %s for uid %lu, see PRIVILEGES in rblcache-feed(8)",
		    path, strerror(errno), (unsigned long)geteuid());
	die(exits_code(errno), "%s: %s", path, strerror(errno));
}

static void
make_state(struct feed *f)
{
	state_free(&f->state);
	if (state_new(&f->state) != 0)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	name_zones(&f->settings, &f->state.zones);
	for (size_t i = 0; i < f->o.logs_n; i++) {
		char path[PATH_MAX] = "";

		if (strcmp(f->o.logs[i], "-") != 0 &&
		    realpath(f->o.logs[i], path) == NULL)
			die_of_log(f, i);
		f->marks[i] = (struct state_log){0};
		state_name_log(&f->marks[i], path);
		for (size_t j = 0; j < i; j++)
			if (f->marks[j].id == f->marks[i].id)
				die(EXIT_USAGE, "%s: this log is named twice",
				    f->o.logs[i]);
	}
}

static enum checkpoint_answer
load_from(struct feed *f, const char *path, const char *instead)
{
	uint64_t strange;
	enum checkpoint_answer answer =
	    checkpoint_load(path, &f->state, f->marks, f->o.logs_n, &strange);

	switch (answer) {
	case CHECKPOINT_LOADED:
		feed_say(f, "%s: bans: %zu", path, bans_count(f->state.bans));
		if (strange > 0)
			feed_complain(f,
			    "%s: another version of rblcache wrote it; records "
			    "that this one does not know are left out: %llu",
			    path, (unsigned long long)strange);
		break;
	case CHECKPOINT_ABSENT:
		break;
	case CHECKPOINT_DAMAGED:
		feed_complain(
		    f, "%s is damaged; starting from %s", path, instead);
		make_state(f);
		break;
	case CHECKPOINT_ERROR:
		die(exits_code(errno), "%s: %s", path, strerror(errno));
	}
	return answer;
}

static void
load(struct feed *f)
{
	char old[PATH_MAX + sizeof CHECKPOINT_OLD];

	snprintf(old, sizeof old, "%s%s", f->saver.path, CHECKPOINT_OLD);
	if (load_from(f, f->saver.path, old) != CHECKPOINT_LOADED)
		(void)load_from(f, old, "the logs");
}

/* ---- lines ---- */

static void
log_failed(struct feed *f, size_t i)
{
	if (f->logs[i].error != errno)
		feed_complain(f, "%s: %s", f->o.logs[i], strerror(errno));
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
			log->line_ms = feed_now_ms();
			saver_mark(&f->saver, log->line_ms);
			lines_take(f, i, &line);
			break;
		case FOLLOW_WAIT:
			log->error = 0;
			return false;
		case FOLLOW_END:
			if (follow_rest(log->follow, &line) == FOLLOW_LINE) {
				saver_mark(&f->saver, feed_now_ms());
				lines_take(f, i, &line);
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

/* ---- inotify ---- */

/*
 * Without inotify a line is seen when somebody looks: often while lines come,
 * and less and less often while none does.
 */
static int64_t
look_interval(const struct feed *f)
{
	int64_t interval = LOOK_INTERVAL;

	for (size_t i = 0; i < f->o.logs_n; i++) {
		int64_t share =
		    (feed_now_ms() - f->logs[i].line_ms) / LOOK_SHARE;

		if (f->logs[i].unwatched != 0 && share < interval)
			interval = share;
	}
	return interval > LOOK_OFTEN ? interval : LOOK_OFTEN;
}

static void
tell_unwatched(struct feed *f, size_t i)
{
	int error = f->logs[i].unwatched;
	const char *remedy = follow_remedy(error);

	if (error == 0)
		feed_say(f, "%s: inotify works now", f->o.logs[i]);
	else
		feed_complain(f,
		    "%s: inotify: %s; lines are read up to a second late, and "
		    "files that are soon deleted may be missed%s%s",
		    f->o.logs[i], strerror(error), remedy == NULL ? "" : ": ",
		    remedy == NULL ? "" : remedy);
}

/* Looks now and then whether inotify watches each log; tells what changed. */
static void
see_watched(struct feed *f)
{
	int64_t now_ms = feed_now_ms();

	if (f->o.once || now_ms < f->watch_ms)
		return;
	f->watch_ms = now_ms + WATCH_AGAIN;
	for (size_t i = 0; i < f->o.logs_n; i++) {
		struct log *log = &f->logs[i];
		int error = follow_watched(log->follow);

		if (error == log->unwatched)
			continue;
		log->unwatched = error;
		tell_unwatched(f, i);
	}
}

/* ---- signals and waiting ---- */

/* The zones that are to be asked now, and what is known of them. */
static void
change_zones(struct feed *f)
{
	char error[CANARY_ERROR_SIZE];
	struct zones zones;

	trust_close(f);
	name_zones(&f->settings, &zones);
	zones_inherit(&zones, &f->state.zones);
	f->state.zones = zones;
	if (trust_open(f, error) != 0)
		feed_complain(f, "%s; no list is checked", error);
}

/* Until the next good one, status says so. */
static void
reload_failed(struct feed *f, const char *error, const char *what_stays)
{
	struct complaint *bad = &f->bad_reload;

	feed_complain(f, "%s; the old %s stay", error, what_stays);
	if (bad->time_s == 0)
		bad->time_s = time(NULL);
	snprintf(bad->text, sizeof bad->text, "%s", error);
}

static void
reload(struct feed *f)
{
	char settings_error[SETTINGS_ERROR_SIZE];
	char error[RULES_ERROR_SIZE];
	struct settings settings;
	struct livesets_wishes w;
	struct rules *rules;

	allowlist_read_addresses(&f->allowlist);
	livesets_look_soon(&f->livesets);
	f->watch_ms = 0;
	if (read_settings(f, &settings, settings_error) != 0) {
		reload_failed(f, settings_error, "settings");
		return;
	}
	rules = rules_load(f->o.rules, f->o.rules_n, error);
	if (rules == NULL) {
		secret_mask(&settings.secrets, error);
		reload_failed(f, error, "rules");
		return;
	}
	rules_free(f->rules);
	f->rules = rules;
	f->settings = settings;
	f->bad_reload.time_s = 0;
	warn_of_rules(f);
	make_policy(f);
	forget_alarms(f);
	w = wishes(f);
	if (livesets_change(
		&f->livesets, &w, time(NULL), feed_now_ms(), feed_tell, f) != 0)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	change_zones(f);
	feed_say(f, "rules and settings loaded again");
}

static void
take_signals(struct feed *f)
{
	struct signalfd_siginfo info;

	while (read(f->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGHUP)
			reload(f);
		else if (info.ssi_signo == SIGCHLD)
			end_save(f);
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
	struct pollfd fds[OPTIONS_LOGS_MAX + 2 + CANARY_FDS_MAX] = {
	    {f->signals, POLLIN, 0}};
	int64_t timeout = look_interval(f);
	nfds_t n = 1;

	if (f->control != NULL)
		fds[n++] = (struct pollfd){control_fd(f->control), POLLIN, 0};

	for (size_t i = 0; i < f->o.logs_n; i++)
		if (!f->logs[i].ended)
			fds[n++] = (struct pollfd){
			    follow_fd(f->logs[i].follow), POLLIN, 0};
	n += trust_fds(f, fds + n);
	if (saver_wait_ms(&f->saver, feed_now_ms()) < timeout)
		timeout = saver_wait_ms(&f->saver, feed_now_ms());
	if (trust_wait_ms(f) < timeout)
		timeout = trust_wait_ms(f);
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
		see_watched(f);
		more = read_logs(f);
		trust_serve(f);
		feed_flush_sets(f);
		feed_tell(f, allowlist_trouble(&f->allowlist));
		if (f->control != NULL)
			control_serve(f->control, feed_now_ms());
		save_when_due(f);
		if (more)
			continue;
		if (f->o.once || all_ended(f))
			break;
		wait_for_more(f);
	}
	notify_send("STOPPING=1");
	feed_flush_sets(f);
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
		die(exits_code(errno), "%s: %s", path, strerror(errno));
	if (access(dir, W_OK) != 0)
		die(exits_code(errno), "%s: %s", dir, strerror(errno));
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
	follow_allow_files();
	for (size_t i = 0; i < f->o.logs_n; i++) {
		const struct state_log *mark = &f->marks[i];

		f->logs[i].follow = follow_open(
		    f->o.logs[i], mark->has_position ? &mark->position : NULL);
		if (f->logs[i].follow == NULL)
			die_of_log(f, i);
	}
}

/* Without it the feed works as well, and cannot be asked. */
static void
open_control(struct feed *f)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", f->o.statedir, CONTROL_NAME);
	f->control = control_open(path, commands_answer, f);
	if (f->control == NULL)
		feed_complain(f, "%s: %s; rblcachectl cannot ask this feed",
		    path, strerror(errno));
}

static void
give_up_rights(const struct feed *f)
{
	char error[PRIVILEGES_ERROR_SIZE];
	struct privileges p;

	opener_permit();
	privileges_plan(&p, f->o.statedir, f->o.logs, f->o.logs_n);
	if (privileges_drop(&p, error) != 0)
		die(EXIT_SYSTEM, "privileges: %s", error);
}

static void
start(struct feed *f)
{
	char error[CANARY_ERROR_SIZE];
	struct livesets_wishes w;

	if (saver_open(&f->saver, f->o.statedir, &f->state, f->marks,
		f->o.logs_n, feed_now_ms()) != 0)
		die(exits_code(errno), "%s: %s", f->o.statedir,
		    strerror(errno));
	open_signals(f);
	lock_statedir(f->o.statedir);
	load(f);
	forget_alarms(f);
	open_logs(f);
	opener_permit_end();
	w = wishes(f);
	if (livesets_open(&f->livesets, f->o.set4, f->o.set6, &w, &f->state) !=
	    0)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	livesets_start(&f->livesets, time(NULL), feed_now_ms(), feed_tell, f);
	/* for an alarm that is on, what lists said before counts for nothing */
	f->since_s = f->alarmed_s = time(NULL);
	if (f->o.once)
		return;
	if (trust_open(f, error) != 0)
		feed_complain(f, "%s; no list is checked", error);
	open_control(f);
	notify_send("READY=1");
}

static void
finish(struct feed *f)
{
	control_close(f->control);
	free(f->told);
	for (size_t i = 0; i < f->o.logs_n; i++)
		follow_close(f->logs[i].follow);
	trust_close(f);
	livesets_close(&f->livesets);
	state_free(&f->state);
	rules_free(f->rules);
	allowlist_close(&f->allowlist);
}

int
main(int argc, char **argv)
{
	static struct feed f;
	int code;

	setvbuf(stderr, NULL, _IOLBF, 0);
	code = options_read(&f.o, argc, argv);
	if (code != USAGE_GO_ON)
		return code;
	code = 0;
	if (!f.o.dry_run)
		give_up_rights(&f);
	configure(&f);
	allowlist_open(&f.allowlist, f.o.local);
	f.allowlist.guard.ban_private = f.o.private;
	make_state(&f);
	if (f.o.dry_run) {
		open_logs(&f);
		code = dryrun_print(&f);
	} else {
		start(&f);
		run(&f);
	}
	finish(&f);
	return code;
}
