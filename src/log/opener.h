/* SPDX-License-Identifier: ISC */
/*
 * opener: a thread that queues the files of a directory as soon as they appear.
 *
 * A busy logger deletes a file soon after it was made, and the thread that
 * decides on lines may wait longer than that for a disk, for the kernel sets or
 * for the processor. Measured with ten times a million lines, 20,000 a second,
 * through multilog s16384 n50, which keeps a file for half a second, beside
 * four busy processes on two processors: a feed that opened the files itself,
 * all that had come at each end of one, lost 1,074 and 2,864 lines in two of
 * the ten runs. With this thread none was lost.
 *
 * It runs before others (SCHED_RR) where that is allowed, since it never has
 * more to do than to list a directory and to open a file.
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
