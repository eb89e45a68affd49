/* SPDX-License-Identifier: ISC */
/*
 * local: the admin's own rules as they stand in local.cdb.
 *
 * The longest prefix that holds an address decides. To find it in a handful
 * of look-ups however many rules there are, the file is searched by prefix
 * length in halves (Waldvogel et al., "Scalable High Speed IP Routing
 * Lookups", SIGCOMM 1997): where a longer prefix exists below, a marker stands
 * at the half-way length and holds the answer for the case that nothing longer
 * fits.
 *
 *	header	key "local"		the prefix lengths in use
 *	node	key length, addr_spread	action, length of the rule it stands
 *					for, whether it is that rule, reply
 *
 * Lengths are those of net.h. The IPv4 lengths (96 and up, mapped prefix) and
 * the IPv6 lengths are searched apart.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/net.h"
#include "base/record.h"
#include "base/reply.h"

#define LOCAL_VERSION 2
#define LOCAL_HEADER_KEY "local"
#define LOCAL_KEY_BYTES (1 + ADDR_SPREAD_BYTES)
#define LOCAL_LENGTHS 130 /* room for the lengths 0 .. 128 */

enum local_action {
	LOCAL_NONE,
	LOCAL_ALLOW,
	LOCAL_DENY,
	LOCAL_DEFER,
};

enum local_answer { LOCAL_ABSENT, LOCAL_FOUND, LOCAL_ERROR };

struct local_rule {
	enum local_action action;
	struct net net;
	char reply[REPLY_SIZE]; /* "CCC TEXT" of deny and defer, else "" */
};

/* The lengths in use by one family, ascending. */
struct local_lengths {
	unsigned char bits[LOCAL_LENGTHS];
	size_t n;
};

/*
 * The rule with the longest prefix around a, in the local.cdb open at fd.
 * FOUND with *rule set; ABSENT when no prefix holds a; ERROR with errno when
 * the file cannot be read or is damaged (EINVAL).
 */
enum local_answer local_find(int fd, const struct addr *a,
    struct local_rule *rule) __attribute__((warn_unused_result));

/* The key of a node. */
void local_key(unsigned char key[LOCAL_KEY_BYTES], const struct net *net);

/*
 * Reads a node that record_open accepted; of rule->net, the length of the rule
 * that it stands for. Returns 0, or -1 when malformed.
 */
int local_node_get(struct record *r, struct local_rule *rule, bool *is_rule)
    __attribute__((warn_unused_result));

#endif
