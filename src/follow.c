#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "logfiles.h"

#define BUFFER_BYTES (2 * FOLLOW_LINE_MAX)
#define QUEUE_MAX 64
#define HEAD_BYTES 256
#define DENIED_MAX 5

struct queued {
	int fd;
	uint64_t ino;
};

struct follow {
	bool is_stream, is_dir;
	char dir[PATH_MAX];
	char live[NAME_MAX + 1];   /* "current", or the plain file's name */
	char newest[NAME_MAX + 1]; /* of the finished files seen so far */
	int notify;

	/* the files to read, the one being read first */
	struct queued queue[QUEUE_MAX];
	size_t queue_n;
	uint64_t last_ino; /* the last that was ever queued */
	uint64_t offset;   /* of the first file's next byte */
	int64_t written_s;

	/* bytes read and not yet given out: text[start .. end) */
	char text[BUFFER_BYTES];
	size_t start, end;
	bool too_long; /* passing over the rest of a line */
	bool missed;
	unsigned denied; /* times in a row */
	struct follow_place place;
};

static uint64_t
hash_head(int fd, uint32_t len)
{
	unsigned char head[HEAD_BYTES];
	ssize_t n = pread(fd, head, len, 0);
	uint64_t h = 14695981039346656037ULL;

	if (n != (ssize_t)len)
		return 0;
	for (ssize_t i = 0; i < n; i++)
		h = (h ^ head[i]) * 1099511628211ULL;
	return h;
}

static void
set_place(struct follow *f, uint64_t offset)
{
	uint32_t len = offset < HEAD_BYTES ? (uint32_t)offset : HEAD_BYTES;

	if (f->place.ino != f->queue[0].ino || f->place.head_len != len) {
		f->place.ino = f->queue[0].ino;
		f->place.head_len = len;
		f->place.head_hash = hash_head(f->queue[0].fd, len);
	}
	f->place.offset = offset;
}

static bool
is_place(int fd, const struct follow_place *place)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == place->ino &&
	       (uint64_t)st.st_size >= place->offset &&
	       place->head_len <= HEAD_BYTES &&
	       hash_head(fd, place->head_len) == place->head_hash;
}

/* Opens a listed file. -1 with errno EAGAIN when the name has moved on. */
static int
open_listed(const struct follow *f, const struct logfiles_file *file)
{
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "%s/%s", f->dir, file->name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == ENOENT)
			errno = EAGAIN;
		return -1;
	}
	if (fstat(fd, &st) != 0 || st.st_ino != file->ino) {
		close(fd);
		errno = EAGAIN;
		return -1;
	}
	return fd;
}

static void
note_newest(struct follow *f, const struct logfiles_file *file)
{
	if (f->is_dir && file->name[0] == '@' &&
	    strcmp(file->name, f->newest) > 0)
		snprintf(f->newest, sizeof f->newest, "%s", file->name);
}

/* The first listed file that comes after all that have been queued. */
static size_t
first_new(struct follow *f, const struct logfiles *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->list[i].ino == f->last_ino)
			return i + 1;
	/*
	 * The last one is gone. It was open, so it is read in full, but more
	 * may have come and gone behind it. A plain file goes at once when it
	 * is compressed, which is no sign of that.
	 */
	if (!f->is_dir)
		return l->n > 0 ? l->n - 1 : 0;
	f->missed = f->last_ino != 0;
	for (i = 0; i < l->n; i++)
		if (l->list[i].name[0] != '@' ||
		    strcmp(l->list[i].name, f->newest) > 0)
			break;
	return i;
}

/* Queues the files that have come since. 0, or -1 with errno. */
static int
queue_new(struct follow *f)
{
	struct logfiles l;
	size_t fresh;
	int error = 0;

	if (logfiles_list(&l, f->dir, f->live, f->is_dir, f->newest) != 0)
		return -1;
	fresh = first_new(f, &l);
	for (size_t i = 0; i < l.n && f->queue_n < QUEUE_MAX; i++) {
		if (i >= fresh) {
			int fd = open_listed(f, &l.list[i]);

			if (fd < 0) {
				error = errno;
				break;
			}
			f->queue[f->queue_n++] =
			    (struct queued){fd, l.list[i].ino};
			f->last_ino = l.list[i].ino;
		}
		note_newest(f, &l.list[i]);
	}
	logfiles_free(&l);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Finds the file of the place and queues it. 1 found, 0 not, -1 errno. */
static int
queue_place(struct follow *f, const struct follow_place *from)
{
	struct logfiles l;
	int found = 0;

	if (logfiles_list(&l, f->dir, f->live, f->is_dir, "") != 0)
		return -1;
	for (size_t i = 0; i < l.n && found == 0; i++) {
		int fd;

		if (l.list[i].ino != from->ino)
			continue;
		fd = open_listed(f, &l.list[i]);
		if (fd < 0) {
			found = -1;
		} else if (is_place(fd, from)) {
			f->queue[0] = (struct queued){fd, from->ino};
			f->queue_n = 1;
			f->last_ino = from->ino;
			f->offset = from->offset;
			f->place = *from;
			found = 1;
		} else {
			close(fd);
			break; /* another file with a used inode */
		}
	}
	if (found < 0) {
		int saved = errno;

		logfiles_free(&l);
		errno = saved;
		return -1;
	}
	logfiles_free(&l);
	return found;
}

static int
start_reading(struct follow *f, const struct follow_place *from)
{
	int found = from == NULL ? 0 : queue_place(f, from);

	if (found < 0)
		return -1;
	if (found == 0) {
		bool missed = from != NULL;

		if (queue_new(f) != 0)
			return -1;
		f->missed = missed;
		if (f->queue_n > 0)
			set_place(f, 0);
	}
	return 0;
}

static bool
split_path(struct follow *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	size_t dir_len = slash == NULL ? 0 : (size_t)(slash - path);

	if (strlen(path) >= sizeof f->dir || strlen(base) > NAME_MAX)
		return false;
	if (slash == NULL)
		snprintf(f->dir, sizeof f->dir, ".");
	else
		snprintf(f->dir, sizeof f->dir, "%.*s",
		    dir_len == 0 ? 1 : (int)dir_len, path);
	snprintf(f->live, sizeof f->live, "%s", base);
	return true;
}

static void
watch(struct follow *f)
{
	f->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	/* without it a look every second has to do */
	if (f->notify >= 0)
		(void)inotify_add_watch(f->notify, f->dir,
		    IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ATTRIB);
}

static int
open_stream(struct follow *f, const char *path)
{
	int fd = strcmp(path, "-") == 0
		     ? fcntl(0, F_DUPFD_CLOEXEC, 3)
		     : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -1;
	f->is_stream = true;
	f->queue[0].fd = fd;
	f->queue_n = 1;
	return 0;
}

static int
open_log(struct follow *f, const char *path, const struct follow_place *from)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return open_stream(f, path);
	if (stat(path, &st) != 0)
		return -1;
	if (S_ISDIR(st.st_mode)) {
		f->is_dir = true;
		if (strlen(path) >= sizeof f->dir) {
			errno = ENAMETOOLONG;
			return -1;
		}
		snprintf(f->dir, sizeof f->dir, "%s", path);
		snprintf(f->live, sizeof f->live, "current");
	} else if (!S_ISREG(st.st_mode)) {
		return open_stream(f, path);
	} else if (!split_path(f, path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	watch(f);
	for (int tries = 0;; tries++) {
		if (start_reading(f, from) == 0)
			return 0;
		/* a rotation was on its way; "current" is 0600 for a moment */
		if ((errno != EAGAIN && errno != EACCES) || tries == 20)
			return -1;
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	}
}

struct follow *
follow_open(const char *path, const struct follow_place *from)
{
	struct follow *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->notify = -1;
	if (open_log(f, path, from) != 0) {
		int saved = errno;

		follow_close(f);
		errno = saved;
		return NULL;
	}
	return f;
}

void
follow_close(struct follow *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->queue_n; i++)
		close(f->queue[i].fd);
	if (f->notify >= 0)
		close(f->notify);
	free(f);
}

/* Whether the live file is another one than the last that was queued. */
static bool
has_rotated(const struct follow *f)
{
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", f->dir, f->live);
	return stat(path, &st) == 0 && st.st_ino != f->last_ino;
}

static void
next_file(struct follow *f)
{
	close(f->queue[0].fd);
	f->queue_n--;
	memmove(f->queue, f->queue + 1, f->queue_n * sizeof *f->queue);
	f->offset = 0;
	/*
	 * What is left over is the start of a line that goes on in the next
	 * file; the place stays before it until it is complete.
	 */
	if (f->start == f->end && !f->too_long)
		set_place(f, 0);
}

/* Copy and truncate: begins again when the file is shorter than it was. */
static void
begin_again_if_truncated(struct follow *f, const struct stat *st)
{
	if ((uint64_t)st->st_size >= f->offset)
		return;
	f->offset = 0;
	f->start = f->end = 0;
	f->too_long = false;
	set_place(f, 0);
}

static ssize_t
read_stream(struct follow *f)
{
	struct pollfd p = {.fd = f->queue[0].fd, .events = POLLIN};

	if (poll(&p, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	f->written_s = time(NULL);
	return read(p.fd, f->text + f->end, sizeof f->text - f->end);
}

static ssize_t
read_file(struct follow *f)
{
	struct stat st;

	if (fstat(f->queue[0].fd, &st) != 0)
		return -1;
	begin_again_if_truncated(f, &st);
	f->written_s = st.st_mtim.tv_sec;
	return pread(f->queue[0].fd, f->text + f->end, sizeof f->text - f->end,
	    (off_t)f->offset);
}

/* Makes room and reads on from the first file: bytes, 0 end, -1 errno. */
static ssize_t
fill(struct follow *f)
{
	ssize_t n;

	memmove(f->text, f->text + f->start, f->end - f->start);
	f->end -= f->start;
	f->start = 0;
	n = f->is_stream ? read_stream(f) : read_file(f);
	if (n > 0) {
		f->offset += (uint64_t)n;
		f->end += (size_t)n;
	}
	return n;
}

/* Gives out the next whole line in the buffer. */
static bool
take_line(struct follow *f, struct follow_line *line)
{
	const char *from = f->text + f->start;
	const char *feed;

	while ((feed = memchr(from, '\n', f->end - f->start)) != NULL) {
		bool whole = !f->too_long;

		line->text = from;
		line->len = (size_t)(feed - from);
		line->written_s = f->written_s;
		f->start += line->len + 1;
		f->too_long = false;
		if (!f->is_stream)
			set_place(f, f->offset - (f->end - f->start));
		if (whole && line->len <= FOLLOW_LINE_MAX)
			return true;
		from = f->text + f->start;
	}
	if (f->end - f->start > FOLLOW_LINE_MAX) {
		f->too_long = true;
		f->start = f->end = 0;
	}
	return false;
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

/* At the end of the first file: goes on to the next if there is one. */
static enum follow_answer
after_end(struct follow *f, bool *again)
{
	*again = false;
	if (f->queue_n > 1) {
		/* the writer had left this file before it opened the next */
		if (fill(f) == 0) {
			next_file(f);
			/*
			 * A fast writer deletes soon: open what has come. A
			 * queue that is half full is a backlog, not a race.
			 */
			if (f->queue_n < QUEUE_MAX / 2 && has_rotated(f))
				(void)queue_new(f);
		}
		*again = true;
		return FOLLOW_WAIT;
	}
	if (!has_rotated(f))
		return FOLLOW_WAIT;
	if (queue_new(f) != 0 && f->queue_n == 1)
		return cannot_open(f);
	f->denied = 0;
	*again = f->queue_n > 1;
	return FOLLOW_WAIT;
}

enum follow_answer
follow_line(struct follow *f, struct follow_line *line)
{
	for (;;) {
		enum follow_answer answer;
		bool again;
		ssize_t n;

		if (take_line(f, line))
			return FOLLOW_LINE;
		if (f->queue_n == 0) { /* a directory still without a file */
			if (queue_new(f) != 0 && f->queue_n == 0)
				return cannot_open(f);
			if (f->queue_n == 0)
				return FOLLOW_WAIT;
			set_place(f, 0);
		}
		n = fill(f);
		if (n > 0)
			continue;
		if (n < 0)
			return errno == EINTR || errno == EAGAIN ? FOLLOW_WAIT
								 : FOLLOW_ERROR;
		if (f->is_stream)
			return FOLLOW_END;
		answer = after_end(f, &again);
		if (!again)
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
	line->written_s = f->written_s;
	f->start = f->end = 0;
	return FOLLOW_LINE;
}

bool
follow_missed(struct follow *f)
{
	bool missed = f->missed;

	f->missed = false;
	return missed;
}

bool
follow_place(struct follow *f, struct follow_place *place)
{
	if (f->is_stream || f->place.ino == 0)
		return false;
	*place = f->place;
	return true;
}

int
follow_fd(const struct follow *f)
{
	return f->is_stream ? f->queue[0].fd : f->notify;
}

void
follow_wake(struct follow *f)
{
	char events[4096];

	if (!f->is_stream && f->notify >= 0)
		while (read(f->notify, events, sizeof events) > 0)
			continue;
}
