/* SPDX-License-Identifier: ISC */
#include "kernel/sets.h"

#include <errno.h>
#include <libipset/data.h>
#include <libipset/ipset.h>
#include <libipset/session.h>
#include <libipset/types.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "kernel/settest.h"

#define PENDING_MAX 4096
#define ERROR_SIZE 512
#define BAN_NETMASK "64" /* ADDR_V6_BAN_BITS, as the library prints it */
#define LIST_SIZE 16384	 /* twice what the library prints at once */

struct element {
	struct addr ip;
	uint32_t seconds; /* 0: take it out */
};

struct set {
	const char *name;
	uint8_t family;
	uint32_t room; /* maxelem, when it was last seen; 0: unknown */
	uint32_t seed; /* of its hash, when it was last seen; 0: unknown */
};

struct sets {
	struct set four, six;
	enum sets_holds holds;
	uint32_t room; /* of a set that we create */
	sets_refused *refused;
	void *user;
	struct ipset_session *session;
	struct element pending[PENDING_MAX];
	size_t pending_n;
	enum sets_answer worst; /* of the batches since the last flush */
	char error[ERROR_SIZE];
	char list[LIST_SIZE]; /* what the library printed */
	size_t list_len;
	sets_each *each; /* takes the members out of it, line by line */
	void *each_user;
};

/* "192.0.2.7 timeout 86391", and "192.0.2.0/24 timeout 86391" in a set of
   networks that somebody made; other lines describe the set. */
static void
take_member(const struct sets *s, const char *line)
{
	static const char timeout[] = " timeout ";
	size_t len = strcspn(line, " /");
	const char *left = strstr(line, timeout);
	struct addr a;

	if (addr_parse(line, len, &a) != 0)
		return;
	s->each(s->each_user, &a,
	    left == NULL ? 0
			 : (uint32_t)strtoul(left + strlen(timeout), NULL, 10));
}

/* Takes the whole lines out of what was printed. */
static void
take_members(struct sets *s)
{
	char *line = s->list;
	char *feed;

	while ((feed = strchr(line, '\n')) != NULL) {
		*feed = 0;
		take_member(s, line);
		line = feed + 1;
	}
	s->list_len -= (size_t)(line - s->list);
	memmove(s->list, line, s->list_len + 1);
}

/* libipset prints lists through this; what is too much is left out. */
__attribute__((format(printf, 3, 4))) static int
keep_list(struct ipset_session *session, void *user, const char *format, ...)
{
	struct sets *s = user;
	size_t room = sizeof s->list - s->list_len;
	va_list args;
	int n;

	(void)session;
	va_start(args, format);
	n = vsnprintf(s->list + s->list_len, room, format, args);
	va_end(args);
	if (n > 0)
		s->list_len += (size_t)n < room ? (size_t)n : room - 1;
	if (s->each != NULL)
		take_members(s);
	return n;
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
	s->session = ipset_session_init(keep_list, s);
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
sets_new(const char *set4, const char *set6, enum sets_holds holds,
    sets_refused *refused, void *user)
{
	struct sets *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->four = (struct set){.name = set4, .family = AF_INET};
	s->six = (struct set){.name = set6, .family = AF_INET6};
	s->holds = holds;
	s->room = SETS_ROOM;
	s->refused = refused;
	s->user = user;
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

void
sets_set_room(struct sets *s, uint32_t room)
{
	s->room = room;
}

static const char *
name_for(const struct sets *s, const struct addr *a)
{
	return addr_is4(a) ? s->four.name : s->six.name;
}

static int
create(struct sets *s, const struct set *set)
{
	const uint32_t timeout = SETS_DEFAULT_S;
	const uint32_t maxelem = s->room;
	const uint8_t netmask = ADDR_V6_BAN_BITS;
	const char *type = "hash:ip";
	struct ipset_session *session = s->session;
	bool ok;

	ok =
	    ipset_session_data_set(session, IPSET_SETNAME, set->name) == 0 &&
	    ipset_session_data_set(session, IPSET_OPT_TYPENAME, type) == 0 &&
	    ipset_session_data_set(session, IPSET_OPT_FAMILY, &set->family) ==
		0 &&
	    ipset_type_get(session, IPSET_CMD_CREATE) != NULL &&
	    ipset_session_data_set(session, IPSET_OPT_TIMEOUT, &timeout) == 0 &&
	    ipset_session_data_set(session, IPSET_OPT_MAXELEM, &maxelem) == 0 &&
	    ipset_session_data_set(session, IPSET_OPT_FORCEADD, &maxelem) == 0;
	if (ok && set->family == AF_INET6 && s->holds == SETS_BANS)
		ok = ipset_session_data_set(
			 session, IPSET_OPT_NETMASK, &netmask) == 0;
	ok = ok && ipset_cmd(session, IPSET_CMD_CREATE, 0) == 0;
	if (!ok)
		take_error(s, set->name);
	ipset_data_reset(ipset_session_data(session));
	return ok ? 0 : -1;
}

static int
list(struct sets *s, const struct set *set)
{
	struct ipset_session *session = s->session;
	bool ok;

	s->list_len = 0;
	s->list[0] = 0;
	ok = ipset_session_data_set(session, IPSET_SETNAME, set->name) == 0 &&
	     ipset_cmd(session, IPSET_CMD_LIST, 0) == 0;
	if (!ok)
		take_error(s, set->name);
	ipset_data_reset(ipset_session_data(session));
	return ok ? 0 : -1;
}

/* What the kernel says of a set, as `ipset -t list` prints it. */
static int
describe(struct sets *s, const struct set *set)
{
	int failed;

	ipset_envopt_set(s->session, IPSET_ENV_LIST_HEADER);
	failed = list(s, set);
	ipset_envopt_unset(s->session, IPSET_ENV_LIST_HEADER);
	return failed;
}

/* The number behind a word of the description; 0: the word is not there. */
static uint32_t
number_behind(const struct sets *s, const char *word, int base)
{
	const char *at = strstr(s->list, word);

	return at == NULL ? 0
			  : (uint32_t)strtoul(at + strlen(word), NULL, base);
}

static uint32_t
room_of(const struct sets *s)
{
	return number_behind(s, " maxelem ", 10);
}

/* The word behind another one of the description; of length 0: it is not there. */
static struct slice
word_behind(const struct sets *s, const char *word)
{
	const char *at = strstr(s->list, word);

	if (at == NULL)
		return slice_of("");
	at += strlen(word);
	return (struct slice){at, strcspn(at, " \n")};
}

static bool
is_wrong(
    struct sets *s, const struct set *set, const char *what, struct slice word)
{
	snprintf(s->error, sizeof s->error,
	    "%s: this set has %s%.*s; destroy it, and the feed makes a new one",
	    set->name, what, (int)word.len, word.p);
	return true;
}

/*
 * Whether the description is that of a set which will not do, with the error: one
 * that takes other entries than we put in, or that bans or passes others with
 * them, or for ever. A set of IPv4 networks will do: we put hosts there.
 */
static bool
is_another_kind(struct sets *s, const struct set *set)
{
	bool is4 = set->family == AF_INET;
	struct slice type = word_behind(s, "\nType: ");
	struct slice family = word_behind(s, " family ");
	struct slice mask = word_behind(s, " netmask ");
	const char *wanted = is4 || s->holds == SETS_HOSTS ? "" : BAN_NETMASK;

	if (!slice_is(&type, "hash:ip") &&
	    !(is4 && slice_is(&type, "hash:net")))
		return is_wrong(s, set, "the type ", type);
	if (!slice_is(&family, is4 ? "inet" : "inet6"))
		return is_wrong(s, set, "the family ", family);
	if (word_behind(s, " bitmask ").len > 0)
		return is_wrong(
		    s, set, "the bitmask ", word_behind(s, " bitmask "));
	if (mask.len == 0 && *wanted != 0)
		return is_wrong(s, set, "no netmask ", slice_of(wanted));
	if (!slice_is(&mask, wanted))
		return is_wrong(s, set, "the netmask ", mask);
	if (word_behind(s, " timeout ").len == 0)
		return is_wrong(s, set, "no timeout", slice_of(""));
	return false;
}

static void
explain(struct sets *s, const struct set *set, int error)
{
	snprintf(s->error, sizeof s->error, "%s: %s", set->name,
	    error == ENOENT  ? "no such set"
	    : error == EPERM ? "no right to use ipset (cap_net_admin)"
			     : strerror(error));
}

/* Whether the set is there and may be used; else errno. */
static bool
can_be_asked(const struct set *set)
{
	/* any address will do */
	struct addr probe = {{0x20, 0x01, 0x0d, 0xb8}};
	struct settest test = {.set = set->name};

	if (set->family == AF_INET)
		(void)!addr_parse("192.0.2.1", 9, &probe);
	settest_ask_all(&test, 1, &probe);
	errno = test.error;
	return test.answer != SETTEST_ERROR;
}

/* Describes a set, which will do. 0, or -1 with the error. */
static int
look_at(struct sets *s, const struct set *set)
{
	int error = can_be_asked(set) ? 0 : errno;

	/* EINVAL: such a question is none for a set of this kind */
	if (error != 0 && error != EINVAL) {
		explain(s, set, error);
		return -1;
	}
	if (!open_session(s) || describe(s, set) != 0 ||
	    is_another_kind(s, set))
		return -1;
	if (error != 0)
		explain(s, set, error);
	return error == 0 ? 0 : -1;
}

static enum sets_answer
see_to(struct sets *s, struct set *set)
{
	uint32_t before = set->seed;
	bool is_new;

	if (*set->name == 0)
		return SETS_OK;
	is_new = !can_be_asked(set) && errno == ENOENT;
	if ((is_new && create(s, set) != 0) || look_at(s, set) != 0)
		return SETS_ERROR;
	set->seed = number_behind(s, " initval 0x", 16);
	set->room = room_of(s);
	return is_new || (before != 0 && set->seed != before) ? SETS_EMPTY
							      : SETS_OK;
}

static enum sets_answer
worse(enum sets_answer a, enum sets_answer b)
{
	return a > b ? a : b;
}

enum sets_answer
sets_create(struct sets *s)
{
	enum sets_answer six;

	if (!open_session(s))
		return SETS_ERROR;
	/* the other way round, so that the error is that of the first */
	six = see_to(s, &s->six);
	return worse(see_to(s, &s->four), six);
}

const char *
sets_small(struct sets *s)
{
	const struct set *set = &s->four;

	if (set->room == 0 || set->room >= s->room)
		set = &s->six;
	if (set->room == 0 || set->room >= s->room)
		return NULL;
	snprintf(s->error, sizeof s->error,
	    "%s: this set has room for %u hosts, less than hosts-max (%u); "
	    "destroy it, and the feed makes a new one",
	    set->name, set->room, s->room);
	return s->error;
}

/* line 0 sends at once, another number collects until ipset_commit. */
static int
send_one(struct sets *s, const struct element *e, uint32_t line)
{
	struct ipset_session *session = s->session;
	bool is4 = addr_is4(&e->ip);
	const uint8_t family = is4 ? AF_INET : AF_INET6;
	const void *ip = is4 ? e->ip.b + 12 : e->ip.b;
	enum ipset_cmd cmd = e->seconds == 0 ? IPSET_CMD_DEL : IPSET_CMD_ADD;

	if (ipset_session_data_set(
		session, IPSET_SETNAME, name_for(s, &e->ip)) != 0 ||
	    ipset_type_get(session, cmd) == NULL ||
	    ipset_session_data_set(session, IPSET_OPT_FAMILY, &family) != 0 ||
	    ipset_session_data_set(session, IPSET_OPT_IP, ip) != 0)
		return -1;
	if (cmd == IPSET_CMD_ADD && ipset_session_data_set(session,
					IPSET_OPT_TIMEOUT, &e->seconds) != 0)
		return -1;
	return ipset_cmd(session, cmd, line);
}

static int
send_batch(struct sets *s)
{
	for (size_t i = 0; i < s->pending_n; i++)
		if (send_one(s, &s->pending[i], (uint32_t)i + 1) != 0)
			return -1;
	return ipset_commit(s->session);
}

static void
name_culprit(struct sets *s, const struct addr *a)
{
	char what[ADDR_STRLEN + 64];
	char ip[ADDR_STRLEN];

	snprintf(
	    what, sizeof what, "%s: %s", name_for(s, a), addr_format(a, ip));
	take_error(s, what);
}

/* After a batch failed: each for itself, so that one costs no other. */
static enum sets_answer
send_singly(struct sets *s)
{
	size_t refused = 0;

	for (size_t i = 0; i < s->pending_n; i++) {
		const struct addr *a = &s->pending[i].ip;

		if (send_one(s, &s->pending[i], 0) == 0)
			continue;
		if (refused++ == 0)
			name_culprit(s, a);
		else
			ipset_session_report_reset(s->session);
		s->refused(s->user, a);
	}
	if (refused > 1) {
		size_t len = strlen(s->error);

		snprintf(s->error + len, sizeof s->error - len,
		    " (and %zu more)", refused - 1);
	}
	return refused == 0 ? SETS_OK : SETS_REFUSED;
}

static enum sets_answer
send_pending(struct sets *s)
{
	enum sets_answer answer;

	if (s->pending_n == 0)
		return SETS_OK;
	if (open_session(s) && send_batch(s) == 0) {
		s->pending_n = 0;
		return SETS_OK;
	}
	/* a session that failed keeps half a message; begin with a fresh one */
	close_session(s);
	answer = sets_create(s);
	if (answer != SETS_ERROR)
		answer = worse(answer, send_singly(s));
	else
		for (size_t i = 0; i < s->pending_n; i++)
			s->refused(s->user, &s->pending[i].ip);
	s->pending_n = 0;
	return answer;
}

static void
collect(struct sets *s, const struct addr *a, uint32_t seconds)
{
	if (*name_for(s, a) == 0)
		return;
	if (s->pending_n == PENDING_MAX)
		s->worst = worse(s->worst, send_pending(s));
	s->pending[s->pending_n++] = (struct element){*a, seconds};
}

void
sets_add(struct sets *s, const struct addr *a, uint32_t seconds)
{
	collect(s, a, seconds);
}

void
sets_del(struct sets *s, const struct addr *a)
{
	collect(s, a, 0);
}

static enum sets_answer
empty(struct sets *s, const struct set *set)
{
	bool ok;

	if (*set->name == 0)
		return SETS_OK;
	ok =
	    ipset_session_data_set(s->session, IPSET_SETNAME, set->name) == 0 &&
	    ipset_cmd(s->session, IPSET_CMD_FLUSH, 0) == 0;
	if (!ok)
		take_error(s, set->name);
	ipset_data_reset(ipset_session_data(s->session));
	return ok ? SETS_OK : SETS_ERROR;
}

enum sets_answer
sets_empty(struct sets *s)
{
	enum sets_answer answer;

	s->pending_n = 0;
	s->worst = SETS_OK;
	answer = sets_create(s);
	if (answer == SETS_ERROR)
		return answer;
	return worse(empty(s, &s->four), empty(s, &s->six));
}

void
sets_retire(const char *set4, const char *set6)
{
	struct sets *s = sets_new(set4, set6, SETS_BANS, NULL, NULL);

	if (s == NULL)
		return;
	if (*set4 != 0 && can_be_asked(&s->four) && open_session(s))
		(void)empty(s, &s->four);
	if (*set6 != 0 && can_be_asked(&s->six) && open_session(s))
		(void)empty(s, &s->six);
	sets_free(s);
}

enum sets_answer
sets_flush(struct sets *s)
{
	enum sets_answer answer = worse(s->worst, send_pending(s));

	s->worst = SETS_OK;
	return answer;
}

int
sets_list(struct sets *s, bool is4, sets_each *each, void *user)
{
	const struct set *set = is4 ? &s->four : &s->six;
	int failed;

	if (*set->name == 0)
		return 0;
	if (!can_be_asked(set)) {
		explain(s, set, errno);
		return -1;
	}
	if (!open_session(s))
		return -1;
	s->each = each;
	s->each_user = user;
	failed = list(s, set);
	s->each = NULL;
	return failed;
}

int
sets_size(struct sets *s, bool is4, struct sets_size *size)
{
	const struct set *set = is4 ? &s->four : &s->six;

	*size = (struct sets_size){0};
	if (*set->name == 0)
		return 0;
	if (look_at(s, set) != 0)
		return -1;
	size->entries = number_behind(s, "Number of entries: ", 10);
	size->room = room_of(s);
	return 0;
}

const char *
sets_name(const struct sets *s, bool is4)
{
	return is4 ? s->four.name : s->six.name;
}

const char *
sets_error(const struct sets *s)
{
	return s->error;
}
