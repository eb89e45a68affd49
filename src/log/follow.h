/* SPDX-License-Identifier: ISC */
/*
 * follow: the lines of one log, each once, across rotation and restart.
 *
 *	struct follow *f = follow_open("/var/log/qmail/smtpd", NULL);
 *	for (;;) switch (follow_line(f, &line)) {
 *	case FOLLOW_LINE: ...; break;
 *	case FOLLOW_WAIT: poll follow_fd(f), then follow_wake(f); break;
 *	...
 *
 * A rotated file is read to its end before the next one; files are opened as
 * soon as they are seen, so one that is deleted afterwards is still read. A
 * line that a writer cut over two files (multilog does, above 2,000 bytes) is
 * put together again. A file that is truncated is read from its start. A
 * directory that is moved away is read until its logger writes to another one in
 * its place; then that is read. Of a line longer than FOLLOW_LINE_MAX only the
 * start is given out.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/position.h"

#define FOLLOW_LINE_MAX 32768
#define FOLLOW_PART 512

struct follow;

/*
 * Lets the process open as many files as it may ever: a log that rotates all
 * the time needs many at once, and those that wait to be closed count too.
 */
void follow_allow_files(void);

struct follow_line {
	const char *text; /* valid until the next call; no line feed, no NUL */
	size_t len;
	bool is_part; /* it is longer; these are its first FOLLOW_PART bytes */
	int64_t written_s; /* unix seconds: when the file had grown to here at
			      the latest; its time if it has no stamp */
};

enum follow_answer {
	FOLLOW_LINE,
	FOLLOW_WAIT,  /* no more for now */
	FOLLOW_END,   /* no more ever: the end of a stream */
	FOLLOW_ERROR, /* errno; worth another try later */
};

/*
 * Starts to follow the log at path: a directory of multilog's kind, a plain
 * file, or "-" (or a pipe or device) for a stream. With a place it goes on
 * behind it, else at the oldest file of a directory or the start of a file.
 * Returns NULL with errno when there is no such log or it cannot be read.
 */
struct follow *follow_open(const char *path, const struct position *from)
    __attribute__((warn_unused_result));
void follow_close(struct follow *f);

/* The next line. Does not wait for one. */
enum follow_answer follow_line(struct follow *f, struct follow_line *line)
    __attribute__((warn_unused_result));

/*
 * The bytes behind the last line feed, once no more will come: what a stream
 * or a file that nobody writes any more ends with. FOLLOW_LINE or FOLLOW_END.
 */
enum follow_answer follow_rest(struct follow *f, struct follow_line *line)
    __attribute__((warn_unused_result));

/*
 * The next line of a log that is read to its present end, with what stands
 * behind the last line feed: FOLLOW_LINE, FOLLOW_END or FOLLOW_ERROR. Waits for
 * the lines of a stream.
 */
enum follow_answer follow_to_end(struct follow *f, struct follow_line *line)
    __attribute__((warn_unused_result));

/* The text of the errno of FOLLOW_ERROR, and of follow_open. */
const char *follow_reason(int error);

/*
 * Whether lines may have been missed since the last call: the file of the
 * place was gone, or was deleted with others before they could be opened; or a
 * file was truncated, of which there is no copy.
 */
bool follow_missed(struct follow *f);

/* The place behind the last line; false for a stream, which has none. */
bool follow_position(struct follow *f, struct position *place);

/*
 * How many bytes of the files that were found are still to be read; 0 for a
 * stream.
 */
uint64_t follow_unread(struct follow *f);

/*
 * A descriptor that becomes readable when there may be more, and the call that
 * takes note of it; -1: there is none. A log on a file system without inotify
 * wants a look every second as well.
 */
int follow_fd(const struct follow *f);
void follow_wake(struct follow *f);

/*
 * Whether the kernel says when there is more, after another try where it did
 * not: 0, or the errno of inotify, such as EMFILE and ENOSPC, which are limits
 * that an administrator can raise. A stream needs no inotify: 0.
 */
int follow_watched(struct follow *f);

/* What to do about it, or NULL. */
const char *follow_remedy(int error);

#endif
