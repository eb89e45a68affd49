/* SPDX-License-Identifier: ISC */
/*
 * ipsetpair: keeps a pair of kernel sets agreeing with a table, as far as the
 * kernel lets us.
 *
 * At the start, and whenever a set is new or another one, all entries are put.
 * Otherwise only new ones, so what an admin deletes from a set stays deleted.
 * An entry that is to stay longer than the kernel can count is put with the
 * longest time there is, and renewed while it has longer to go, unless somebody
 * took it out.
 *
 * An entry that a set would not take is tried again at each look, every 10 s.
 * Where ipset cannot be used at all, this says so once, goes on without, and
 * tries again after 10 s, 20 s, 40 s, then every 80 s.
 */
#ifndef IPSETPAIR_H
#define IPSETPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "kernel/sets.h"

#define IPSETPAIR_LATER_MAX 1024
/* from an entry whose time was cut to when such entries are renewed */
#define IPSETPAIR_RENEW_MS (SETS_MAX_S / 2 * INT64_C(1000))

/* What a set is to have: see sets_add. */
struct ipsetpair_entry {
	struct addr ip;
	uint32_t left_s; /* of any length; 0: it is not to be there */
};

/* Where the entries come from. An entry that find does not know has no time
   left. */
typedef void ipsetpair_take(void *l, const struct ipsetpair_entry *e);
struct ipsetpair_table {
	const void *user;
	void (*all)(
	    const void *user, int64_t now_s, ipsetpair_take *take, void *l);
	void (*find)(
	    const void *user, int64_t now_s, struct ipsetpair_entry *e);
};

struct ipsetpair {
	struct sets *sets; /* NULL: both names are empty */
	struct ipsetpair_table table;
	bool broken;  /* until a retry works */
	bool refused; /* and told */
	bool told_small;
	int64_t next_look_ms;
	int64_t retry_ms;
	bool is_cut;	   /* some entry has less time than it is to have */
	int64_t renew_ms;  /* when these are renewed; 0: not known yet */
	int64_t renewed_s; /* the time when they were, or are being */
	/* what did not get in or out; more than that: all is put anew */
	struct ipsetpair_entry later[IPSETPAIR_LATER_MAX];
	size_t later_n;
	bool later_all;
};

/*
 * Prepares for two sets, of which an empty name switches one off. The table
 * must live as long as l, and l must not move. 0, or -1 with errno ENOMEM.
 */
int ipsetpair_open(struct ipsetpair *l, const char *set4, const char *set6,
    enum sets_holds holds, const struct ipsetpair_table *table)
    __attribute__((warn_unused_result));
void ipsetpair_close(struct ipsetpair *l);

/*
 * How many entries a set has room for if it is made from now on. One that is there
 * and has less is told of once.
 */
void ipsetpair_room(struct ipsetpair *l, uint32_t room);

/*
 * Creates the sets where needed and puts all entries. now_s is unix seconds,
 * now_ms a monotonic clock. Returns what there is to tell, or NULL; valid until
 * the next call on l.
 */
const char *ipsetpair_start(struct ipsetpair *l, int64_t now_s, int64_t now_ms);

/* Makes the next flush look at the sets. */
void ipsetpair_look_soon(struct ipsetpair *l);

/* Collects one new or renewed entry. One with no time left is left out. */
void ipsetpair_add(struct ipsetpair *l, const struct ipsetpair_entry *e);

/*
 * Collects the removal of an entry, which the table has no more, from its set.
 */
void ipsetpair_del(struct ipsetpair *l, const struct addr *a);

/*
 * Empties both sets, after the table was emptied. NULL, or why not; valid until
 * the next call.
 */
const char *ipsetpair_empty(struct ipsetpair *l);

/* Why the sets cannot be used now; NULL: they can, or are switched off. */
const char *ipsetpair_trouble(const struct ipsetpair *l);

/*
 * Sends what was collected, and when it is time, looks whether the sets are
 * still there. Returns what there is to tell, or NULL.
 */
const char *ipsetpair_flush(struct ipsetpair *l, int64_t now_s, int64_t now_ms);

#endif
