/* SPDX-License-Identifier: ISC */
/*
 * seen: who is connected, by the lines of tcpserver -v (or sslserver) in the
 * log, so that a line about somebody who is not cannot ban.
 *
 *	tcpserver: pid 13284 from 192.0.2.7
 *	tcpserver: deny 13284 ...
 *	tcpserver: end 13284 status 0
 *
 * Some qmail-smtpd write the user name of AUTH raw, line feed included; a
 * client can then write whole lines of its own into the log. What other lines
 * say of a connection is marked on it. The table is bounded (lru.h): when it is
 * full, the connection that began longest ago leaves first. Every question
 * takes constant time.
 */
#ifndef SEEN_H
#define SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define SEEN_MAX 4096

struct seen;

struct seen_key {
	uint64_t log; /* which log; process numbers are a machine's */
	uint64_t pid;
};

enum seen_mark {
	SEEN_REJECTED = 1, /* or anything else that speaks against it */
	SEEN_UNASKED = 2,  /* no list was asked about it */
	SEEN_RECHECK = 4,  /* the hook knew it, and let it go on to the lists */
	/* a line without a process number: of some connection from the host */
	SEEN_HOST_REJECTED = 8,
};

struct seen_entry {
	struct seen_key key;
	struct addr ip;
	uint32_t marks; /* of enum seen_mark */
};

/* A table for at most max connections, or NULL with errno. */
struct seen *seen_new(size_t max) __attribute__((warn_unused_result));
void seen_free(struct seen *seen);

enum seen_answer {
	SEEN_OTHER, /* the line is about something else */
	SEEN_BEGIN,
	SEEN_DENY,
	SEEN_END,   /* of a connection that was not in the table */
	SEEN_ENDED, /* of one that was; see ended */
	SEEN_ERROR, /* errno ENOMEM */
};

struct seen_ended {
	struct addr ip;
	uint32_t marks;
	bool well; /* its last program exited 0: both sides said goodbye */
};

/* What such a line says. */
struct seen_event {
	uint64_t pid;
	struct addr ip; /* of SEEN_BEGIN */
	bool well;	/* of SEEN_END: see seen_ended */
};

/*
 * Reads a message (a line behind its stamp), and keeps nothing. SEEN_BEGIN,
 * SEEN_DENY or SEEN_END with event filled in, or SEEN_OTHER.
 */
enum seen_answer seen_parse(
    const char *message, size_t len, struct seen_event *event);

/*
 * Takes note of a message of a log. ended is filled in for SEEN_ENDED.
 */
enum seen_answer seen_line(struct seen *seen, uint64_t log, const char *message,
    size_t len, struct seen_ended *ended);

/*
 * Marks a connection, whatever address the line had that named it; with pid 0,
 * the host's that are open now, with SEEN_HOST_REJECTED. Returns the marks that
 * it had, if a (NULL: nobody's) is its address; else 0.
 */
uint32_t seen_mark(struct seen *seen, uint64_t log, uint64_t pid,
    const struct addr *a, uint32_t mark);

/*
 * The marks of the connection of that process from that address; with pid 0,
 * whether the host is marked. False when there is none.
 */
bool seen_marks(struct seen *seen, uint64_t log, uint64_t pid,
    const struct addr *a, uint32_t *marks);

/*
 * Puts a connection that is not in the table as the one that began last.
 * Returns 0, or -1 when it is in the table or, with errno, out of memory.
 */
int seen_put(struct seen *seen, const struct seen_entry *entry)
    __attribute__((warn_unused_result));

/*
 * Whether the address is connected: as process pid, or with pid 0, for lines
 * that do not name it, as any.
 */
bool seen_is(
    struct seen *seen, uint64_t log, uint64_t pid, const struct addr *a);

size_t seen_count(const struct seen *seen);

/*
 * The connections, the one that leaves next first: starts with *at = 0; false
 * at the end.
 */
bool seen_next(const struct seen *seen, size_t *at, struct seen_entry *entry);

#endif
