/* SPDX-License-Identifier: ISC */
/* What no hook can undercut: a static program that only execs the next. */
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (argc > 1)
		execv(argv[1], argv + 1);
	return argc > 1 ? 111 : 0;
}
