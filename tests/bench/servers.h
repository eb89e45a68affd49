/* SPDX-License-Identifier: ISC */
/*
 * servers: the mail servers that are compared, each on the same traffic.
 *
 * All ask one list, once a connection; each knows what it was told when it
 * asked. The last two also know when that is no longer true: a prophet knows
 * every change of the list, and asks once a host and once a change.
 */
#ifndef SERVERS_H
#define SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/trial.h"
#include "traffic.h"

enum server_kind {
	SERVER_ALONE,	 /* rblsmtpd alone */
	SERVER_RESOLVER, /* and a DNS cache that keeps any answer for 60 s */
	/*
	 * The recipe of 2013: who was refused is dropped for the time to live,
	 * counted from then. As if its patterns found each text, of listings
	 * and of errors; they do so no longer.
	 */
	SERVER_RECIPE,
	SERVER_CACHE,		    /* rblcache, as the setup has it */
	SERVER_PROPHET_OF_REFUSALS, /* remembers nothing else */
	SERVER_PROPHET,
};

struct server_setup {
	enum server_kind kind;
	double ttl_s;		  /* of SERVER_RECIPE */
	double speed;		  /* that of the traffic, for the resolver */
	struct trial_setup trial; /* of SERVER_CACHE */
};

struct server_answer {
	bool asked, refused;
	bool error; /* errno ENOMEM */
};

struct server;

/* For so many hosts. NULL with errno ENOMEM. */
struct server *server_new(const struct server_setup *setup, size_t hosts)
    __attribute__((warn_unused_result));
void server_free(struct server *s);

/* Connections come in order of time. */
struct server_answer server_connect(struct server *s,
    const struct traffic_host *host, const struct traffic_connection *c);

/* Where the time of traffic is in unix seconds. */
#define SERVER_EPOCH 1767225600 /* 2026-01-01 */

#endif
