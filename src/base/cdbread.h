/* SPDX-License-Identifier: ISC */
/*
 * cdbread: one record of a cdb, by seek and read.
 *
 * The file is never mapped: under softlimit -m a map of a large cdb fails,
 * and a map dies of SIGBUS when somebody truncates the file. A look-up is
 * two system calls or a few more, whatever the size of the file.
 *
 *	struct cdbread c;
 *	if (cdbread_open(&c, fd) == 0)
 *		switch (cdbread_find(&c, key, klen, VERSION, &r)) ...
 *
 * A damaged file must not look like one that knows nobody: that would lose a
 * rule which allows a host. So everything on the way to a record is checked,
 * also where cdb_seek of libcdb goes on: the tables must fill the end of the
 * file, and each slot on the way must hold the hash of the key it points to.
 */
#ifndef CDBREAD_H
#define CDBREAD_H

#include <limits.h>
#include <stddef.h>

#include "base/record.h"

#define CDBREAD_KEY_MAX (1 + PATH_MAX) /* of any key in the file */

enum cdbread_answer { CDBREAD_FOUND, CDBREAD_ABSENT, CDBREAD_ERROR };

#define CDBREAD_TABLES_BYTES 2048

struct cdbread {
	int fd; /* stays the caller's, and open while this is used */
	unsigned char tables[CDBREAD_TABLES_BYTES];
};

/*
 * Opens a cdb to be read. Never waits: not for the writer of a pipe either. A
 * descriptor, or -1 with errno (ENOENT for "" as well).
 */
int cdbread_file(const char *path) __attribute__((warn_unused_result));

/*
 * Begins to read the cdb at fd. Returns 0, or -1 with errno: that of pread(2),
 * or EINVAL when it is no regular file or no intact cdb.
 */
int cdbread_open(struct cdbread *c, int fd) __attribute__((warn_unused_result));

/*
 * Looks key up and, when FOUND, leaves r ready for record_get (version as for
 * record_open); ABSENT leaves it as it was. ERROR with errno: that of pread(2),
 * or EINVAL when the file is no intact cdb, the record is larger than
 * RECORD_MAX, or its check sum or version is wrong.
 */
enum cdbread_answer cdbread_find(const struct cdbread *c, const void *key,
    size_t klen, unsigned char version, struct record *r)
    __attribute__((warn_unused_result));

/*
 * What is wrong, for people, by the errno of whatever reads a cdb of ours:
 * EINVAL and ENOTSUP in words of its own, else strerror(3).
 */
const char *cdbread_error_text(int error);

#endif
