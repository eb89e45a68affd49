/* SPDX-License-Identifier: ISC */
/*
 * connections: who is connected, by the lines of tcpserver.h, so that a line about
 * somebody who is not cannot ban.
 *
 * Some qmail-smtpd write the user name of AUTH raw, line feed included; a
 * client can then write whole lines of its own into the log. What other lines
 * say of a connection is marked on it. The table is bounded (lru.h): when it is
 * full, the connection that began longest ago leaves first. Every question
 * takes constant time.
 */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define CONNECTIONS_MAX 4096

struct connections;

struct connections_key {
	uint64_t log; /* which log; process numbers are a machine's */
	uint64_t pid;
};

enum connections_mark {
	CONNECTIONS_REJECTED = 1, /* or anything else that speaks against it */
	CONNECTIONS_UNASKED = 2,  /* no list was asked about it */
	CONNECTIONS_RECHECK =
	    4, /* the hook knew it, and let it go on to the lists */
	/* a line without a process number: of some connection from the host */
	CONNECTIONS_HOST_REJECTED = 8,
	/* in answers only, and in each about a connection that there is */
	CONNECTIONS_KNOWN = 16,
	/* the server itself refuses it, by RBLSMTPD */
	CONNECTIONS_DECIDED = 32,
	/* no list has it; in answers about a host: nor any other of its */
	CONNECTIONS_PASSED = 64,
	CONNECTIONS_BANNED = 128,      /* a line about it made a ban */
	CONNECTIONS_HOST_BANNED = 256, /* as CONNECTIONS_HOST_REJECTED */
};

struct connections_entry {
	struct connections_key key;
	struct addr ip;
	int64_t begin_s; /* unix seconds; 0: an earlier version did not say */
	uint32_t marks;	 /* of enum connections_mark */
	uint16_t port;	 /* the server's; 0: not known */
};

/* A table for at most max connections, or NULL with errno. */
struct connections *connections_new(size_t max)
    __attribute__((warn_unused_result));
void connections_free(struct connections *seen);

/*
 * Puts one that begins at begin_s; what the process had before has ended. Returns
 * 0, or -1 with errno ENOMEM.
 */
int connections_begin(struct connections *seen, uint64_t log, uint64_t pid,
    const struct addr *a, int64_t begin_s) __attribute__((warn_unused_result));

/*
 * The one of that process, with its marks but for CONNECTIONS_KNOWN; false: it has
 * none from that address (NULL: from any).
 */
bool connections_find(const struct connections *seen, uint64_t log,
    uint64_t pid, const struct addr *a, struct connections_entry *found);

/* The server's port is this, if the process has one from that address. */
void connections_at_port(struct connections *seen, uint64_t log, uint64_t pid,
    const struct addr *a, uint16_t port);

/* Takes out the one of that process: false: there is none; else ended is it. */
bool connections_end(struct connections *seen, uint64_t log, uint64_t pid,
    struct connections_entry *ended);

/*
 * Marks a connection, whatever address the line had that named it; with pid 0,
 * for lines that do not name it, the host's that are open now: with HOST_BANNED
 * for BANNED, and with HOST_REJECTED for any other. A mark of 0 changes
 * nothing. Returns the marks
 * that it had, with CONNECTIONS_KNOWN; or 0, if there is none from that address
 * (NULL: nobody's).
 */
uint32_t connections_mark(struct connections *seen, uint64_t log, uint64_t pid,
    const struct addr *a, uint32_t mark);

/*
 * Puts a connection that is not in the table as the one that began last.
 * Returns 0, or -1 when it is in the table or, with errno, out of memory.
 */
int connections_put(struct connections *seen,
    const struct connections_entry *entry) __attribute__((warn_unused_result));

/*
 * The connections, the one that leaves next first: starts with *at = 0; false
 * at the end.
 */
bool connections_next(const struct connections *seen, size_t *at,
    struct connections_entry *entry);

#endif
