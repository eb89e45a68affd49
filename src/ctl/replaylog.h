/* SPDX-License-Identifier: ISC */
/*
 * replaylog: a log of smtpd through a replay (replay.h), as the feed would read
 * it: its files, its rules, its allow list. It only reads.
 */
#ifndef REPLAYLOG_H
#define REPLAYLOG_H

#include "ctl/replay.h"

#define REPLAYLOG_ERROR_SIZE 4608

struct replaylog_sources {
	const char *log;	  /* as follow_open has it */
	const char *const *rules; /* as rules_load has them */
	size_t rules_n;
	const char *local; /* the allow list; "": none */
};

/*
 * Counts what is in the log up to its present end, or to that of a stream,
 * which it waits for. warning gets what rules_warning has to say, or "".
 * Returns 0, or -1 with a message in error, which names no address, and errno:
 * EINVAL when rules or allow list are not what they should be, else the
 * system's.
 */
int replaylog_count(const struct replaylog_sources *from, uint32_t pass_s,
    struct replay_counts *counts, char warning[RULES_ERROR_SIZE],
    char error[REPLAYLOG_ERROR_SIZE]) __attribute__((warn_unused_result));

#endif
