/* SPDX-License-Identifier: ISC */
/*
 * The program behind the hook: prints its arguments and its environment, a NUL
 * behind each, and exits 7. Exits 8 when the hook left a file open for it, 9
 * when bytes of the client are missing from standard input.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

enum { EXIT_RAN = 7, EXIT_LEAK = 8, EXIT_INPUT = 9, EXIT_OUTPUT = 10 };

/* static: the stack is small where limits are tried */
static char all[65536];
static size_t len;

static int
put(char **list)
{
	for (; *list != NULL; list++) {
		size_t n = strlen(*list) + 1;

		if (n > sizeof all - len)
			return -1;
		memcpy(all + len, *list, n);
		len += n;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	(void)argc;
	if (put(argv) != 0 || put(environ) != 0 ||
	    write(1, all, len) != (ssize_t)len)
		return EXIT_OUTPUT;
	for (int fd = 3; fd < 16; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return EXIT_LEAK;
	if (lseek(0, 0, SEEK_CUR) != 0)
		return EXIT_INPUT;
	return EXIT_RAN;
}
