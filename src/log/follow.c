/* SPDX-License-Identifier: ISC */
#include "log/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log/logqueue.h"
#include "log/opener.h"

#define BUFFER_BYTES (2 * FOLLOW_LINE_MAX)
#define DENIED_MAX 5
#define OPEN_TRIES 20 /* at 10 ms */
#define GONE_S 10     /* a rotation takes less */

struct follow {
	int stream; /* its descriptor; -1: a log of files */
	struct logqueue files;
	struct opener opener;
	int notify;
	int unwatched; /* errno of inotify; 0 */

	bool reads; /* there is a first file */
	struct logqueue_file first;

	uint64_t offset; /* of the first file's next byte */
	char head[POSITION_HEAD_BYTES];
	size_t head_n;
	int64_t written_s;

	/* bytes read and not yet given out: text[start .. end) */
	char text[BUFFER_BYTES];
	size_t start, end;
	bool too_long; /* passing over the rest of a line, which begins so: */
	char part[FOLLOW_PART];

	/*
	 * Behind the last line, in the first file; or in one before it, when a
	 * line began there that goes on in the first.
	 */
	struct position position;
	bool position_is_before;
	bool missed;
	bool moved;	 /* another directory stands at the log's path */
	unsigned denied; /* times in a row */
	time_t gone_s;	 /* since when the live file is not there; 0: it is */
};

static void
set_place(struct follow *f, uint64_t offset)
{
	f->position.offset = offset;
	f->position_is_before = false;
}

/* The place with all that is said of its file, while that is the first one. */
static struct position
whole_place(struct follow *f)
{
	struct position place = f->position;

	if (!f->position_is_before) {
		position_set_head(&place, f->head, f->head_n);
		place.ino = logfiles_id(f->first.fd).ino;
		logqueue_done(&f->files, place.done);
	}
	return place;
}

/* Drops what was read of a line whose end does not come. */
static void
forget_rest(struct follow *f)
{
	f->start = f->end = 0;
	f->too_long = false;
}

/* At the start of the first file. */
static void
begin_file(struct follow *f)
{
	f->reads = logqueue_first(&f->files, &f->first);
	f->offset = f->head_n = 0;
}

/* ---- open and close ---- */

void
follow_allow_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)!setrlimit(RLIMIT_NOFILE, &files);
}

/* Some file systems say less than there is to be read. */
static bool
ends_before(int fd, const struct stat *st, uint64_t offset)
{
	char last;

	return (uint64_t)st->st_size < offset &&
	       pread(fd, &last, 1, (off_t)offset - 1) != 1;
}

/* Goes on at a place. 1, 0 when its file is gone, -1 errno. */
static int
find_place(struct follow *f, const struct position *place)
{
	int found = logqueue_find(&f->files, place);
	struct stat st;
	ssize_t n;

	if (found <= 0)
		return found;
	begin_file(f);
	n = pread(f->first.fd, f->head, place->head_len, 0);
	f->head_n = n < 0 ? 0 : (size_t)n;
	f->offset = place->offset;
	/* it may be shorter: all of it was read, and more */
	if (fstat(f->first.fd, &st) == 0 &&
	    ends_before(f->first.fd, &st, place->offset)) {
		f->offset = (uint64_t)st.st_size;
		forget_rest(f);
		set_place(f, f->offset);
	}
	return 1;
}

static int
start_reading(struct follow *f, const struct position *from)
{
	int found = from == NULL ? 0 : find_place(f, from);

	if (found < 0)
		return -1;
	if (found == 0) {
		if (from != NULL)
			logqueue_skip(&f->files, from->done);
		if (logqueue_more(&f->files) != 0)
			return -1;
		f->missed = from != NULL;
		begin_file(f);
	}
	if (f->reads)
		set_place(f, f->offset);
	return 0;
}

static void
watch(struct follow *f)
{
	f->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	f->unwatched = 0;
	if (f->notify >= 0 &&
	    inotify_add_watch(f->notify, f->files.dir,
		IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ATTRIB) >= 0)
		return;
	f->unwatched = errno;
	if (f->notify >= 0)
		close(f->notify);
	f->notify = -1;
}

int
follow_watched(struct follow *f)
{
	if (f->stream >= 0)
		return 0;
	if (f->notify < 0)
		watch(f);
	if (f->opener.error != 0) {
		opener_stop(&f->opener);
		opener_start(&f->opener, &f->files);
	}
	return f->unwatched != 0 ? f->unwatched : f->opener.error;
}

const char *
follow_reason(int error)
{
	return error == LOGQUEUE_NOT_A_FILE
		   ? "what should be the log file is a directory, a fifo or a "
		     "device"
		   : strerror(error);
}

const char *
follow_remedy(int error)
{
	switch (error) {
	case EMFILE:
		return "sysctl fs.inotify.max_user_instances=1024";
	case ENOSPC:
		return "sysctl fs.inotify.max_user_watches=524288";
	default:
		return NULL;
	}
}

static int
open_stream(struct follow *f, const char *path)
{
	f->stream = strcmp(path, "-") == 0
			? fcntl(0, F_DUPFD_CLOEXEC, 3)
			: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return f->stream < 0 ? -1 : 0;
}

static int
open_files(struct follow *f, const struct position *from)
{
	watch(f);
	for (int tries = 0;; tries++) {
		if (start_reading(f, from) == 0)
			break;
		/* a rotation was on its way; "current" is 0600 for a moment */
		if ((errno != EAGAIN && errno != EACCES) || tries == OPEN_TRIES)
			return -1;
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	}
	/* plain files are not deleted that soon */
	if (f->files.is_dir)
		opener_start(&f->opener, &f->files);
	return 0;
}

static int
open_log(struct follow *f, const char *path, const struct position *from)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return open_stream(f, path);
	if (stat(path, &st) != 0)
		return -1;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return open_stream(f, path);
	if (logqueue_start(&f->files, path, S_ISDIR(st.st_mode)) != 0)
		return -1;
	return open_files(f, from);
}

struct follow *
follow_open(const char *path, const struct position *from)
{
	struct follow *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->notify = -1;
	f->stream = -1;
	if (open_log(f, path, from) != 0) {
		int saved = errno;

		follow_close(f);
		errno = saved;
		return NULL;
	}
	return f;
}

/* What open_files started. */
static void
close_files(struct follow *f)
{
	if (f->opener.queue != NULL)
		opener_stop(&f->opener);
	f->opener.queue = NULL;
	if (f->notify >= 0)
		close(f->notify);
	f->notify = -1;
}

/*
 * The log's directory was moved away, and is read: goes on as after a restart
 * with the one that was made in its place.
 */
static int
change_directory(struct follow *f)
{
	bool has_place = follow_position(f, &f->position);
	bool missed = follow_missed(f);
	int failed;

	close_files(f);
	f->position_is_before = has_place;
	f->moved = false;
	forget_rest(f);
	if (logqueue_restart(&f->files) != 0)
		return -1;
	failed = open_files(f, has_place ? &f->position : NULL);
	f->missed = missed;
	return failed;
}

void
follow_close(struct follow *f)
{
	if (f == NULL)
		return;
	close_files(f);
	if (f->files.dir[0] != 0)
		logqueue_stop(&f->files);
	if (f->stream >= 0)
		close(f->stream);
	free(f);
}

/* ---- bytes ---- */

static ssize_t
read_stream(struct follow *f)
{
	struct pollfd p = {.fd = f->stream, .events = POLLIN};

	if (poll(&p, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	f->written_s = time(NULL);
	return read(p.fd, f->text + f->end, sizeof f->text - f->end);
}

/* Keeps the first bytes of a file, by which its place is known. */
static void
keep_head(struct follow *f, size_t n)
{
	size_t room = sizeof f->head - f->head_n;

	if (f->offset != f->head_n || room == 0)
		return;
	memcpy(f->head + f->head_n, f->text + f->end, n < room ? n : room);
	f->head_n += n < room ? n : room;
}

/*
 * Whether the file is no longer the one that was read up to offset: shorter than
 * that, or with another beginning, since it has grown again.
 */
static bool
was_truncated(const struct follow *f, const struct stat *st)
{
	char head[POSITION_HEAD_BYTES];

	return ends_before(f->first.fd, st, f->offset) ||
	       pread(f->first.fd, head, f->head_n, 0) != (ssize_t)f->head_n ||
	       memcmp(head, f->head, f->head_n) != 0;
}

/*
 * logrotate's copytruncate: what was not read yet stands in the copy. Without
 * a copy, the file begins again.
 */
static int
after_truncation(struct follow *f)
{
	struct position here = {.offset = f->offset};
	int found;

	position_set_head(&here, f->head, f->head_n);
	logqueue_done(&f->files, here.done);
	found = find_place(f, &here);
	if (found != 0)
		return found < 0 ? -1 : 0;
	f->missed = true;
	begin_file(f);
	forget_rest(f);
	set_place(f, 0);
	return 0;
}

/* -1 with EINTR when another file is to be read first. */
static int
confirm(struct follow *f)
{
	bool is_right;

	if (logqueue_confirm(&f->files, &is_right) != 0)
		return -1;
	if (is_right)
		return 0;
	begin_file(f);
	errno = EINTR;
	return -1;
}

/* After the bytes were read, so that a truncation in between is seen. */
static ssize_t
read_file(struct follow *f)
{
	int fd = f->first.fd;
	ssize_t n = pread(
	    fd, f->text + f->end, sizeof f->text - f->end, (off_t)f->offset);
	struct stat st;

	if (n < 0 || fstat(fd, &st) != 0) {
		if (errno != ESTALE) /* deleted by another host of a network */
			return -1;
		f->missed = true;
		return 0;
	}
	if (was_truncated(f, &st)) {
		errno = after_truncation(f) == 0 ? EINTR : errno;
		return -1;
	}
	if (n > 0 && f->offset == 0 && confirm(f) != 0)
		return -1;
	f->written_s = st.st_mtim.tv_sec;
	if (n > 0) {
		keep_head(f, (size_t)n);
		f->offset += (uint64_t)n;
	}
	return n;
}

/* Makes room and reads on from the first file: bytes, 0 end, -1 errno. */
static ssize_t
fill(struct follow *f)
{
	ssize_t n;

	memmove(f->text, f->text + f->start, f->end - f->start);
	f->end -= f->start;
	f->start = 0;
	do
		n = f->stream >= 0 ? read_stream(f) : read_file(f);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		f->end += (size_t)n;
	return n;
}

/* ---- lines ---- */

/*
 * Where the next line begins: behind a hole, which a writer that does not append
 * leaves after a truncation, and some file systems after a crash.
 */
static const char *
next_line(struct follow *f)
{
	while (!f->too_long && f->start < f->end && f->text[f->start] == 0)
		f->start++;
	return f->text + f->start;
}

/* What is read of a line is too much; where its end is, the next begins. */
static void
pass_over(struct follow *f)
{
	if (!f->too_long)
		memcpy(f->part, f->text + f->start, sizeof f->part);
	f->too_long = true;
	f->start = f->end = 0;
}

/* Gives out the next whole line in the buffer. */
static bool
take_line(struct follow *f, struct follow_line *line)
{
	const char *from = next_line(f);
	const char *feed = memchr(from, '\n', f->end - f->start);

	if (feed == NULL) {
		if (f->end - f->start > FOLLOW_LINE_MAX)
			pass_over(f);
		return false;
	}
	line->text = f->too_long ? f->part : from;
	line->len = (size_t)(feed - from);
	line->is_part = f->too_long || line->len > FOLLOW_LINE_MAX;
	f->start += line->len + 1;
	if (line->is_part)
		line->len = FOLLOW_PART;
	line->written_s = f->written_s;
	f->too_long = false;
	if (f->stream < 0)
		set_place(f, f->offset - (f->end - f->start));
	return true;
}

/*
 * multilog opens the next file 0600 and changes that a moment later, which
 * wakes us; only what lasts is an error.
 */
static enum follow_answer
cannot_open(struct follow *f)
{
	if (errno == EAGAIN || (errno == EACCES && f->denied++ < DENIED_MAX))
		return FOLLOW_WAIT;
	return FOLLOW_ERROR;
}

static void
next_file(struct follow *f)
{
	/*
	 * What is left over is the start of a line that goes on in the next
	 * file; the place stays before it until it is complete. It stays in a
	 * plain file as well: one that is copied and truncated can be found
	 * again by what was read of it, which is nothing yet of the next.
	 */
	bool stays = f->start != f->end || f->too_long || !f->files.is_dir;

	if (stays && !f->position_is_before) {
		f->position = whole_place(f);
		f->position_is_before = true;
	}
	logqueue_drop(&f->files);
	begin_file(f);
	if (!stays)
		set_place(f, 0);
}

/* Sees that there is a file, in a directory still without one. */
static enum follow_answer
first_file(struct follow *f)
{
	int failed = logqueue_more(&f->files);

	begin_file(f);
	if (f->reads) {
		set_place(f, 0);
		return FOLLOW_LINE;
	}
	if (logqueue_has_moved(&f->files))
		failed = change_directory(f);
	if (f->reads)
		return FOLLOW_LINE;
	if (failed == 0 && logqueue_has_rotated(&f->files) < 0 &&
	    errno != ENOENT)
		failed = -1;
	return failed != 0 ? cannot_open(f) : FOLLOW_WAIT;
}

/* The live file cannot be seen; errno. */
static enum follow_answer
cannot_see(struct follow *f)
{
	time_t now = time(NULL);

	if (errno != ENOENT)
		return cannot_open(f);
	if (f->gone_s == 0 || f->gone_s > now)
		f->gone_s = now;
	return now - f->gone_s < GONE_S ? FOLLOW_WAIT : FOLLOW_ERROR;
}

/*
 * At the end of the first file: FOLLOW_LINE when it is to be read once more, and
 * then to be left if there is a next one or another directory.
 */
static enum follow_answer
after_end(struct follow *f)
{
	int rotated = 0;

	f->moved = false;
	if (!f->files.is_dir || !logqueue_has_next(&f->files))
		rotated = logqueue_has_rotated(&f->files);
	if (rotated <= 0 && !logqueue_has_next(&f->files))
		f->moved = logqueue_has_moved(&f->files);
	if (f->moved)
		return FOLLOW_LINE;
	if (rotated < 0)
		return cannot_see(f);
	f->gone_s = 0;
	if (rotated > 0 && logqueue_more(&f->files) != 0 &&
	    !logqueue_has_next(&f->files))
		return cannot_open(f);
	f->denied = 0;
	if (logqueue_has_next(&f->files))
		return FOLLOW_LINE;
	/* if the live file is a copy that took its place, it may go on in that */
	return rotated > 0 && logqueue_has_rotated(&f->files) == 0
		   ? FOLLOW_LINE
		   : FOLLOW_WAIT;
}

/*
 * The rest of a file whose writer was killed is all there is of that line; the
 * rest of the last file of a directory as well.
 */
static bool
take_cut_line(struct follow *f, struct follow_line *line)
{
	return logqueue_first(&f->files, &f->first) &&
	       (f->first.cut || f->moved) &&
	       follow_rest(f, line) == FOLLOW_LINE;
}

/* Goes on behind the first file: FOLLOW_LINE, or why not. */
static enum follow_answer
leave_file(struct follow *f)
{
	if (!f->moved)
		next_file(f);
	else if (change_directory(f) != 0)
		return cannot_open(f);
	return FOLLOW_LINE;
}

/*
 * At the end of the first file. If it is finished, it is read to its end once
 * more, as the writer left it before it made the next; then it is left.
 */
static enum follow_answer
at_end(struct follow *f, bool *finished)
{
	enum follow_answer answer = *finished ? leave_file(f) : after_end(f);

	*finished = !*finished && (f->moved || logqueue_has_next(&f->files));
	return answer;
}

enum follow_answer
follow_line(struct follow *f, struct follow_line *line)
{
	bool finished = false;

	for (;;) {
		enum follow_answer answer = FOLLOW_LINE;
		ssize_t n;

		if (take_line(f, line))
			return FOLLOW_LINE;
		if (f->stream < 0 && !f->reads)
			answer = first_file(f);
		if (answer != FOLLOW_LINE)
			return answer;
		n = fill(f);
		if (n > 0)
			continue;
		if (n < 0)
			return errno == EAGAIN ? FOLLOW_WAIT : FOLLOW_ERROR;
		if (f->stream >= 0)
			return FOLLOW_END;
		if (finished && take_cut_line(f, line))
			return FOLLOW_LINE;
		answer = at_end(f, &finished);
		if (answer != FOLLOW_LINE)
			return answer;
	}
}

enum follow_answer
follow_rest(struct follow *f, struct follow_line *line)
{
	if (f->start == f->end || f->too_long)
		return FOLLOW_END;
	line->text = f->text + f->start;
	line->len = f->end - f->start;
	line->is_part = false;
	line->written_s = f->written_s;
	f->start = f->end = 0;
	if (f->stream < 0)
		set_place(f, f->offset);
	return FOLLOW_LINE;
}

enum follow_answer
follow_to_end(struct follow *f, struct follow_line *line)
{
	enum follow_answer answer;

	while (
	    (answer = follow_line(f, line)) == FOLLOW_WAIT && f->stream >= 0) {
		struct pollfd p = {f->stream, POLLIN, 0};

		(void)poll(&p, 1, -1);
	}
	if (answer == FOLLOW_WAIT || answer == FOLLOW_END)
		return follow_rest(f, line);
	return answer;
}

bool
follow_missed(struct follow *f)
{
	bool missed = f->missed;

	if (f->stream < 0)
		missed |= logqueue_missed(&f->files);
	f->missed = false;
	return missed;
}

bool
follow_position(struct follow *f, struct position *place)
{
	if (f->stream >= 0 || (!f->reads && !f->position_is_before))
		return false;
	*place = whole_place(f);
	return true;
}

uint64_t
follow_unread(struct follow *f)
{
	uint64_t all = f->stream >= 0 ? 0 : logqueue_bytes(&f->files);

	return all > f->offset ? all - f->offset : 0;
}

int
follow_fd(const struct follow *f)
{
	return f->stream >= 0 ? f->stream : f->notify;
}

void
follow_wake(struct follow *f)
{
	char events[4096];

	if (f->stream < 0 && f->notify >= 0)
		while (read(f->notify, events, sizeof events) > 0)
			continue;
}
