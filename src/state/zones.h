/* SPDX-License-Identifier: ISC */
/*
 * zones: the lists that the configuration names, and which of them are to be
 * believed.
 *
 * RFC 5782, 5: a list of IPv4 hosts lists 127.0.0.2 always and 127.0.0.1 never.
 * One that does otherwise (a dead domain with a wildcard, a list that answers
 * every question with an error code) refuses the whole world. Such a zone is
 * distrusted: a spell of distrust begins some time before the first wrong
 * answer and ends some time after the last, and refusals in it ban nobody.
 *
 * Plain values; no clock: times are unix seconds.
 */
#ifndef ZONES_H
#define ZONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reply.h"

#define ZONES_MAX 16
/* leaves room for "255.255.255.255." in the 253 bytes of a domain name */
#define ZONES_NAME_MAX 237
#define ZONES_NAME_SIZE (ZONES_NAME_MAX + 1)
#define ZONES_TEXT_SIZE (REPLY_TEXT_MAX + 1)
#define ZONES_WHY_SIZE 64

/*
 * A resolver may have said that 127.0.0.1 is not listed out of its cache (RFC
 * 2308), so a zone may have been wrong for that long when it seemed well.
 */
#define ZONES_CACHE_S 600
#define ZONES_TTL_MAX_S 3600

enum zones_verdict {
	ZONES_SILENT, /* there was no answer, so nothing is known */
	ZONES_WELL,
	ZONES_WRONG,
};

/* What asking a zone has shown. */
struct zones_found {
	enum zones_verdict verdict;
	uint32_t ttl_s;		  /* WRONG: how long such answers are kept */
	char why[ZONES_WHY_SIZE]; /* WRONG: "lists 127.0.0.1" */
	bool is_dead;		  /* WRONG: it lists nobody */
};

struct zone {
	char name[ZONES_NAME_SIZE];  /* what is asked; may hold a key */
	char shown[ZONES_NAME_SIZE]; /* the name as it may be printed */
	/* a piece of every refusal of this list, since the log does not name
	 * the zone; empty: not known */
	char text[ZONES_TEXT_SIZE];

	int64_t well_s; /* when it was last found well; 0: never */
	/* the last spell: from_s 0: there was none; to_s 0: it lasts */
	int64_t from_s, to_s;
	int64_t better_s; /* well since then, in a spell that lasts; else 0 */
	uint32_t ttl_s;	  /* of the last wrong answer */
	bool silent;	  /* asked, and no answer came */
	bool dead;	  /* by the last wrong answer it listed nobody */
	char why[ZONES_WHY_SIZE]; /* of the last spell */
};

struct zones {
	struct zone list[ZONES_MAX];
	size_t n;
};

enum zones_change {
	ZONES_SAME,
	ZONES_DISTRUSTED, /* a spell began */
	ZONES_TRUSTED,	  /* it ended */
	ZONES_NO_ANSWER,  /* answers ceased to come */
	ZONES_ANSWERS,	  /* they come again, and nothing else is new */
};

/*
 * Adds a zone of which nothing is known. text may be empty. Returns 0, or -1
 * with errno EINVAL for what is no domain name or too long, EEXIST for a zone
 * that is there, ENOSPC when there are ZONES_MAX.
 */
int zones_add(struct zones *zones, const char *name, const char *shown,
    const char *text) __attribute__((warn_unused_result));

/* Takes over what old knows of zones of the same name; not shown and text. */
void zones_inherit(struct zones *zones, const struct zones *old);

/*
 * Takes note of what was found at now_s. A spell begins with what is wrong:
 * ZONES_CACHE_S before the zone was last well; of one that never was, nothing
 * is to be believed. One that would reach back into the spell before continues
 * it. It ends when the zone has been well for as long as a resolver may keep
 * the last wrong answer, ZONES_TTL_MAX_S at most. Silence changes neither.
 */
enum zones_change zones_take(
    struct zone *z, const struct zones_found *found, int64_t now_s);

/* Whether its spell lasts. */
bool zones_is_distrusted(const struct zone *z);

/*
 * Whether the refusal may be one of the i-th zone: it has the zone's text
 * (whatever the case of its letters), or no other zone's, since a wildcard may
 * say anything.
 */
bool zones_may_have_made(
    const struct zones *zones, size_t i, const char *reply);

/*
 * Whether a refusal that was made at time_s is not to be believed: a zone that
 * may have made it was distrusted then.
 */
bool zones_doubts(const struct zones *zones, const char *reply, int64_t time_s);

/*
 * Whether each zone was found well, and none is distrusted or silent, so that it
 * says something when a host is not refused. True without zones.
 */
bool zones_all_well(const struct zones *zones);

#endif
