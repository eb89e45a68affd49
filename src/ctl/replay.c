/* SPDX-License-Identifier: ISC */
#include "ctl/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hooklog.h"
#include "base/lru.h"
#include "ctl/trial.h"
#include "log/decide.h"
#include "log/tcpserver.h"
#include "state/passes.h"
#include "state/state.h"

#define ALARM true /* as feed.conf has it */
#define CACHED_SIZE (REPLY_SIZE + ADDR_STRLEN + 48)

static const uint32_t times_s[REPLAY_TIMES] = {
    3600, 4 * 3600, 12 * 3600, 24 * 3600, 72 * 3600};

enum answer {
	WAITING, /* for an answer */
	PASSED,
	REFUSED,
	ERROR,
	UNCLEAR,
	LEFT_OUT,
};

struct connection {
	int64_t time_s;
	struct addr ip;
	uint64_t pid;
	enum answer answer;
	char *line; /* what rblsmtpd said, without a stamp; NULL: nothing */
	size_t len;
	bool stamped;	       /* its begin has a time of its own */
	bool open;	       /* it is in the tables */
	uint64_t older, newer; /* open ones of the host; 0: none */
};

/* Which connection, by its number: that of a process, or a host's newest. */
struct process {
	uint64_t pid;
	uint64_t number;
};
struct host_open {
	struct addr ip;
	uint64_t number;
};

/* Who ever came. */
struct host {
	struct addr ip;
	uint32_t outdated; /* in which trials, a bit each */
};

/* A process that the server itself refuses, in a log without tcpserver's lines. */
struct decided {
	uint64_t pid;
	struct addr ip;
};

struct replay {
	struct replay_setup setup;
	struct trial *trials[REPLAY_TRIALS];
	struct replay_counts counts;
	int64_t now;  /* that of the newest line */
	bool stamped; /* has the line a time of its own? */
	bool dated;   /* has one had? */
	struct torn torn;
	bool in_doubt; /* may the line be a client's? */
	/* in order of their begin, numbered from 1: head .. next - 1 */
	struct connection *ring;
	uint64_t head, next;
	struct lru *processes; /* struct process, of the open ones */
	struct lru *open;      /* struct host_open, likewise */
	struct lru *hosts;
	struct lru *decided; /* struct decided */
};

/* ---- begin and end ---- */

static int
make_trial(struct replay *r, size_t i)
{
	struct replay_trial *counts = &r->counts.trials[i];
	struct trial_setup setup = {.rules = r->setup.rules,
	    .guard = r->setup.guard,
	    .alarm = ALARM,
	    .cap = STATE_CAP_DEFAULT};

	setup.ban_s = counts->ban_s = times_s[i % REPLAY_TIMES];
	setup.pass_s = counts->pass_s = i < REPLAY_TIMES ? 0 : r->setup.pass_s;
	setup.pass_most_s = setup.pass_s;
	r->trials[i] = trial_new(&setup);
	return r->trials[i] == NULL ? -1 : 0;
}

static int
make_tables(struct replay *r)
{
	r->ring = calloc(REPLAY_OPEN_MAX, sizeof *r->ring);
	r->processes =
	    lru_new(REPLAY_OPEN_MAX, sizeof(uint64_t), sizeof(struct process));
	r->open = lru_new(
	    REPLAY_OPEN_MAX, sizeof(struct addr), sizeof(struct host_open));
	r->hosts =
	    lru_new(REPLAY_HOSTS_MAX, sizeof(struct addr), sizeof(struct host));
	r->decided =
	    lru_new(REPLAY_OPEN_MAX, sizeof(uint64_t), sizeof(struct decided));
	return r->ring != NULL && r->processes != NULL && r->open != NULL &&
		       r->hosts != NULL && r->decided != NULL
		   ? 0
		   : -1;
}

struct replay *
replay_new(const struct replay_setup *setup)
{
	struct replay *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->setup = *setup;
	r->head = r->next = 1;
	if (make_tables(r) != 0)
		goto failed;
	for (size_t i = 0; i < REPLAY_TRIALS; i++)
		if (make_trial(r, i) != 0)
			goto failed;
	return r;
failed:
	replay_free(r);
	return NULL;
}

static struct connection *
at(const struct replay *r, uint64_t number)
{
	return &r->ring[number % REPLAY_OPEN_MAX];
}

void
replay_free(struct replay *r)
{
	if (r == NULL)
		return;
	for (; r->head < r->next; r->head++)
		free(at(r, r->head)->line);
	for (size_t i = 0; i < REPLAY_TRIALS; i++)
		trial_free(r->trials[i]);
	free(r->ring);
	lru_free(r->processes);
	lru_free(r->open);
	lru_free(r->hosts);
	lru_free(r->decided);
	free(r);
}

const struct replay_counts *
replay_counts(const struct replay *r)
{
	return &r->counts;
}

/* ---- a connection whose answer is known ---- */

static struct host *
note_host(struct replay *r, const struct addr *a)
{
	if (lru_find(r->hosts, a) == NULL)
		r->counts.hosts++;
	return lru_put(r->hosts, a);
}

static void
count_connection(struct replay *r, const struct connection *c)
{
	struct replay_counts *n = &r->counts;

	if (n->connections++ == 0)
		n->first_s = n->last_s = c->time_s;
	if (c->time_s < n->first_s)
		n->first_s = c->time_s;
	if (c->time_s > n->last_s)
		n->last_s = c->time_s;
	n->refused += c->answer == REFUSED;
	n->errors += c->answer == ERROR;
	n->unstamped += !c->stamped;
	n->unclear += c->answer == UNCLEAR;
}

static void
count_outdated(struct replay *r, size_t i, struct host *h)
{
	uint32_t bit = 1U << i;

	r->counts.trials[i].outdated++;
	if ((h->outdated & bit) == 0)
		r->counts.trials[i].outdated_hosts++;
	h->outdated |= bit;
}

static int
try(struct replay *r, const struct connection *c)
{
	const struct trial_connection given = {.time_s = c->time_s,
	    .ip = c->ip,
	    .pid = c->pid,
	    .line = c->line,
	    .len = c->len};
	struct host *h = note_host(r, &c->ip);

	if (h == NULL)
		return -1;
	count_connection(r, c);
	for (size_t i = 0; i < REPLAY_TRIALS; i++) {
		switch (trial_connect(r->trials[i], &given)) {
		case TRIAL_ASKED:
			r->counts.trials[i].queries++;
			break;
		case TRIAL_REFUSED:
			if (c->answer == PASSED)
				count_outdated(r, i, h);
			break;
		case TRIAL_PASSED:
			r->counts.trials[i].let_in += c->answer == REFUSED;
			break;
		case TRIAL_ERROR:
			return -1;
		}
	}
	return 0;
}

/* ---- open connections ---- */

static struct connection *
of_process(struct replay *r, uint64_t pid)
{
	const struct process *p = lru_find(r->processes, &pid);

	return p == NULL ? NULL : at(r, p->number);
}

/* The open one of that process from that address; with pid 0 the newest. */
static struct connection *
find(struct replay *r, uint64_t pid, const struct addr *a)
{
	struct connection *c;
	const struct host_open *h;

	if (pid == 0) {
		h = lru_find(r->open, a);
		return h == NULL ? NULL : at(r, h->number);
	}
	c = of_process(r, pid);
	return c != NULL && memcmp(&c->ip, a, sizeof *a) == 0 ? c : NULL;
}

/* Takes it out of the tables. */
static void
leave(struct replay *r, struct connection *c)
{
	struct host_open *h;

	if (!c->open)
		return;
	c->open = false;
	lru_remove(r->processes, lru_find(r->processes, &c->pid));
	if (c->older != 0)
		at(r, c->older)->newer = c->newer;
	if (c->newer != 0) {
		at(r, c->newer)->older = c->older;
		return;
	}
	h = lru_find(r->open, &c->ip);
	if (c->older != 0)
		h->number = c->older;
	else
		lru_remove(r->open, h);
}

/* The first answer counts. */
static void
resolve(struct connection *c, enum answer answer)
{
	if (c->answer == WAITING)
		c->answer = answer;
}

/* It has come to an end, or to that of patience. */
static void
give_up(struct connection *c)
{
	resolve(c, c->line == NULL ? PASSED : UNCLEAR);
}

/* Takes the oldest off the ring. */
static int
take_head(struct replay *r)
{
	struct connection *c = at(r, r->head);
	int result = 0;

	leave(r, c);
	if (c->answer != LEFT_OUT)
		result = try(r, c);
	free(c->line);
	r->head++;
	return result;
}

/* All that stand in front with an answer. */
static int
take_answered(struct replay *r)
{
	while (r->head < r->next && at(r, r->head)->answer != WAITING)
		if (take_head(r) != 0)
			return -1;
	return 0;
}

/* Those that have waited too long, and what stood behind them. */
static int
take_late(struct replay *r)
{
	while (r->head < r->next &&
	       r->now - at(r, r->head)->time_s > REPLAY_WAIT_S) {
		give_up(at(r, r->head));
		if (take_answered(r) != 0)
			return -1;
	}
	return 0;
}

static int
make_room(struct replay *r)
{
	if (r->next - r->head < REPLAY_OPEN_MAX)
		return 0;
	give_up(at(r, r->head));
	return take_answered(r);
}

/* Puts the newest connection into the tables. */
static int
enter(struct replay *r, uint64_t number)
{
	struct connection *c = at(r, number);
	struct process *p;
	struct host_open *h = lru_put(r->open, &c->ip);

	if (h == NULL)
		return -1;
	c->older = h->number;
	if (c->older != 0)
		at(r, c->older)->newer = number;
	h->number = number;
	p = lru_put(r->processes, &c->pid);
	if (p == NULL)
		return -1;
	p->number = number;
	c->open = true;
	return 0;
}

static int
begin(struct replay *r, const struct tcpserver_event *event)
{
	struct connection *before = of_process(r, event->pid);

	r->counts.shows_tcpserver = true;
	if (before != NULL) { /* its end was missed */
		give_up(before);
		leave(r, before);
	}
	if (make_room(r) != 0)
		return -1;
	*at(r, r->next) = (struct connection){.time_s = r->now,
	    .ip = event->ip,
	    .pid = event->pid,
	    .stamped = r->stamped};
	return enter(r, r->next++);
}

/* ---- lines ---- */

static int
keep_line(struct connection *c, const char *line, size_t len)
{
	char *copy;

	if (len > REPLAY_LINE_MAX)
		len = REPLAY_LINE_MAX;
	copy = malloc(len + 1);
	if (copy == NULL)
		return -1;
	memcpy(copy, line, len);
	free(c->line);
	c->line = copy;
	c->len = len;
	return 0;
}

/* A connection of which no more than its answer is known. */
static int
try_alone(struct replay *r, const struct addr *a, uint64_t pid,
    enum answer answer, const char *line, size_t len)
{
	struct connection c = {.time_s = r->now,
	    .ip = *a,
	    .pid = pid,
	    .stamped = r->stamped,
	    .answer = answer};
	int result = keep_line(&c, line, len);

	if (result == 0)
		result = try(r, &c);
	free(c.line);
	return result;
}

/*
 * The lists, or a cache in their place, answered a client with this line.
 * Returns 1 when a connection has it as its answer, 0 when it is about nobody
 * or has come too late, -1 with errno.
 */
static int
answered(struct replay *r, const struct addr *a, uint64_t pid,
    enum answer answer, const char *line, size_t len)
{
	struct connection *c = find(r, pid, a);

	if (c == NULL && pid != 0 && !r->counts.shows_tcpserver)
		return try_alone(r, a, pid, answer, line, len) == 0 ? 1 : -1;
	if (c == NULL || c->answer != WAITING)
		return 0;
	if (keep_line(c, line, len) != 0)
		return -1;
	resolve(c, answer);
	return 1;
}

/* Whether the line is the server's own refusal; it says so once. */
static bool
is_decided(struct replay *r, const struct decision *d)
{
	struct decided *p = lru_find(r->decided, &d->pid);

	if (p == NULL || memcmp(&p->ip, &d->ip, sizeof d->ip) != 0)
		return false;
	lru_remove(r->decided, p);
	return true;
}

/* What a line that bans nobody says of a connection: likewise. */
static int
left_open(struct replay *r, const struct addr *a, uint64_t pid)
{
	char ip[ADDR_STRLEN];
	char line[ADDR_STRLEN + 64];
	int len = snprintf(line, sizeof line, "rblsmtpd: %s pid %llu: torn",
	    addr_format(a, ip), (unsigned long long)pid);

	return answered(r, a, pid, UNCLEAR, line, (size_t)len);
}

/* A line that a rule matches. */
static int
take_match(struct replay *r, const struct decision *d)
{
	enum answer answer =
	    d->kind == DECIDE_SKIP && d->why == DECIDE_EXCEPT ? ERROR : REFUSED;

	if (!d->rule->list || !d->has_ip || is_decided(r, d))
		return 0;
	if (r->in_doubt)
		return left_open(r, &d->ip, d->pid) < 0 ? -1 : 0;
	return answered(
		   r, &d->ip, d->pid, answer, d->message.p, d->message.len) < 0
		   ? -1
		   : 0;
}

/*
 * A cache has refused a client: as the list would have with that text, by one of
 * rblsmtpd's codes. A text that no rule takes for a list's bans nobody.
 */
static int
take_cached(struct replay *r, const struct hooklog *h)
{
	char ip[ADDR_STRLEN];
	char line[CACHED_SIZE];
	char reply[REPLY_SIZE];
	int result;
	int len;

	if (r->in_doubt)
		return left_open(r, &h->ip, h->pid) < 0 ? -1 : 0;
	reply_with_code(reply,
	    reply_is_temporary(h->reply.p) ? REPLY_DEFER : REPLY_DENY,
	    h->reply.p + 4, h->reply.len - 4);
	len = snprintf(line, sizeof line, "rblsmtpd: %s pid %llu: %s",
	    addr_format(&h->ip, ip), (unsigned long long)h->pid, reply);
	result = answered(r, &h->ip, h->pid, REFUSED, line, (size_t)len);
	r->counts.cached += result > 0;
	return result < 0 ? -1 : 0;
}

/* No list is asked about such a client, whatever there is in front of them. */
static void
take_local(struct replay *r, const struct hooklog *h)
{
	struct connection *c = find(r, h->pid, &h->ip);

	if (c == NULL ? r->counts.shows_tcpserver : c->answer != WAITING)
		return;
	r->counts.local++;
	if (c != NULL)
		resolve(c, LEFT_OUT);
}

static int
take_decided(struct replay *r, const struct hooklog *h)
{
	struct decided *p;

	take_local(r, h);
	if (r->counts.shows_tcpserver)
		return 0;
	p = lru_put(r->decided, &h->pid);
	if (p == NULL)
		return -1;
	p->ip = h->ip;
	return 0;
}

/*
 * The lists let it pass; or, that late, one of them gave no answer, of which
 * rblsmtpd says nothing.
 */
static int
take_passed(struct replay *r, const struct hooklog *h)
{
	struct connection *c = find(r, h->pid, &h->ip);
	char ip[ADDR_STRLEN];
	char line[ADDR_STRLEN + 64];
	int len;

	if (c == NULL || r->in_doubt)
		return 0;
	if (h->kind == HOOKLOG_PASSED && c->answer == WAITING &&
	    c->line == NULL && r->now - c->time_s > PASSES_ANSWER_S) {
		len = snprintf(line, sizeof line,
		    "rblsmtpd: %s pid %llu: no answer", addr_format(&h->ip, ip),
		    (unsigned long long)h->pid);
		if (keep_line(c, line, (size_t)len) != 0)
			return -1;
	}
	give_up(c);
	return 0;
}

static int
take_hook(struct replay *r, const struct decision *d)
{
	struct hooklog h = hooklog_line(d->message);

	if (h.kind == HOOKLOG_OTHER || h.pid == 0)
		return 0;
	switch (h.kind) {
	case HOOKLOG_IPSET:
	case HOOKLOG_RECENT:
		return take_cached(r, &h);
	case HOOKLOG_LOCAL:
	case HOOKLOG_ALLOWED:
		take_local(r, &h);
		break;
	case HOOKLOG_DECIDED:
		return take_decided(r, &h);
	case HOOKLOG_PASS:
	case HOOKLOG_PASSED:
		return take_passed(r, &h);
	case HOOKLOG_WOULD: /* and goes on to the lists */
	case HOOKLOG_RECHECK:
	case HOOKLOG_NO_RIGHT:
	case HOOKLOG_TROUBLE:
	case HOOKLOG_OTHER:
		break;
	}
	return 0;
}

/* Trouble that rblsmtpd had; what the lists answer may come behind it. */
static int
take_unclear(struct replay *r, uint64_t pid, const struct decision *d)
{
	struct connection *c = of_process(r, pid);

	if (c == NULL || c->answer != WAITING || c->line != NULL)
		return 0;
	return keep_line(c, d->message.p, d->message.len);
}

/* One without a rule. */
static int
take_other(struct replay *r, const struct decision *d)
{
	uint64_t pid = passes_unclear(d);
	struct connection *c;
	struct tcpserver_event event;
	enum tcpserver_answer said;

	if (pid != 0)
		return take_unclear(r, pid, d);
	said = tcpserver_parse(d->message, &event);
	if (said == TCPSERVER_BEGIN)
		return begin(r, &event);
	if (said == TCPSERVER_OTHER)
		return take_hook(r, d);
	if (said == TCPSERVER_OK)
		return 0;
	c = of_process(r, event.pid);
	if (c == NULL)
		return 0;
	if (said == TCPSERVER_DENY)
		resolve(c, LEFT_OUT);
	give_up(c);
	leave(r, c);
	return 0;
}

/*
 * A line without a stamp is of the time of the last that had one. Where stamps
 * go back by more than a little, a clock was wrong, or the files are in another
 * order: what is open has no end there, and time goes back too.
 */
static int
take_time(struct replay *r, int64_t time_s)
{
	bool first = r->stamped && !r->dated;

	if (r->dated && !r->stamped)
		return 0;
	r->dated |= r->stamped;
	if (!first && time_s <= r->now && time_s + BAN_AHEAD_S >= r->now)
		return 0;
	if (time_s < r->now && replay_end(r) != 0)
		return -1;
	r->now = time_s;
	return 0;
}

int
replay_line(struct replay *r, const struct follow_line *line)
{
	struct decision d;
	int result = 0;

	decide_line(&d, r->setup.rules, r->setup.guard, line->text, line->len,
	    line->written_s);
	if (line->is_part)
		decide_part(&d);
	decide_torn(&d, &r->torn, TORN_LINE_MAX);
	r->in_doubt = d.torn != TORN_NO;
	r->counts.lines++;
	r->stamped = d.is_stamped;
	if (take_time(r, d.time) != 0 || take_late(r) != 0)
		return -1;
	if (d.kind != DECIDE_NOTHING)
		result = take_match(r, &d);
	else if (d.torn != TORN_REST)
		result = take_other(r, &d);
	return result == 0 ? take_answered(r) : -1;
}

int
replay_end(struct replay *r)
{
	while (r->head < r->next) {
		give_up(at(r, r->head));
		if (take_answered(r) != 0)
			return -1;
	}
	return 0;
}
