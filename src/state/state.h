/* SPDX-License-Identifier: ISC */
/*
 * state: what the feed knows from the lines so far. All of it is in the
 * checkpoint, and it changes by lines alone, so that checkpoint and lines
 * always lead to the same state.
 * judge.h has what a line does to it.
 */
#ifndef STATE_H
#define STATE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lru.h"
#include "base/secret.h"
#include "log/position.h"
#include "log/torn.h"
#include "state/alarm.h"
#include "state/bans.h"
#include "state/tallies.h"
#include "state/zones.h"

struct state {
	struct bans *bans;
	struct lru *counts;  /* counts.h */
	struct lru *repeats; /* repeats.h */
	struct lru *visits;  /* visits.h */
	struct lru *doubts;  /* doubts.h */
	struct connections *connections;
	struct zones zones;
	struct tallies tallies;
};

#define STATE_PORTS 4

/* One log. */
struct state_log {
	char path[PATH_MAX];
	uint64_t id; /* of the path, for connections.h */
	bool has_position;
	struct position position;
	int64_t time_s;	      /* unix seconds of the newest line; 0: none */
	uint64_t lines;	      /* that were read */
	bool shows_tcpserver; /* has had a line of tcpserver.h */
	bool shows_passed;    /* and one of the hook's from behind rblsmtpd */
	bool shows_hook;      /* and one that says what the hook has done */
	/* of the server, where rblsmtpd is at work; the last seen is first */
	uint16_t ports[STATE_PORTS];
	int64_t minute;	      /* unix minutes: of the last ban */
	uint32_t minute_bans; /* in it */
	struct alarm alarm;
	struct torn torn;
	uint64_t late; /* refusals of processes that had passed */
	uint64_t
	    recovered; /* bans taken back, since the process passed later */
	/* unix seconds of the last line without a process number that banned
	   nobody, since there was no line of tcpserver.h yet; 0: none */
	int64_t unshown_s;
	bool is_behind; /* more of it can be read now; not saved */
};

#define STATE_CAP_DEFAULT 1000 /* bans a minute, where nothing else is said */

/* What the administrator wants. */
struct policy {
	uint32_t cap;	     /* bans a minute of a log; 0: any number */
	unsigned drop_after; /* refusals within a ban; 0: none are dropped */
	bool alarm;	     /* bans stop when refusals are unusual */
	uint32_t line_max;   /* bytes at which the logger cuts; 0: none */
	/* how long a rule about lists bans, whatever it says; 0: as it says */
	uint32_t ban_s;
	/* refusals from memory that come no later than that after the one before
	   make a host doubtful; doubts.h. 0: none does */
	uint32_t doubt_s;
	uint32_t pass_s;      /* how long a pass lasts at least; 0: none */
	uint32_t pass_most_s; /* and at most; no less than pass_s */
	struct guard *guard;
	struct rules *rules;	       /* NULL: all are about lists */
	const struct secrets *secrets; /* not to appear in a reply */
};

/* What a line led to: all about one host. */
struct news {
	struct addr ip;
	bool passed;		  /* it was asked about, and not refused: */
	int64_t since;		  /* at that time (unix seconds) */
	bool lifted;		  /* its ban is gone */
	char rule[BAN_RULE_SIZE]; /* if lifted: whose ban it was */
	const char *why;	  /* and why: "recheck", "passed", "doubt" */
	bool dropped;	/* the hook has refused it policy->drop_after times,
			   or so often once more */
	bool ends_pass; /* it was refused, whatever came of that; or used up */
	bool banned;	/* the ban that holds may be an older, longer one */
};

/*
 * Whether a ban of that rule is one of a list's, and so goes when the list is
 * wrong or no longer refuses the host. One of a rule that is gone may have
 * been; what an administrator added is not.
 */
bool state_is_of_list(const struct policy *policy, const char *rule);

/* Empty tables, of bans for BANS_USUAL. 0, or -1 with errno and nothing to free. */
int state_new(struct state *s) __attribute__((warn_unused_result));
void state_free(struct state *s);

/* Names the log. */
void state_name_log(struct state_log *log, const char *path);

/*
 * Forgets what cannot matter to any line to come of the n logs, so it is the
 * same whether and when this is called. No line is expected to be older than
 * the newest of its log by more than BAN_AHEAD_S; and one that is means that
 * the clock was wrong before it.
 */
void state_expire(struct state *s, const struct state_log *logs, size_t n);

/* Whether anything is to be remembered of what lists say of a host: doubts.h. */
bool state_has_doubts(const struct policy *policy);

/*
 * Lifts the ban around an address, and forgets what rules count and remember of
 * it and what lists said of it, as if it had never been in the log. Whether there
 * was a ban.
 */
bool state_lift(struct state *s, const struct addr *a);

#endif
