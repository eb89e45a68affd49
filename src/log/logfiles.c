/* SPDX-License-Identifier: ISC */
#include "log/logfiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 20
#define FIRST_BYTES 65536
#define LAST_BYTES (64U << 20)

/* A name as the kernel gives it, getdents64(2); libcs differ in their types. */
struct entry {
	uint64_t ino;
	int64_t next;
	uint16_t len_bytes;
	uint8_t type; /* DT_REG, ... */
	char name[];
};

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name);
	size_t m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static bool
is_compressed(const char *name)
{
	static const char *const ends[] = {
	    ".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (ends_with(name, ends[i]))
			return true;
	return false;
}

static bool
belongs(const char *name, const char *live, bool is_dir, const char *after)
{
	size_t len = strlen(live);

	if (strcmp(name, live) == 0)
		return true;
	if (is_dir)
		return strcmp(name, "previous") == 0 ||
		       (name[0] == '@' && strcmp(name, after) >= 0 &&
			   (ends_with(name, ".s") || ends_with(name, ".u")));
	return strncmp(name, live, len) == 0 &&
	       (name[len] == '.' || name[len] == '-') && !is_compressed(name);
}

static int
add(struct logfiles *l, const char *name, const struct stat *st)
{
	struct logfiles_file *list = l->list;

	if ((l->n & (l->n - 1)) == 0) { /* full: 0, 1, 2, 4, ... */
		size_t cap = l->n == 0 ? 1 : l->n * 2;

		list = reallocarray(list, cap, sizeof *list);
		if (list == NULL)
			return -1;
		l->list = list;
	}
	list += l->n++;
	memset(list, 0, sizeof *list);
	snprintf(list->name, sizeof list->name, "%s", name);
	list->id = (struct logfiles_id){st->st_dev, st->st_ino};
	list->mtime_ns =
	    (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
	return 0;
}

/* The labels sort as text, and before "current" and "previous". */
static int
by_name(const void *a, const void *b)
{
	const struct logfiles_file *x = a;
	const struct logfiles_file *y = b;

	return strcmp(x->name, y->name);
}

static int
by_mtime(const void *a, const void *b)
{
	const struct logfiles_file *x = a;
	const struct logfiles_file *y = b;

	if (x->mtime_ns != y->mtime_ns)
		return x->mtime_ns < y->mtime_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

/*
 * Moves the live file to the end, and drops second names of a file: "previous",
 * that of the newest finished one in a rotation, and hard links.
 */
static void
tidy(struct logfiles *l, const char *live)
{
	struct logfiles_file file = {0};
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i].name, live) == 0)
			file = l->list[i];
	for (size_t i = 0; i < l->n; i++) {
		const struct logfiles_file *next = &l->list[i];

		if (*file.name != 0 && logfiles_is(&next->id, &file.id))
			continue;
		if (kept > 0 && logfiles_is(&next->id, &l->list[kept - 1].id))
			continue;
		l->list[kept++] = *next;
	}
	if (*file.name != 0)
		l->list[kept++] = file;
	l->n = kept;
}

/*
 * Reading a file changes its time of access, which can wait for the disk as any
 * change does. Who owns it, or has CAP_FOWNER, may do without.
 */
static int
open_quietly(int at, const char *path, int flags)
{
	int fd = openat(at, path, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(at, path, flags) : fd;
}

/*
 * All names of a directory, as far as size bytes of struct entry hold them, and
 * whether they are of one moment: the kernel holds it still during a call.
 * Returns how many bytes there are; -1 with EINVAL when there are more.
 */
static ssize_t
fill_names(int fd, char *buf, size_t size, bool *at_once)
{
	size_t len = 0;
	int calls = 0;
	long n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	while ((n = syscall(SYS_getdents64, fd, buf + len, size - len)) > 0) {
		len += (size_t)n;
		calls++;
	}
	*at_once = calls <= 1;
	return n < 0 ? -1 : (ssize_t)len;
}

/*
 * The same with as much room as it takes, in *buf, to be freed. FUSE gives out
 * a few names a call, however much room there is.
 */
static ssize_t
read_names(int fd, char **buf, bool *at_once)
{
	*buf = NULL;
	for (size_t size = FIRST_BYTES; size <= LAST_BYTES; size *= 2) {
		char *larger = realloc(*buf, size);
		ssize_t n;

		if (larger == NULL)
			return -1;
		*buf = larger;
		n = fill_names(fd, *buf, size, at_once);
		if (n >= 0 || errno != EINVAL)
			return n;
	}
	return -1;
}

/*
 * Adds a file. is_sure becomes false when the directory names another inode for
 * it: the name has moved on since, or such are this file system's numbers.
 */
static int
add_entry(struct logfiles *l, int dir, const struct entry *e, bool *is_sure)
{
	struct stat st;

	if (fstatat(dir, e->name, &st, 0) != 0) {
		if (errno == ENOENT && e->type == DT_LNK) /* to nothing */
			return 0;
		if (errno == ENOENT)
			errno = EAGAIN;
		return -1;
	}
	*is_sure &= st.st_ino == e->ino;
	return S_ISREG(st.st_mode) ? add(l, e->name, &st) : 0;
}

/* The list, and whether it is surely that of one moment. */
static int
list_once(struct logfiles *l, int at, const char *live, bool is_dir,
    const char *after, bool *is_sure)
{
	int dir = open_quietly(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *names = NULL;
	ssize_t n = dir < 0 ? -1 : read_names(dir, &names, is_sure);
	int error = n < 0 ? errno : 0;

	*l = (struct logfiles){0};
	for (ssize_t next = 0; next < n && error == 0;) {
		const struct entry *e = (const void *)(names + next);

		if (belongs(e->name, live, is_dir, after) &&
		    add_entry(l, dir, e, is_sure) != 0)
			error = errno;
		next += e->len_bytes;
	}
	free(names);
	if (dir >= 0)
		close(dir);
	if (error != 0) {
		logfiles_free(l);
		errno = error;
		return -1;
	}
	if (l->n > 0)
		qsort(l->list, l->n, sizeof *l->list,
		    is_dir ? by_name : by_mtime);
	tidy(l, live);
	return 0;
}

static bool
is_same(const struct logfiles *a, const struct logfiles *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->list[i].name, b->list[i].name) != 0 ||
		    !logfiles_is(&a->list[i].id, &b->list[i].id))
			return false;
	return a->n == b->n;
}

int
logfiles_list(struct logfiles *l, int dir, const char *live, bool is_dir,
    const char *after)
{
	struct logfiles before = {0};
	bool has_before = false;
	int result = -1;

	for (int i = 0; i < TRIES; i++) {
		bool is_sure = false;
		int failed = list_once(l, dir, live, is_dir, after, &is_sure);

		if (failed != 0 && errno != EAGAIN)
			break;
		/* nothing has moved between two that are the same */
		if (failed == 0 &&
		    (is_sure || (has_before && is_same(l, &before)))) {
			result = 0;
			break;
		}
		logfiles_free(&before);
		before = *l;
		has_before = failed == 0;
		*l = (struct logfiles){0};
		errno = EAGAIN;
	}
	logfiles_free(&before);
	return result;
}

void
logfiles_free(struct logfiles *l)
{
	free(l->list);
	*l = (struct logfiles){0};
}

int
logfiles_open(int dir, const struct logfiles_file *file)
{
	struct logfiles_id id;
	int fd = open_quietly(
	    dir, file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		if (errno == ENOENT)
			errno = EAGAIN;
		return -1;
	}
	id = logfiles_id(fd);
	if (!logfiles_is(&id, &file->id)) {
		close(fd);
		errno = EAGAIN;
		return -1;
	}
	return fd;
}

bool
logfiles_is(const struct logfiles_id *a, const struct logfiles_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

struct logfiles_id
logfiles_id(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return (struct logfiles_id){0};
	return (struct logfiles_id){st.st_dev, st.st_ino};
}

bool
logfiles_is_cut(const struct logfiles_file *file)
{
	return file->name[0] == '@' && ends_with(file->name, ".u");
}
