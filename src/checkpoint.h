/*
 * checkpoint: recent.cdb as a whole: bans, and how far each log was read.
 *
 *	ban	'b', 16 bytes		recent.h
 *	log	'l', the log's path	its place, the time of its last line
 *	end	"end"			number of bans and logs
 *
 * The file is replaced whole. A file that was cut or changed does not load:
 * every record has a check sum, and the end record counts them.
 */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bans.h"
#include "follow.h"

struct checkpoint_log {
	char path[PATH_MAX];
	bool has_place;
	struct follow_place place;
	int64_t time_s; /* unix seconds of the last line; 0: none */
};

enum checkpoint_answer {
	CHECKPOINT_LOADED,
	CHECKPOINT_ABSENT,
	CHECKPOINT_DAMAGED, /* intact it may have been once; start anew */
	CHECKPOINT_ERROR,   /* errno */
};

/*
 * Writes bans and the n logs that have a place to path, mode 0644 (the hook
 * reads it). Returns 0, or -1 with errno and the old file untouched.
 */
int checkpoint_save(const char *path, const struct bans *bans,
    const struct checkpoint_log *logs, size_t n)
    __attribute__((warn_unused_result));

/*
 * Puts the bans of the file at path into bans, and into each of the n logs the
 * place that was saved under its path. Unless LOADED, some bans may have been
 * put: then take a new table.
 */
enum checkpoint_answer checkpoint_load(const char *path, struct bans *bans,
    struct checkpoint_log *logs, size_t n) __attribute__((warn_unused_result));

#endif
