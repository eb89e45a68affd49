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

struct logfiles_file {
	char name[NAME_MAX + 1];
	uint64_t ino;
	int64_t mtime_ns;
};

struct logfiles {
	struct logfiles_file *list;
	size_t n;
};

/*
 * Lists the log's files in dir as they are at one moment, of a directory's
 * finished ones only those from the name after on ("": all). live is "current"
 * or the plain file's name, and is_dir tells which. A file that has two names
 * at that moment is listed once. Returns 0 and a list to be freed with
 * logfiles_free, or -1 with errno (EAGAIN: the directory would not hold still).
 * The file system must name the same inode number in readdir and stat, as all
 * of the kernel's own do.
 */
int logfiles_list(struct logfiles *l, const char *dir, const char *live,
    bool is_dir, const char *after) __attribute__((warn_unused_result));

void logfiles_free(struct logfiles *l);

/*
 * Opens a listed file to read it. -1 with errno: EAGAIN when the name has moved
 * on since to another file or to none, EACCES for a moment when multilog has
 * just made it.
 */
int logfiles_open(const char *dir, const struct logfiles_file *file)
    __attribute__((warn_unused_result));

/*
 * Whether the file's writer was killed, so that its last line may have no end
 * and its end does not come in the next file: multilog and svlogd name it
 * @LABEL.u then.
 */
bool logfiles_is_cut(const struct logfiles_file *file);

#endif
