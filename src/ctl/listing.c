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
	    .ip = addr_ban_key(a),
	    .bits = addr_is4(a) ? ADDR_BITS : ADDR_V6_BAN_BITS,
	    .left_s = left_s,
	    .in_set = in_set,
	};

	add(l, &item);
}

static void
add_host_member(
    void *user, const struct addr *a, unsigned bits, uint32_t left_s)
{
	(void)bits;
	add_host(user, a, true, left_s);
}

static void
add_net_member(void *user, const struct addr *a, unsigned bits, uint32_t left_s)
{
	const struct listing_item item = {
	    .ip = *a,
	    .bits = bits,
	    .left_s = left_s,
	    .is_net = true,
	    .in_set = true,
	};

	add(user, &item);
}

static void
add_hosts(struct listing *l, bool is4)
{
	const struct bans *bans = l->state->bans;
	struct recent_ban ban;

	for (size_t i = 0; i < bans_count(bans); i++) {
		bans_nth(bans, i, &ban);
		if (addr_is4(&ban.ip) == is4 && recent_left_s(&ban, l->now) > 0)
			add_host(l, &ban.ip, false, 0);
	}
}

static void
add_nets(struct listing *l, bool is4)
{
	const struct nets_ban *ban;
	size_t at = 0;

	while ((ban = nets_next_ban(l->state->nets, &at)) != NULL) {
		const struct listing_item item = {
		    .ip = ban->prefix.net,
		    .bits = ban->prefix.bits,
		    .is_net = true,
		};

		if (addr_is4(&item.ip) == is4 && nets_left_s(ban, l->now) > 0)
			add(l, &item);
	}
}

/* The members of a set, or what recent.cdb has instead. */
static void
add_family(struct listing *l, struct sets *sets, bool is4, sets_each *member,
    void (*instead)(struct listing *, bool))
{
	size_t before = l->n;

	if (sets != NULL && *sets_name(sets, is4) != 0 &&
	    sets_list(sets, is4, member, l) == 0)
		return;
	l->n = before;
	instead(l, is4);
}

/* A network before its hosts; mapped IPv4 addresses come before those of the
   public IPv6 internet. */
static int
by_address(const void *a, const void *b)
{
	const struct listing_item *x = a;
	const struct listing_item *y = b;
	int order = memcmp(x->ip.b, y->ip.b, sizeof x->ip.b);

	return order != 0 ? order : (int)x->bits - (int)y->bits;
}

int
listing_open(struct listing *l, const struct state *state, struct sets *hosts,
    struct sets *nets, int64_t now)
{
	*l = (struct listing){.state = state, .now = now};
	for (int is4 = 1; is4 >= 0; is4--) {
		add_family(l, hosts, is4, add_host_member, add_hosts);
		add_family(l, nets, is4, add_net_member, add_nets);
	}
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
	struct recent_ban ban;

	if (!bans_find_live(l->state->bans, &entry->ip, l->now, &ban))
		return;
	entry->known = true;
	entry->since = ban.since;
	entry->until = l->now + recent_left_s(&ban, l->now);
	memcpy(entry->rule, ban.rule, sizeof ban.rule);
	memcpy(entry->reply, ban.reply, sizeof ban.reply);
}

static void
know_net(const struct listing *l, struct listing_entry *entry)
{
	struct nets_ban around[NETS_AROUND_MAX];
	size_t n = nets_find(l->state->nets, &entry->ip, around);

	while (n-- > 0) {
		const struct nets_ban *ban = &around[n];

		if (ban->prefix.bits != entry->bits ||
		    nets_left_s(ban, l->now) == 0)
			continue;
		entry->known = true;
		entry->since = ban->since;
		entry->until = l->now + nets_left_s(ban, l->now);
		memcpy(entry->rule, ban->rule, sizeof ban->rule);
	}
}

void
listing_nth(const struct listing *l, size_t i, struct listing_entry *entry)
{
	const struct listing_item *item = &l->list[i];

	*entry = (struct listing_entry){
	    .ip = item->ip,
	    .bits = item->bits,
	    .in_set = item->in_set,
	    .until = item->left_s == 0 ? 0 : l->now + item->left_s,
	};
	if (item->is_net)
		know_net(l, entry);
	else
		know_host(l, entry);
}
