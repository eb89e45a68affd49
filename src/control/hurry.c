/* SPDX-License-Identifier: ISC */
#include "control/hurry.h"

#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#define US_A_MS 1000L

static volatile sig_atomic_t rang;

static void
ring(int signal)
{
	(void)signal;
	rang = 1;
}

static void
answer_the_bell(void)
{
	struct sigaction act = {.sa_handler = ring, .sa_flags = SA_RESTART};
	sigset_t mask;

	(void)sigaction(SIGALRM, &act, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

void
hurry_begin(void)
{
	static bool is_ready;
	/* again and again, in case that one comes just before the waiting */
	const struct itimerval soon = {
	    .it_value.tv_usec = HURRY_MS * US_A_MS,
	    .it_interval.tv_usec = US_A_MS,
	};

	if (!is_ready)
		answer_the_bell();
	is_ready = true;
	rang = 0;
	(void)setitimer(ITIMER_REAL, &soon, NULL);
}

bool
hurry_end(void)
{
	const struct itimerval never = {0};

	(void)setitimer(ITIMER_REAL, &never, NULL);
	return rang != 0;
}
