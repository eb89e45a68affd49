/* SPDX-License-Identifier: ISC */
/*
 * The bytes of a log are the same lines however they are cut: over the reads
 * of a stream, over rotated files, and by an end of the reader in between.
 *
 * Input: a byte, how many cuts; for each the distance to the next, over and
 * over; a byte, behind how many lines the reader ends; then the log.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "log/follow.h"
#include "state/state.h"

#define CUTS_MAX 7
#define FILES_MAX 8
#define PACKETS_MAX 16 /* what a pipe holds at least */
#define LOG_MAX 2048

struct cuts {
	size_t distance[CUTS_MAX];
	size_t n;
};

static char dir[32];

/*
 * Nothing waits here, and the kernel takes 10 ms to end an inotify: in place of
 * the C library's, as on a system without it.
 */
int
inotify_init1(int flags)
{
	(void)flags;
	errno = ENOSYS;
	return -1;
}

/* ---- the lines that must come ---- */

/* NULs before a line are none of it. */
static void
skip_hole(struct fuzz_input *log)
{
	while (log->len > 0 && *log->p == 0) {
		log->p++;
		log->len--;
	}
}

/* Takes the next line off the log, as reading gave it out. */
static void
expect_line(struct fuzz_input *log, const struct follow_line *line)
{
	const uint8_t *feed;

	skip_hole(log);
	feed = memchr(log->p, '\n', log->len);
	HOLDS(feed != NULL);
	HOLDS(line->len == (size_t)(feed - log->p));
	HOLDS(memcmp(line->text, log->p, line->len) == 0);
	log->len -= line->len + 1;
	log->p = feed + 1;
}

/* Nothing is left but the start of a line, if that. */
static void
expect_rest(struct fuzz_input *log, struct follow *f)
{
	struct follow_line line;

	skip_hole(log);
	HOLDS(log->len == 0 || memchr(log->p, '\n', log->len) == NULL);
	if (log->len == 0) {
		HOLDS(follow_rest(f, &line) == FOLLOW_END);
		return;
	}
	HOLDS(follow_rest(f, &line) == FOLLOW_LINE);
	HOLDS(line.len == log->len);
	HOLDS(memcmp(line.text, log->p, line.len) == 0);
}

/* At most n lines; what ends them if there are fewer. */
static enum follow_answer
expect_lines(struct fuzz_input *log, struct follow *f, size_t n)
{
	struct follow_line line;
	enum follow_answer answer = FOLLOW_LINE;

	while (n-- > 0 && (answer = follow_line(f, &line)) == FOLLOW_LINE)
		expect_line(log, &line);
	return answer;
}

/* ---- the cuts ---- */

/* The next piece of the log, the i-th of at most max. */
static struct fuzz_input
piece(struct fuzz_input *log, const struct cuts *cuts, size_t i, size_t max)
{
	struct fuzz_input p = *log;

	if (cuts->n > 0 && i + 1 < max && cuts->distance[i % cuts->n] < p.len)
		p.len = cuts->distance[i % cuts->n];
	log->p += p.len;
	log->len -= p.len;
	return p;
}

/* Every write to such a pipe is one read. */
static void
stream(struct fuzz_input log, const struct cuts *cuts)
{
	struct fuzz_input left = log;
	struct follow *f;
	char path[32];
	int fds[2];

	HOLDS(pipe2(fds, O_DIRECT | O_CLOEXEC) == 0);
	for (size_t i = 0; left.len > 0; i++) {
		struct fuzz_input p = piece(&left, cuts, i, PACKETS_MAX);

		HOLDS(write(fds[1], p.p, p.len) == (ssize_t)p.len);
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
	f = follow_open(path, NULL);
	HOLDS(f != NULL);
	close(fds[0]);
	HOLDS(expect_lines(&log, f, LOG_MAX + 1) == FOLLOW_WAIT);
	close(fds[1]);
	HOLDS(expect_lines(&log, f, 1) == FOLLOW_END);
	expect_rest(&log, f);
	follow_close(f);
}

static const char *
file_name(char path[96], size_t i, bool is_last)
{
	if (is_last)
		snprintf(path, 96, "%s/current", dir);
	else
		snprintf(path, 96, "%s/@4000000066d1f3a5%08zx.s", dir, i);
	return path;
}

static size_t
write_files(struct fuzz_input log, const struct cuts *cuts)
{
	size_t i = 0;

	do {
		struct fuzz_input p = piece(&log, cuts, i, FILES_MAX);
		char path[96];
		int fd = open(file_name(path, i++, log.len == 0),
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		HOLDS(fd >= 0);
		HOLDS(write(fd, p.p, p.len) == (ssize_t)p.len);
		close(fd);
	} while (log.len > 0);
	return i;
}

/* Reads the directory with an end of the reader behind some lines. */
static void
rotated(struct fuzz_input log, const struct cuts *cuts, size_t before_end)
{
	size_t files = write_files(log, cuts);
	struct follow *f = follow_open(dir, NULL);
	struct state_log mark;

	HOLDS(f != NULL);
	(void)expect_lines(&log, f, before_end);
	HOLDS(follow_position(f, &mark.position));
	follow_close(f);
	f = follow_open(dir, &mark.position);
	HOLDS(f != NULL);
	HOLDS(expect_lines(&log, f, LOG_MAX + 1) == FOLLOW_WAIT);
	HOLDS(!follow_missed(f));
	expect_rest(&log, f);
	follow_close(f);
	for (size_t i = 0; i < files; i++) {
		char path[96];

		unlink(file_name(path, i, i + 1 == files));
	}
}

static void
remove_directory(void)
{
	rmdir(dir);
}

static void
make_directory(void)
{
	strcpy(dir, "/dev/shm/fuzz_follow.XXXXXX");
	if (mkdtemp(dir) == NULL) {
		strcpy(dir, "/tmp/fuzz_follow.XXXXXX");
		HOLDS(mkdtemp(dir) != NULL);
	}
	atexit(remove_directory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input log = {data, size};
	struct cuts cuts = {.n = fuzz_byte(&log) % (CUTS_MAX + 1)};
	size_t before_end;

	if (dir[0] == 0)
		make_directory();
	for (size_t i = 0; i < cuts.n; i++)
		cuts.distance[i] = fuzz_byte(&log) + 1U;
	before_end = fuzz_byte(&log);
	if (log.len > LOG_MAX)
		log.len = LOG_MAX;
	stream(log, &cuts);
	rotated(log, &cuts, before_end);
	return 0;
}
