/* SPDX-License-Identifier: ISC */
#include "base/owner.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cdbread.h"

bool
owner_is_ours(const char *path, uid_t uid, gid_t gid)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	struct stat st;
	size_t len;

	if (uid == 0 || uid == geteuid())
		return true;
	if (slash != NULL) {
		len = (size_t)(slash - path) + 1;
		if (len >= sizeof dir)
			return false;
		memcpy(dir, path, len);
		dir[len] = 0;
	}
	return stat(dir, &st) == 0 &&
	       (uid == st.st_uid ||
		   (gid == st.st_gid &&
		       (st.st_mode & (S_IWGRP | S_IWOTH)) == S_IWGRP));
}

int
owner_open(const char *path)
{
	int fd = cdbread_file(path);
	struct stat st;

	if (fd < 0 ||
	    (fstat(fd, &st) == 0 && owner_is_ours(path, st.st_uid, st.st_gid)))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}
