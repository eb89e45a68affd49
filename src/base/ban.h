/* SPDX-License-Identifier: ISC */
/*
 * ban: one ban as it stands in recent.cdb, the checkpoint.
 *
 *	key	'b', addr_spread of its addr_ban_key
 *	fields	struct ban
 *
 * codec.h has the other keys, and what a version is; the hook needs this one
 * only.
 */
#ifndef BAN_H
#define BAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/record.h"
#include "base/reply.h"

#define BAN_VERSION 4		     /* what is written */
#define BAN_OLDEST 2		     /* what can be read, up to that */
#define BAN_RULE_SIZE 32	     /* a rule's name, NUL included */
#define BAN_ADDED_RULE "rblcachectl" /* of bans that an admin added */
#define BAN_KEY_BYTES (1 + ADDR_SPREAD_BYTES)

enum ban_answer { BAN_ABSENT, BAN_FOUND, BAN_ERROR };

struct ban {
	struct addr ip;	  /* the address that was refused, not masked */
	int64_t since;	  /* unix seconds, the log line's stamp */
	int64_t until;	  /* unix seconds; no longer banned from then on */
	uint32_t refused; /* times that the hook did so, by its log */
	char rule[BAN_RULE_SIZE];
	char reply[REPLY_SIZE];
};

/*
 * The ban around a in the recent.cdb open at fd, whether or not its time is
 * over. ERROR with errno when the file cannot be read, is damaged (EINVAL), or
 * has this ban in a version that is not known here (ENOTSUP).
 */
enum ban_answer ban_find(int fd, const struct addr *a, struct ban *ban)
    __attribute__((warn_unused_result));

/*
 * How many seconds of a ban are left at now (unix seconds); 0: it is over.
 * Never more than it had in all, and none when it began more than
 * BAN_AHEAD_S from now: a clock that was wrong and is set right makes no ban
 * longer.
 */
#define BAN_AHEAD_S 7200
uint32_t ban_left_s(const struct ban *ban, int64_t now);

/* The key under which a ban of this address stands. */
void ban_key(unsigned char key[BAN_KEY_BYTES], const struct addr *a);

/* Whether records of that version can be read. */
bool ban_knows(uint8_t version);

/* Reads a ban that record_open accepted. Returns 0, or -1 when malformed. */
int ban_get(struct record *r, struct ban *ban)
    __attribute__((warn_unused_result));

#endif
