/* SPDX-License-Identifier: ISC */
/*
 * commands: what the feed does at its control socket.
 *
 *	a line -> request -> state, sets, checkpoint -> a line
 *
 * What changes something is answered when it is in recent.cdb, so that neither
 * a crash nor a restart takes it back.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A control_answer for user, a struct feed. */
char *commands_answer(
    void *user, bool may_change, const char *line, size_t len, uint64_t *hold);

/* Lets go the answers that wait for recent.cdb, as far as it is written. */
struct feed;
void commands_release(struct feed *f);

#endif
