/* SPDX-License-Identifier: ISC */
/*
 * usage: the command line of every program: its options, --help, --version, and
 * what is wrong, in one line.
 *
 *	rblcache-feed: unknown option -x; see rblcache-feed -h
 *
 *	const struct usage_option options[] = {
 *	    {'n', .flag = &dry_run}, {'d', .text = &dir}};
 *	const struct usage u = {
 *	    "rblcache-feed", options, 2, .text = usage};
 *	int code = usage_read(&u, argc, argv);
 *
 *	if (code != USAGE_GO_ON)
 *		exit(code);
 *	argv += optind;
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h> /* optind */

#define USAGE_GO_ON (-1)
#define USAGE_OPTIONS_MAX 16

/*
 * An option, and where what it says goes: a flag, a text, up to max texts, or a
 * number. The texts are those of argv.
 */
struct usage_option {
	char letter;
	bool *flag;
	const char **text;
	size_t *n; /* of the texts so far; NULL: the last text counts */
	size_t max;
	bool (*is_ok)(const char *text); /* NULL: any text; "" always is */
	unsigned *number;
	unsigned least, most;
	/* 0, or -1; NULL: a decimal number from least to most */
	int (*parse)(const char *text, unsigned *number);
	const char *wants; /* with is_ok or parse: "the name of a set" */
};

struct usage {
	const char *program;
	const struct usage_option *options;
	size_t n;	   /* of them, up to USAGE_OPTIONS_MAX */
	const char *text;  /* what -h prints; or else, */
	int (*help)(void); /* a function that prints it: the exit status */
	bool in_order;	   /* the first word that is no option ends them */
	/* that argv is of, without -h and -V; NULL: the program's own */
	const char *command;
	const char *before; /* the letters that go in front of a command */
};

/*
 * Reads a command line, for which optind then says where the rest begins.
 * Returns USAGE_GO_ON, or the exit status to end with, after printing what was
 * asked for or saying what is wrong.
 */
int usage_read(const struct usage *u, int argc, char **argv)
    __attribute__((warn_unused_result));

/* Prints a text on standard output: 0, or 111 when it cannot be written. */
int usage_print(const char *text) __attribute__((warn_unused_result));

/*
 * Says on standard error what is wrong, with the program or with a command of
 * it (else NULL), and where it stands how it is right. Returns the exit status
 * for that, 100.
 */
int usage_complain(const char *program, const char *command, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

#endif
