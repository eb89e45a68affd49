/* SPDX-License-Identifier: ISC */
/*
 * logfiles: the files that make up one log, in the order they were written.
 *
 * A log is a directory of multilog's kind (svlogd and s6-log use the same
 * names): @LABEL.s or @LABEL.u for each finished file, LABEL being the time it
 * was finished, so that names sort by age; "previous" for a moment during a
 * rotation; "current" last. Or it is a plain file FILE, whose rotated copies
 * FILE.1, FILE-20261124 and the like stand beside it; these are ordered by the
 * time of their last change, and compressed ones are left out.
 */
#ifndef LOGFILES_H
#define LOGFILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which file it is, as stat says at this moment. The numbers of an open file
 * change where a file system such as overlayfs moves it.
 */
struct logfiles_id {
	uint64_t dev, ino;
};

struct logfiles_file {
	char name[NAME_MAX + 1];
	struct logfiles_id id;
	int64_t mtime_ns;
};

struct logfiles {
	struct logfiles_file *list;
	size_t n;
};

/*
 * Lists the log's files in the directory open at dir (O_PATH will do) as they
 * are at one moment, of finished ones only those from the name after on ("":
 * all). live is "current" or the plain file's name, and is_dir tells which. A
 * file that has two names at that moment is listed once. What is no regular
 * file is left out. Returns 0 and a list to be freed with logfiles_free, or -1
 * with errno (EAGAIN: the directory would not hold still).
 *
 * Other numbers in readdir than in stat are no harm: file systems have them
 * where a file is mounted, or where they are made of several.
 */
int logfiles_list(struct logfiles *l, int dir, const char *live, bool is_dir,
    const char *after) __attribute__((warn_unused_result));

void logfiles_free(struct logfiles *l);

/*
 * Opens a listed file to read it. -1 with errno: EAGAIN when the name has moved
 * on since to another file or to none, EACCES for a moment when multilog has
 * just made it.
 */
int logfiles_open(int dir, const struct logfiles_file *file)
    __attribute__((warn_unused_result));

bool logfiles_is(const struct logfiles_id *a, const struct logfiles_id *b);

/* The file open at fd; that of no file if it cannot be seen. */
struct logfiles_id logfiles_id(int fd);

/*
 * Whether the file's writer was killed, so that its last line may have no end
 * and its end does not come in the next file: multilog and svlogd name it
 * @LABEL.u then.
 */
bool logfiles_is_cut(const struct logfiles_file *file);

#endif
