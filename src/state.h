/*
 * state: what the feed knows from the lines so far. All of it is in the
 * checkpoint, and it changes by lines alone, so that checkpoint and lines
 * always lead to the same state.
 *
 *	decide -> seen -> count -> cap -> again -> bans
 */
#ifndef STATE_H
#define STATE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bans.h"
#include "decide.h"
#include "lru.h"
#include "place.h"
#include "tallies.h"

struct state {
	struct bans *bans;
	struct lru *counts; /* counts.h */
	struct lru *past;   /* past.h */
	struct seen *seen;
	struct tallies tallies;
};

/* One log. */
struct state_log {
	char path[PATH_MAX];
	uint64_t id; /* of the path, for seen.h */
	bool has_place;
	struct place place;
	int64_t time_s;	      /* unix seconds of the newest line; 0: none */
	uint64_t lines;	      /* that were read */
	bool shows_tcpserver; /* has had a line of seen.h */
	int64_t minute;	      /* unix minutes: of the last ban */
	uint32_t minute_bans; /* in it */
	bool is_behind;	      /* more of it can be read now; not saved */
};

/* Empty tables. 0, or -1 with errno and nothing to free. */
int state_new(struct state *s) __attribute__((warn_unused_result));
void state_free(struct state *s);

/* Names the log. */
void state_name_log(struct state_log *log, const char *path);

/*
 * Completes a decision by what earlier lines said, and remembers the line: a
 * ban may become a count or a skip (unseen, cap), or last longer. At most cap
 * bans a minute of a log; 0: any number. Bans are not put; the caller does.
 * Returns 0, or -1 with errno ENOMEM; then nobody is banned by this line.
 */
int state_take(struct state *s, struct state_log *log, struct decision *d,
    uint32_t cap) __attribute__((warn_unused_result));

/*
 * Forgets what cannot matter to any line to come of the n logs, so it is the
 * same whether and when this is called. No line is expected to be older than
 * the newest of its log by more than RECENT_AHEAD_S; and one that is means that
 * the clock was wrong before it.
 */
void state_expire(struct state *s, const struct state_log *logs, size_t n);

/*
 * Lifts the ban around an address, and forgets what rules count and remember of
 * it, as if it had never been in the log. Whether there was a ban.
 */
bool state_lift(struct state *s, const struct addr *a);

#endif
