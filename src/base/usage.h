/* SPDX-License-Identifier: ISC */
/*
 * usage: what every program says of its command line: --help, --version, and
 * what is wrong with it, in one line.
 *
 *	rblcache-feed: unknown option -x; see rblcache-feed -h
 *
 *	while ((c = getopt_long(argc, argv, ":hVx:", usage_long, NULL)) != -1)
 *		...
 *		default:
 *			die_usage("%s", usage_wrong_option(c, argv, buf));
 */
#ifndef USAGE_H
#define USAGE_H

#include <getopt.h>
#include <stdarg.h>

/* --help and --version, as -h and -V, which every program has. */
extern const struct option usage_long[];

/*
 * Prints a text, or "PROGRAM VERSION", on standard output. Returns the exit
 * status: 0, or 111 when it cannot be written.
 */
int usage_print(const char *text) __attribute__((warn_unused_result));
int usage_print_version(const char *program)
    __attribute__((warn_unused_result));

/* Says on standard error what is wrong, and where it stands how it is right. */
void usage_complain(const char *program, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/*
 * What is wrong when getopt or getopt_long has answered ':' (the option string
 * begins with one) or '?'. Returns buf.
 */
#define USAGE_TEXT_SIZE 256
const char *usage_wrong_option(
    int answer, char *const argv[], char buf[USAGE_TEXT_SIZE]);

/*
 * Reads a decimal number, digits and nothing else. Returns 0, or -1 when it is
 * none from least to most.
 */
int usage_number(const char *text, unsigned least, unsigned most,
    unsigned *number) __attribute__((warn_unused_result));

#endif
