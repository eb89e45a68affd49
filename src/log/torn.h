/* SPDX-License-Identifier: ISC */
/*
 * torn: which lines of a log are perhaps none of their writer's.
 *
 * A physical line may begin in the middle of what a program wrote, and there a
 * client may have chosen the bytes:
 *
 *	rest	s6-log cuts a message after 8192 bytes, its stamp not counted, and
 *		stamps what goes on as a line of its own (s6-log 2.11; its l0
 *		switches that off)
 *	torn	qmail's standard error has a buffer of 256 bytes. A field that
 *		does not fit is written by a write() of its own, and the line of
 *		another process may stand in between:
 *			CHKUSER rejected rcpt: from <...> rcpt <tcpserver: status: 1/40
 *			what the client wrote> : not existing recipient
 *
 * A line is torn if it begins like one of CHKUSER's or spamdyke's and is not
 * whole, if the name of a program that writes into this log stands in its
 * middle, if it was cut, or if it is so long that nobody reads it to its end.
 * From there on the log is in doubt: until the rests of the lines of CHKUSER's
 * that were torn have gone by, or until TORN_LINES lines and TORN_S seconds of
 * stamps have. It takes both: many lines can be written in a moment, and a logger
 * that waits for its disk gives the next line a late stamp. In a log with few
 * lines TORN_QUIET_S seconds are enough. If the torn line had no stamp, one that has
 * does not tell how long ago that was, for a client may have written it; but after
 * TORN_LINES of them in a row all is reckoned from there: the logger was changed.
 *
 * An end is recognized by its shape, and a client can write that too. But each
 * line has one line feed, and a client writes none; so lines are counted that
 * began and that ended. A line of spamdyke's, or of an unknown program, has no
 * end that could be told.
 *
 * Pure, and no clock: the same lines lead to the same state.
 */
#ifndef TORN_H
#define TORN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define TORN_LINES 50
#define TORN_S 2
#define TORN_QUIET_S 60
#define TORN_SPAN_S 600
#define TORN_OPEN_MAX 1000
#define TORN_LINE_MAX 8192 /* where s6-log cuts, unless it was told another */

enum torn_answer {
	TORN_NO,    /* it is a line */
	TORN_REST,  /* it is the rest of the line before */
	TORN_DOUBT, /* it may be the rest of a line that was torn */
};

/* One log. All zero at the start. */
struct torn {
	bool goes_on;	 /* the last message was cut */
	uint32_t open;	 /* lines that began and have not ended */
	uint32_t lines;	 /* since one began last */
	int64_t time_s;	 /* unix seconds: when that was */
	bool stamped;	 /* and whether it had a stamp that said so */
	uint32_t others; /* lines in a row of which that is not true */
	uint64_t rests;	 /* lines that were TORN_REST */
	uint64_t torn;	 /* lines that began and were not whole */
	/* what it cost: seconds of stamps with a line that was TORN_DOUBT */
	int64_t lost_at_s;	/* the last of them, unix seconds */
	uint32_t lost_s;	/* in its span of TORN_SPAN_S */
	uint32_t lost_before_s; /* and in the one before */
};

/* A line. */
struct torn_line {
	struct slice message; /* what is behind its stamp */
	bool is_part;	      /* these are the first bytes of a longer one */
	/* it has a stamp. In a log that has none, a client may write one */
	bool stamped;
	int64_t time_s; /* unix seconds */
};

/*
 * Takes a line. One with a message of exactly line_max bytes was cut by the
 * logger; 0: it does not cut.
 */
enum torn_answer torn_take(
    struct torn *t, const struct torn_line *line, size_t line_max);

/* From so many per cent on it is a flood, of which an administrator should know. */
#define TORN_FLOOD 5

/*
 * In how many per cent of the seconds of this span and the one before nobody
 * could be banned, at now (unix seconds): 0 to 100.
 */
unsigned torn_share(const struct torn *t, int64_t now);

#endif
