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
add(struct logfiles *l, const char *name, uint64_t ino, int64_t mtime_ns)
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
	list->ino = ino;
	list->mtime_ns = mtime_ns;
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

/* Moves the live file to the end and drops second names of a file. */
static void
tidy(struct logfiles *l, const char *live)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i].name, live) == 0) {
			struct logfiles_file file = l->list[i];

			memmove(&l->list[i], &l->list[i + 1],
			    (l->n - i - 1) * sizeof file);
			l->list[l->n - 1] = file;
			break;
		}
	/*
	 * Only "previous" can be a second name of a file, that of the newest
	 * finished one; it stands right behind it.
	 */
	for (size_t i = l->n; i-- > 1 && i + 2 >= l->n;)
		if (l->list[i].ino == l->list[i - 1].ino) {
			memmove(&l->list[i], &l->list[i + 1],
			    (l->n - i - 1) * sizeof *l->list);
			l->n--;
			break;
		}
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
 * All names of a directory at one moment: the kernel holds it still during a
 * call, so what did not fit into one is asked for anew with more room. Returns
 * how many bytes of struct entry there are in *buf, to be freed; or -1.
 */
static ssize_t
read_names(int fd, char **buf)
{
	size_t size = FIRST_BYTES;

	*buf = NULL;
	for (; size <= LAST_BYTES; size *= 2) {
		char *larger = realloc(*buf, size);
		char more[2 * (sizeof(struct entry) + NAME_MAX)];
		long n;
		long rest;

		if (larger == NULL)
			return -1;
		*buf = larger;
		if (lseek(fd, 0, SEEK_SET) < 0)
			return -1;
		n = syscall(SYS_getdents64, fd, *buf, size);
		rest =
		    n < 0 ? -1 : syscall(SYS_getdents64, fd, more, sizeof more);
		if (rest < 0)
			return -1;
		if (rest == 0)
			return n;
	}
	errno = EAGAIN;
	return -1;
}

/*
 * Adds a file by the inode that the directory names for it. Of a plain log its
 * age is asked as well; -1 with EAGAIN when the name has moved on by then.
 */
static int
add_entry(struct logfiles *l, int dir, const struct entry *e, bool is_dir)
{
	struct stat st;

	if (is_dir && e->type == DT_REG)
		return add(l, e->name, e->ino, 0);
	if (fstatat(dir, e->name, &st, 0) != 0) {
		if (errno == ENOENT)
			errno = EAGAIN;
		return -1;
	}
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_ino != e->ino && e->type == DT_REG) {
		errno = EAGAIN;
		return -1;
	}
	return add(l, e->name, st.st_ino,
	    (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
}

static int
list_once(struct logfiles *l, const char *path, const char *live, bool is_dir,
    const char *after)
{
	int dir =
	    open_quietly(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *names = NULL;
	ssize_t n = dir < 0 ? -1 : read_names(dir, &names);
	int error = n < 0 ? errno : 0;

	*l = (struct logfiles){0};
	for (ssize_t at = 0; at < n && error == 0;) {
		const struct entry *e = (const void *)(names + at);

		if (belongs(e->name, live, is_dir, after) &&
		    add_entry(l, dir, e, is_dir) != 0)
			error = errno;
		at += e->len_bytes;
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

int
logfiles_list(struct logfiles *l, const char *dir, const char *live,
    bool is_dir, const char *after)
{
	for (int i = 0; i < TRIES; i++) {
		if (list_once(l, dir, live, is_dir, after) == 0)
			return 0;
		if (errno != EAGAIN)
			break;
	}
	return -1;
}

void
logfiles_free(struct logfiles *l)
{
	free(l->list);
	*l = (struct logfiles){0};
}

int
logfiles_open(const char *dir, const struct logfiles_file *file)
{
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, file->name);
	fd = open_quietly(
	    AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
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

bool
logfiles_is_cut(const struct logfiles_file *file)
{
	return file->name[0] == '@' && ends_with(file->name, ".u");
}
