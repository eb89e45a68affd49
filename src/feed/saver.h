/* SPDX-License-Identifier: ISC */
/*
 * saver: when the checkpoint is written, and by whom.
 *
 * A child writes it, which has the state as of its start, since the disk may
 * take longer than a busy log keeps its files. It ends with the feed, however
 * that ends, and holds its lock until then. Saving takes less than one percent
 * of a processor, unless it is urged.
 *
 * Times are milliseconds of a monotonic clock. What there is to tell is
 * returned, or NULL; it is valid until the next call.
 */
#ifndef SAVER_H
#define SAVER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "state/state.h"

#define SAVER_MESSAGE_SIZE (PATH_MAX + 128)

struct saver {
	char path[PATH_MAX]; /* of recent.cdb */
	struct state *state;
	struct state_log *logs;
	size_t logs_n;
	bool dirty, urged;
	bool twice; /* what was urged, so that the old one has it soon, too */
	int64_t dirty_ms, saved_ms, interval_ms;
	pid_t child;
	uint64_t started, ended; /* checkpoints */
	int error;		 /* errno of the last that ended; 0 */
	int64_t done_s;		 /* unix seconds of the one that is there; 0 */
	char message[SAVER_MESSAGE_SIZE];
};

/*
 * For the checkpoint in dir, of a state and its logs, which must live as long
 * as s. Returns 0, or -1 with errno ENAMETOOLONG.
 */
int saver_open(struct saver *s, const char *dir, struct state *state,
    struct state_log *logs, size_t logs_n, int64_t now_ms)
    __attribute__((warn_unused_result));

/* The state has changed. */
void saver_mark(struct saver *s, int64_t now_ms);

/*
 * The state has changed, and somebody waits until that is saved: when ended
 * has come to the returned number.
 */
uint64_t saver_urge(struct saver *s, int64_t now_ms);

/*
 * The same for somebody who may not hurry it: the number to wait for, when what
 * is known now is going to be saved in a few seconds by itself; 0: it is saved,
 * or not that soon.
 */
uint64_t saver_soon(const struct saver *s);

/* How long until saver_start is to be called; INT64_MAX: not for now. */
int64_t saver_wait_ms(const struct saver *s, int64_t now_ms);

/* Starts a child. Each log must say how far it was read. */
const char *saver_start(struct saver *s, int64_t now_ms);

/* Takes note of a child that has ended, or waits for it. */
const char *saver_end(struct saver *s, bool wait, int64_t now_ms);

/* Writes the checkpoint itself, after the child that may be at it. */
const char *saver_finish(struct saver *s, int64_t now_ms);

#endif
