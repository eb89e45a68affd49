/* SPDX-License-Identifier: ISC */
/*
 * privileges: what the feed keeps of the rights that it was started with.
 *
 *	struct privileges p;
 *	char error[PRIVILEGES_ERROR_SIZE];
 *
 *	privileges_plan(&p, statedir, logs, n);
 *	if (privileges_drop(&p, error) != 0)
 *		...			(not to be gone on from)
 *
 * Started as root, the feed becomes the owner of its state directory: whoever
 * shall run it is given the directory, and nothing else says so. It joins the
 * groups without which the logs cannot be read, and keeps CAP_NET_ADMIN, which
 * the kernel sets want. Whatever is opened later is opened with these rights.
 *
 * Started by another user, it keeps that user, and of the capabilities that it
 * was given (by systemd perhaps) CAP_NET_ADMIN.
 */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PRIVILEGES_GROUPS_MAX 32
#define PRIVILEGES_ERROR_SIZE 256

struct privileges {
	const char *statedir;
	bool is_root; /* at the start */
	uid_t uid;
	gid_t gid;
	gid_t groups[PRIVILEGES_GROUPS_MAX]; /* besides gid */
	size_t groups_n;
};

/*
 * Looks who is to run, and changes nothing. For each log that is a path: where
 * others may not read it, or not get to it, but a group may, that group is
 * needed; PRIVILEGES_GROUPS_MAX of them at most. What is not there, or may be
 * read by no group, is left for the one who opens it to complain about; without
 * a state directory the user stays. statedir must live as long as p.
 */
void privileges_plan(
    struct privileges *p, const char *statedir, char *const *logs, size_t n);

/*
 * Does it and looks whether it is done. Call it before there are threads, since
 * capabilities are a thread's own. No file is given to the new user: of an
 * earlier run as root, which left readable files, only the lock is removed. Nothing may be executed any more that has rights of
 * its own (no_new_privs).
 *
 * 0, or -1 with what is wrong in error; then the process has rights that it
 * should not have.
 */
int privileges_drop(const struct privileges *p,
    char error[PRIVILEGES_ERROR_SIZE]) __attribute__((warn_unused_result));

#endif
