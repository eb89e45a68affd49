/* SPDX-License-Identifier: ISC */
/*
 * passes: what lines say of a connection from its begin to its end, to tell
 * when a host was asked about and no list refused it.
 *
 *	tcpserver: pid 13284 from 192.0.2.7
 *	rblcache: 192.0.2.7 pid 13284: passed
 *	tcpserver: end 13284 status 0
 *
 * Strict: the host must be connected as that process. What counts is the
 * hook's line from behind rblsmtpd; in a log that never had one, the end of a
 * connection with both sides saying goodbye, at a port of the server at which
 * rblsmtpd was seen. Either counts from the connection's begin.
 * Nothing counts when any line spoke of a rejection or of trouble in between,
 * when no list was asked, when the lists are not all well, or when they may not
 * have answered: PASSES_ANSWER_S.
 */
#ifndef PASSES_H
#define PASSES_H

#include "log/decide.h"
#include "state/state.h"

/*
 * What comes later than that after the connection's begin is no answer. rblsmtpd
 * lets the client in when a list gives none, which takes it 11 s at least (the
 * waits of djb's dns_transmit.c are 1, 3, 11 and 45 s). For the end of a connection
 * the canary may stand in, if the zones are named.
 */
#define PASSES_ANSWER_S 10

/*
 * Takes note of a line that no rule matches. Returns 0, or -1 with errno
 * ENOMEM.
 */
int passes_take(struct state *s, struct state_log *log,
    const struct decision *d, const struct policy *policy, struct news *news)
    __attribute__((warn_unused_result));

/*
 * The process that a line of rblsmtpd's, which no rule matches, says something
 * of: perhaps a rejection, or trouble. 0: it is no such line.
 */
uint64_t passes_unclear(const struct decision *d);

/*
 * Takes note of one that a rule matches. The marks (connections.h) that its connection
 * had before; 0 if it is not known.
 */
uint32_t passes_rejected(
    struct state *s, struct state_log *log, const struct decision *d);

#endif
