/* SPDX-License-Identifier: ISC */
/*
 * inspect: what the hook would answer a client now, and why.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include <jansson.h>
#include <stdio.h>

#include "base/addr.h"

struct inspect_sources {
	const char *local, *recent, *set4, *set6; /* as the hook's options */
	const char *statedir; /* of the feed, to ask where we may not read */
};

/*
 * {"ip", "answer": "refuse", "allow" or "pass", "source", "reply", "prefix",
 * "left", "ban": {"rule", "since", "until", "reply", "in_force"}, "notes":
 * [TEXT, ...]}; what does not apply is null. The sources are those of struct
 * verdict. The ban is that of recent.cdb: it is not in force where a rule of
 * the admin's own decides, the set has it no longer, or its time is over. For
 * the caller to own; NULL: ENOMEM.
 */
json_t *inspect_address(
    const struct inspect_sources *from, const struct addr *a);

/* The same for people. */
void inspect_show(FILE *to, const json_t *found);

#endif
