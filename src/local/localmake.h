/* SPDX-License-Identifier: ISC */
/*
 * localmake: builds local.cdb out of rules (local.h has the layout).
 *
 *	struct localmake *m = localmake_new();
 *	... localmake_add(m, &rule, source) ...
 *	localmake_write(m, &w); with cdbwrite_start before the rules are read
 */
#ifndef LOCALMAKE_H
#define LOCALMAKE_H

#include <stddef.h>

#include "base/cdbwrite.h"
#include "local/local.h"

struct localmake;

enum localmake_answer {
	LOCALMAKE_ADDED,
	LOCALMAKE_KNOWN,    /* the prefix has a rule; that one stays */
	LOCALMAKE_CONTRARY, /* the same source said another action for it */
	LOCALMAKE_ERROR,    /* errno */
};

struct localmake *localmake_new(void) __attribute__((warn_unused_result));
void localmake_free(struct localmake *m);

/*
 * Adds a rule from the source of that number; sources are added one after
 * another, numbers ascending, so at equal prefix the earlier source wins.
 */
enum localmake_answer localmake_add(
    struct localmake *m, const struct local_rule *rule, unsigned source)
    __attribute__((warn_unused_result));

/*
 * Adds all to a cdb that was started, and commits it; frees w either way. Returns
 * 0, or -1 with errno.
 */
int localmake_write(struct localmake *m, struct cdbwrite *w)
    __attribute__((warn_unused_result));

#endif
