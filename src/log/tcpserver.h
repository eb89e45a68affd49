/* SPDX-License-Identifier: ISC */
/*
 * tcpserver: what tcpserver -v, and other servers like it, say of connections.
 *
 *	tcpserver: pid 13284 from 192.0.2.7
 *	tcpserver: ok 13284 mail.example:192.0.2.1:25 :192.0.2.7::35799
 *	tcpserver: deny 13284 mail.example:192.0.2.1:25 :192.0.2.7::35799
 *	tcpserver: end 13284 status 0
 *
 * sslserver and sslhandle (ucspi-ssl) write the same under their own names;
 * tcpsvd (ipsvd, option -v) and s6-tcpserverd (s6-networking, option -v2):
 *
 *	tcpsvd: info: pid 9292 from 192.0.2.7
 *	tcpsvd: info: deny 9292 localhost:192.0.2.1 ::192.0.2.7:43767 FILE
 *	tcpsvd: info: end 9292 exit 0
 *	s6-tcpserverd: info: accept 192.0.2.7_34237 pid 25595 count 1/40
 *	s6-tcpserverd: info: end pid 25595 exitcode 0 count 0/40
 *
 * Neither of these two names the server's port. Nor does tcpsvd's "exit 0" say that
 * all went well: it says so of a program that a signal killed, too.
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
	TCPSERVER_OK,
	TCPSERVER_DENY,
	TCPSERVER_END,
};

struct tcpserver_event {
	uint64_t pid;	/* not 0 */
	struct addr ip; /* the client's; but for TCPSERVER_END */
	uint16_t port;	/* of TCPSERVER_OK: the server's own, not 0 */
	/*
	 * of TCPSERVER_END, by "status 0": the last program exited 0, so both
	 * sides said goodbye
	 */
	bool well;
};

/*
 * Reads a message (a line behind its stamp), which must be such a line from its
 * first byte to its last; event is set but for OTHER.
 */
enum tcpserver_answer tcpserver_parse(
    struct slice message, struct tcpserver_event *event);

#endif
