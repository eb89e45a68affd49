/* SPDX-License-Identifier: ISC */
#include "base/cdbwrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
cdbwrite_start(struct cdbwrite *w, const char *path, mode_t mode)
{
	int n;

	w->fd = -1;
	n = snprintf(w->path, sizeof w->path, "%s", path);
	if (n < 0 || (size_t)n >= sizeof w->path - sizeof ".new") {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(w->beside, sizeof w->beside, "%.*s.new", n, path);
	w->fd = open(w->beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return -1;
	if (fchmod(w->fd, mode) != 0 || cdb_make_start(&w->make, w->fd) != 0) {
		int saved = errno;

		close(w->fd);
		unlink(w->beside);
		errno = saved;
		return -1;
	}
	return 0;
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
	int fd = w->fd;

	if (cdb_make_finish(&w->make) != 0 || fsync(fd) != 0) {
		int saved = errno;

		close(fd);
		unlink(w->beside);
		errno = saved;
		return -1;
	}
	if (old != NULL)
		keep(w->path, old);
	if (close(fd) != 0 || rename(w->beside, w->path) != 0) {
		int saved = errno;

		unlink(w->beside);
		errno = saved;
		return -1;
	}
	return sync_directory_of(w->path);
}

void
cdbwrite_abort(struct cdbwrite *w)
{
	int saved = errno;
	int null;

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
	unlink(w->beside);
	errno = saved;
}
