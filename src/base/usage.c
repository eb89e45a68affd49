/* SPDX-License-Identifier: ISC */
#include "base/usage.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exits.h"

#define LINE_SIZE 512

/* ---- what is printed ---- */

int
usage_print(const char *text)
{
	fputs(text, stdout);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_SYSTEM;
}

int
usage_complain(
    const char *program, const char *command, const char *format, ...)
{
	char what[LINE_SIZE];
	char line[LINE_SIZE + 100];
	va_list args;

	/* in one piece, since others may write to the same log: fputs does,
	   fprintf need not */
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	snprintf(line, sizeof line, "%s: %s%s%s; see %s -h\n", program,
	    command == NULL ? "" : command, command == NULL ? "" : ": ", what,
	    program);
	fputs(line, stderr);
	return EXIT_USAGE;
}

#define complain(u, ...) usage_complain((u)->program, (u)->command, __VA_ARGS__)

/* getopt_long has answered ':' or '?'. A word of it is the one before optind. */
static int
take_strange(const struct usage *u, int answer, char **argv)
{
	if (answer == ':')
		return complain(u, "-%c wants an argument", optopt);
	if (optopt == 0)
		return complain(u, "unknown option %s", argv[optind - 1]);
	if (u->command == NULL && strchr("hV", optopt) != NULL)
		return complain(
		    u, "%s: this takes no argument", argv[optind - 1]);
	if (u->before != NULL && strchr(u->before, optopt) != NULL)
		return complain(u, "-%c goes in front of the command", optopt);
	return complain(u, "unknown option -%c", optopt);
}

/* ---- what is taken ---- */

static int
take_number(const struct usage *u, const struct usage_option *o)
{
	char *end;
	unsigned long n = strtoul(optarg, &end, 10); /* ULONG_MAX: too large */

	if (*optarg < '0' || *optarg > '9' || *end != 0 || n < o->least ||
	    n > o->most)
		return complain(u, "-%c wants a number from %u to %u, not '%s'",
		    o->letter, o->least, o->most, optarg);
	*o->number = (unsigned)n;
	return USAGE_GO_ON;
}

static int
take(const struct usage *u, const struct usage_option *o)
{
	if (o->flag != NULL)
		*o->flag = true;
	else if ((o->parse != NULL && o->parse(optarg, o->number) != 0) ||
		 (o->is_ok != NULL && *optarg != 0 && !o->is_ok(optarg)))
		return complain(
		    u, "-%c wants %s, not '%s'", o->letter, o->wants, optarg);
	else if (o->number != NULL)
		return o->parse != NULL ? USAGE_GO_ON : take_number(u, o);
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
		return u->help == NULL ? usage_print(u->text) : u->help();
	if (letter != 'V')
		return take_strange(u, letter, argv);
	printf("%s " USAGE_VERSION, u->program);
	return usage_print("\n");
}

/* For getopt_long. */
static void
list_letters(const struct usage *u, char *to)
{
	to += sprintf(to, "%s:%s", u->in_order ? "+" : "",
	    u->command == NULL ? "hV" : "");
	for (size_t i = 0; i < u->n; i++)
		to += sprintf(to, "%c%s", u->options[i].letter,
		    u->options[i].flag == NULL ? ":" : "");
}

int
usage_read(const struct usage *u, int argc, char **argv)
{
	static const struct option words[] = {{"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'}, {0}};
	static const struct option none[] = {{0}};
	char letters[sizeof "+:hV" + USAGE_OPTIONS_MAX * sizeof "x:"];
	int code = USAGE_GO_ON;
	int c;

	list_letters(u, letters);
	opterr = 0;
	optind = 0; /* there may have been another command line */
	while (code == USAGE_GO_ON &&
	       (c = getopt_long(argc, argv, letters,
		    u->command == NULL ? words : none, NULL)) != -1)
		code = take_letter(u, c, argv);
	return code;
}
