/* SPDX-License-Identifier: ISC */
/*
 * troubles: the last things that went wrong, for whoever asks later.
 */
#ifndef TROUBLES_H
#define TROUBLES_H

#include <stddef.h>
#include <stdint.h>

#define TROUBLES_MAX 8
#define TROUBLES_TEXT_SIZE 512

struct troubles {
	struct trouble {
		int64_t time_s; /* unix seconds */
		char text[TROUBLES_TEXT_SIZE];
	} list[TROUBLES_MAX];
	size_t n; /* that there ever were */
};

/* Notes one; the oldest leaves for it. A long text is cut. */
void troubles_note(struct troubles *t, int64_t time_s, const char *text);

/* The i-th of those that are left, the newest being 0; NULL: no more. */
const struct trouble *troubles_nth(const struct troubles *t, size_t i);

#endif
