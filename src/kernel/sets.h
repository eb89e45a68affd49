/* SPDX-License-Identifier: ISC */
/*
 * sets: a pair of kernel sets, written through libipset.
 *
 * Addresses go in as bytes, never as text: libipset would resolve a name.
 * Additions are collected and sent many to a message; the kernel takes a
 * message whole or not at all, so one that fails is sent again element by
 * element and the culprit named. What did not get in is handed back.
 */
#ifndef SETS_H
#define SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define SETS_ROOM 1048576 /* entries, where nothing else is said */
/*
 * The longest time that an entry can have, in seconds: the kernel counts in
 * milliseconds in 32 bits (IPSET_MAX_TIMEOUT in linux/netfilter/ipset/
 * ip_set.h, UINT_MAX >> 1 ms). 0 would mean "for ever" there.
 */
#define SETS_MAX_S 2147483U
/* for entries that somebody adds by hand without a time */
#define SETS_DEFAULT_S 86400

struct sets;

enum sets_answer {
	SETS_OK,
	SETS_REFUSED, /* some entries, while others went in; see sets_error */
	SETS_EMPTY,   /* a set is new or another one: put everything again */
	SETS_ERROR,   /* sets_error says what */
};

enum sets_holds {
	SETS_BANS,  /* hash:ip; of IPv6, networks of ADDR_V6_BAN_BITS */
	SETS_HOSTS, /* hash:ip */
};

/* Called for each entry that did not get in. */
typedef void sets_refused(void *user, const struct addr *a);

/*
 * Prepares for the two sets; an empty name switches that family off. Opens no
 * connection yet. refused is called by sets_add, sets_del and sets_flush. NULL
 * with errno ENOMEM.
 */
struct sets *sets_new(const char *set4, const char *set6, enum sets_holds holds,
    sets_refused *refused, void *user) __attribute__((warn_unused_result));
void sets_free(struct sets *s);

/* Sets that are created from now on have room for so many entries (1 or more). */
void sets_set_room(struct sets *s, uint32_t room);

/*
 * Creates the sets that do not exist: with times, and forceadd (a full set
 * drops some old entry for a new one). A set that exists stays as it is,
 * entries and room included; one that knows no times, or is of another type (hash:net will
 * do for IPv4), family or netmask than we would make it, is an ERROR. EMPTY when one was
 * created, or is not the one of the last call: it was destroyed and made anew,
 * or swapped. The kernel says so by the seed of the set's hash (initval, since
 * Linux 5.11); flushing a set keeps it.
 */
enum sets_answer sets_create(struct sets *s)
    __attribute__((warn_unused_result));

/*
 * What there is to say if sets_create found a set with less room than we would make
 * it, valid until the next call; else NULL.
 */
const char *sets_small(struct sets *s);

/*
 * Collects an entry for its family's set, to stay for that many seconds from
 * now (1 .. SETS_MAX_S); one that is there already gets the new time. What
 * does not fit is sent at once; the answer to that waits for sets_flush.
 */
void sets_add(struct sets *s, const struct addr *a, uint32_t seconds);

/* Collects the removal of an entry; one that is not there is none. */
void sets_del(struct sets *s, const struct addr *a);

/*
 * Sends what was collected and forgets it, whatever the answer. A set that is
 * missing is created again.
 */
enum sets_answer sets_flush(struct sets *s) __attribute__((warn_unused_result));

/*
 * Takes every entry out of both sets, also those that somebody put by hand;
 * what was collected is forgotten. OK, EMPTY (they are new) or ERROR.
 */
enum sets_answer sets_empty(struct sets *s) __attribute__((warn_unused_result));

/*
 * Empties sets that are no longer used, as far as they exist. An empty name is
 * none.
 */
void sets_retire(const char *set4, const char *set6);

/*
 * Calls each with the entries of one family's set and the seconds they have
 * left (0: they stay for ever). Of a set with a netmask, the network's first
 * address. Returns 0, or -1 with sets_error when the set cannot be read; some
 * may have been given by then.
 */
typedef void sets_each(void *user, const struct addr *a, uint32_t left_s);
int sets_list(struct sets *s, bool is4, sets_each *each, void *user)
    __attribute__((warn_unused_result));

/*
 * How full one family's set is, expired entries that the kernel has not swept
 * yet included. 0 with zeros when it is switched off; -1 with sets_error, also
 * for a set that sets_create would not take.
 */
struct sets_size {
	uint32_t entries, room;
};
int sets_size(struct sets *s, bool is4, struct sets_size *size)
    __attribute__((warn_unused_result));

/* The name of one family's set; "": it is switched off. */
const char *sets_name(const struct sets *s, bool is4);

/* What went wrong last, in one line; valid until the next call. */
const char *sets_error(const struct sets *s);

#endif
