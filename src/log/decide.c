/* SPDX-License-Identifier: ISC */
#include "log/decide.h"

#include <string.h>

#include "log/message.h"
#include "log/wording.h"

void
decide_skip(struct decision *d, enum decide_why why)
{
	d->kind = DECIDE_SKIP;
	d->why = why;
}

void
decide_part(struct decision *d)
{
	d->kind = DECIDE_NOTHING;
	d->rule = NULL;
	d->has_ip = false;
	d->pid = 0;
	d->is_part = true;
}

void
decide_torn(struct decision *d, struct torn *torn, size_t line_max)
{
	const struct torn_line line = {.message = d->message,
	    .is_part = d->is_part,
	    .stamped = d->is_stamped,
	    .time_s = d->time};

	d->torn = torn_take(torn, &line, line_max);
}

bool
decide_has_no_rule(const struct decision *d)
{
	return d->kind == DECIDE_NOTHING && d->rule == NULL &&
	       d->torn == TORN_NO;
}

const char *
decide_why_name(enum decide_why why)
{
	static const char *const names[DECIDE_WHYS] = {
	    [DECIDE_AMBIGUOUS] = "ambiguous",
	    [DECIDE_ALLOWED] = "allowed",
	    [DECIDE_EXCEPT] = "except",
	    [DECIDE_BADADDR] = "badaddr",
	    [DECIDE_UNSEEN] = "unseen",
	    [DECIDE_DISTRUSTED] = "distrusted",
	    [DECIDE_ALARM] = "alarm",
	    [DECIDE_CAP] = "cap",
	    [DECIDE_DECIDED] = "decided",
	    [DECIDE_TORN] = "torn",
	};

	return names[why];
}

static uint64_t
pid_of(struct slice digits)
{
	uint64_t pid = slice_number(digits);

	return digits.len > 0 && pid == 0 ? DECIDE_NO_PID : pid;
}

/* Whether it is a program that says more than a rule knows. */
static bool
is_server(struct slice name)
{
	static const char *const names[] = {"tcpserver", "rblsmtpd", "rblcache",
	    "sslserver", "sslhandle", "tcpsvd", "s6-tcpserverd"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (*name.p == *names[i] && slice_is(&name, names[i]))
			return true;
	return false;
}

/* Whether what was said begins with the name of such a program. */
static bool
names_server(struct slice said)
{
	const char *colon = memchr(said.p, ':', said.len);

	return colon != NULL && colon > said.p &&
	       is_server((struct slice){said.p, (size_t)(colon - said.p)});
}

bool
decide_is_known(const struct decision *d, struct rules *rules)
{
	struct slice name = {d->message.p, 0};

	while (name.len < d->message.len && name.p[name.len] != ' ' &&
	       name.p[name.len] != ':' && name.p[name.len] != '[')
		name.len++;
	return d->rule != NULL || names_server(d->message) ||
	       (name.len <= RULES_NAME_MAX && rules_may_begin(rules, name));
}

enum rules_outcome
decide_read(struct decision *d, struct rules *rules, const struct message *m,
    struct rules_match *match)
{
	bool is_plain = m->behind != STAMP_HOST && m->behind != STAMP_FIELDS;
	bool is_named;

	d->message = m->said;
	/* what has a name of its own has the tag of another */
	if (is_plain || names_server(m->said))
		return rules_apply(rules, m->said, match);
	is_named = m->tag.len > 0 && rules_may_begin(rules, m->tag);
	for (enum message_reading i = 0; i < MESSAGE_READINGS; i++) {
		enum rules_outcome outcome;

		if ((m->tag.len > 0 && !is_named && i != MESSAGE_SAID) ||
		    !message_reading(m, i, d->room, &d->message))
			continue;
		outcome = rules_apply(rules, d->message, match);
		if (outcome != RULES_NONE)
			return outcome;
	}
	d->message = m->said;
	if (m->tag.len > 0 && is_server(m->tag))
		(void)message_reading(m, MESSAGE_NAMED, d->room, &d->message);
	return RULES_NONE;
}

/* A rule matches, and makes no exception of the line. */
static void
decide_match(
    struct decision *d, struct guard *guard, const struct rules_match *m)
{
	const bool list = d->rule->list;

	if (list && wording_is_no_listing(m->text, d->has_ip ? &d->ip : NULL)) {
		decide_skip(d, DECIDE_EXCEPT);
		return;
	}
	if (!d->has_ip) {
		decide_skip(d, DECIDE_BADADDR);
		return;
	}
	if (guard != NULL && guard_never_blocks(guard, &d->ip)) {
		decide_skip(d, DECIDE_ALLOWED);
		return;
	}
	d->kind = DECIDE_BAN;
	d->is_vague = list && d->rule->vague_s != 0 &&
		      !wording_names_host(m->text, &d->ip);
	d->ban_s = d->is_vague ? d->rule->vague_s : d->rule->ban_s;
	memcpy(d->reply, m->reply, sizeof d->reply);
}

void
decide_line(struct decision *d, struct rules *rules, struct guard *guard,
    const char *line, size_t len, int64_t unstamped_s)
{
	enum rules_outcome outcome;
	struct rules_match m;

	d->kind = DECIDE_NOTHING;
	d->rule = NULL;
	d->has_ip = false;
	d->pid = 0;
	d->is_part = false;
	d->torn = TORN_NO;
	d->time = unstamped_s;
	message_read(
	    &d->line, (struct slice){line, len}, unstamped_s, &d->time);
	d->is_stamped = d->line.behind != STAMP_NONE;
	outcome = decide_read(d, rules, &d->line, &m);
	if (outcome == RULES_NONE)
		return;
	d->rule = m.rule;
	if (outcome == RULES_GAVE_UP)
		return;
	/* any address in it may be planted, so none is named */
	if (outcome == RULES_AMBIGUOUS) {
		decide_skip(d, DECIDE_AMBIGUOUS);
		return;
	}
	d->has_ip = addr_parse(m.ip.p, m.ip.len, &d->ip) == 0;
	d->pid = pid_of(m.pid);
	if (outcome == RULES_EXCEPT)
		decide_skip(d, DECIDE_EXCEPT);
	else
		decide_match(d, guard, &m);
}

/* Appends a number and returns the new end. */
static char *
put_number(char *end, unsigned long n)
{
	char digits[24];
	char *p = digits + sizeof digits;

	*--p = 0;
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return stpcpy(end, p);
}

/*
 * Without printf: to print a long log's decisions cost more than to make them.
 * There is room, see DECIDE_TEXT_SIZE.
 */
const char *
decide_format(const struct decision *d, char buf[DECIDE_TEXT_SIZE])
{
	static const char *const kinds[] = {
	    [DECIDE_BAN] = "ban\t",
	    [DECIDE_COUNT] = "count\t",
	    [DECIDE_SKIP] = "skip\t",
	};
	char ip[ADDR_STRLEN] = "-";
	char *end = buf;

	*end = 0;
	if (d->kind == DECIDE_NOTHING)
		return buf;
	if (d->has_ip)
		addr_format(&d->ip, ip);
	end = stpcpy(stpcpy(end, kinds[d->kind]), ip);
	end = stpcpy(stpcpy(stpcpy(end, "\t"), d->rule->name), "\t");
	switch (d->kind) {
	case DECIDE_NOTHING:
		break;
	case DECIDE_BAN:
		end = stpcpy(stpcpy(put_number(end, d->ban_s), "\t"), d->reply);
		break;
	case DECIDE_COUNT:
		end = stpcpy(put_number(end, d->count), "/");
		end = put_number(end, d->rule->count);
		break;
	case DECIDE_SKIP:
		end = stpcpy(end, decide_why_name(d->why));
		break;
	}
	*end = 0;
	return buf;
}
