/* SPDX-License-Identifier: ISC */
#include "state/zones.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LABEL_MAX 63

/*
 * Labels of printable bytes without a blank; no backslash, with which c-ares
 * begins an escape (ares_query(3)).
 */
static bool
is_domain_name(const char *name)
{
	size_t label = 0;

	for (; *name != 0; name++) {
		if (*name == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (*name <= 32 || *name > 126 || *name == '\\' ||
			   ++label > LABEL_MAX) {
			return false;
		}
	}
	return label > 0;
}

static struct zone *
find(struct zones *zones, const char *name)
{
	for (size_t i = 0; i < zones->n; i++)
		if (strcasecmp(zones->list[i].name, name) == 0)
			return &zones->list[i];
	return NULL;
}

int
zones_add(
    struct zones *zones, const char *name, const char *shown, const char *text)
{
	struct zone *z;

	if (strlen(name) > ZONES_NAME_MAX || !is_domain_name(name) ||
	    strlen(shown) > ZONES_NAME_MAX || strlen(text) >= ZONES_TEXT_SIZE) {
		errno = EINVAL;
		return -1;
	}
	if (find(zones, name) != NULL) {
		errno = EEXIST;
		return -1;
	}
	if (zones->n == ZONES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	z = &zones->list[zones->n++];
	*z = (struct zone){0};
	snprintf(z->name, sizeof z->name, "%s", name);
	snprintf(z->shown, sizeof z->shown, "%s", shown);
	snprintf(z->text, sizeof z->text, "%s", text);
	return 0;
}

void
zones_inherit(struct zones *zones, const struct zones *old)
{
	for (size_t i = 0; i < old->n; i++) {
		struct zone *z = find(zones, old->list[i].name);
		struct zone merged = old->list[i];

		if (z == NULL)
			continue;
		memcpy(merged.name, z->name, sizeof merged.name);
		memcpy(merged.shown, z->shown, sizeof merged.shown);
		memcpy(merged.text, z->text, sizeof merged.text);
		*z = merged;
	}
}

/* ---- trust ---- */

bool
zones_is_distrusted(const struct zone *z)
{
	return z->from_s != 0 && z->to_s == 0;
}

static void
begin_spell(struct zone *z, int64_t now_s)
{
	int64_t from_s = z->well_s;

	/* the clock was set back */
	if (from_s > now_s)
		from_s = now_s;
	from_s -= ZONES_CACHE_S;
	if (from_s < 1)
		from_s = 1;
	if (z->from_s == 0 || from_s > z->to_s || from_s < z->from_s)
		z->from_s = from_s;
	z->to_s = 0;
}

static enum zones_change
take_wrong(struct zone *z, const struct zones_found *found, int64_t now_s)
{
	z->better_s = 0;
	z->ttl_s =
	    found->ttl_s < ZONES_TTL_MAX_S ? found->ttl_s : ZONES_TTL_MAX_S;
	memcpy(z->why, found->why, sizeof z->why);
	z->dead = found->is_dead;
	if (zones_is_distrusted(z))
		return ZONES_SAME;
	begin_spell(z, now_s);
	return ZONES_DISTRUSTED;
}

static enum zones_change
take_well(struct zone *z, int64_t now_s)
{
	z->well_s = now_s;
	if (!zones_is_distrusted(z))
		return ZONES_SAME;
	/* a clock that was set back must not make the wait longer */
	if (z->better_s == 0 || z->better_s > now_s)
		z->better_s = now_s;
	if (now_s - z->better_s < z->ttl_s)
		return ZONES_SAME;
	z->better_s = 0;
	z->to_s = now_s > z->from_s ? now_s : z->from_s;
	return ZONES_TRUSTED;
}

enum zones_change
zones_take(struct zone *z, const struct zones_found *found, int64_t now_s)
{
	bool was_silent = z->silent;
	enum zones_change change = ZONES_SAME;

	z->silent = found->verdict == ZONES_SILENT;
	switch (found->verdict) {
	case ZONES_SILENT:
		return was_silent ? ZONES_SAME : ZONES_NO_ANSWER;
	case ZONES_WRONG:
		change = take_wrong(z, found, now_s);
		break;
	case ZONES_WELL:
		change = take_well(z, now_s);
		break;
	}
	return change == ZONES_SAME && was_silent ? ZONES_ANSWERS : change;
}

/* ---- refusals ---- */

static bool
has_text(const struct zone *z, const char *reply)
{
	return z->text[0] != 0 && strcasestr(reply, z->text) != NULL;
}

bool
zones_may_have_made(const struct zones *zones, size_t i, const char *reply)
{
	if (has_text(&zones->list[i], reply))
		return true;
	for (size_t other = 0; other < zones->n; other++)
		if (has_text(&zones->list[other], reply))
			return false;
	return true;
}

static bool
was_distrusted(const struct zone *z, int64_t time_s)
{
	return z->from_s != 0 && time_s >= z->from_s &&
	       (z->to_s == 0 || time_s < z->to_s);
}

bool
zones_doubts(const struct zones *zones, const char *reply, int64_t time_s)
{
	for (size_t i = 0; i < zones->n; i++)
		if (was_distrusted(&zones->list[i], time_s) &&
		    zones_may_have_made(zones, i, reply))
			return true;
	return false;
}

bool
zones_all_well(const struct zones *zones)
{
	for (size_t i = 0; i < zones->n; i++)
		if (zones->list[i].well_s == 0 || zones->list[i].silent ||
		    zones_is_distrusted(&zones->list[i]))
			return false;
	return true;
}
