/* SPDX-License-Identifier: ISC */
#include "feed/complaints.h"

#include <stdio.h>

void
complaints_note(struct complaints *t, int64_t time_s, const char *text)
{
	struct complaint *to = &t->list[t->n++ % COMPLAINTS_MAX];

	to->time_s = time_s;
	snprintf(to->text, sizeof to->text, "%s", text);
}

const struct complaint *
complaints_nth(const struct complaints *t, size_t i)
{
	if (i >= t->n || i >= COMPLAINTS_MAX)
		return NULL;
	return &t->list[(t->n - 1 - i) % COMPLAINTS_MAX];
}
