#include "livesets.h"

#include <stddef.h>

#include "timespan.h"

#define LOOK_MS 10000
#define RETRY_MAX_MS 3600000

/* The time that is left, fit for the kernel; 0, "for ever" there: none. */
static uint32_t
left_s(int64_t until, int64_t now_s)
{
	int64_t left = until - now_s;

	if (left < 1)
		return 0;
	return left > TIMESPAN_MAX_S ? TIMESPAN_MAX_S : (uint32_t)left;
}

static enum sets_answer
put_all(struct livesets *l, int64_t now_s)
{
	for (size_t i = 0; i < bans_count(l->bans); i++) {
		struct recent_ban ban;
		uint32_t left;

		bans_nth(l->bans, i, &ban);
		left = left_s(ban.until, now_s);
		if (left > 0)
			sets_add(l->sets, &ban.ip, left);
	}
	return sets_flush(l->sets);
}

static const char *
failed(struct livesets *l, int64_t now_ms)
{
	bool first = !l->broken;

	if (first)
		l->retry_ms = LOOK_MS;
	else if (l->retry_ms < RETRY_MAX_MS)
		l->retry_ms *= 2;
	l->broken = true;
	l->next_look_ms = now_ms + l->retry_ms;
	return first ? sets_error(l->sets) : NULL;
}

/* Sees that the sets exist and, if they are new or it is asked, fills them. */
static const char *
look(struct livesets *l, bool fill, int64_t now_s, int64_t now_ms)
{
	enum sets_answer answer = sets_create(l->sets);
	const char *tell = NULL;

	if (answer == SETS_EMPTY && !fill)
		tell = "a set was gone; made anew and filled";
	if (answer == SETS_EMPTY || (answer == SETS_OK && fill))
		answer = put_all(l, now_s);
	if (answer == SETS_ERROR)
		return failed(l, now_ms);
	if (l->broken)
		tell = "the sets can be used again; filled";
	l->broken = false;
	l->next_look_ms = now_ms + LOOK_MS;
	return tell;
}

const char *
livesets_start(struct livesets *l, struct sets *sets, bool off,
    const struct bans *bans, int64_t now_s, int64_t now_ms)
{
	*l = (struct livesets){.sets = sets, .bans = bans, .off = off};
	return off ? NULL : look(l, true, now_s, now_ms);
}

void
livesets_add(struct livesets *l, const struct recent_ban *ban, int64_t now_s)
{
	uint32_t left = left_s(ban->until, now_s);

	if (!l->off && !l->broken && left > 0)
		sets_add(l->sets, &ban->ip, left);
}

const char *
livesets_flush(struct livesets *l, int64_t now_s, int64_t now_ms)
{
	if (l->off)
		return NULL;
	if (!l->broken) {
		switch (sets_flush(l->sets)) {
		case SETS_OK:
			break;
		case SETS_EMPTY:
			(void)look(l, true, now_s, now_ms);
			return "a set was gone; made anew and filled";
		case SETS_ERROR:
			return failed(l, now_ms);
		}
	}
	if (now_ms < l->next_look_ms)
		return NULL;
	return look(l, l->broken, now_s, now_ms);
}
