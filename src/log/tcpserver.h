/* SPDX-License-Identifier: ISC */
/*
 * tcpserver: what tcpserver -v (or sslserver) says of connections.
 *
 *	tcpserver: pid 13284 from 192.0.2.7
 *	tcpserver: deny 13284 ...
 *	tcpserver: end 13284 status 0
 */
#ifndef TCPSERVER_H
#define TCPSERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/slice.h"

enum tcpserver_answer {
	TCPSERVER_OTHER, /* the line is about something else */
	TCPSERVER_BEGIN,
	TCPSERVER_DENY,
	TCPSERVER_END,
};

struct tcpserver_event {
	uint64_t pid;	/* not 0 */
	struct addr ip; /* of TCPSERVER_BEGIN */
	/* of TCPSERVER_END: its last program exited 0: both sides said goodbye */
	bool well;
};

/* Reads a message (a line behind its stamp); event is set but for OTHER. */
enum tcpserver_answer tcpserver_parse(
    struct slice message, struct tcpserver_event *event);

#endif
