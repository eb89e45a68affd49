/* SPDX-License-Identifier: ISC */
/*
 * How long from a line's write to the address's membership in the set.
 *
 *	latency LOG SET LINES MS
 *
 * Appends LINES lines to LOG, each of a host of its own, MS to 2 * MS
 * milliseconds apart, and after each asks the kernel until the host is there.
 * Prints the median and the 99th percentile; a SIGTERM ends it early. Exit 1
 * when a host does not get there.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "kernel/settest.h"

#define LINES_MAX 50000
#define ASK_NS 100000 /* a busy loop would take the feed's processor */
#define PATIENCE_S 20

static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
pause_ns(long ns)
{
	nanosleep(&(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Seconds; below 0 when it did not work. */
static double
one(int log, const char *set, int i)
{
	struct settest test = {.set = set};
	char line[128];
	struct addr a;
	double start;
	int len;
	int ip_len;

	len = snprintf(line, sizeof line,
	    "rblsmtpd: 198.19.%d.%d%n pid %d: 451 Listed by XBL\n", i / 250,
	    1 + i % 250, &ip_len, i + 1);
	if (addr_parse(line + 10, (size_t)ip_len - 10, &a) != 0)
		return -1;
	settest_ask_all(&test, 1, &a);
	if (test.answer != SETTEST_ABSENT)
		return -1;
	start = now();
	if (write(log, line, (size_t)len) != len)
		return -1;
	while (test.answer == SETTEST_ABSENT && now() < start + PATIENCE_S) {
		pause_ns(ASK_NS);
		settest_ask_all(&test, 1, &a);
	}
	return test.answer == SETTEST_MEMBER ? now() - start : -1;
}

int
main(int argc, char **argv)
{
	static double times[LINES_MAX];
	int lines = argc == 5 ? atoi(argv[3]) : 0;
	long ms = argc == 5 ? atol(argv[4]) : 0;
	int n = 0;
	int log;

	if (lines < 1 || lines > LINES_MAX || ms < 1) {
		fputs("usage: latency LOG SET LINES MS\n", stderr);
		return 100;
	}
	log = open(argv[1], O_WRONLY | O_APPEND);
	if (log < 0) {
		perror(argv[1]);
		return 111;
	}
	signal(SIGTERM, stop);
	while (n < lines && !stopped) {
		times[n] = one(log, argv[2], n);
		if (times[n++] < 0) {
			printf("line %d: not there\n", n);
			return 1;
		}
		/* no beat that could fall in with the feed's own */
		pause_ns(ms * 1000000 + random() % (ms * 1000000));
	}
	qsort(times, (size_t)n, sizeof times[0], compare);
	printf("%.1f ms median, %.1f ms at the 99th percentile, %.1f ms most\n",
	    times[n / 2] * 1e3, times[n * 99 / 100] * 1e3, times[n - 1] * 1e3);
	return 0;
}
