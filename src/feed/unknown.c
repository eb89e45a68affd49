/* SPDX-License-Identifier: ISC */
#include "feed/unknown.h"

#include "base/reply.h"

static void
keep_first(struct unknown *u, const struct secrets *secrets, struct slice line)
{
	static const char more[] = "...";
	const size_t max = sizeof u->first - sizeof more;
	size_t len = line.len < max ? line.len : max;

	for (size_t i = 0; i < len; i++)
		u->first[i] = reply_clean(line.p[i]);
	u->first[len] = 0;
	secret_mask(secrets, u->first);
	if (len < line.len)
		memcpy(u->first + strlen(u->first), more, sizeof more);
}

bool
unknown_take(struct unknown *u, const struct decision *d, struct rules *rules,
    const struct secrets *secrets, struct slice line)
{
	if (u->is_known)
		return false;
	if (u->lines++ == 0)
		keep_first(u, secrets, line);
	u->is_known = decide_is_known(d, rules);
	return !u->is_known && u->lines == UNKNOWN_LINES;
}

bool
unknown_is(const struct unknown *u)
{
	return !u->is_known && u->lines >= UNKNOWN_LINES;
}
