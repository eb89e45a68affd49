#include "logfiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TRIES 20

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name);
	size_t m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static bool
is_compressed(const char *name)
{
	static const char *const ends[] = {
	    ".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (ends_with(name, ends[i]))
			return true;
	return false;
}

static bool
belongs(const char *name, const char *live, bool is_dir, const char *after)
{
	size_t len = strlen(live);

	if (strcmp(name, live) == 0)
		return true;
	if (is_dir)
		return strcmp(name, "previous") == 0 ||
		       (name[0] == '@' && strcmp(name, after) >= 0 &&
			   (ends_with(name, ".s") || ends_with(name, ".u")));
	return strncmp(name, live, len) == 0 &&
	       (name[len] == '.' || name[len] == '-') && !is_compressed(name);
}

static int
add(struct logfiles *l, const char *name, const struct stat *st)
{
	struct logfiles_file *list = l->list;

	if ((l->n & (l->n - 1)) == 0) { /* full: 0, 1, 2, 4, ... */
		size_t cap = l->n == 0 ? 1 : l->n * 2;

		list = reallocarray(list, cap, sizeof *list);
		if (list == NULL)
			return -1;
		l->list = list;
	}
	memset(&list[l->n], 0, sizeof *list);
	snprintf(list[l->n].name, sizeof list[l->n].name, "%s", name);
	list[l->n].ino = st->st_ino;
	list[l->n].mtime_ns =
	    (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
	l->n++;
	return 0;
}

/* The labels sort as text, and before "current" and "previous". */
static int
by_name(const void *a, const void *b)
{
	const struct logfiles_file *x = a;
	const struct logfiles_file *y = b;

	return strcmp(x->name, y->name);
}

static int
by_mtime(const void *a, const void *b)
{
	const struct logfiles_file *x = a;
	const struct logfiles_file *y = b;

	if (x->mtime_ns != y->mtime_ns)
		return x->mtime_ns < y->mtime_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Moves the live file to the end and drops second names of a file. */
static void
tidy(struct logfiles *l, const char *live)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i].name, live) == 0) {
			struct logfiles_file file = l->list[i];

			memmove(&l->list[i], &l->list[i + 1],
			    (l->n - i - 1) * sizeof file);
			l->list[l->n - 1] = file;
			break;
		}
	/*
	 * Only "previous" can be a second name of a file, that of the newest
	 * finished one; it stands right behind it.
	 */
	for (size_t i = l->n; i-- > 1 && i + 2 >= l->n;)
		if (l->list[i].ino == l->list[i - 1].ino) {
			memmove(&l->list[i], &l->list[i + 1],
			    (l->n - i - 1) * sizeof *l->list);
			l->n--;
			break;
		}
}

static int
list_once(struct logfiles *l, const char *dir, const char *live, bool is_dir,
    const char *after)
{
	const struct dirent *entry;
	DIR *d = opendir(dir);
	int saved;

	*l = (struct logfiles){0};
	if (d == NULL)
		return -1;
	while (errno = 0, (entry = readdir(d)) != NULL) {
		struct stat st;

		if (!belongs(entry->d_name, live, is_dir, after))
			continue;
		if (fstatat(dirfd(d), entry->d_name, &st, 0) != 0) {
			if (errno == ENOENT)
				continue; /* gone since */
			goto fail;
		}
		if (S_ISREG(st.st_mode) && add(l, entry->d_name, &st) != 0)
			goto fail;
	}
	if (errno != 0)
		goto fail;
	closedir(d);
	if (l->n > 0)
		qsort(l->list, l->n, sizeof *l->list,
		    is_dir ? by_name : by_mtime);
	tidy(l, live);
	return 0;
fail:
	saved = errno;
	closedir(d);
	logfiles_free(l);
	errno = saved;
	return -1;
}

static bool
agree(const struct logfiles *a, const struct logfiles *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].ino != b->list[i].ino ||
		    strcmp(a->list[i].name, b->list[i].name) != 0)
			return false;
	return true;
}

int
logfiles_list(struct logfiles *l, const char *dir, const char *live,
    bool is_dir, const char *after)
{
	if (list_once(l, dir, live, is_dir, after) != 0)
		return -1;
	for (int i = 0; i < TRIES; i++) {
		struct logfiles again;

		if (list_once(&again, dir, live, is_dir, after) != 0) {
			int saved = errno;

			logfiles_free(l);
			errno = saved;
			return -1;
		}
		if (agree(l, &again)) {
			logfiles_free(&again);
			return 0;
		}
		logfiles_free(l);
		*l = again;
	}
	logfiles_free(l);
	errno = EAGAIN;
	return -1;
}

void
logfiles_free(struct logfiles *l)
{
	free(l->list);
	*l = (struct logfiles){0};
}
