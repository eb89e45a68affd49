/* SPDX-License-Identifier: ISC */
#include "state/state.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "state/connections.h"
#include "state/counts.h"
#include "state/doubts.h"
#include "state/repeats.h"
#include "state/visits.h"

int
state_new(struct state *s)
{
	*s = (struct state){
	    .bans = bans_new(BANS_USUAL),
	    .counts = counts_new(COUNTS_MAX),
	    .repeats = repeats_new(REPEATS_MAX),
	    .visits = visits_new(VISITS_MAX),
	    .doubts = doubts_new(DOUBTS_MAX),
	    .connections = connections_new(CONNECTIONS_MAX),
	};
	if (s->bans != NULL && s->counts != NULL && s->repeats != NULL &&
	    s->visits != NULL && s->doubts != NULL && s->connections != NULL)
		return 0;
	state_free(s);
	return -1;
}

void
state_free(struct state *s)
{
	bans_free(s->bans);
	lru_free(s->counts);
	lru_free(s->repeats);
	lru_free(s->visits);
	lru_free(s->doubts);
	connections_free(s->connections);
	*s = (struct state){0};
}

bool
state_is_of_list(const struct policy *policy, const char *rule)
{
	const struct rules_rule *r = NULL;

	if (policy->rules != NULL)
		r = rules_find(policy->rules, rule);
	return strcmp(rule, BAN_ADDED_RULE) != 0 && (r == NULL || r->list);
}

bool
state_has_doubts(const struct policy *policy)
{
	return policy->doubt_s > 0 || policy->pass_s > 0;
}

void
state_name_log(struct state_log *log, const char *path)
{
	snprintf(log->path, sizeof log->path, "%s", path);
	log->id = hash_fnv64(HASH_FNV64, log->path, strlen(log->path));
}

/* Lines to come are no older than this: of a log that is read to its end they
   are new. */
static int64_t
horizon(const struct state_log *logs, size_t n)
{
	int64_t newest = 0;
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < n; i++) {
		if (logs[i].time_s > newest)
			newest = logs[i].time_s;
		if (logs[i].is_behind && logs[i].time_s < oldest)
			oldest = logs[i].time_s;
	}
	return oldest < newest ? oldest : newest;
}

void
state_expire(struct state *s, const struct state_log *logs, size_t n)
{
	int64_t oldest_s = horizon(logs, n) - BAN_AHEAD_S;

	bans_expire(s->bans, oldest_s);
	counts_expire(s->counts, oldest_s);
	repeats_expire(s->repeats, oldest_s);
	doubts_expire(s->doubts, oldest_s);
}

static void
forget_host(struct lru *l, const char *rule, const struct addr *a)
{
	struct counts_key key = counts_key(rule, a);
	void *e = lru_find(l, &key);

	if (e != NULL)
		lru_remove(l, e);
}

bool
state_lift(struct state *s, const struct addr *a)
{
	for (size_t i = 0; i < s->tallies.n; i++) {
		forget_host(s->counts, s->tallies.list[i].rule, a);
		forget_host(s->repeats, s->tallies.list[i].rule, a);
	}
	doubts_forget(s->doubts, a);
	return bans_remove(s->bans, a);
}
