#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
lookup_set(struct verdict_facts *f, const char *set4, const char *set6,
    const struct addr *a)
{
	const char *set = addr_is4(a) ? set4 : set6;

	if (*set == 0)
		return 0;
	f->set_asked = true;
	f->set = settest_ask(set, a);
	return f->set == SETTEST_ERROR ? errno : 0;
}

/* Never waits: not for the writer of a pipe either. */
static int
open_cdb(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int
lookup_local(struct verdict_facts *f, const char *path, const struct addr *a)
{
	int error = 0;
	int fd;

	if (*path == 0)
		return 0;
	f->local_asked = true;
	f->local = LOCAL_ABSENT;
	fd = open_cdb(path);
	if (fd < 0 && errno == ENOENT)
		return 0;
	f->local = fd < 0 ? LOCAL_ERROR : local_find(fd, a, &f->rule);
	if (f->local == LOCAL_ERROR)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

int
lookup_recent(struct verdict_facts *f, const char *path, const struct addr *a)
{
	int error = 0;
	int fd;

	if (*path == 0 || !verdict_needs_recent(f))
		return 0;
	f->recent_asked = true;
	f->recent = RECENT_ABSENT;
	fd = open_cdb(path);
	if (fd < 0 && errno == ENOENT)
		return 0;
	f->recent = fd < 0 ? RECENT_ERROR : recent_find(fd, a, &f->ban);
	if (f->recent == RECENT_ERROR)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}
