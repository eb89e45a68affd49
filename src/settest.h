/*
 * settest: is an address in a kernel set? One message, one reply.
 *
 * This is all that the hook asks the kernel while it holds CAP_NET_ADMIN.
 */
#ifndef SETTEST_H
#define SETTEST_H

#include <stdbool.h>

#include "addr.h"

enum settest_answer { SETTEST_MEMBER, SETTEST_ABSENT, SETTEST_ERROR };

/*
 * Asks whether a is in the set of that name, which must pass
 * settest_name_ok and be of a's family. A set with a netmask masks by itself.
 *
 * ERROR with errno: ENOENT no such set, EPERM no CAP_NET_ADMIN over the
 * network namespace, EPROTONOSUPPORT no netlink, EAGAIN no reply, else what
 * the kernel said. Never blocks: the kernel answers within sendto (nfnetlink
 * runs the request in the sender's context). It uses protocol 6, which every
 * kernel since 2.6.39 accepts for TEST (IPSET_PROTOCOL_MIN).
 */
enum settest_answer settest_ask(const char *set, const struct addr *a)
    __attribute__((warn_unused_result));

/*
 * Whether name can be a set: 1..31 bytes (IPSET_MAXNAMELEN with its NUL) out
 * of letters, digits and "._:-", not beginning with '-'.
 */
bool settest_name_ok(const char *name);

#endif
