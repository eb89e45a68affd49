/* SPDX-License-Identifier: ISC */
/*
 * complaints: the last things that went wrong, for whoever asks later.
 */
#ifndef COMPLAINTS_H
#define COMPLAINTS_H

#include <stddef.h>
#include <stdint.h>

#define COMPLAINTS_MAX 8
#define COMPLAINTS_TEXT_SIZE 512

struct complaints {
	struct complaint {
		int64_t time_s; /* unix seconds */
		char text[COMPLAINTS_TEXT_SIZE];
	} list[COMPLAINTS_MAX];
	size_t n; /* that there ever were */
};

/* Notes one; the oldest leaves for it. A long text is cut. */
void complaints_note(struct complaints *t, int64_t time_s, const char *text);

/* The i-th of those that are left, the newest being 0; NULL: no more. */
const struct complaint *complaints_nth(const struct complaints *t, size_t i);

#endif
