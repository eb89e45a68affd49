/* SPDX-License-Identifier: ISC */
/*
 * settest: is an address in a kernel set? All questions in one message, a reply
 * for each.
 *
 * This is all that the hook asks the kernel while it holds CAP_NET_ADMIN.
 */
#ifndef SETTEST_H
#define SETTEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

enum settest_answer { SETTEST_ABSENT, SETTEST_MEMBER, SETTEST_ERROR };

#define SETTEST_MOST 3 /* sets that are asked at once */

struct settest {
	const char *set; /* its name, which must pass settest_name_ok */
	enum settest_answer answer;
	int error; /* when it is SETTEST_ERROR: an errno */
};

/*
 * Asks of each of n sets whether a is in it, and fills in answer and error. The
 * sets must be of a's family. A set with a netmask masks by itself.
 *
 * Errors: ENOENT no such set, EPERM no CAP_NET_ADMIN over the network namespace
 * (the kernel says so once, of the first set; the others get EAGAIN),
 * EPROTONOSUPPORT no netlink, EAGAIN no reply, else what the kernel said. Never
 * blocks: the kernel answers within sendto (nfnetlink runs the requests in the
 * sender's context, one after the other: netlink_rcv_skb). It uses protocol 6,
 * which every kernel since 2.6.39 accepts for TEST (IPSET_PROTOCOL_MIN).
 */
void settest_ask_all(struct settest tests[], size_t n, const struct addr *a);

/*
 * Whether name can be a set: 1..31 bytes (IPSET_MAXNAMELEN with its NUL) out
 * of letters, digits and "._:-", not beginning with '-'.
 */
bool settest_name_ok(const char *name);

/* Of an option (usage.h) whose text is such a name. */
#define SETTEST_OPTION .is_ok = settest_name_ok, .wants = "the name of a set"

#endif
