/* SPDX-License-Identifier: ISC */
/*
 * opener: a thread that queues the files of a directory as soon as they appear.
 *
 * A busy logger that keeps ten files deletes one a few milliseconds after it
 * was made. Whoever decides on lines now and then waits that long, for memory,
 * for a disk or for the processor; this thread does not. It runs before others
 * (SCHED_RR) where that is allowed, since it never has more to do than to list
 * a directory and to open a file.
 */
#ifndef OPENER_H
#define OPENER_H

#include <pthread.h>
#include <stdbool.h>

#include "log/logqueue.h"

struct opener {
	struct logqueue *queue;
	pthread_t thread;
	bool runs;
	int error; /* errno of inotify, which it could not have; 0 */
	int notify;
	int stop; /* readable when the thread has to end */
};

/*
 * For a caller that gives up its rights before it starts threads: after
 * opener_permit they may run before others all the same, if the caller might.
 * That takes a limit (RLIMIT_RTPRIO); where it may not be raised, a policy that
 * threads inherit, so the caller itself runs before others until
 * opener_permit_end.
 */
void opener_permit(void);
void opener_permit_end(void);

/*
 * Starts the thread for a queue, which must live until opener_stop; it blocks
 * the signals that the caller blocks. Where that does not work, files are
 * queued when they are needed.
 */
void opener_start(struct opener *o, struct logqueue *queue);
void opener_stop(struct opener *o);

#endif
