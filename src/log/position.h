/* SPDX-License-Identifier: ISC */
/*
 * position: how far a log was read: which file, and how much of it.
 *
 * Files change their names and inode numbers are used again, so a file is known
 * by its inode and its first bytes; a copy of it by the bytes alone.
 */
#ifndef POSITION_H
#define POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POSITION_HEAD_BYTES 256
#define POSITION_NAME_SIZE 32 /* @ and 24 digits, .s and NUL are 28 */

struct position {
	uint64_t ino;
	uint64_t offset;    /* bytes that were read */
	uint64_t head_hash; /* of the first head_len bytes */
	uint32_t head_len;  /* up to POSITION_HEAD_BYTES, and to offset */
	/*
	 * Of a directory: the newest finished file before that, for the case
	 * that the file is not to be found; or "".
	 */
	char done[POSITION_NAME_SIZE];
};

/* Completes a place by the first n bytes of its file. */
void position_set_head(struct position *p, const char *head, size_t n);

/*
 * Whether the file open at fd is the one of the place. as_copy: or one that
 * begins in the same way; a place at the start of a file has no copies. It may
 * be shorter than the place says: what was read behind its end is gone, or was
 * written after the copy was made.
 */
bool position_is_in(const struct position *p, int fd, bool as_copy);

#endif
