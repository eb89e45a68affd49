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
 * Whether somebody with this user and group may have made what is at path: root,
 * the user of this process, the owner of the directory that it is in, and its group
 * if that and not everybody may write there. false as well when the directory
 * cannot be looked at.
 */
bool owner_is_ours(const char *path, uid_t uid, gid_t gid);

/*
 * Opens a cdb to be read, as cdbread_file does; -1 with EPERM as well when it is
 * not ours.
 */
int owner_open(const char *path) __attribute__((warn_unused_result));

#endif
