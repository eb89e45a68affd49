/* SPDX-License-Identifier: ISC */
/*
 * client: what the SMTP clients of the benches have in common. They do not
 * block, and each comes from an address of its own.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <netinet/in.h>

/* What tcpserver listens with: when more than so many connections wait for
   their greeting, a SYN may be lost, and comes again only after a second. */
#define CLIENT_WAITING_MAX 20

/* What a client says, in turn, once it was greeted. */
#define CLIENT_STEPS 4
extern const char *const client_commands[CLIENT_STEPS];

/*
 * A connection from that address is on its way; the socket says when it is
 * there. The caller closes the descriptor. -1 with errno.
 */
int client_connect(struct in_addr from, const struct sockaddr_in *server)
    __attribute__((warn_unused_result));

#endif
