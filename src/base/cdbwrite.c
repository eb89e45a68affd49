/* SPDX-License-Identifier: ISC */
#include "base/cdbwrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the file that is open still has that name. */
static bool
has_name(int fd, const char *path)
{
	struct stat mine;
	struct stat there;

	return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 &&
	       mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

/*
 * Waits for the writer who has the name. Takes away what one left that was
 * killed, and whatever else somebody put there. 0, or -1 with errno.
 */
static int
clear(const char *path)
{
	struct stat st;
	int fd = -1;
	int failed = 0;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid())
		fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		failed = flock(fd, LOCK_EX);
	if (failed == 0 && (fd < 0 || has_name(fd, path)) &&
	    unlink(path) != 0 && errno != ENOENT)
		failed = -1;
	if (fd >= 0)
		close(fd); /* errno stays: closing a file does not fail */
	return failed;
}

/* A new file, which is locked while it has this name. -1 with errno. */
static int
create(const char *path)
{
	for (;;) {
		int fd =
		    open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		if (fd < 0 && (errno != EEXIST || clear(path) != 0))
			return -1;
		if (fd < 0)
			continue;
		/* another one may have come before the lock, and cleared it */
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && has_name(fd, path))
			return fd;
		close(fd);
	}
}

/* Takes the file away while its name is locked, and then closes it. */
static void
discard(const struct cdbwrite *w)
{
	int saved = errno;

	unlink(w->beside);
	close(w->fd);
	errno = saved;
}

int
cdbwrite_start(struct cdbwrite *w, const char *path, mode_t mode)
{
	int n;

	w->mode = mode;
	n = snprintf(w->path, sizeof w->path, "%s", path);
	if (n < 0 || (size_t)n >= sizeof w->path - sizeof ".new") {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(w->beside, sizeof w->beside, "%.*s.new", n, path);
	w->fd = create(w->beside);
	if (w->fd < 0)
		return -1;
	if (cdb_make_start(&w->make, w->fd) == 0)
		return 0;
	discard(w);
	return -1;
}

int
cdbwrite_add(struct cdbwrite *w, const void *key, size_t klen,
    const void *value, size_t vlen)
{
	errno = 0;
	if (cdb_make_add(
		&w->make, key, (unsigned)klen, value, (unsigned)vlen) == 0)
		return 0;
	/* the library reports the 4 GB limit as ENOMEM */
	if (errno == 0 || (errno == ENOMEM && w->make.cdb_dpos > 0xf0000000U))
		errno = EFBIG;
	return -1;
}

static int
sync_directory_of(const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	int fd;

	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		strcpy(dir, ".");
	else
		slash[slash == dir ? 1 : 0] = 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* EINVAL: a file system that has no use for it */
	if (fsync(fd) != 0 && errno != EINVAL) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return close(fd);
}

/*
 * Gives the file a second name, which it keeps when the new one takes its
 * place. Where that does not work, there is just no old one.
 */
static void
keep(const char *path, const char *old)
{
	if (unlink(old) == 0 || errno == ENOENT)
		(void)!link(path, old);
}

int
cdbwrite_commit(struct cdbwrite *w, const char *old)
{
	if (cdb_make_finish(&w->make) != 0 || fchmod(w->fd, w->mode) != 0 ||
	    fsync(w->fd) != 0) {
		discard(w);
		return -1;
	}
	if (old != NULL)
		keep(w->path, old);
	if (rename(w->beside, w->path) != 0) {
		discard(w);
		return -1;
	}
	close(w->fd);
	return sync_directory_of(w->path);
}

void
cdbwrite_abort(struct cdbwrite *w)
{
	int saved = errno;
	int null;

	unlink(w->beside); /* while it is locked */
	/*
	 * Only finish frees the library's tables. It writes the index first,
	 * which may be why we are here, so let it write to nowhere.
	 */
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, w->fd);
		close(null);
	}
	(void)cdb_make_finish(&w->make);
	close(w->fd);
	errno = saved;
}
