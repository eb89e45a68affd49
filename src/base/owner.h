/* SPDX-License-Identifier: ISC */
/*
 * owner: whose files and sockets are believed.
 *
 * What another user left in the place of ours, in a directory where he may write,
 * is not used.
 */
#ifndef OWNER_H
#define OWNER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether this user may have made what is at path: root, the user of this process,
 * the owner of the directory that it is in, and who runs a feed there, the owner of
 * its lock. In a directory for everybody (sticky, like /tmp) the lock says nothing.
 * false as well when the directory cannot be looked at.
 */
bool owner_is_ours(const char *path, uid_t uid);

/*
 * Opens a cdb to be read, as cdbread_file does; -1 with EPERM as well when it is
 * not ours.
 */
int owner_open(const char *path) __attribute__((warn_unused_result));

#endif
