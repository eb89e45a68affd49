#include "servers.h"

#include <stdlib.h>
#include <string.h>

#define RESOLVER_S 60.0

/* What is known of a host. */
struct known {
	double until_s; /* 0: nothing yet */
	bool listed;
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
	s->setup.trial.ban_s = (uint32_t)setup->ttl_s;
	s->known = calloc(hosts, sizeof *s->known);
	if (setup->kind == SERVER_CACHE)
		s->trial = trial_new(&s->setup.trial);
	if (s->known != NULL &&
	    (setup->kind != SERVER_CACHE || s->trial != NULL))
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
	bool told = c->listed || c->error;
	struct trial_connection connection = {
	    .time_s = SERVER_EPOCH + (int64_t)c->time_s,
	    .ip = host->ip,
	    .pid = ++s->pid,
	    .line = line,
	};

	if (told)
		connection.len =
		    strlen(traffic_line(host, c->error, connection.pid, line));
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

/* Whether the list is asked; what is known then. */
static bool
is_asked(
    const struct server *s, struct known *k, const struct traffic_connection *c)
{
	bool told = c->listed || c->error;
	bool fresh = c->time_s < k->until_s;

	switch (s->setup.kind) {
	case SERVER_RESOLVER:
		if (!fresh)
			*k = (struct known){c->time_s + RESOLVER_S, told};
		return !fresh;
	case SERVER_RECIPE:
		if (!fresh)
			*k = (struct known){
			    told ? c->time_s + s->setup.ttl_s : 0, told};
		return !fresh;
	case SERVER_IDEAL_REFUSALS:
		fresh = c->listed && k->listed;
		k->listed = c->listed;
		return !fresh;
	case SERVER_IDEAL:
		fresh = k->until_s > 0 && k->listed == c->listed;
		*k = (struct known){1, c->listed};
		return !fresh;
	case SERVER_ALONE:
	case SERVER_CACHE:
		break;
	}
	k->listed = told;
	return true;
}

struct server_answer
server_connect(struct server *s, const struct traffic_host *host,
    const struct traffic_connection *c)
{
	struct known *k = &s->known[c->host];
	struct server_answer a = {0};

	if (s->setup.kind == SERVER_CACHE)
		return ask_trial(s, host, c);
	a.asked = is_asked(s, k, c);
	a.refused = k->listed;
	return a;
}
