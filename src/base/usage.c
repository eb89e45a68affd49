/* SPDX-License-Identifier: ISC */
#include "base/usage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exits.h"

#define LINE_SIZE 512

#ifndef USAGE_VERSION /* the Makefile takes it from debian/changelog */
#define USAGE_VERSION "of unknown version"
#endif

/* ---- what is printed ---- */

int
usage_print(const char *text)
{
	fputs(text, stdout);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_SYSTEM;
}

static int
print_help(const struct usage *u)
{
	return u->help == NULL ? usage_print(u->text) : u->help();
}

static int
print_version(const struct usage *u)
{
	printf("%s " USAGE_VERSION, u->program);
	return usage_print("\n");
}

int
usage_complain(const char *program, const char *format, ...)
{
	char what[LINE_SIZE];
	char line[LINE_SIZE + 100];
	va_list args;

	/* in one piece, since others may write to the same log: fputs does,
	   fprintf need not */
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	snprintf(
	    line, sizeof line, "%s: %s; see %s -h\n", program, what, program);
	fputs(line, stderr);
	return EXIT_USAGE;
}

/* ---- what is wrong ---- */

/* The same for an option of the program or of one of its commands. */
__attribute__((format(printf, 2, 3))) static int
complain(const struct usage *u, const char *format, ...)
{
	char what[LINE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	return usage_complain(u->program, "%s%s%s",
	    u->command == NULL ? "" : u->command,
	    u->command == NULL ? "" : ": ", what);
}

/*
 * --help and --version are looked at here, since getopt_long would be a good
 * part of what the hook is. Shorter forms will do, as they would for that.
 */
static int
take_long(const struct usage *u, const char *word)
{
	size_t len = strcspn(word, "=");
	bool is_help = strncmp(word, "--help", len) == 0;

	if (u->command != NULL || len == 2 ||
	    (!is_help && strncmp(word, "--version", len) != 0))
		return complain(u, "unknown option %s", word);
	if (word[len] != 0)
		return complain(u, "%s: this takes no argument", word);
	return is_help ? print_help(u) : print_version(u);
}

/* getopt has answered ':' or '?'. */
static int
take_strange(const struct usage *u, int answer, char **argv)
{
	const char *here;

	if (answer == ':') /* optind may be behind the end */
		return complain(u, "-%c wants an argument", optopt);
	here = argv[optind];
	/* getopt is still in a word that begins so */
	if (optopt == '-' && here != NULL && strncmp(here, "--", 2) == 0)
		return take_long(u, here);
	if (u->before != NULL && strchr(u->before, optopt) != NULL)
		return complain(u, "-%c goes in front of the command", optopt);
	return complain(u, "unknown option -%c", optopt);
}

/* ---- what is taken ---- */

static int
take_number(const struct usage *u, const struct usage_option *o)
{
	unsigned long n;
	char *end;

	if (o->parse != NULL)
		return o->parse(optarg, o->number) == 0
			   ? USAGE_GO_ON
			   : complain(u, "-%c wants %s, not '%s'", o->letter,
				 o->wants, optarg);
	errno = 0;
	n = strtoul(optarg, &end, 10);
	if (*optarg < '0' || *optarg > '9' || *end != 0 || errno != 0 ||
	    n < o->least || n > o->most)
		return complain(u, "-%c wants a number from %u to %u, not '%s'",
		    o->letter, o->least, o->most, optarg);
	*o->number = (unsigned)n;
	return USAGE_GO_ON;
}

static int
take(const struct usage *u, const struct usage_option *o)
{
	if (o->number != NULL)
		return take_number(u, o);
	if (o->flag != NULL)
		*o->flag = true;
	else if (o->is_ok != NULL && *optarg != 0 && !o->is_ok(optarg))
		return complain(
		    u, "-%c wants %s, not '%s'", o->letter, o->wants, optarg);
	else if (o->n == NULL)
		*o->text = optarg;
	else if (*o->n == o->max)
		return complain(
		    u, "-%c is given more than %zu times", o->letter, o->max);
	else
		o->text[(*o->n)++] = optarg;
	return USAGE_GO_ON;
}

static int
take_letter(const struct usage *u, int letter, char **argv)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->options[i].letter == letter)
			return take(u, &u->options[i]);
	if (letter == 'h')
		return print_help(u);
	if (letter == 'V')
		return print_version(u);
	return take_strange(u, letter, argv);
}

/* For getopt. */
static void
list_letters(const struct usage *u, char *to)
{
	if (u->in_order)
		*to++ = '+';
	*to++ = ':';
	if (u->command == NULL) {
		*to++ = 'h';
		*to++ = 'V';
	}
	for (size_t i = 0; i < u->n; i++) {
		*to++ = u->options[i].letter;
		if (u->options[i].flag == NULL)
			*to++ = ':';
	}
	*to = 0;
}

int
usage_read(const struct usage *u, int argc, char **argv)
{
	char letters[sizeof "+:hV" + USAGE_OPTIONS_MAX * sizeof "x:"];
	int code = USAGE_GO_ON;
	int c;

	list_letters(u, letters);
	opterr = 0;
	optind = 0; /* there may have been another command line */
	while (code == USAGE_GO_ON && (c = getopt(argc, argv, letters)) != -1)
		code = take_letter(u, c, argv);
	return code;
}
