/* SPDX-License-Identifier: ISC */
#include "base/owner.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cdbread.h"

#define LOCK "lock" /* of the feed, in its STATEDIR */

bool
owner_is_ours(const char *path, uid_t uid)
{
	const char *slash = strrchr(path, '/');
	int len = slash == NULL ? 0 : (int)(slash - path) + 1;
	char beside[PATH_MAX];
	struct stat dir;
	struct stat lock;

	if (uid == 0 || uid == geteuid())
		return true;
	if (snprintf(beside, sizeof beside, "%.*s.", len, path) >=
		(int)sizeof beside - (int)sizeof LOCK ||
	    stat(beside, &dir) != 0)
		return false;
	if (uid == dir.st_uid)
		return true;
	snprintf(beside, sizeof beside, "%.*s" LOCK, len, path);
	return (dir.st_mode & S_ISVTX) == 0 && lstat(beside, &lock) == 0 &&
	       uid == lock.st_uid;
}

int
owner_open(const char *path)
{
	int fd = cdbread_file(path);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && owner_is_ours(path, st.st_uid)))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}
