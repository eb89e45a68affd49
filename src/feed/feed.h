/* SPDX-License-Identifier: ISC */
/*
 * feed: what the parts of the log reader share.
 */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/control.h"
#include "feed/canary.h"
#include "feed/complaints.h"
#include "feed/livesets.h"
#include "feed/options.h"
#include "feed/saver.h"
#include "feed/settings.h"
#include "feed/unknown.h"
#include "local/guard.h"
#include "log/follow.h"
#include "log/rules.h"
#include "log/spare.h"
#include "state/state.h"

struct log {
	struct follow *follow;
	bool ended;
	bool missed;	       /* and not yet told, for want of a time */
	int64_t missed_s;      /* unix seconds: when that was last so; 0 */
	int64_t capped_minute; /* the last one told */
	int64_t torn_span;     /* likewise, of a flood of torn lines */
	int error;	       /* errno of the last one told; 0 */
	int unwatched;	       /* errno of inotify, told; 0 */
	int64_t line_ms;       /* when there was a line */
	struct unknown unknown;
	/* what spare_look said of a line; NULL: nothing yet */
	const char *spare;
	uint64_t unmatched; /* lines that no rule knows, since then */
};

struct feed {
	struct options o;
	struct settings settings;
	struct rules *rules;
	struct spare *spare; /* NULL: no rule file is spare */
	/* these two follow from those two and the options */
	struct policy policy;
	struct livesets_wishes wishes;
	struct guard guard;
	struct state state;
	struct livesets livesets;
	struct log logs[OPTIONS_LOGS_MAX];
	struct state_log marks[OPTIONS_LOGS_MAX];
	struct saver saver;
	struct control *control; /* NULL: there is none */
	char *told;		 /* the status that readers are told; or NULL */
	int64_t told_ms;
	int64_t watch_ms;      /* when to try again to have inotify */
	struct canary *canary; /* NULL: no zone is to be asked */
	int64_t alarmed_s;     /* unix seconds: of an alarm, or the start */
	struct complaints complaints;
	struct complaint
	    bad_reload;	 /* since when, and the last; time 0: none */
	int64_t since_s; /* unix seconds of the start */
	int signals;
	bool stop;
};

/* A monotonic clock in milliseconds. */
int64_t feed_now_ms(void);

/* Says it in the feed's own log. */
void feed_say(const struct feed *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The same, of what the feed cannot start without: -1, and errno stays. The
 * second says why the i-th log cannot be used, by errno.
 */
int feed_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int feed_log_failed(const struct feed *f, size_t i);

/* The same as feed_say, and remembers it for status: what an admin should know of. */
void feed_complain(struct feed *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Complains of a message. NULL is nothing. */
void feed_tell(void *f, const char *message);

/* Sends to the kernel sets what was collected for them. */
void feed_flush_sets(struct feed *f);

#endif
