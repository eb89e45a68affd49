/* SPDX-License-Identifier: ISC */
/*
 * canary_probe: the canary in a loop of its own, told line by line.
 *
 *	canary_probe RESOLVER INTERVAL_S ROUNDS ZONE...
 *
 * A line for each time that a zone was asked: ZONE CHANGE STATE [WHY]. Ends
 * when each was asked ROUNDS times. Exit 100: the resolver is none; 1: the
 * canary kept the loop waiting.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "feed/canary.h"

#define BLOCKED_MS 1000 /* less than a try of c-ares */

static struct zones zones;
static unsigned long rounds[ZONES_MAX];

static void
tell(void *user, size_t i, enum zones_change change)
{
	static const char *const names[] = {
	    [ZONES_SAME] = "same",
	    [ZONES_DISTRUSTED] = "distrusted",
	    [ZONES_TRUSTED] = "trusted",
	    [ZONES_NO_ANSWER] = "no-answer",
	    [ZONES_ANSWERS] = "answers",
	};
	const struct zone *z = &zones.list[i];

	(void)user;
	rounds[i]++;
	printf("%s %s ", z->shown, names[change]);
	if (z->silent)
		puts("silent");
	else if (zones_is_distrusted(z))
		printf("wrong %s\n", z->why);
	else
		puts("well");
}

static int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool
is_done(unsigned long wanted)
{
	for (size_t i = 0; i < zones.n; i++)
		if (rounds[i] < wanted)
			return false;
	return true;
}

int
main(int argc, char **argv)
{
	char error[CANARY_ERROR_SIZE];
	struct canary *c;
	unsigned long wanted;
	int code = 0;

	if (argc < 5)
		return 100;
	setvbuf(stdout, NULL, _IOLBF, 0);
	wanted = strtoul(argv[3], NULL, 10);
	for (int i = 4; i < argc; i++)
		if (zones_add(&zones, argv[i], argv[i], "") != 0)
			return 100;
	c = canary_open(&zones, argv[1], (uint32_t)strtoul(argv[2], NULL, 10),
	    tell, NULL, error);
	if (c == NULL) {
		fprintf(stderr, "canary_probe: %s\n", error);
		return 100;
	}
	while (!is_done(wanted)) {
		struct pollfd fds[CANARY_FDS_MAX];
		int64_t now_ms = clock_ms();
		int64_t wait_ms = canary_wait_ms(c, now_ms);

		poll(fds, canary_fds(c, fds),
		    wait_ms > INT32_MAX ? -1 : (int)wait_ms);
		now_ms = clock_ms();
		canary_serve(c, now_ms, time(NULL));
		if (clock_ms() - now_ms >= BLOCKED_MS)
			code = 1;
	}
	canary_close(c);
	return code;
}
