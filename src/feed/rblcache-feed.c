/* SPDX-License-Identifier: ISC */
/*
 * rblcache-feed: the log reader.
 *
 *	log files -> follow -> decide (stamp, rules, addr, guard)
 *	-> state (connections, zones, counts, alarm, cap, repeats, bans)
 *	-> livesets (kernel sets), saver (recent.cdb)
 *	trust: are the lists to be believed?
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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/usage.h"
#include "feed/commands.h"
#include "feed/config.h"
#include "feed/dryrun.h"
#include "feed/feed.h"
#include "feed/lines.h"
#include "feed/notify.h"
#include "feed/privileges.h"
#include "feed/recall.h"
#include "feed/trust.h"
#include "feed/watched.h"
#include "log/opener.h"

#define LOCK_TRIES 50	   /* at 10 ms */
#define LINES_A_ROUND 4096 /* then the others get their turn */

/* Exits for a result other than 0, of which all is said, by errno. */
static void
exit_failed(int result)
{
	if (result != 0)
		exit(exits_code(errno));
}

#define die(...) exit_failed(feed_fail(__VA_ARGS__))

/* ---- saving ---- */

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

/* ---- reading ---- */

static void
log_failed(struct feed *f, size_t i)
{
	if (f->logs[i].error != errno)
		feed_complain(f, "%s: %s", f->o.logs[i], follow_reason(errno));
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

		if (follow_missed(log->follow)) {
			log->missed = true;
			log->missed_s = time(NULL);
		}
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

	guard_refresh(&f->guard);
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
take_signals(struct feed *f)
{
	struct signalfd_siginfo info;

	while (read(f->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGHUP)
			exit_failed(config_reload(f));
		else if (info.ssi_signo == SIGCHLD)
			end_save(f);
		else
			f->stop = true;
	}
}

/* One that comes this early is not to end the feed; it is read later. */
static void
hold_hangup(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
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
		die("signalfd: %s", strerror(errno));
}

static void
wait_for_more(struct feed *f)
{
	struct pollfd fds[OPTIONS_LOGS_MAX + 2 + CANARY_FDS_MAX] = {
	    {f->signals, POLLIN, 0}};
	int64_t timeout = watched_interval_ms(f);
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
		watched_look(f);
		more = read_logs(f);
		trust_serve(f);
		feed_flush_sets(f);
		feed_tell(f, guard_trouble(&f->guard));
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
	fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	if (access(dir, W_OK) != 0)
		die("%s: %s", dir, strerror(errno));
	/* one that was killed leaves a child that is about to end */
	for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK)
			die("%s: %s", path, strerror(errno));
		if (tries == LOCK_TRIES)
			die("%s: another rblcache-feed is at work", path);
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
			exit_failed(feed_log_failed(f, i));
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
	if (privileges_drop(&p, error) != 0) {
		(void)feed_fail("privileges: %s", error);
		exit(EXIT_SYSTEM);
	}
}

static void
start(struct feed *f)
{
	if (saver_open(&f->saver, f->o.statedir, &f->state, f->marks,
		f->o.logs_n, feed_now_ms()) != 0)
		die("%s: %s", f->o.statedir, strerror(errno));
	open_signals(f);
	lock_statedir(f->o.statedir);
	exit_failed(recall_checkpoint(f));
	config_forget_alarms(f);
	open_logs(f);
	opener_permit_end();
	if (livesets_open(
		&f->livesets, f->o.set4, f->o.set6, &f->wishes, &f->state) != 0)
		die("%s", strerror(errno));
	livesets_start(&f->livesets, time(NULL), feed_now_ms(), feed_tell, f);
	/* for an alarm that is on, what lists said before counts for nothing */
	f->since_s = f->alarmed_s = time(NULL);
	if (f->o.once)
		return;
	trust_open(f);
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
	spare_free(f->spare);
	guard_close(&f->guard);
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
	if (!f.o.dry_run) {
		hold_hangup();
		give_up_rights(&f);
	}
	exit_failed(config_load(&f));
	guard_open(&f.guard, f.o.local);
	f.guard.ban_private = f.o.private;
	exit_failed(recall_nothing(&f));
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
