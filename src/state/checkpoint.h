/* SPDX-License-Identifier: ISC */
/*
 * checkpoint: recent.cdb as a whole: the state, and how far each log was read.
 *
 *	codec.h's records
 *	end	"end"	number of the records before
 *
 * The file is replaced whole, and the one before is kept beside it under the
 * name with ".old" behind. A file that was cut or changed does not load: every
 * record has a check sum, and the end record counts them. What another version
 * wrote does: codec.h says how.
 */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "state/state.h"

#define CHECKPOINT_OLD ".old"

enum checkpoint_answer {
	CHECKPOINT_LOADED,
	CHECKPOINT_ABSENT,
	CHECKPOINT_DAMAGED, /* intact it may have been once */
	CHECKPOINT_FOREIGN, /* somebody else's (owner.h) */
	CHECKPOINT_ERROR,   /* errno */
};

/*
 * Writes the state and the n logs that have a place to path, mode 0644 (the
 * hook reads it). Returns 0, or -1 with errno and the old file untouched.
 */
int checkpoint_save(const char *path, const struct state *s,
    const struct state_log *logs, size_t n) __attribute__((warn_unused_result));

/*
 * Puts what the file at path says into an empty state, and into each of the n
 * logs what was saved under its path. Unless LOADED, some of it may have been
 * put: then take new ones. *strange, unless strange is NULL, is how many
 * records were passed over, being of a kind or version that is not known here.
 */
enum checkpoint_answer checkpoint_load(const char *path, struct state *s,
    struct state_log *logs, size_t n, uint64_t *strange)
    __attribute__((warn_unused_result));

#endif
