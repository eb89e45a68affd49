/* SPDX-License-Identifier: ISC */
/*
 * seats: who has a place at the feed's socket, and who leaves for a new one.
 *
 * Pure. Every local user may ask, so nobody may keep the others out: a user has
 * few seats, those who only read leave some to those who may change something,
 * and where there is no seat left, the reader with the most gives up his
 * oldest.
 */
#ifndef SEATS_H
#define SEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SEATS_MAX 64
#define SEATS_READERS 48 /* of them, at most, for those who only read */
#define SEATS_EACH 8	 /* of these, for one user */

struct seat {
	bool taken;
	bool may_change; /* root, and the feed's own user and group */
	uid_t uid;
	int64_t until_ms; /* the first to end leaves first */
};

/*
 * The seat for a new one: a free one, or that of somebody who has to leave for
 * him; SEATS_MAX: there is none, for one who only reads.
 */
size_t seats_for(
    const struct seat seats[SEATS_MAX], uid_t uid, bool may_change);

/* Who leaves when somebody must; SEATS_MAX: there is nobody. */
size_t seats_first_to_leave(const struct seat seats[SEATS_MAX]);

#endif
