/* SPDX-License-Identifier: ISC */
/*
 * ask: sends the running feed a request and waits for the answer.
 */
#ifndef ASK_H
#define ASK_H

#include <jansson.h>
#include <sys/types.h>

#include "control/request.h"

/* How long it waits, in seconds: for what reads, and for what changes. */
#define ASK_READ_S 4
#define ASK_CHANGE_S 30

enum ask_answer {
	ASK_ANSWERED,
	ASK_NOBODY, /* no feed runs on this STATEDIR */
	ASK_ERROR,  /* errno */
};

struct ask {
	json_t *answer; /* with ANSWERED: an object, to be owned; else NULL */
	pid_t pid;	/* with ERROR: of the feed; 0: it is not known */
};

/*
 * Asks the feed whose STATEDIR this is. errno with ERROR: ETIMEDOUT when it
 * does not answer in time, or too many wait for it; ECONNRESET when it
 * closed the connection without an answer; EACCES when STATEDIR or the socket
 * of an earlier version is not for this user; ENOTSOCK when something else has its
 * name; EPERM when it is not the feed that listens there (owner.h); EMSGSIZE when
 * the answer is longer than 4 MiB. Texts in the answer may be printed (plain.h).
 */
enum ask_answer ask_feed(const char *statedir, const struct request *r,
    struct ask *to) __attribute__((warn_unused_result));

#endif
