/* SPDX-License-Identifier: ISC */
#include "feed/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- who ---- */

static bool
has_group(const struct privileges *p, gid_t gid)
{
	for (size_t i = 0; i < p->groups_n; i++)
		if (p->groups[i] == gid)
			return true;
	return gid == p->gid;
}

/* Adds the group of a file whose group has rights that others have not. */
static void
add_group_of(struct privileges *p, const char *path, mode_t need)
{
	struct stat st;

	if (stat(path, &st) != 0 || st.st_uid == p->uid ||
	    (st.st_mode & need) == need || (st.st_mode >> 3 & need) != need)
		return;
	if (!has_group(p, st.st_gid) && p->groups_n < PRIVILEGES_GROUPS_MAX)
		p->groups[p->groups_n++] = st.st_gid;
}

static void
add_groups_of(struct privileges *p, const char *log)
{
	char path[PATH_MAX + sizeof "/current"];
	mode_t need = S_IROTH;
	struct stat st;
	char *slash;

	if (strcmp(log, "-") == 0 || realpath(log, path) == NULL)
		return;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		snprintf(path + strlen(path), sizeof "/current", "/current");
	/* the file is read, its directory listed, the others are walked */
	add_group_of(p, path, need);
	need |= S_IXOTH;
	while ((slash = strrchr(path, '/')) != NULL && slash[1] != 0) {
		slash[slash == path] = 0;
		add_group_of(p, path, need);
		need = S_IXOTH;
	}
}

void
privileges_plan(
    struct privileges *p, const char *statedir, char *const *logs, size_t n)
{
	struct stat st;

	*p = (struct privileges){.statedir = statedir,
	    .is_root = geteuid() == 0,
	    .uid = geteuid(),
	    .gid = getegid()};
	if (!p->is_root)
		return;
	if (stat(statedir, &st) == 0) {
		p->uid = st.st_uid;
		p->gid = st.st_gid;
	}
	for (size_t i = 0; i < n; i++)
		add_groups_of(p, logs[i]);
}

/* ---- how ---- */

/*
 * Removes the lock that root left, which the user could not open. The directory is
 * the user's, so a name in it may be that of any file: ownership of one is never
 * given away, and all that happens to it here is that it loses this name.
 */
static void
remove_lock(const struct privileges *p)
{
	int dir = open(p->statedir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1
			 : openat(dir, "lock",
			       O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_nlink == 1 && st.st_uid == 0 && p->uid != 0 &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(dir, "lock", 0);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
}

static int
become(const struct privileges *p)
{
	remove_lock(p);
	/*
	 * Root that stays root keeps its groups where it may not change them,
	 * as in a user namespace of somebody else's.
	 */
	if (cap_setgroups(p->gid, p->groups_n, p->groups) != 0 &&
	    (p->uid != 0 || errno != EPERM))
		return -1;
	return p->uid == 0 ? 0 : cap_setuid(p->uid);
}

/*
 * CAP_NET_ADMIN if there is one to keep, permitted and effective. To be freed
 * with cap_free; NULL with errno.
 */
static cap_t
what_is_kept(void)
{
	const cap_value_t net_admin = CAP_NET_ADMIN;
	cap_flag_value_t has = CAP_CLEAR;
	cap_t now = cap_get_proc();
	cap_t kept = cap_init();

	if (now == NULL || kept == NULL ||
	    cap_get_flag(now, net_admin, CAP_PERMITTED, &has) != 0 ||
	    cap_set_flag(kept, CAP_PERMITTED, 1, &net_admin, has) != 0 ||
	    cap_set_flag(kept, CAP_EFFECTIVE, 1, &net_admin, has) != 0) {
		cap_free(kept);
		kept = NULL;
	}
	cap_free(now);
	return kept;
}

/*
 * Of what a program could be given that is executed. That there is no such
 * program is no_new_privs' business, so this may fail (without CAP_SETPCAP).
 */
static void
drop_bounds(void)
{
	for (cap_value_t c = 0; c < cap_max_bits(); c++)
		if (c != CAP_NET_ADMIN && cap_drop_bound(c) != 0)
			break;
}

/* ---- whether ---- */

static bool
has_these_groups(const struct privileges *p)
{
	gid_t groups[PRIVILEGES_GROUPS_MAX];
	int n = getgroups(PRIVILEGES_GROUPS_MAX, groups);

	if (n < 0 || (size_t)n != p->groups_n)
		return false;
	for (int i = 0; i < n; i++)
		if (!has_group(p, groups[i]))
			return false;
	return true;
}

static bool
is_user(const struct privileges *p)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 ||
	    getresgid(&gid[0], &gid[1], &gid[2]) != 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uid[i] != p->uid || (gid[i] != p->gid && p->uid != 0))
			return false;
	return p->uid == 0 || !p->is_root || has_these_groups(p);
}

static bool
has_no_other(cap_t kept)
{
	cap_t now = cap_get_proc();
	bool ok = now != NULL && cap_compare(now, kept) == 0;

	for (cap_value_t c = 0; c < cap_max_bits(); c++)
		ok = ok && cap_get_ambient(c) <= 0;
	cap_free(now);
	return ok;
}

/* What is not as it should be, or NULL. */
static const char *
look(const struct privileges *p, cap_t kept)
{
	if (!is_user(p))
		return "other users or groups are left";
	if (p->uid != 0 && setuid(0) == 0)
		return "there is a way back to root";
	if (!has_no_other(kept))
		return "other capabilities are left";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1)
		return "no_new_privs is not set";
	return NULL;
}

static int
failed(char error[PRIVILEGES_ERROR_SIZE], const char *what)
{
	snprintf(error, PRIVILEGES_ERROR_SIZE, "%s: %s", what, strerror(errno));
	return -1;
}

int
privileges_drop(const struct privileges *p, char error[PRIVILEGES_ERROR_SIZE])
{
	cap_t kept = what_is_kept();
	const char *wrong;
	int result = -1;

	if (kept == NULL)
		return failed(error, "capabilities");
	drop_bounds();
	if (p->is_root && become(p) != 0)
		failed(error, "becoming the owner of the state directory");
	else if (cap_set_proc(kept) != 0 || cap_reset_ambient() != 0)
		failed(error, "dropping capabilities");
	else if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0)
		failed(error, "no_new_privs");
	else if ((wrong = look(p, kept)) != NULL)
		snprintf(error, PRIVILEGES_ERROR_SIZE, "%s", wrong);
	else
		result = 0;
	cap_free(kept);
	return result;
}
