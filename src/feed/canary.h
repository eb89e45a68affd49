/* SPDX-License-Identifier: ISC */
/*
 * canary: asks the lists, now and then, whether they are to be believed.
 *
 * A zone is asked for 127.0.0.1 (A, and TXT, since rblsmtpd asks for TXT alone
 * and a dead domain may have a wildcard of only that) and for 127.0.0.2 (A):
 * three queries, through c-ares and the resolver of the configuration. It is
 * well when it does not list the first and lists the second (RFC 5782, 5), with
 * addresses in 127/8 that are no error codes (127.255.255.0/24, as Spamhaus
 * answers whom it does not serve).
 *
 *	c = canary_open(&zones, "", 300, changed, user, error);
 *	for (;;) {
 *		n = canary_fds(c, fds);
 *		poll(fds, n, canary_wait_ms(c, now_ms));
 *		canary_serve(c, now_ms, now_s);
 *	}
 *
 * Nothing here blocks. Times are milliseconds of a monotonic clock (now_ms) and
 * unix seconds (now_s).
 */
#ifndef CANARY_H
#define CANARY_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "state/zones.h"

#define CANARY_FDS_MAX                                                         \
	(3 * ZONES_MAX + 16) /* one a question, and some for TCP */
#define CANARY_ERROR_SIZE 256
#define CANARY_AGAIN_MS 30000 /* a zone that is distrusted or silent */
#define CANARY_SOON_MS 2000   /* after the last time, even when urged */

struct canary;

/*
 * The i-th zone was asked, and zones_take has made this of it; called by
 * canary_serve for every answer, also when nothing changed. It must not close
 * the canary.
 */
typedef void canary_taken(void *user, size_t i, enum zones_change change);

/*
 * Asks the zones, which must live as long as the canary and stay as many: each
 * at once, then every interval_s (at least 1), or CANARY_AGAIN_MS if that is
 * less and the zone is distrusted or silent. resolver is an address, with a
 * port or without ("127.0.0.1", "127.0.0.1:5353", "::1", "[::1]:53"), or ""
 * for what resolv.conf(5) says now. NULL with a message in error and errno
 * EINVAL for a bad resolver, else EIO or ENOMEM.
 */
struct canary *canary_open(struct zones *zones, const char *resolver,
    uint32_t interval_s, canary_taken *taken, void *user,
    char error[CANARY_ERROR_SIZE]) __attribute__((warn_unused_result));

/* What has not been answered is forgotten. NULL is nothing. */
void canary_close(struct canary *c);

/* Fills in the descriptors to wait for, and returns how many. */
size_t canary_fds(const struct canary *c, struct pollfd fds[CANARY_FDS_MAX]);

/* How long until canary_serve is to be called; INT64_MAX: not for now. */
int64_t canary_wait_ms(const struct canary *c, int64_t now_ms);

/* Asks whom it is time to ask, and takes the answers that are there. */
void canary_serve(struct canary *c, int64_t now_ms, int64_t now_s);

/*
 * Something is odd: has canary_serve ask every zone that is not being asked,
 * CANARY_SOON_MS after it was last asked or later.
 */
void canary_ask_soon(struct canary *c);

#endif
