/* SPDX-License-Identifier: ISC */
/*
 * visits: tells the alarm (alarm.h) of each host of a log once in ALARM_WINDOW
 * minutes, however often it comes. So one host that does not stop is no crowd.
 *
 * A host is an addr_ban_key. The minutes are those of the log's newest line. The
 * table is bounded (lru.h); of those that leave it, the next line counts again.
 */
#ifndef VISITS_H
#define VISITS_H

#include <stdbool.h>
#include <stdint.h>

#include "state/state.h"

#define VISITS_MAX 16384

enum visits_kind { VISITS_CONNECTED, VISITS_REFUSED, VISITS_TO_BAN };
#define VISITS_KINDS 3

struct visits_key {
	uint64_t log; /* state_log.id */
	struct addr ip;
};

struct visits_entry {
	struct visits_key key;
	/* when it counted as that: unix minutes, plus 1; 0: it never did */
	uint32_t minutes[VISITS_KINDS];
};

/* NULL with errno. */
struct lru *visits_new(size_t max) __attribute__((warn_unused_result));

/* A host has connected at time_s (unix seconds, as everywhere here). */
void visits_connected(struct state *s, struct state_log *log,
    const struct addr *a, int64_t time_s);

/* A list, or the hook, has refused it. */
void visits_refused(struct state *s, struct state_log *log,
    const struct addr *a, int64_t time_s);

/* It is to be banned, and has no ban. Whether it may be; else there is an alarm. */
bool visits_may_ban(struct state *s, struct state_log *log,
    const struct addr *a, int64_t time_s) __attribute__((warn_unused_result));

#endif
