/* SPDX-License-Identifier: ISC */
/*
 * decide: what one log line means. Pure: the line, its rules and the guard's
 * knowledge go in, a decision comes out; no clock, no file, no kernel.
 *
 *	stamp, message -> rules -> addr -> wording -> guard
 *
 * What depends on earlier lines is added by judge.h.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/reply.h"
#include "base/slice.h"
#include "local/guard.h"
#include "log/message.h"
#include "log/rules.h"
#include "log/torn.h"

enum decide_kind {
	DECIDE_NOTHING, /* no rule matches */
	DECIDE_BAN,
	DECIDE_COUNT, /* a rule matches, but not often enough yet */
	DECIDE_SKIP,  /* a rule matches, but nobody is banned; why says why */
};

enum decide_why {
	DECIDE_AMBIGUOUS,
	DECIDE_ALLOWED,
	DECIDE_EXCEPT, /* of the rule's, or no listing; wording.h */
	DECIDE_BADADDR,
	DECIDE_UNSEEN,
	DECIDE_DISTRUSTED, /* the list lists everybody */
	DECIDE_ALARM,	   /* so do many refusals; alarm.h */
	DECIDE_CAP,
	DECIDE_DECIDED, /* RBLSMTPD refuses the client, and no list does */
	DECIDE_TORN,	/* a client may have written it; torn.h */
	DECIDE_WHYS	/* how many there are */
};

/* The line has one that no process has: 0, or one with too many digits. */
#define DECIDE_NO_PID UINT64_MAX

struct decision {
	enum decide_kind kind;
	const struct rules_rule *rule; /* with NOTHING: it gave up; or NULL */
	enum decide_why why;
	bool has_ip;
	struct addr ip;
	uint64_t pid; /* as the line says; 0: it does not; DECIDE_NO_PID */
	int64_t time; /* unix seconds: the line's stamp, else the given time */
	bool is_stamped;
	struct message line; /* its parts */
	struct slice
	    message;  /* what the program said, in one of its readings */
	bool is_part; /* there is more of it than the message */
	enum torn_answer torn; /* what judge.h knows of that; else TORN_NO */
	unsigned count;	       /* with COUNT: matches so far, of rule->count */
	uint32_t ban_s;
	bool is_vague; /* with BAN: ban_s is rule->vague_s */
	char reply[REPLY_SIZE];
	char room[MESSAGE_ROOM]; /* where the message may be */
};

/*
 * Decides on the len bytes of a line without its line feed. A line without a
 * stamp happened at unstamped_s (unix seconds). d->rule stays valid as long
 * as the rules do, d->message as long as the line and d. guard NULL: anybody may be
 * banned.
 */
void decide_line(struct decision *d, struct rules *rules, struct guard *guard,
    const char *line, size_t len, int64_t unstamped_s);

/*
 * Takes the message of a line in the first reading that one of the rules matches;
 * else with the name of the server that said it, if its tag is that; else without
 * the tag. Sets d->message and d->room, and says what the rules do.
 */
enum rules_outcome decide_read(struct decision *d, struct rules *rules,
    const struct message *m, struct rules_match *match);

/* The line goes on behind what was decided on: no rule matches it. */
void decide_part(struct decision *d);

/* What torn.h makes of it; sets torn. */
void decide_torn(struct decision *d, struct torn *torn, size_t line_max);

/*
 * Whether the line was understood, if only so far: a rule knows it, or it
 * begins with the name of a program of which a rule, or the state, knows lines.
 */
bool decide_is_known(const struct decision *d, struct rules *rules);

/* Makes it a skip. */
void decide_skip(struct decision *d, enum decide_why why);

/* Whether no rule knows the line, though its writer wrote it. */
bool decide_has_no_rule(const struct decision *d);

/* The word for it: "ambiguous", "allowed", ... */
const char *decide_why_name(enum decide_why why);

/*
 * The decision as one line for people and scripts, tab-separated, without a
 * line feed: "ban IP RULE SECONDS REPLY", "count IP RULE n/m" or
 * "skip IP-or-- RULE WHY". Returns buf; buf is empty for DECIDE_NOTHING.
 */
#define DECIDE_TEXT_SIZE (ADDR_STRLEN + BAN_RULE_SIZE + REPLY_SIZE + 32)
const char *decide_format(const struct decision *d, char buf[DECIDE_TEXT_SIZE]);

#endif
