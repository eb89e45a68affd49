/* SPDX-License-Identifier: ISC */
#include "log/closer.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define STACK_BYTES 65536

static int queue[2] = {-1, -1};

static void *
work(void *unused)
{
	int fd;

	(void)unused;
	while (read(queue[0], &fd, sizeof fd) == sizeof fd)
		close(fd);
	return NULL;
}

static void
start(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (pipe2(queue, O_CLOEXEC) != 0)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (fcntl(queue[1], F_SETFL, O_NONBLOCK) != 0 ||
	    pthread_create(&thread, &attr, work, NULL) != 0) {
		close(queue[0]);
		close(queue[1]);
		queue[1] = -1;
	}
	pthread_attr_destroy(&attr);
}

void
closer_close(int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
	/* no thread, or a full pipe: then it has to be here */
	if (write(queue[1], &fd, sizeof fd) != sizeof fd)
		close(fd);
}
