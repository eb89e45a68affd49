#include "sets.h"

#include <errno.h>
#include <libipset/data.h>
#include <libipset/ipset.h>
#include <libipset/session.h>
#include <libipset/types.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settest.h"

#define PENDING_MAX 4096
#define ERROR_SIZE 512

struct element {
	struct addr ip;
	uint32_t seconds;
};

struct sets {
	const char *name4, *name6;
	struct ipset_session *session;
	struct element pending[PENDING_MAX];
	size_t pending_n;
	enum sets_answer worst; /* of the batches since the last flush */
	char error[ERROR_SIZE];
};

/* libipset prints lists through this; nothing here asks for one. */
static int
print_nothing(
    struct ipset_session *session, void *user, const char *format, ...)
{
	(void)session;
	(void)user;
	(void)format;
	return 0;
}

/* Keeps the library's message (it ends with a line feed) and forgets it. */
static void
take_error(struct sets *s, const char *what)
{
	const char *message = "no netlink session";
	size_t len;

	if (s->session != NULL)
		message = ipset_session_report_msg(s->session);
	len = strcspn(message, "\n");
	snprintf(
	    s->error, sizeof s->error, "%s: %.*s", what, (int)len, message);
	if (s->session != NULL)
		ipset_session_report_reset(s->session);
}

static bool
open_session(struct sets *s)
{
	if (s->session != NULL)
		return true;
	s->session = ipset_session_init(print_nothing, NULL);
	if (s->session == NULL) {
		take_error(s, "ipset");
		return false;
	}
	/* an entry that is there already gets its new time */
	ipset_envopt_set(s->session, IPSET_ENV_EXIST);
	return true;
}

static void
close_session(struct sets *s)
{
	if (s->session != NULL)
		ipset_session_fini(s->session);
	s->session = NULL;
}

struct sets *
sets_new(const char *set4, const char *set6)
{
	struct sets *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->name4 = set4;
	s->name6 = set6;
	s->worst = SETS_OK;
	ipset_load_types();
	return s;
}

void
sets_free(struct sets *s)
{
	if (s == NULL)
		return;
	close_session(s);
	free(s);
}

static const char *
name_for(const struct sets *s, const struct addr *a)
{
	return addr_is4(a) ? s->name4 : s->name6;
}

static int
create_one(struct sets *s, const char *name, uint8_t family)
{
	const uint32_t timeout = SETS_DEFAULT_S;
	const uint32_t maxelem = SETS_MAXELEM;
	const uint8_t netmask = ADDR_V6_BAN_BITS;
	struct ipset_session *session = s->session;
	bool ok;

	ok =
	    ipset_session_data_set(session, IPSET_SETNAME, name) == 0 &&
	    ipset_session_data_set(session, IPSET_OPT_TYPENAME, "hash:ip") ==
		0 &&
	    ipset_session_data_set(session, IPSET_OPT_FAMILY, &family) == 0 &&
	    ipset_type_get(session, IPSET_CMD_CREATE) != NULL &&
	    ipset_session_data_set(session, IPSET_OPT_TIMEOUT, &timeout) == 0 &&
	    ipset_session_data_set(session, IPSET_OPT_MAXELEM, &maxelem) == 0 &&
	    ipset_session_data_set(session, IPSET_OPT_FORCEADD, &maxelem) == 0;
	if (ok && family == AF_INET6)
		ok = ipset_session_data_set(
			 session, IPSET_OPT_NETMASK, &netmask) == 0;
	ok = ok && ipset_cmd(session, IPSET_CMD_CREATE, 0) == 0;
	if (!ok)
		take_error(s, name);
	ipset_data_reset(ipset_session_data(session));
	return ok ? 0 : -1;
}

static enum sets_answer
create_if_missing(struct sets *s, const char *name, uint8_t family)
{
	/* any address will do to see whether the set is there */
	struct addr probe = {{0x20, 0x01, 0x0d, 0xb8}};

	if (*name == 0)
		return SETS_OK;
	if (family == AF_INET)
		(void)!addr_parse("192.0.2.1", 9, &probe);
	if (settest_ask(name, &probe) != SETTEST_ERROR)
		return SETS_OK;
	if (errno != ENOENT) {
		snprintf(s->error, sizeof s->error, "%s: %s", name,
		    errno == EPERM ? "no right to use ipset (cap_net_admin)"
				   : strerror(errno));
		return SETS_ERROR;
	}
	return create_one(s, name, family) == 0 ? SETS_EMPTY : SETS_ERROR;
}

static enum sets_answer
worse(enum sets_answer a, enum sets_answer b)
{
	return a > b ? a : b;
}

enum sets_answer
sets_create(struct sets *s)
{
	enum sets_answer four;

	if (!open_session(s))
		return SETS_ERROR;
	four = create_if_missing(s, s->name4, AF_INET);
	return worse(four, create_if_missing(s, s->name6, AF_INET6));
}

/* line 0 sends at once, another number collects until ipset_commit. */
static int
send_one(struct sets *s, const struct element *e, uint32_t line)
{
	struct ipset_session *session = s->session;
	bool is4 = addr_is4(&e->ip);
	const uint8_t family = is4 ? AF_INET : AF_INET6;
	const void *ip = is4 ? e->ip.b + 12 : e->ip.b;

	if (ipset_session_data_set(
		session, IPSET_SETNAME, name_for(s, &e->ip)) != 0 ||
	    ipset_type_get(session, IPSET_CMD_ADD) == NULL ||
	    ipset_session_data_set(session, IPSET_OPT_FAMILY, &family) != 0 ||
	    ipset_session_data_set(session, IPSET_OPT_IP, ip) != 0 ||
	    ipset_session_data_set(session, IPSET_OPT_TIMEOUT, &e->seconds) !=
		0)
		return -1;
	return ipset_cmd(session, IPSET_CMD_ADD, line);
}

static int
send_batch(struct sets *s)
{
	for (size_t i = 0; i < s->pending_n; i++)
		if (send_one(s, &s->pending[i], (uint32_t)i + 1) != 0)
			return -1;
	return ipset_commit(s->session);
}

/* After a batch failed: each for itself, so that one costs no other. */
static enum sets_answer
send_singly(struct sets *s)
{
	enum sets_answer answer = SETS_OK;

	for (size_t i = 0; i < s->pending_n; i++) {
		char ip[ADDR_STRLEN];
		char what[ADDR_STRLEN + 64];

		if (send_one(s, &s->pending[i], 0) == 0)
			continue;
		snprintf(what, sizeof what, "%s: %s",
		    name_for(s, &s->pending[i].ip),
		    addr_format(&s->pending[i].ip, ip));
		take_error(s, what);
		answer = SETS_ERROR;
	}
	return answer;
}

static enum sets_answer
send_pending(struct sets *s)
{
	enum sets_answer answer;

	if (s->pending_n == 0)
		return SETS_OK;
	if (!open_session(s)) {
		s->pending_n = 0;
		return SETS_ERROR;
	}
	if (send_batch(s) == 0) {
		s->pending_n = 0;
		return SETS_OK;
	}
	/* a session that failed keeps half a message; begin with a fresh one */
	take_error(s, "ipset");
	close_session(s);
	answer = sets_create(s);
	if (answer != SETS_ERROR)
		answer = worse(answer, send_singly(s));
	s->pending_n = 0;
	return answer;
}

void
sets_add(struct sets *s, const struct addr *a, uint32_t seconds)
{
	if (*name_for(s, a) == 0)
		return;
	if (s->pending_n == PENDING_MAX)
		s->worst = worse(s->worst, send_pending(s));
	s->pending[s->pending_n++] = (struct element){*a, seconds};
}

enum sets_answer
sets_flush(struct sets *s)
{
	enum sets_answer answer = worse(s->worst, send_pending(s));

	s->worst = SETS_OK;
	return answer;
}

const char *
sets_error(const struct sets *s)
{
	return s->error;
}
