/* SPDX-License-Identifier: ISC */
#include "hook/lookup.h"

#include <errno.h>
#include <unistd.h>

#include "base/cdbread.h"
#include "base/paths.h"

int
lookup_set(struct verdict_facts *f, const char *set4, const char *set6,
    const struct addr *a)
{
	bool is4 = addr_is4(a);
	struct settest tests[] = {
	    {.set = is4 ? set4 : set6},
	    {.set = is4 ? PATHS_PASS4 : PATHS_PASS6},
	};

	if (*tests[0].set == 0)
		return 0;
	settest_ask_all(tests, 2, a);
	f->set_asked = true;
	f->set = tests[0].answer;
	f->pass = tests[1].answer;
	return f->set == SETTEST_ERROR ? tests[0].error : 0;
}

int
lookup_local(struct verdict_facts *f, const char *path, const struct addr *a)
{
	int fd = cdbread_file(path);

	if (fd >= 0) {
		f->local = local_find(fd, a, &f->rule);
		close(fd); /* leaves errno, since nothing was written */
	} else if (errno != ENOENT) {
		f->local = LOCAL_ERROR;
	}
	return f->local == LOCAL_ERROR ? errno : 0;
}

int
lookup_recent(struct verdict_facts *f, const char *path, const struct addr *a)
{
	int fd;

	if (!verdict_needs_recent(f))
		return 0;
	fd = cdbread_file(path);
	if (fd >= 0) {
		f->recent = ban_find(fd, a, &f->ban);
		close(fd);
	} else if (errno != ENOENT) {
		f->recent = BAN_ERROR;
	}
	return f->recent == BAN_ERROR ? errno : 0;
}
