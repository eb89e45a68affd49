/*
 * servers: the mail servers that are compared, each on the same traffic.
 *
 * All ask one list, once a connection; each knows what it may know: what it was
 * told when it asked. The last two know the future as well.
 */
#ifndef SERVERS_H
#define SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic.h"
#include "trial.h"

enum server_kind {
	SERVER_ALONE,	 /* rblsmtpd alone */
	SERVER_RESOLVER, /* and a DNS cache that keeps any answer for 60 s */
	/*
	 * The recipe of 2013: who was refused is dropped for the time to live,
	 * counted from then. In its favour each listing's text counts, of which
	 * its patterns know but some.
	 */
	SERVER_RECIPE,
	SERVER_CACHE, /* rblcache, as the setup has it */
	/* asks about who is not known to be refused, and is never wrong */
	SERVER_IDEAL_REFUSALS,
	/* asks about a host once, and when its answer is another one */
	SERVER_IDEAL,
};

struct server_setup {
	enum server_kind kind;
	double ttl_s;
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
