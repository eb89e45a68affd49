/* SPDX-License-Identifier: ISC */
#include "log/opener.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#define PRIORITY 1 /* the lowest that there is */

static const struct sched_param hurried = {.sched_priority = PRIORITY};
static int policy_before = -1;

void
opener_permit(void)
{
	const struct rlimit limit = {PRIORITY, PRIORITY};

	if (setrlimit(RLIMIT_RTPRIO, &limit) == 0)
		return;
	policy_before = sched_getscheduler(0);
	if (sched_setscheduler(0, SCHED_RR, &hurried) != 0)
		policy_before = -1;
}

void
opener_permit_end(void)
{
	const struct sched_param usual = {.sched_priority = 0};

	if (policy_before >= 0)
		(void)sched_setscheduler(0, policy_before, &usual);
	policy_before = -1;
}

static void *
work(void *arg)
{
	const struct opener *o = arg;
	struct pollfd fds[2] = {{o->notify, POLLIN, 0}, {o->stop, POLLIN, 0}};

	while (poll(fds, 2, -1) > 0 && fds[1].revents == 0) {
		char events[4096];

		if (read(o->notify, events, sizeof events) < 0)
			continue;
		/* what goes wrong here goes wrong again when it is needed */
		(void)!logqueue_more(o->queue);
	}
	return NULL;
}

static bool
start_thread(struct opener *o)
{
	pthread_attr_t attr;
	bool ok;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_RR);
	pthread_attr_setschedparam(&attr, &hurried);
	ok = pthread_create(&o->thread, &attr, work, o) == 0 ||
	     pthread_create(&o->thread, NULL, work, o) == 0;
	pthread_attr_destroy(&attr);
	return ok;
}

void
opener_start(struct opener *o, struct logqueue *queue)
{
	*o = (struct opener){.queue = queue};
	o->stop = eventfd(0, EFD_CLOEXEC);
	o->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (o->notify < 0 || inotify_add_watch(o->notify, queue->dir,
				 IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0)
		o->error = errno;
	o->runs = o->error == 0 && o->stop >= 0 && start_thread(o);
}

void
opener_stop(struct opener *o)
{
	if (o->runs && eventfd_write(o->stop, 1) == 0)
		pthread_join(o->thread, NULL);
	o->runs = false;
	if (o->notify >= 0)
		close(o->notify);
	if (o->stop >= 0)
		close(o->stop);
}
