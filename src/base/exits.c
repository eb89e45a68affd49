/* SPDX-License-Identifier: ISC */
#include "base/exits.h"

#include <errno.h>

int
exits_code(int error)
{
	switch (error) {
	case EINVAL:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ENODEV: /* a directory is not to be mapped */
	case EACCES:
	case EPERM:
	case EROFS:
	case ENAMETOOLONG:
	case ELOOP:
	case EBADF: /* standard input is closed */
		return EXIT_USAGE;
	default:
		return EXIT_SYSTEM;
	}
}
