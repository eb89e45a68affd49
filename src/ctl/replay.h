/* SPDX-License-Identifier: ISC */
/*
 * replay: what the cache would have made of a log, for each time that refusals
 * may be remembered.
 *
 *	lines -> connections, in order of their begin, and what the lists
 *	answered -> trials (trial.h) -> counts
 *
 * Pure: no file and no clock; no address comes out.
 *
 *	struct replay *r = replay_new(&setup);
 *	replay_line(r, text, len, written_s);	...
 *	replay_end(r);
 *	replay_counts(r)
 *
 * A connection begins with tcpserver's (or sslserver's) "pid N from IP". Only
 * the first line about N and IP that answers counts: a refusal by a list (a
 * line that a rule with list = yes matches); what the hook says, if the log has
 * it already; or the connection's end, which means that the lists let it pass.
 * One that "passed" later than PASSES_ANSWER_S (passes.h) after its begin had no
 * answer. That the lists let it pass is also taken from one without an answer for
 * REPLAY_WAIT_S. A log that has not had a line of tcpserver's yet tells of
 * refusals alone, each of which is a connection then, if it has a process number;
 * afterwards one about nobody who is connected is ignored. What may be the rest of
 * another line (torn.h) answers nothing, and the connection of which it speaks is
 * unclear.
 *
 * Time is that of the newest line with a stamp; where stamps go back by no more
 * than BAN_AHEAD_S it stands still, by more it goes back with them, since a
 * clock was wrong or files are in another order. A log without any stamp has
 * its file's.
 * Bounded: lines are kept up to REPLAY_LINE_MAX bytes; of more than
 * REPLAY_OPEN_MAX open connections the oldest is taken as let pass, and of more
 * than REPLAY_HOSTS_MAX hosts those that came longest ago are counted anew when
 * they come again.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local/guard.h"
#include "log/follow.h"
#include "log/rules.h"

#define REPLAY_WAIT_S 60
#define REPLAY_LINE_MAX 2048 /* multilog cuts them at 2,000 */
#define REPLAY_OPEN_MAX 65536
#define REPLAY_HOSTS_MAX 4194304
#define REPLAY_TIMES 5 /* 1h 4h 12h 24h 72h */
#define REPLAY_TRIALS (REPLAY_TIMES + REPLAY_TIMES)

struct replay_setup {
	struct rules *rules; /* what they ban for is overridden */
	struct guard *guard; /* NULL: anybody may be banned */
	uint32_t pass_s;     /* of the trials with passes; not 0 */
};

/* What a cache so set up would have done. */
struct replay_trial {
	uint32_t ban_s, pass_s; /* pass_s 0: it has no passes */
	uint64_t queries;	/* connections about which lists are asked */
	/* refused from the cache, though the lists let them pass: */
	uint64_t outdated, outdated_hosts;
	uint64_t let_in; /* by a pass, though a list refused them */
};

struct replay_counts {
	uint64_t lines;
	int64_t first_s, last_s; /* unix seconds: begins of connections */
	uint64_t connections; /* that the lists were, or had been, asked of */
	uint64_t hosts;	      /* from so many different addresses */
	uint64_t refused;     /* of the connections, those that were: by a
				 list, or by a cache that the log shows */
	uint64_t cached;      /* of these, the latter */
	uint64_t errors;    /* connections that got an error answer of a list */
	uint64_t unclear;   /* or trouble; who is not refused then, has not
			       been let pass by the lists either */
	uint64_t local;	    /* left out: the admin's own rules decided */
	uint64_t unstamped; /* connections whose begin has no time in the log */
	bool shows_tcpserver;
	bool missed; /* set by replaylog.h: files went before they were read */
	struct replay_trial trials[REPLAY_TRIALS]; /* first without passes */
};

struct replay;

/* What setup points to must live as long. NULL with errno ENOMEM. */
struct replay *replay_new(const struct replay_setup *setup)
    __attribute__((warn_unused_result));
void replay_free(struct replay *r);

/*
 * Takes a line. 0, or -1 with errno ENOMEM; then there is nothing more to be had
 * of r.
 */
int replay_line(struct replay *r, const struct follow_line *line)
    __attribute__((warn_unused_result));

/* There are no more lines. 0, or -1 with errno ENOMEM. */
int replay_end(struct replay *r) __attribute__((warn_unused_result));

/* The counts, which are complete after replay_end; valid as long as r. */
const struct replay_counts *replay_counts(const struct replay *r);

#endif
