/* SPDX-License-Identifier: ISC */
#include "log/logqueue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/logfiles.h"

#define CLOSE_STACK_BYTES 65536

/* ---- closing ---- */

/*
 * Files are closed in a thread. The last close of a file that was deleted frees
 * its blocks, and that can wait for the disk as long as others keep it busy
 * (0.7 s were seen on ext4, with a logger that syncs each file). A reader that
 * stood still so long would find the next files deleted too.
 */
static int to_close[2] = {-1, -1};

static void *
close_all(void *unused)
{
	int fd;

	(void)unused;
	while (read(to_close[0], &fd, sizeof fd) == sizeof fd)
		close(fd);
	return NULL;
}

static void
start_closing(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (pipe2(to_close, O_CLOEXEC) != 0)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, CLOSE_STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (fcntl(to_close[1], F_SETFL, O_NONBLOCK) != 0 ||
	    pthread_create(&thread, &attr, close_all, NULL) != 0) {
		close(to_close[0]);
		close(to_close[1]);
		to_close[1] = -1;
	}
	pthread_attr_destroy(&attr);
}

static void
close_later(int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_closing);
	/* no thread, or a full pipe: then it has to be here */
	if (write(to_close[1], &fd, sizeof fd) != sizeof fd)
		close(fd);
}

/* ---- the queue ---- */

/*
 * A thread that is in a hurry must not wait until one that is not gets the
 * processor to unlock.
 */
static void
make_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

static int
open_dir(const struct logqueue *q)
{
	return open(q->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int
logqueue_start(struct logqueue *q, const char *path, bool is_dir)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;

	*q = (struct logqueue){.is_dir = is_dir};
	if (strlen(path) >= sizeof q->dir || strlen(base) > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(q->live, sizeof q->live, "%s", is_dir ? "current" : base);
	if (is_dir)
		snprintf(q->dir, sizeof q->dir, "%s", path);
	else if (slash == NULL)
		snprintf(q->dir, sizeof q->dir, ".");
	else /* with the slash, so that the root stays what it is */
		snprintf(
		    q->dir, sizeof q->dir, "%.*s", (int)(base - path), path);
	q->dir_fd = open_dir(q);
	if (q->dir_fd < 0)
		return -1;
	make_lock(&q->lock);
	return 0;
}

/* Remembers the newest name of finished files. */
static void
note(char *newest, size_t size, const char *name)
{
	if (name[0] == '@' && strlen(name) < size && strcmp(name, newest) > 0)
		snprintf(newest, size, "%s", name);
}

static void
drop(struct logqueue *q)
{
	note(q->done, sizeof q->done, q->files[0].name);
	q->before = logfiles_id(q->files[0].fd);
	close_later(q->files[0].fd);
	q->n--;
	memmove(q->files, q->files + 1, q->n * sizeof *q->files);
}

static void
empty(struct logqueue *q)
{
	while (q->n > 0)
		drop(q);
}

void
logqueue_stop(struct logqueue *q)
{
	empty(q);
	close(q->dir_fd);
	pthread_mutex_destroy(&q->lock);
}

bool
logqueue_has_moved(const struct logqueue *q)
{
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat here;
	struct stat there;
	int saved = errno;
	bool has;

	snprintf(path, sizeof path, "%s/%s", q->dir, q->live);
	has = fstat(q->dir_fd, &here) == 0 && stat(q->dir, &there) == 0 &&
	      (here.st_dev != there.st_dev || here.st_ino != there.st_ino) &&
	      stat(path, &there) == 0 && there.st_size > 0;
	errno = saved;
	return has;
}

int
logqueue_restart(struct logqueue *q)
{
	int fd = open_dir(q);

	if (fd < 0)
		return -1;
	pthread_mutex_lock(&q->lock);
	empty(q);
	close(q->dir_fd);
	q->dir_fd = fd;
	q->newest[0] = 0;
	q->before = (struct logfiles_id){0};
	pthread_mutex_unlock(&q->lock);
	return 0;
}

void
logqueue_skip(struct logqueue *q, const char *name)
{
	pthread_mutex_lock(&q->lock);
	snprintf(q->newest, sizeof q->newest, "%s", name);
	pthread_mutex_unlock(&q->lock);
}

void
logqueue_done(struct logqueue *q, char name[POSITION_NAME_SIZE])
{
	pthread_mutex_lock(&q->lock);
	memcpy(name, q->done, sizeof q->done);
	pthread_mutex_unlock(&q->lock);
}

/*
 * A plain file's writer begins the next with a line of its own, and a copy of
 * it may end anywhere.
 */
static void
note_name(const struct logqueue *q, struct logqueue_file *queued,
    const struct logfiles_file *file)
{
	queued->id = file->id;
	queued->cut = !q->is_dir || logfiles_is_cut(file);
	if (q->is_dir)
		note(queued->name, sizeof queued->name, file->name);
}

/* Puts an open file at the end. */
static void
append(struct logqueue *q, const struct logfiles_file *file, int fd)
{
	struct logqueue_file *last = &q->files[q->n++];

	*last = (struct logqueue_file){.fd = fd};
	note_name(q, last, file);
}

/* Opens a listed file and puts it at the end. -1 with errno. */
static int
put(struct logqueue *q, const struct logfiles_file *file)
{
	int fd = logfiles_open(q->dir_fd, file);

	if (fd < 0)
		return -1;
	append(q, file, fd);
	return 0;
}

/* ---- the live file ---- */

/* The live file stands last, unless a rotation is on its way. */
static bool
has_live(const struct logqueue *q, const struct logfiles *l)
{
	return l->n > 0 && strcmp(l->list[l->n - 1].name, q->live) == 0;
}

/* overlayfs gives a file another number when it is written first. */
static void
note_id(struct logqueue *q)
{
	for (size_t i = q->is_dir && q->n > 0 ? q->n - 1 : 0; i < q->n; i++)
		q->files[i].id = logfiles_id(q->files[i].fd);
}

/* Whether a file has all that the other one has, by its beginning and size. */
static bool
is_copy(int fd, int of_fd)
{
	char a[POSITION_HEAD_BYTES];
	char b[POSITION_HEAD_BYTES];
	ssize_t a_len = pread(fd, a, sizeof a, 0);
	ssize_t b_len = pread(of_fd, b, sizeof b, 0);
	struct stat of;
	struct stat st;

	return b_len > 0 && a_len >= b_len &&
	       memcmp(a, b, (size_t)b_len) == 0 && fstat(fd, &st) == 0 &&
	       fstat(of_fd, &of) == 0 && st.st_size >= of.st_size;
}

/*
 * Whether the only file in the queue, which is gone, goes on in the live one:
 * an editor or a backup put a copy in its place. Then that is read on.
 */
static bool
goes_on_in_live(struct logqueue *q, const struct logfiles *l)
{
	bool goes_on;
	int fd;

	if (q->n != 1 || !has_live(q, l))
		return false;
	fd = logfiles_open(q->dir_fd, &l->list[l->n - 1]);
	goes_on = fd >= 0 && is_copy(fd, q->files[0].fd) &&
		  dup3(fd, q->files[0].fd, O_CLOEXEC) >= 0;
	if (fd >= 0)
		close(fd);
	note_id(q);
	return goes_on;
}

/* ---- a directory: everything that has come is queued ---- */

/* The queued one of that number, or NULL. */
static struct logqueue_file *
queued(struct logqueue *q, const struct logfiles_id *id)
{
	for (size_t k = 0; k < q->n; k++)
		if (logfiles_is(&q->files[k].id, id))
			return &q->files[k];
	return NULL;
}

/*
 * A file that was queued by another name may have become a cut one. What is
 * neither new nor in the queue was read.
 */
static void
note_names(struct logqueue *q, const struct logfiles *l, size_t fresh)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct logfiles_file *file = &l->list[i];
		struct logqueue_file *known = queued(q, &file->id);

		if (known != NULL)
			note_name(q, known, file);
		else if (i < fresh)
			note(q->done, sizeof q->done, file->name);
	}
}

/* The first listed file that comes after all that have been queued. */
static size_t
first_new(struct logqueue *q, const struct logfiles *l)
{
	size_t i;

	for (i = 0; q->n > 0 && i < l->n; i++)
		if (logfiles_is(&l->list[i].id, &q->files[q->n - 1].id))
			return i + 1;
	if (goes_on_in_live(q, l))
		return l->n;
	/*
	 * The last one is gone. It was open, so it is read in full, but more
	 * may have come and gone behind it.
	 */
	q->missed |= q->n > 0;
	for (i = 0; i < l->n; i++)
		if (l->list[i].name[0] != '@' ||
		    strcmp(l->list[i].name, q->newest) > 0)
			break;
	return i;
}

static int
put_new(struct logqueue *q, const struct logfiles *l)
{
	size_t fresh = first_new(q, l);

	note_names(q, l, fresh);
	for (size_t i = 0; i < l->n && q->n < LOGQUEUE_MAX; i++) {
		if (i >= fresh && put(q, &l->list[i]) != 0)
			return errno;
		note(q->newest, sizeof q->newest, l->list[i].name);
	}
	return 0;
}

/* ---- a plain file: one after another ---- */

static size_t
read_head(const struct logqueue *q, const struct logfiles_file *file,
    char head[POSITION_HEAD_BYTES])
{
	int fd = logfiles_open(q->dir_fd, file);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, POSITION_HEAD_BYTES, 0);

	if (fd >= 0)
		close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/*
 * Whether a file is a copy, perhaps one in the making, of the live one as it is
 * now. Then the live one is to be read; its truncation comes after the copy is
 * complete, and is noticed.
 */
static bool
is_copy_of_live(const struct logqueue *q, const struct logfiles_file *file,
    const struct logfiles_file *live)
{
	char a[POSITION_HEAD_BYTES];
	char b[POSITION_HEAD_BYTES];
	size_t a_len = read_head(q, file, a);
	size_t b_len = read_head(q, live, b);

	return a_len == 0 ||
	       (b_len > 0 && memcmp(a, b, a_len < b_len ? a_len : b_len) == 0);
}

/* The listed one of that number, or l->n - 1, the live one. */
static size_t
listed(const struct logfiles *l, const struct logfiles_id *id)
{
	size_t i = 0;

	while (i + 1 < l->n && !logfiles_is(&l->list[i].id, id))
		i++;
	return i;
}

/*
 * The listed file to read after that one. When that is gone, as it is
 * compressed, or there was none, the live one: l->n - 1.
 */
static size_t
next_after(const struct logqueue *q, const struct logfiles *l,
    const struct logfiles_id *before)
{
	size_t live = l->n - 1;
	size_t i = listed(l, before);

	while (++i < live)
		if (!is_copy_of_live(q, &l->list[i], &l->list[live]))
			return i;
	return live;
}

static int
put_next(struct logqueue *q, const struct logfiles *l)
{
	struct logfiles_id first = {0};
	size_t next;

	if (!has_live(q, l))
		return EAGAIN;
	if (q->n > 0)
		first = q->files[0].id;
	next = next_after(q, l, &first);
	if (logfiles_is(&l->list[next].id, &first) ||
	    (listed(l, &first) == next && goes_on_in_live(q, l)))
		return 0;
	if (q->n > 1)
		close(q->files[--q->n].fd);
	return put(q, &l->list[next]) == 0 ? 0 : errno;
}

static int
confirm(struct logqueue *q, const struct logfiles *l, bool *is_right)
{
	const struct logfiles_file *next;
	int fd;

	if (!has_live(q, l))
		return EAGAIN;
	note_id(q);
	next = &l->list[next_after(q, l, &q->before)];
	if (logfiles_is(&next->id, &q->files[0].id))
		return 0;
	fd = logfiles_open(q->dir_fd, next);
	if (fd < 0)
		return errno;
	*is_right = false;
	empty(q);
	append(q, next, fd);
	return 0;
}

int
logqueue_confirm(struct logqueue *q, bool *is_right)
{
	struct logfiles l;
	struct logfiles_id before = q->before;
	int error;

	*is_right = true;
	if (q->is_dir || before.ino == 0)
		return 0;
	if (logfiles_list(&l, q->dir_fd, q->live, false, "") != 0)
		return -1;
	error = confirm(q, &l, is_right);
	q->before = before;
	logfiles_free(&l);
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
more(struct logqueue *q)
{
	struct logfiles l;
	int error;

	if (logfiles_list(&l, q->dir_fd, q->live, q->is_dir, q->newest) != 0)
		return errno;
	note_id(q);
	error = q->is_dir ? put_new(q, &l) : put_next(q, &l);
	logfiles_free(&l);
	return error;
}

int
logqueue_more(struct logqueue *q)
{
	int error;

	pthread_mutex_lock(&q->lock);
	error = more(q);
	pthread_mutex_unlock(&q->lock);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* 1 when the listed file is that of the place and now the only one queued. */
static int
try_file(struct logqueue *q, const struct logfiles_file *file,
    const struct position *place, bool as_copy)
{
	int fd = logfiles_open(q->dir_fd, file);

	if (fd < 0)
		return -1;
	if (!position_is_in(place, fd, as_copy)) {
		close(fd);
		return 0;
	}
	empty(q);
	append(q, file, fd);
	memcpy(q->done, place->done, sizeof q->done);
	return 1;
}

static int
find(struct logqueue *q, const struct position *place, const struct logfiles *l)
{
	int found = 0;

	for (size_t i = 0; i < l->n && found == 0; i++)
		if (l->list[i].id.ino == place->ino)
			found = try_file(q, &l->list[i], place, false);
	/* the newest first, and the live one, which stands last, at the end */
	for (size_t i = l->n; found == 0 && i-- > 0;)
		if (strcmp(l->list[i].name, q->live) != 0)
			found = try_file(q, &l->list[i], place, true);
	if (found == 0 && has_live(q, l))
		found = try_file(q, &l->list[l->n - 1], place, true);
	return found;
}

int
logqueue_find(struct logqueue *q, const struct position *place)
{
	struct logfiles l;
	int found;
	int saved;

	if (logfiles_list(&l, q->dir_fd, q->live, q->is_dir, "") != 0)
		return -1;
	pthread_mutex_lock(&q->lock);
	found = find(q, place, &l);
	saved = errno;
	pthread_mutex_unlock(&q->lock);
	logfiles_free(&l);
	errno = saved;
	return found;
}

bool
logqueue_first(struct logqueue *q, struct logqueue_file *file)
{
	bool is_there;

	pthread_mutex_lock(&q->lock);
	is_there = q->n > 0;
	if (is_there)
		*file = q->files[0];
	pthread_mutex_unlock(&q->lock);
	return is_there;
}

bool
logqueue_has_next(struct logqueue *q)
{
	struct stat st;
	bool has;

	pthread_mutex_lock(&q->lock);
	has = q->n > 2 ||
	      (q->n == 2 && (q->is_dir || fstat(q->files[1].fd, &st) != 0 ||
				st.st_size > 0));
	pthread_mutex_unlock(&q->lock);
	return has;
}

int
logqueue_has_rotated(struct logqueue *q)
{
	struct logfiles_id id;
	struct stat st;
	int has;

	if (fstatat(q->dir_fd, q->live, &st, 0) != 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = LOGQUEUE_NOT_A_FILE;
		return -1;
	}
	id = (struct logfiles_id){st.st_dev, st.st_ino};
	pthread_mutex_lock(&q->lock);
	note_id(q);
	has = q->n == 0 || !logfiles_is(&id, &q->files[q->n - 1].id);
	pthread_mutex_unlock(&q->lock);
	return has;
}

void
logqueue_drop(struct logqueue *q)
{
	pthread_mutex_lock(&q->lock);
	drop(q);
	pthread_mutex_unlock(&q->lock);
}

uint64_t
logqueue_bytes(struct logqueue *q)
{
	uint64_t bytes = 0;
	struct stat st;

	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < q->n; i++)
		if (fstat(q->files[i].fd, &st) == 0)
			bytes += (uint64_t)st.st_size;
	pthread_mutex_unlock(&q->lock);
	return bytes;
}

bool
logqueue_missed(struct logqueue *q)
{
	bool missed;

	pthread_mutex_lock(&q->lock);
	missed = q->missed;
	q->missed = false;
	pthread_mutex_unlock(&q->lock);
	return missed;
}
