/* SPDX-License-Identifier: ISC */
/*
 * logqueue: the files of one log, opened in the order they were written, as
 * soon as they are seen. One that is deleted afterwards can still be read.
 *
 *	struct logqueue q;
 *	logqueue_start(&q, "/var/log/qmail/smtpd", true);
 *	while (logqueue_more(&q) == 0 && logqueue_first(&q, &file)) {
 *		... read file.fd to its end ...
 *		logqueue_drop(&q);
 *	}
 *
 * One thread reads, and may call everything; others may call logqueue_more at
 * the same time.
 */
#ifndef LOGQUEUE_H
#define LOGQUEUE_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/logfiles.h"
#include "log/position.h"

/* half a second of a logger that makes one every half millisecond */
#define LOGQUEUE_MAX 1000

#define LOGQUEUE_NOT_A_FILE EMEDIUMTYPE /* errno of a fifo, a directory, ... */

struct logqueue_file {
	int fd;
	struct logfiles_id id;
	bool cut; /* it may end within a line that does not go on */
	char name[POSITION_NAME_SIZE]; /* if it is a finished one; or "" */
};

/* What stands below the lock is used under it. */
struct logqueue {
	char dir[PATH_MAX];
	char live[NAME_MAX + 1]; /* "current", or the plain file's name */
	bool is_dir;
	pthread_mutex_t lock;
	int dir_fd;		       /* the directory that is read */
	char newest[NAME_MAX + 1];     /* of the finished files seen so far */
	char done[POSITION_NAME_SIZE]; /* of those that were taken out; or "" */
	struct logqueue_file files[LOGQUEUE_MAX];
	size_t n;
	struct logfiles_id before; /* the last that was taken out; 0: none */
	bool missed;
};

/*
 * Prepares for the log at path, a directory of multilog's kind or a plain
 * file; opens its directory alone. Returns 0, or -1 with errno, such as
 * ENAMETOOLONG; then nothing is to be stopped.
 */
int logqueue_start(struct logqueue *q, const char *path, bool is_dir)
    __attribute__((warn_unused_result));
void logqueue_stop(struct logqueue *q);

/*
 * Whether another directory stands at the path now, with bytes in its live file.
 * One that was moved away is to be read until then, since its logger goes on
 * with it. Leaves errno as it is.
 */
bool logqueue_has_moved(const struct logqueue *q);

/* Begins anew with the directory at the path. 0, or -1 with errno: as before. */
int logqueue_restart(struct logqueue *q) __attribute__((warn_unused_result));

/* For a queue that is empty: the finished files up to that name are known. */
void logqueue_skip(struct logqueue *q, const char *name);

/* The newest finished file of those that were read: its name, or "". */
void logqueue_done(struct logqueue *q, char name[POSITION_NAME_SIZE]);

/*
 * Makes the file of the place the only one in the queue; what was written
 * after it comes next. When it is gone, the newest copy is as good: the log was
 * copied and truncated, or it was moved to another file system. Returns 1, 0 when there is no such file and nothing
 * is changed, or -1 with errno (EAGAIN: the directory is on the move).
 */
int logqueue_find(struct logqueue *q, const struct position *place)
    __attribute__((warn_unused_result));

/*
 * Queues the files that came after all that have been queued, or the oldest
 * first when none has been. Of a plain file: the one that comes after the first
 * as of now, or the live one when there is no first. Returns 0, or -1 with
 * errno; some may have been queued even then.
 */
int logqueue_more(struct logqueue *q) __attribute__((warn_unused_result));

/*
 * Whether the first file is the one that comes after the last one that was
 * taken out, once it was read from its start. A plain file may have been copied
 * and truncated just before that; then the copy stands in its place now.
 * Returns 0, or -1 with errno.
 */
int logqueue_confirm(struct logqueue *q, bool *is_right)
    __attribute__((warn_unused_result));

/* The first file, if there is one. Its descriptor stays the queue's. */
bool logqueue_first(struct logqueue *q, struct logqueue_file *file);

/*
 * Whether a file stands behind the first, so that the first is finished. The
 * writers of a directory leave a file before they make the next. A plain file
 * is renamed under its writer, who goes on with it until he is told: the first
 * byte in the next one shows that.
 */
bool logqueue_has_next(struct logqueue *q);

/*
 * Whether the live file is another one than the last that was queued: 1, 0, or
 * -1 with errno when it cannot be seen (ENOENT, for a moment, in a rotation) or
 * is LOGQUEUE_NOT_A_FILE.
 */
int logqueue_has_rotated(struct logqueue *q);

/*
 * Takes the first file out of the queue. It is closed now or a little later, in
 * a thread that the first call starts; that blocks the signals that the caller
 * blocks. A process that is forked in between has a copy of it, as of any other.
 */
void logqueue_drop(struct logqueue *q);

/* The bytes of all files in the queue. */
uint64_t logqueue_bytes(struct logqueue *q);

/* Whether files may have come and gone unseen since the last call. */
bool logqueue_missed(struct logqueue *q);

#endif
