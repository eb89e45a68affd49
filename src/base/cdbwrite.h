/* SPDX-License-Identifier: ISC */
/*
 * cdbwrite: a new cdb that takes the place of the old one whole or not at all.
 *
 *	struct cdbwrite w;
 *	if (cdbwrite_start(&w, "local.cdb", 0644) != 0) ...
 *	... cdbwrite_add(&w, key, klen, value, vlen) ...
 *	if (cdbwrite_commit(&w, NULL) != 0) ...
 */
#ifndef CDBWRITE_H
#define CDBWRITE_H

#include <cdb.h>
#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

struct cdbwrite {
	struct cdb_make make;
	int fd;
	mode_t mode;
	char path[PATH_MAX];
	char beside[PATH_MAX]; /* path.new */
};

/*
 * Makes path.new, which has that mode (whatever the umask says) once it is
 * complete. Waits for another writer of the path, from its start to its commit or
 * abort: so whoever reads what is to be written after this writes the newest. What
 * a writer left that was killed is taken away. Returns 0, or -1 with errno.
 */
int cdbwrite_start(struct cdbwrite *w, const char *path, mode_t mode)
    __attribute__((warn_unused_result));

/*
 * Adds a record; the bytes are copied. Returns 0, or -1 with errno (EFBIG at
 * 4 GB, the limit of the format); then only abort makes sense.
 */
int cdbwrite_add(struct cdbwrite *w, const void *key, size_t klen,
    const void *value, size_t vlen) __attribute__((warn_unused_result));

/*
 * Completes the file, syncs it, renames it onto path and syncs the directory.
 * The file that was there is kept under the name old, if that is not NULL and
 * works. Returns 0, or -1 with errno and the old file untouched. Frees w either
 * way.
 */
int cdbwrite_commit(struct cdbwrite *w, const char *old)
    __attribute__((warn_unused_result));

/* Drops what was written and frees w; keeps errno. */
void cdbwrite_abort(struct cdbwrite *w);

#endif
