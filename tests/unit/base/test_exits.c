/* SPDX-License-Identifier: ISC */
/* exits: whose fault it is. */
#include "../unit.h"

#include <errno.h>

#include "base/exits.h"

static void
codes(void **state)
{
	/* what was named is not there, not the right thing, or not for us */
	static const int named[] = {EINVAL, ENOENT, ENOTDIR, EISDIR, ENODEV,
	    EACCES, EPERM, EROFS, ENAMETOOLONG, ELOOP, EBADF};
	static const int refused[] = {ENOMEM, EIO, ENOSPC, EMFILE, ENFILE,
	    EFBIG, EAGAIN, EINTR, ETIMEDOUT, ECONNRESET, EEXIST, ENOSYS};

	(void)state;
	for (size_t i = 0; i < COUNT(named); i++)
		if (exits_code(named[i]) != 100)
			fail_msg("%s: not 100", strerror(named[i]));
	for (size_t i = 0; i < COUNT(refused); i++)
		if (exits_code(refused[i]) != 111)
			fail_msg("%s: not 111", strerror(refused[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(codes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
