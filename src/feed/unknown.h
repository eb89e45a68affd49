/* SPDX-License-Identifier: ISC */
/*
 * unknown: a log of which no line is understood. It is another log, or its
 * stamps are of a form that stamp.h does not have.
 */
#ifndef UNKNOWN_H
#define UNKNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/slice.h"
#include "log/decide.h"

#define UNKNOWN_LINES 1000 /* after so many it is worth a warning */
#define UNKNOWN_FIRST_SIZE 128

struct unknown {
	uint64_t lines;
	bool is_known; /* one was understood */
	/* the first, cut, without control bytes and keys of lists */
	char first[UNKNOWN_FIRST_SIZE];
};

/*
 * Takes note of a line and what it means. True: it is the UNKNOWN_LINESth, and
 * none was understood.
 */
bool unknown_take(struct unknown *u, const struct decision *d,
    struct rules *rules, const struct secrets *secrets, struct slice line);

/* Whether so many were read, and none was understood. */
bool unknown_is(const struct unknown *u);

#endif
