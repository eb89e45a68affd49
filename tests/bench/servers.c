/* SPDX-License-Identifier: ISC */
#include "servers.h"

#include <stdlib.h>
#include <string.h>

#define RESOLVER_S 60.0

/* What is known of a host. */
struct known {
	bool any; /* anything */
	bool listed;
	double until_s;
};

struct server {
	struct server_setup setup;
	struct known *known; /* by host */
	struct trial *trial;
	uint64_t pid;
};

struct server *
server_new(const struct server_setup *setup, size_t hosts)
{
	struct server *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->setup = *setup;
	if (setup->kind == SERVER_CACHE)
		s->trial = trial_new(&setup->trial);
	else
		s->known = calloc(hosts, sizeof *s->known);
	if (s->known != NULL || s->trial != NULL)
		return s;
	server_free(s);
	return NULL;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	trial_free(s->trial);
	free(s->known);
	free(s);
}

static struct server_answer
ask_trial(struct server *s, const struct traffic_host *host,
    const struct traffic_connection *c)
{
	char line[TRAFFIC_LINE_SIZE] = "";
	bool told = c->answer != TRAFFIC_NOT_LISTED;
	struct trial_connection connection = {
	    .time_s = SERVER_EPOCH + (int64_t)c->time_s,
	    .ip = host->ip,
	    .pid = ++s->pid,
	    .line = line,
	};

	if (told)
		connection.len =
		    strlen(traffic_line(host, c->answer, connection.pid, line));
	switch (trial_connect(s->trial, &connection)) {
	case TRIAL_ASKED:
		return (struct server_answer){true, told, false};
	case TRIAL_REFUSED:
		return (struct server_answer){false, true, false};
	case TRIAL_PASSED:
		return (struct server_answer){false, false, false};
	case TRIAL_ERROR:
		break;
	}
	return (struct server_answer){.error = true};
}

/* Whether what is known of the host is used, and the list not asked. */
static bool
is_used(enum server_kind kind, const struct known *k,
    const struct traffic_connection *c)
{
	switch (kind) {
	case SERVER_RESOLVER:
		return k->any && c->time_s < k->until_s;
	case SERVER_RECIPE:
		return k->listed && c->time_s < k->until_s;
	case SERVER_PROPHET_OF_REFUSALS:
		return k->listed && c->listed;
	case SERVER_PROPHET:
		return k->any && k->listed == c->listed;
	case SERVER_ALONE:
	case SERVER_CACHE:
		break;
	}
	return false;
}

/* What it is told then; prophets are told the truth. */
static struct known
ask(const struct server *s, const struct traffic_connection *c)
{
	bool is_prophet = s->setup.kind == SERVER_PROPHET ||
			  s->setup.kind == SERVER_PROPHET_OF_REFUSALS;
	double keeps_s = s->setup.kind == SERVER_RESOLVER
			     ? RESOLVER_S / s->setup.speed
			     : s->setup.ttl_s;

	return (struct known){.any = true,
	    .listed = is_prophet ? c->listed : c->answer != TRAFFIC_NOT_LISTED,
	    .until_s = c->time_s + keeps_s};
}

struct server_answer
server_connect(struct server *s, const struct traffic_host *host,
    const struct traffic_connection *c)
{
	struct server_answer a = {0};
	struct known *k;

	if (s->setup.kind == SERVER_CACHE)
		return ask_trial(s, host, c);
	k = &s->known[c->host];
	a.asked = !is_used(s->setup.kind, k, c);
	if (a.asked)
		*k = ask(s, c);
	a.refused = k->listed;
	return a;
}
