/* SPDX-License-Identifier: ISC */
/*
 * message: what a program has said, in a line behind its stamp.
 *
 * A syslog puts a host and a tag before it. The tag is the name of the program
 * that handed the line over, such as splogger's "qmail: ", or the very name with
 * which the line began. Nothing tells which, so there are several readings:
 *
 *	ns1 qmail: rblsmtpd: 203.0.113.9 pid 5: 451 text
 *	ns1 rblsmtpd: 203.0.113.9 pid 5: 451 text
 *	mx tcpserver[812]: pid 5 from 203.0.113.9
 *	mx spamdyke[5]: DENIED_RBL_MATCH from: ...
 *	rblsmtpd: 203.0.113.9 pid 5: 451 text		without a host
 *	ns1 rblsmtpd 812 - -  203.0.113.9 pid 5: 451 text	RFC 5424
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "log/stamp.h"

struct message {
	enum stamp_behind behind;
	struct slice whole; /* the line behind its stamp */
	struct slice named; /* and behind the host */
	struct slice said;  /* and behind the tag; all the same without one */
	struct slice tag;   /* without its number; empty: there is none */
	struct slice pid;   /* that number; empty: none */
};

/*
 * Reads the line: its time is left in *unix_s if it has one; about_s is a time
 * near it, as for stamp_take. Splogger's own stamp behind a tag is the one that
 * counts. A line whose fields are not those of a syslog has no stamp.
 */
void message_read(
    struct message *m, struct slice line, int64_t about_s, int64_t *unix_s);

enum message_reading {
	MESSAGE_NUMBERED, /* "name[812]: what was said" */
	MESSAGE_SAID,
	MESSAGE_NAMED,	 /* "name: what was said" */
	MESSAGE_WORD,	 /* "name what was said": a name ends without a colon */
	MESSAGE_WHOLE,	 /* there was no host */
	MESSAGE_READINGS /* how many there are */
};

/*
 * One of its readings; false: the line has none such. If the name must be moved
 * to what was said, that is done in room; a line that is too long for it is not
 * read so.
 */
#define MESSAGE_ROOM 1024
bool message_reading(const struct message *m, enum message_reading which,
    char room[MESSAGE_ROOM], struct slice *reading);

#endif
