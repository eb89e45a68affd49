/* SPDX-License-Identifier: ISC */
/*
 * inifile: reads a file of "key = value" and [section] lines, through inih.
 *
 * Comments stand on lines of their own, since values hold '#' and ';'. No line
 * is cut silently, and what is wrong is told with its place.
 */
#ifndef INIFILE_H
#define INIFILE_H

#include <stdbool.h>
#include <stddef.h>

#define INIFILE_ERROR_SIZE 512

struct inifile {
	const char *path;
	int line;      /* that is being read */
	int error;     /* errno of the first thing that went wrong; 0 */
	char *message; /* of INIFILE_ERROR_SIZE: what it was */
	unsigned seen; /* by inifile_set: keys of a section, a bit each */
};

/* One of a table, of 32 at most, in the order in which they are told. */
struct inifile_known {
	const char *name;
	void (*set)(void *user, const char *value);
	bool many; /* may be given several times */
};

/* Remembers what is wrong with a line, unless something was before. */
void inifile_fail(struct inifile *f, int line, int error, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

/*
 * Hands a value to the key of that name. Fails when there is none, when it is
 * not the first since seen was 0, and when the value is empty. A name that is
 * no short word is not told: it may be a secret that stands in the wrong place.
 */
void inifile_set(struct inifile *f, const struct inifile_known *keys, size_t n,
    const char *name, const char *value, void *user);

/* Called for each key. After inifile_fail it is not called again. */
typedef void inifile_key(
    void *user, const char *section, const char *name, const char *value);

/*
 * Reads the file at f->path, from line 1. What goes wrong is in f->error:
 * EINVAL for bad input, else the system's; what names a line that is neither
 * ("this is no ...").
 */
void inifile_read(
    struct inifile *f, const char *what, inifile_key *key, void *user);

#endif
