/* SPDX-License-Identifier: ISC */
/*
 * trust: is what the lists say to be believed? Asks the zones of the
 * configuration (canary.h), minds the alarm of each log (alarm.h), and sees
 * to what follows.
 *
 *	a zone is wrong		its bans of late are lifted (lift.h)
 *	refusals jump		the zones are asked at once
 *	all zones are well	an alarm that is on ends
 */
#ifndef TRUST_H
#define TRUST_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed/canary.h"

struct feed;

/*
 * Asks the zones that the state has, as the settings say, from now on; or
 * says why that cannot be.
 */
void trust_open(struct feed *f);
void trust_close(struct feed *f);

/* Fills in what to wait for; how many. */
size_t trust_fds(const struct feed *f, struct pollfd fds[CANARY_FDS_MAX]);

/* How long until trust_serve is to be called; INT64_MAX: not for now. */
int64_t trust_wait_ms(const struct feed *f);

void trust_serve(struct feed *f);

/*
 * A line of the i-th log was taken, before which its alarm was on or not: says
 * what has changed.
 */
void trust_line(struct feed *f, size_t i, bool was_on);

#endif
