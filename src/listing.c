#include "listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 1024

static void
add(struct listing *l, const struct addr *a, bool in_set, uint32_t left_s)
{
	if (l->n == l->room) {
		size_t room = l->room == 0 ? ROOM : l->room * 2;
		struct listing_item *list =
		    reallocarray(l->list, room, sizeof *list);

		if (list == NULL) {
			l->failed = true;
			return;
		}
		l->list = list;
		l->room = room;
	}
	l->list[l->n++] = (struct listing_item){
	    .ip = addr_ban_key(a), .in_set = in_set, .left_s = left_s};
}

static void
add_member(void *user, const struct addr *a, unsigned bits, uint32_t left_s)
{
	(void)bits;
	add(user, a, true, left_s);
}

static void
add_bans(struct listing *l, bool is4)
{
	struct recent_ban ban;

	for (size_t i = 0; i < bans_count(l->bans); i++) {
		bans_nth(l->bans, i, &ban);
		if (addr_is4(&ban.ip) == is4 && recent_left_s(&ban, l->now) > 0)
			add(l, &ban.ip, false, 0);
	}
}

static void
add_family(struct listing *l, struct sets *sets, const char *set, bool is4)
{
	size_t before = l->n;

	if (sets != NULL && *set != 0 &&
	    sets_list(sets, is4, add_member, l) == 0)
		return;
	l->n = before;
	add_bans(l, is4);
}

static int
by_address(const void *a, const void *b)
{
	const struct listing_item *x = a;
	const struct listing_item *y = b;

	return memcmp(x->ip.b, y->ip.b, sizeof x->ip.b);
}

int
listing_open(struct listing *l, const struct bans *bans, struct sets *sets,
    const char *set4, const char *set6, int64_t now)
{
	*l = (struct listing){.bans = bans, .now = now};
	/* mapped IPv4 addresses come before those of the public IPv6 internet
	 */
	add_family(l, sets, set4, true);
	add_family(l, sets, set6, false);
	if (l->failed) {
		listing_close(l);
		errno = ENOMEM;
		return -1;
	}
	if (l->n > 0)
		qsort(l->list, l->n, sizeof *l->list, by_address);
	return 0;
}

void
listing_close(struct listing *l)
{
	free(l->list);
	l->list = NULL;
	l->n = 0;
}

void
listing_nth(const struct listing *l, size_t i, struct listing_entry *entry)
{
	const struct listing_item *item = &l->list[i];
	struct recent_ban ban;

	*entry = (struct listing_entry){
	    .ip = item->ip,
	    .in_set = item->in_set,
	    .until = item->left_s == 0 ? 0 : l->now + item->left_s,
	};
	if (!bans_find(l->bans, &item->ip, &ban) ||
	    recent_left_s(&ban, l->now) == 0)
		return;
	entry->known = true;
	entry->since = ban.since;
	entry->until = l->now + recent_left_s(&ban, l->now);
	memcpy(entry->rule, ban.rule, sizeof ban.rule);
	memcpy(entry->reply, ban.reply, sizeof ban.reply);
}
