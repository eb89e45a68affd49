/* SPDX-License-Identifier: ISC */
#include "ctl/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 1024

static void
add(struct listing *l, const struct listing_item *item)
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
	l->list[l->n++] = *item;
}

static void
add_host(struct listing *l, const struct addr *a, bool in_set, uint32_t left_s)
{
	const struct listing_item item = {
	    .ip = addr_ban_key(a), .left_s = left_s, .in_set = in_set};

	add(l, &item);
}

static void
add_member(void *user, const struct addr *a, uint32_t left_s)
{
	add_host(user, a, true, left_s);
}

static void
add_hosts(struct listing *l, bool is4)
{
	const struct bans *bans = l->state->bans;
	struct ban ban;

	for (size_t i = 0; i < bans_count(bans); i++) {
		bans_nth(bans, i, &ban);
		if (addr_is4(&ban.ip) == is4 && ban_left_s(&ban, l->now) > 0)
			add_host(l, &ban.ip, false, 0);
	}
}

/* The members of a set, or what recent.cdb has instead. */
static void
add_family(struct listing *l, struct sets *sets, bool is4)
{
	size_t before = l->n;

	if (sets != NULL && *sets_name(sets, is4) != 0 &&
	    sets_list(sets, is4, add_member, l) == 0)
		return;
	l->n = before;
	add_hosts(l, is4);
}

/* Mapped IPv4 addresses come before those of the public IPv6 internet. */
static int
by_address(const void *a, const void *b)
{
	const struct listing_item *x = a;
	const struct listing_item *y = b;

	return memcmp(x->ip.b, y->ip.b, sizeof x->ip.b);
}

int
listing_open(struct listing *l, const struct state *state, struct sets *sets,
    int64_t now)
{
	*l = (struct listing){.state = state, .now = now};
	for (int is4 = 1; is4 >= 0; is4--)
		add_family(l, sets, is4);
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

static void
know_host(const struct listing *l, struct listing_entry *entry)
{
	struct ban ban;

	if (!bans_find_live(l->state->bans, &entry->net.ip, l->now, &ban))
		return;
	entry->known = true;
	entry->since = ban.since;
	entry->until = l->now + ban_left_s(&ban, l->now);
	memcpy(entry->rule, ban.rule, sizeof ban.rule);
	memcpy(entry->reply, ban.reply, sizeof ban.reply);
}

void
listing_nth(const struct listing *l, size_t i, struct listing_entry *entry)
{
	const struct listing_item *item = &l->list[i];

	*entry = (struct listing_entry){
	    .net = net_of_ban(&item->ip),
	    .in_set = item->in_set,
	    .until = item->left_s == 0 ? 0 : l->now + item->left_s,
	};
	know_host(l, entry);
}
