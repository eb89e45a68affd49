/* SPDX-License-Identifier: ISC */
/*
 * codec: the state as the records of recent.cdb.
 *
 *	ban	'b', addr_spread		ban.h
 *	count	'c', addr_spread, rule		counts.h
 *	past	'p', addr_spread, rule		repeats.h
 *	seen	's', log (8), pid (8)		connections.h
 *	visit	'v', log (8), addr_spread	visits.h
 *	host	'h', addr_spread		doubts.h
 *	zone	'z', the name as it is shown	zones.h
 *	tally	't', rule			tallies.h
 *	day	'd'				tallies.h
 *	log	'l', path			state.h
 *
 * What a version writes, every later one loads, and an earlier one loads what
 * it knows of it:
 *
 * - a record that gets more fields gets them at its end, and keeps its version.
 *   A version that knows fewer does not look there; one that knows more looks
 *   whether they are there;
 * - a new kind of record gets a new letter, which others pass over;
 * - what is no longer known keeps its place: a field is written as 0 and read
 *   past, and a letter is not used again. Records of 'n', 'q' and 'N' are of
 *   networks that were banned as a whole before 0.7: they are left out, and
 *   nobody is told;
 * - BAN_VERSION is raised only when fields that there are change. Others
 *   pass over such records, which lose them.
 *
 * tests/upgrade has files that earlier versions wrote. Versions 2 and 3 are the
 * first packages of 0.5, before passes; their tallies are left out.
 */
#ifndef CODEC_H
#define CODEC_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "state/state.h"

struct codec_key {
	unsigned char b[1 + PATH_MAX];
	size_t len;
};

/* How far codec_next got; starts as all zero. */
struct codec_at {
	size_t kind, at;
};

/*
 * The next record, not sealed, of the state and the n logs that have a place.
 * 1, or 0 at the end. Tables come in the order in which entries leave them.
 */
int codec_next(const struct state *s, const struct state_log *logs, size_t n,
    struct codec_at *at, struct codec_key *key, struct record *r);

/* Whether codec_take knows records of that key and version. */
bool codec_knows(const unsigned char *key, size_t klen, uint8_t version);

/*
 * Puts a record that record_open accepted, and that codec_knows, into the
 * state, or into the log of that path if it is one of the n. Returns 0, or -1
 * when it is malformed or, with errno ENOMEM, out of memory.
 */
int codec_take(struct state *s, struct state_log *logs, size_t n,
    const unsigned char *key, size_t klen, struct record *r)
    __attribute__((warn_unused_result));

/* Fills r with the ban (not sealed). */
void codec_put_ban(struct record *r, const struct ban *ban);

#endif
