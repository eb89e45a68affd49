/* SPDX-License-Identifier: ISC */
#include "feed/troubles.h"

#include <stdio.h>

void
troubles_note(struct troubles *t, int64_t time_s, const char *text)
{
	struct trouble *to = &t->list[t->n++ % TROUBLES_MAX];

	to->time_s = time_s;
	snprintf(to->text, sizeof to->text, "%s", text);
}

const struct trouble *
troubles_nth(const struct troubles *t, size_t i)
{
	if (i >= t->n || i >= TROUBLES_MAX)
		return NULL;
	return &t->list[(t->n - 1 - i) % TROUBLES_MAX];
}
