/* SPDX-License-Identifier: ISC */
#include "feed/saver.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/paths.h"
#include "state/checkpoint.h"

/* milliseconds */
#define DELAY 200     /* after the first change */
#define INTERVAL 2000 /* and at least from one to the next */
#define SOON 3000     /* an interval that somebody waits for */
#define SHARE 200     /* or this many times what the last one cost */

int
saver_open(struct saver *s, const char *dir, struct state *state,
    struct state_log *logs, size_t logs_n, int64_t now_ms)
{
	struct stat st;
	int n;

	*s = (struct saver){
	    .state = state,
	    .logs = logs,
	    .logs_n = logs_n,
	    .saved_ms = now_ms - INTERVAL,
	    .interval_ms = INTERVAL,
	};
	n = snprintf(s->path, sizeof s->path, "%s/%s", dir, PATHS_RECENT_NAME);
	if (n < 0 || (size_t)n >= sizeof s->path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (stat(s->path, &st) == 0)
		s->done_s = st.st_mtim.tv_sec;
	return 0;
}

void
saver_mark(struct saver *s, int64_t now_ms)
{
	if (!s->dirty)
		s->dirty_ms = now_ms;
	s->dirty = true;
}

uint64_t
saver_urge(struct saver *s, int64_t now_ms)
{
	saver_mark(s, now_ms);
	s->urged = true;
	return s->started + 1;
}

uint64_t
saver_soon(const struct saver *s)
{
	if (!s->dirty)
		return s->child != 0 ? s->started : 0;
	return s->error == 0 && s->interval_ms <= SOON ? s->started + 1 : 0;
}

int64_t
saver_wait_ms(const struct saver *s, int64_t now_ms)
{
	int64_t soon = s->dirty_ms + DELAY;
	int64_t next = s->saved_ms + s->interval_ms;
	int64_t due = soon > next ? soon : next;

	if (!s->dirty || s->child != 0)
		return INT64_MAX;
	if (s->urged) /* one that failed is tried again, but not at once */
		due = s->error == 0 ? now_ms : s->saved_ms + INTERVAL;
	if (due <= now_ms)
		return 0;
	return due - now_ms;
}

static int
write_checkpoint(const struct saver *s)
{
	return checkpoint_save(s->path, s->state, s->logs, s->logs_n) == 0
		   ? 0
		   : errno;
}

/* From here on a change belongs to the next one. */
static void
prepare(struct saver *s)
{
	state_expire(s->state, s->logs, s->logs_n);
	s->twice = s->urged;
	s->dirty = s->urged = false;
	s->started++;
}

static const char *
saved(struct saver *s, int error, int64_t now_ms)
{
	int before = s->error;

	s->error = error;
	s->saved_ms = now_ms;
	s->message[0] = 0;
	s->ended = s->started;
	if (error == 0)
		s->done_s = time(NULL);
	if (error != 0 || s->twice)
		saver_mark(s, now_ms);
	if (error == 0 && before != 0)
		snprintf(s->message, sizeof s->message, "%s: written again",
		    s->path);
	else if (error != 0 && error != before)
		snprintf(s->message, sizeof s->message,
		    "%s: %s; the old one stays", s->path, strerror(error));
	return s->message[0] == 0 ? NULL : s->message;
}

const char *
saver_start(struct saver *s, int64_t now_ms)
{
	pid_t feed = getpid();

	if (s->child != 0)
		return NULL;
	prepare(s);
	s->child = fork();
	if (s->child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != feed)
			_exit(0);
		_exit(write_checkpoint(s));
	}
	if (s->child > 0)
		return NULL;
	s->child = 0;
	return saved(s, errno, now_ms);
}

const char *
saver_end(struct saver *s, bool wait, int64_t now_ms)
{
	struct rusage used;
	int64_t cost_ms;
	int status;

	if (s->child == 0 ||
	    wait4(s->child, &status, wait ? 0 : WNOHANG, &used) <= 0)
		return NULL;
	s->child = 0;
	cost_ms =
	    SHARE *
	    ((int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
		(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000);
	s->interval_ms = cost_ms > INTERVAL ? cost_ms : INTERVAL;
	return saved(s, WIFEXITED(status) ? WEXITSTATUS(status) : EIO, now_ms);
}

const char *
saver_finish(struct saver *s, int64_t now_ms)
{
	(void)saver_end(s, true, now_ms);
	prepare(s);
	return saved(s, write_checkpoint(s), now_ms);
}
