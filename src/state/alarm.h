/* SPDX-License-Identifier: ISC */
/*
 * alarm: notices that a DNS blocklist refuses everybody, by the log alone.
 *
 * Two measures of each minute of a log (unix minutes of the stamps):
 *
 *	share	the hosts that were refused, of those that connected; also of
 *		the last ten minutes, for servers where one minute has too
 *		few to tell
 *	bans	hosts that are to be banned anew
 *
 * A host counts once in ten minutes (visits.h sees to that), so that one that
 * comes again and again is no crowd.
 *
 * What is usual is the median m of the last 120 minutes, and the spread s,
 * 1.4826 * the median of the distances from m: the standard deviation, if
 * the distribution is normal; but a few odd minutes do not move it.
 *
 * Waves of spam are no fault of a list, so both limits begin at what three
 * times as much spam would make, and leave room for chance above that:
 *
 *	bans	3m + 6 max(s, sqrt(m)), at least 30
 *	share	w + 4 sqrt(w(1-w)/n) of n hosts, w = 3m/(1+2m),
 *		at least m + 6s and at least half; and 30 refusals
 *
 * The alarm begins with the line that goes above a limit, but not before 30
 * minutes were seen. While it is on no ban is to be made, and its minutes
 * do not count as usual. It is over when five minutes in a row, or as many
 * more as it takes to tell, are well again; or when alarm_end says so.
 *
 * Minutes without a line count, but a silence of ten minutes or more says
 * nothing of what is usual: it is left out, and after more than 120 minutes
 * what was usual before is forgotten, unless the alarm is on. A line older
 * than the current minute counts in it; one older by more than
 * BAN_AHEAD_S means that the clock was wrong, and all starts anew,
 * without an alarm.
 *
 * No clock and no floating point: the same lines lead to the same state.
 *
 *	struct alarm b = {0};
 *	alarm_connection(&b, t);	or alarm_time(&b, t)
 *	alarm_refusal(&b, t);
 *	if (alarm_ban(&b, t)) ban it
 */
#ifndef ALARM_H
#define ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"

#define ALARM_MINUTES 120 /* that say what is usual */
#define ALARM_ARMED 30	  /* of them at least */
#define ALARM_WINDOW 10	  /* minutes, the current one included */

/* The hosts that were counted in a minute; 65535 stands for more as well. */
struct alarm_minute {
	uint16_t connections, refusals, bans;
};

/* Shares are in millionths. */
struct alarm_range {
	bool is_known;
	uint32_t median, spread;
};

enum alarm_measure { ALARM_NONE, ALARM_SHARE, ALARM_BANS };

/* The last alarm; all 0: there was none. Times are unix seconds. */
struct alarm_alarm {
	enum alarm_measure measure;
	int64_t from_s;	   /* what was banned from then on may be wrong: the
			      minutes in a row that were more than half way
			      to what was seen, and the one before */
	int64_t tripped_s; /* the line at which it began */
	int64_t ended_s;   /* 0: it is on */
	uint32_t minutes;  /* that were measured: 1 or ALARM_WINDOW */
	uint32_t seen;	   /* bans; refusals, of so many connections: */
	uint32_t of;
	uint32_t usual, limit; /* bans; millionths */
};

/* One log. All zero at the start. */
struct alarm {
	int64_t minute; /* the current one, unix minutes */
	/* the last ones, each at its minute % ALARM_WINDOW */
	struct alarm_minute recent[ALARM_WINDOW];
	/* closed ones; the oldest is at first, once there are all */
	struct alarm_minute past[ALARM_MINUTES];
	uint32_t past_n, first;
	uint32_t calm; /* minutes in a row that were well, with the alarm on */
	struct alarm_alarm alarm;
	/* follow from past: */
	struct alarm_range bans, share, window_share;
};

/* It is time_s now (unix seconds, as everywhere here); nothing counts. */
void alarm_time(struct alarm *b, int64_t time_s);

/* A host connected, which counts. */
void alarm_connection(struct alarm *b, int64_t time_s);

/* One was refused, by a list or from the cache. May begin the alarm. */
void alarm_refusal(struct alarm *b, int64_t time_s);

/*
 * Whether a ban that is to be made may be made; false: the alarm is on. May
 * begin it. The line's alarm_refusal comes first.
 */
bool alarm_ban(struct alarm *b, int64_t time_s)
    __attribute__((warn_unused_result));

/*
 * The lists are well: ends the alarm, if it is on. So many are listed then, and
 * that is usual from now on: what was usual before is forgotten, and nothing
 * trips until the next ALARM_ARMED minutes were seen.
 */
void alarm_end(struct alarm *b, int64_t time_s);

bool alarm_is_on(const struct alarm *b);

/*
 * Why the last alarm began, for a log line:
 *	"refused 97 % of 210 hosts in 1 min, usual 52 %, limit 88 %"
 *	"212 new bans in 1 min, usual 20, limit 60"
 * Returns buf, which is empty when there was none.
 */
#define ALARM_TEXT_SIZE 128
const char *alarm_why(const struct alarm *b, char buf[ALARM_TEXT_SIZE]);

/*
 * What is usual now:
 *	"refused 52 %, limit 82 %; new bans a minute 20, limit 60"
 *	"not known yet, 12 of 30 minutes"
 * The share is that of ten minutes with as many hosts as the last ten that
 * count. A limit of 100 % or more cannot be reached by so few, and with
 * fewer still the share is left out. Returns buf.
 */
const char *alarm_usual(const struct alarm *b, char buf[ALARM_TEXT_SIZE]);

/*
 * Forgets which share is usual: an earlier version counted connections, not
 * hosts.
 */
void alarm_forget_shares(struct alarm *b);

/* Appends all of it to r, ALARM_BYTES. */
#define ALARM_BYTES                                                            \
	(8 + 6 * (ALARM_WINDOW + ALARM_MINUTES) + 3 * 2 + 1 + 3 * 8 + 2 + 4 * 4)
void alarm_put(struct record *r, const struct alarm *b);

/*
 * Gets it from a record that record_open accepted. Returns 0, or -1 when it is
 * malformed; then take an empty one.
 */
int alarm_get(struct record *r, struct alarm *b)
    __attribute__((warn_unused_result));

#endif
