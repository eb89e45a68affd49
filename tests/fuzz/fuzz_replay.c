/* SPDX-License-Identifier: ISC */
/*
 * The lines of a log through a replay. They are made of a few hosts, processes
 * and things to say; a model that keeps all connections for ever, and asks no
 * module of the replay's, says which there were and what the lists answered,
 * and gives them to trials of its own: all counts are the same. For a log out
 * of arbitrary lines the counts fit together.
 *
 * Input: a byte that chooses between the two, and a pass time; then three bytes
 * a line: what kind, about which host and process, how much later. Or lines.
 */
#include "rulestext.h"

#include <stdbool.h>

#include "base/ban.h"
#include "ctl/replay.h"
#include "ctl/trial.h"
#include "state/passes.h"

#define LINES_MAX 300
#define LINE_SIZE 256
#define START_S 1795505462
#define HOSTS 4
#define PIDS 4 /* 1 .. */

static const char rules_text[] =
    "[rblsmtpd]\n"
    "match = ^rblsmtpd: (?<ip>\\S+) pid (?<pid>\\d+): "
    "(?<reply>(?:451|553) .+)$\n"
    "except = : \\d+ Error:\n"
    "ban = 20s\n"
    "[badiprbl]\n"
    "match = ^qmail-smtpd: 421 badiprbl: ip (?<ip>\\S+) rbl: \\S+$\n"
    "ban = 30s\n"
    "[sender]\n"
    "match = ^sender of (?<ip>\\S+)$\n"
    "ban = 30s\n"
    "list = no\n";

static const char *const hosts[HOSTS] = {
    "203.0.113.1", "203.0.113.2", "2001:db8::1", "10.0.0.1"};

enum answer { WAITING, PASSED, REFUSED, ERROR, UNCLEAR, LOCAL, DENIED };

/* A line's shape: its text has @ for the host and # for the process. */
static const struct shape {
	const char *text;
	enum kind {
		BEGIN,
		END,
		DENY,
		LISTED,
		FAILED,	 /* an error answer */
		TROUBLE, /* an unclear one */
		NO_PID,	 /* a listing without a process */
		CACHED,
		OWN, /* a rule of the admin's */
		LET_IN,
		SAYS_PASSED,
		DECIDED, /* by the server itself, and rblsmtpd will say so */
		SILENT,	 /* nothing that counts */
	} kind;
} shapes[] = {
    {"tcpserver: pid # from @", BEGIN},
    {"sslserver: pid # from @", BEGIN},
    {"tcpserver: end # status 0", END},
    {"tcpserver: end # status 256", END},
    {"tcpserver: deny # mx.test:192.0.2.1:25 :@::4711", DENY},
    {"rblsmtpd: @ pid #: 451 Listed", LISTED},
    {"rblsmtpd: @ pid #: 553 Listed", LISTED},
    {"rblsmtpd: @ pid #: 451 Error: too many", FAILED},
    {"rblsmtpd: @ pid #: timeout while waiting for : x", TROUBLE},
    {"qmail-smtpd: 421 badiprbl: ip @ rbl: x", NO_PID},
    {"rblcache: @ pid #: 451 Listed (ipset, 7s left)", CACHED},
    {"rblcache: @ pid #: 451 Listed (net)", CACHED}, /* before 0.7 */
    {"rblcache: @ pid #: 553 no (local)", OWN},
    {"rblcache: @ pid #: allowed (local)", OWN},
    {"rblcache: @ pid #: allowed (pass)", LET_IN},
    {"rblcache: @ pid #: passed", SAYS_PASSED},
    {"rblcache: @ pid #: recheck", SILENT},
    {"rblcache: @ pid #: would refuse: 451 x (ipset)", SILENT},
    {"rblsmtpd: @ pid #: greetdelay: 5", SILENT},
    {"sender of @", SILENT},
    {"new msg 7", SILENT},
    {"rblcache: @ pid #: decided by RBLSMTPD", DECIDED},
};

/* How much later a line is than the one before; the last two are earlier. */
static const int later_s[16] = {
    0, 0, 0, 1, 1, 2, 5, 30, 59, 60, 61, 300, 900, 3599, 3600, -100};

struct connection {
	int64_t time_s;
	size_t host;
	unsigned pid;
	enum answer answer;
	bool open;
	char line[LINE_SIZE];
};

struct model {
	struct connection list[LINES_MAX];
	size_t n;
	bool shows_tcpserver;
	uint64_t cached, local;
	size_t decided[PIDS + 1]; /* the host and one: its refusal is to come */
};

static struct rules *rules;
static struct guard guard;

/* ---- the model ---- */

static void
settle(struct connection *c, enum answer answer)
{
	if (c->answer != WAITING)
		return;
	c->answer = answer == PASSED && c->line[0] != 0 ? UNCLEAR : answer;
}

static struct connection *
add(struct model *m, int64_t time_s, size_t host, unsigned pid)
{
	struct connection *c = &m->list[m->n++];

	*c = (struct connection){.time_s = time_s, .host = host, .pid = pid};
	return c;
}

/* The newest open one; with pid 0 of the host, with no host of the process. */
static struct connection *
find(struct model *m, size_t host, unsigned pid)
{
	for (size_t i = m->n; i-- > 0;) {
		struct connection *c = &m->list[i];

		if (c->open && (pid == 0 || c->pid == pid) &&
		    (host == HOSTS || c->host == host))
			return c;
	}
	return NULL;
}

/* Whether it is the answer of a connection. */
static bool
answer(struct model *m, int64_t now, size_t host, unsigned pid,
    enum answer what, const char *line)
{
	struct connection *c = find(m, host, pid);

	if (c == NULL && pid != 0 && !m->shows_tcpserver)
		c = add(m, now, host, pid);
	else if (c == NULL || c->answer != WAITING)
		return false;
	c->answer = what;
	snprintf(c->line, sizeof c->line, "%s", line);
	return true;
}

static void
end(struct model *m, unsigned pid, enum answer what)
{
	struct connection *c = find(m, HOSTS, pid);

	if (c == NULL)
		return;
	settle(c, what);
	c->open = false;
}

static void
own_rule(struct model *m, size_t host, unsigned pid)
{
	struct connection *c = find(m, host, pid);

	if (c == NULL && !m->shows_tcpserver)
		m->local++;
	if (c == NULL || c->answer != WAITING)
		return;
	c->answer = LOCAL;
	m->local++;
}

static void
decided(struct model *m, size_t host, unsigned pid)
{
	own_rule(m, host, pid);
	if (!m->shows_tcpserver)
		m->decided[pid] = host + 1;
}

/* Whether the refusal is the server's own. */
static bool
is_decided(struct model *m, size_t host, unsigned pid)
{
	if (m->decided[pid] != host + 1)
		return false;
	m->decided[pid] = 0;
	return true;
}

static void
lose_patience(struct model *m, int64_t now)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].open && now - m->list[i].time_s > 60) {
			settle(&m->list[i], PASSED);
			m->list[i].open = false;
		}
}

/* Later than that, it had no answer, of which there is no line. */
static void
says_passed(struct connection *c, int64_t now)
{
	if (c == NULL || c->answer != WAITING)
		return;
	if (c->line[0] == 0 && now - c->time_s > PASSES_ANSWER_S)
		snprintf(c->line, sizeof c->line,
		    "rblsmtpd: %s pid %u: no answer", hosts[c->host], c->pid);
	settle(c, PASSED);
}

static void
model_line(struct model *m, int64_t now, enum kind kind, size_t host,
    unsigned pid, const char *line)
{
	struct connection *c;
	char cached[LINE_SIZE];

	lose_patience(m, now);
	switch (kind) {
	case BEGIN:
		m->shows_tcpserver = true;
		end(m, pid, PASSED);
		add(m, now, host, pid)->open = true;
		break;
	case END:
		end(m, pid, PASSED);
		break;
	case DENY:
		end(m, pid, DENIED);
		break;
	case LISTED:
		if (!is_decided(m, host, pid))
			(void)answer(m, now, host, pid, REFUSED, line);
		break;
	case FAILED:
		if (!is_decided(m, host, pid))
			(void)answer(m, now, host, pid, ERROR, line);
		break;
	case DECIDED:
		decided(m, host, pid);
		break;
	case TROUBLE:
		c = find(m, HOSTS, pid);
		if (c != NULL && c->answer == WAITING && c->line[0] == 0)
			snprintf(c->line, sizeof c->line, "%s", line);
		break;
	case NO_PID:
		(void)answer(m, now, host, 0, REFUSED, line);
		break;
	case CACHED:
		snprintf(cached, sizeof cached,
		    "rblsmtpd: %s pid %u: 451 Listed", hosts[host], pid);
		m->cached += answer(m, now, host, pid, REFUSED, cached);
		break;
	case OWN:
		own_rule(m, host, pid);
		break;
	case LET_IN:
		c = find(m, host, pid);
		if (c != NULL)
			settle(c, PASSED);
		break;
	case SAYS_PASSED:
		says_passed(find(m, host, pid), now);
		break;
	case SILENT:
		break;
	}
}

/* ---- what is to be counted ---- */

static void
count(struct replay_counts *n, const struct model *m)
{
	bool came[HOSTS] = {false};

	for (size_t i = 0; i < m->n; i++) {
		const struct connection *c = &m->list[i];

		if (c->answer == LOCAL || c->answer == DENIED)
			continue;
		if (n->connections++ == 0)
			n->first_s = n->last_s = c->time_s;
		if (c->time_s < n->first_s)
			n->first_s = c->time_s;
		if (c->time_s > n->last_s)
			n->last_s = c->time_s;
		n->hosts += !came[c->host];
		came[c->host] = true;
		n->refused += c->answer == REFUSED;
		n->errors += c->answer == ERROR;
		n->unclear += c->answer == UNCLEAR;
	}
	n->cached = m->cached;
	n->local = m->local;
	n->shows_tcpserver = m->shows_tcpserver;
	n->unstamped = n->connections;
}

static enum trial_answer
connect_to(struct trial *t, const struct connection *c)
{
	struct trial_connection given = {.time_s = c->time_s,
	    .pid = c->pid,
	    .line = c->line,
	    .len = strlen(c->line)};

	HOLDS(
	    addr_parse(hosts[c->host], strlen(hosts[c->host]), &given.ip) == 0);
	return trial_connect(t, &given);
}

static void
try_all(struct replay_trial *n, const struct model *m)
{
	const struct trial_setup setup = {.rules = rules,
	    .guard = &guard,
	    .ban_s = n->ban_s,
	    .pass_s = n->pass_s,
	    .pass_most_s = n->pass_s,
	    .alarm = true,
	    .cap = 1000};
	struct trial *t = trial_new(&setup);
	bool outdated[HOSTS] = {false};

	HOLDS(t != NULL);
	for (size_t i = 0; i < m->n; i++) {
		const struct connection *c = &m->list[i];
		enum trial_answer said;

		if (c->answer == LOCAL || c->answer == DENIED)
			continue;
		said = connect_to(t, c);
		HOLDS(said != TRIAL_ERROR);
		n->queries += said == TRIAL_ASKED;
		n->let_in += said == TRIAL_PASSED && c->answer == REFUSED;
		if (said != TRIAL_REFUSED || c->answer != PASSED)
			continue;
		n->outdated++;
		n->outdated_hosts += !outdated[c->host];
		outdated[c->host] = true;
	}
	trial_free(t);
}

static void
check(const struct replay_counts *n, const struct model *m, uint32_t pass_s)
{
	static const uint32_t hours[REPLAY_TIMES] = {1, 4, 12, 24, 72};
	struct replay_counts wanted = {.lines = n->lines};

	count(&wanted, m);
	HOLDS(n->connections == wanted.connections);
	HOLDS(n->hosts == wanted.hosts);
	HOLDS(n->first_s == wanted.first_s && n->last_s == wanted.last_s);
	HOLDS(n->refused == wanted.refused && n->cached == wanted.cached);
	HOLDS(n->errors == wanted.errors && n->unclear == wanted.unclear);
	HOLDS(n->local == wanted.local);
	HOLDS(n->shows_tcpserver == wanted.shows_tcpserver);
	HOLDS(n->unstamped == wanted.unstamped);
	for (size_t i = 0; i < REPLAY_TRIALS; i++) {
		struct replay_trial t = {
		    .ban_s = hours[i % 5] * 3600, .pass_s = i < 5 ? 0 : pass_s};

		try_all(&t, m);
		HOLDS(memcmp(&t, &n->trials[i], sizeof t) == 0);
	}
}

/* What holds for any log. */
static void
check_any(const struct replay_counts *n)
{
	HOLDS(n->connections >= n->refused + n->errors + n->unclear);
	HOLDS(n->connections >= n->hosts && n->refused >= n->cached);
	HOLDS(n->connections >= n->unstamped && n->last_s >= n->first_s);
	HOLDS(n->lines >= n->connections + n->local);
	for (size_t i = 0; i < REPLAY_TRIALS; i++) {
		const struct replay_trial *t = &n->trials[i];

		HOLDS(t->queries + t->outdated + t->let_in <= n->connections);
		HOLDS(t->outdated + n->refused + n->errors + n->unclear <=
		      n->connections);
		HOLDS(t->outdated >= t->outdated_hosts);
		HOLDS((t->outdated_hosts == 0) == (t->outdated == 0));
		HOLDS(t->outdated_hosts <= n->hosts);
		HOLDS(t->let_in <= n->refused);
		HOLDS(t->let_in == 0 || t->pass_s != 0);
		HOLDS(n->connections == 0 || t->queries > 0);
	}
}

/* ---- */

static size_t
fill_in(char line[LINE_SIZE], const char *text, const char *host, unsigned pid)
{
	char *to = line;

	for (; *text != 0; text++) {
		if (*text == '@')
			to = stpcpy(to, host);
		else if (*text == '#')
			*to++ = (char)('0' + pid);
		else
			*to++ = *text;
	}
	*to = 0;
	return (size_t)(to - line);
}

static void
take(struct replay *r, const char *line, size_t len, int64_t written_s)
{
	const struct follow_line given = {
	    .text = line, .len = len, .written_s = written_s};

	HOLDS(replay_line(r, &given) == 0);
}

static void
known_lines(struct replay *r, struct fuzz_input *in, struct model *m)
{
	int64_t written_s = START_S;
	int64_t now = 0;

	for (int i = 0; in->len >= 3 && i < LINES_MAX; i++) {
		const struct shape *s = &shapes[fuzz_byte(in) % COUNT(shapes)];
		uint8_t who = fuzz_byte(in);
		size_t host = who % HOSTS;
		unsigned pid = who / HOSTS % PIDS + 1;
		char line[LINE_SIZE];
		size_t len = fill_in(line, s->text, hosts[host], pid);

		written_s += later_s[fuzz_byte(in) % COUNT(later_s)];
		if (written_s > now) {
			now = written_s;
		} else if (written_s + BAN_AHEAD_S < now) {
			/* time goes back, and nothing is open there */
			lose_patience(m, INT64_MAX);
			now = written_s;
		}
		take(r, line, len, written_s);
		model_line(m, now, s->kind, host, pid, line);
	}
	lose_patience(m, INT64_MAX);
}

static void
any_lines(struct replay *r, const struct fuzz_input *in)
{
	const char *p = (const char *)in->p;
	size_t left = in->len;
	int64_t written_s = START_S;

	while (left > 0) {
		const char *feed = memchr(p, '\n', left);
		size_t len = feed == NULL ? left : (size_t)(feed - p);

		take(r, p, len, written_s);
		written_s += 7;
		left -= feed == NULL ? len : len + 1;
		p += feed == NULL ? len : len + 1;
	}
}

static void
prepare(void)
{
	rules = rulestext_load(rules_text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t passes[] = {60, 900, 4000, 100000};
	static struct model m;
	struct fuzz_input in = {data, size};
	uint8_t options = fuzz_byte(&in);
	struct replay_setup setup = {
	    .guard = &guard, .pass_s = passes[options / 2 % COUNT(passes)]};
	struct replay *r;

	if (rules == NULL)
		prepare();
	setup.rules = rules;
	r = replay_new(&setup);
	HOLDS(r != NULL);
	m = (struct model){.n = 0};
	if ((options & 1) == 0)
		known_lines(r, &in, &m);
	else
		any_lines(r, &in);
	HOLDS(replay_end(r) == 0);
	if ((options & 1) == 0)
		check(replay_counts(r), &m, setup.pass_s);
	check_any(replay_counts(r));
	replay_free(r);
	return 0;
}
