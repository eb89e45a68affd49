/* SPDX-License-Identifier: ISC */
/*
 * Starts programs again and again, in turns, and prints what each costs.
 *
 *	spawn ROUNDS [VARIABLE=VALUE ...] CMD -- [VARIABLE=VALUE ...] CMD -- ...
 *
 * The variables are in that command's environment alone. In each round every command runs BURST times; the median over the rounds of
 * the wall time a run, and its ratio to the first command's, are printed, a
 * line a command. Standard input, output and error of the commands are
 * /dev/null.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 12
#define ROUNDS_MAX 1000
#define VARIABLES_MAX 100
#define BURST 20

extern char **environ;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct command {
	char **words;
	char *environment[VARIABLES_MAX + 1];
};

/* What stands in front of the command's name, and then what spawn itself has. */
static void
set_environment(struct command *c)
{
	size_t n = 0;

	for (; *c->words != NULL && strchr(*c->words, '=') != NULL; c->words++)
		if (n < VARIABLES_MAX)
			c->environment[n++] = *c->words;
	for (char **v = environ; *v != NULL && n < VARIABLES_MAX; v++)
		c->environment[n++] = *v;
}

static void
run(struct command *c, posix_spawn_file_actions_t *actions)
{
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, *c->words, actions, NULL, c->words,
		c->environment) != 0 ||
	    waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		fprintf(stderr, "spawn: %s failed\n", *c->words);
		exit(111);
	}
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	static double times[COMMANDS_MAX][ROUNDS_MAX];
	static struct command commands[COMMANDS_MAX];
	posix_spawn_file_actions_t actions;
	int rounds = argc > 2 ? atoi(argv[1]) : 0;
	int n = 0;
	double base;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fputs("usage: spawn ROUNDS CMD -- CMD ...\n", stderr);
		return 100;
	}
	commands[n++].words = argv + 2;
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "--") == 0 && n < COMMANDS_MAX) {
			argv[i] = NULL;
			commands[n++].words = argv + i + 1;
		}
	for (int c = 0; c < n; c++)
		set_environment(&commands[c]);
	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(
		    &actions, fd, "/dev/null", O_RDWR, 0);
	for (int r = 0; r < rounds; r++)
		for (int c = 0; c < n; c++) {
			double start = now();

			for (int i = 0; i < BURST; i++)
				run(&commands[c], &actions);
			times[c][r] = (now() - start) / BURST;
		}
	for (int c = 0; c < n; c++)
		qsort(times[c], (size_t)rounds, sizeof times[c][0], compare);
	base = times[0][rounds / 2];
	for (int c = 0; c < n; c++)
		printf("%.3f ms  %.2f\n", times[c][rounds / 2] * 1e3,
		    times[c][rounds / 2] / base);
	return 0;
}
