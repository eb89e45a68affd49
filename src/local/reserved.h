/* SPDX-License-Identifier: ISC */
/*
 * reserved: addresses that belong to no host of the public internet.
 */
#ifndef RESERVED_H
#define RESERVED_H

#include <stdbool.h>

#include "base/addr.h"

/*
 * Whether the address can never be a host of the public internet that a list
 * was asked about: unspecified, "this" network, loopback, private (RFC 1918),
 * shared (RFC 6598), link-local, unique local (RFC 4193), multicast, reserved
 * (RFC 6890), and NAT64 (RFC 6052), where one /64 holds every IPv4 host.
 */
bool reserved_is_any(const struct addr *a);

/* Whether it is one of those that a site gives to its own hosts: private (RFC
   1918), shared (RFC 6598), unique local (RFC 4193). */
bool reserved_is_private(const struct addr *a);

#endif
