/* SPDX-License-Identifier: ISC */
/*
 * allows: the networks that local.cdb allows, all of them, to ask whether one
 * lies inside another.
 *
 * local_find tells the rule around an address; it cannot tell whether there is
 * a rule anywhere in a network. So the file is read through once, and what is
 * left of a million rules is the few that allow somebody.
 *
 *	struct allows *allows = allows_read(fd);
 *	if (allows == NULL || allows_overlap(allows, &net, bits)) ...
 */
#ifndef ALLOWS_H
#define ALLOWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct allows;

/*
 * Reads the local.cdb open at fd, whose offset it moves. It is not mapped:
 * somebody may be writing to it. NULL with errno: that of read(2), ENOMEM, or
 * EINVAL when any of it is damaged. Time grows with the file: a fifth of a
 * second for a million rules.
 */
struct allows *allows_read(int fd) __attribute__((warn_unused_result));
void allows_free(struct allows *allows);

/*
 * Whether an allowed network holds the one of the first bits of net (of 128;
 * masked) or lies in it. Rules of one family have no say over the other, as in
 * local.h.
 */
bool allows_overlap(
    const struct allows *allows, const struct addr *net, unsigned bits);

/* How many there are, but for those within another. */
size_t allows_count(const struct allows *allows);

#endif
