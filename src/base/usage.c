/* SPDX-License-Identifier: ISC */
#include "base/usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exits.h"

#define USAGE_LINE_SIZE 512

#ifndef USAGE_VERSION /* the Makefile takes it from debian/changelog */
#define USAGE_VERSION "of unknown version"
#endif

const struct option usage_long[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* 0 when all is written that was printed. */
static int
end_of_print(void)
{
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_SYSTEM;
}

int
usage_print(const char *text)
{
	fputs(text, stdout);
	return end_of_print();
}

int
usage_print_version(const char *program)
{
	printf("%s %s\n", program, USAGE_VERSION);
	return end_of_print();
}

void
usage_complain(const char *program, const char *format, va_list args)
{
	char what[USAGE_LINE_SIZE];
	char line[USAGE_LINE_SIZE + 100];

	/* in one piece, since others may write to the same log: fputs does,
	   fprintf need not */
	vsnprintf(what, sizeof what, format, args);
	snprintf(
	    line, sizeof line, "%s: %s; see %s -h\n", program, what, program);
	fputs(line, stderr);
}

const char *
usage_wrong_option(int answer, char *const argv[], char buf[USAGE_TEXT_SIZE])
{
	const char *here = argv[optind];

	if (answer == ':')
		snprintf(buf, USAGE_TEXT_SIZE, "-%c wants an argument", optopt);
	else if (optopt == 0) /* getopt_long is behind it */
		snprintf(buf, USAGE_TEXT_SIZE, "unknown option %s",
		    argv[optind - 1]);
	else if (optopt == '-' && here != NULL && strncmp(here, "--", 2) == 0)
		/* getopt is still in it */
		snprintf(buf, USAGE_TEXT_SIZE, "unknown option %s", here);
	else if (optopt == 'h' || optopt == 'V')
		snprintf(buf, USAGE_TEXT_SIZE, "%s: this takes no argument",
		    argv[optind - 1]);
	else
		snprintf(buf, USAGE_TEXT_SIZE, "unknown option -%c", optopt);
	return buf;
}

int
usage_number(const char *text, unsigned least, unsigned most, unsigned *number)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != 0 || errno != 0 ||
	    n < least || n > most)
		return -1;
	*number = (unsigned)n;
	return 0;
}
