/* SPDX-License-Identifier: ISC */
#include "log/torn.h"

#include <string.h>

#include "base/ban.h"

#define TITLE_MAX 80 /* of CHKUSER's; in fact 40 */

static const char chkuser[] = "CHKUSER ";

/* What a line has in it. */
struct parts {
	unsigned chkuser; /* how many lines of CHKUSER's begin in it */
	bool inside;	  /* another's stands behind that */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_upper(char c)
{
	return (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_title(char c)
{
	return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z') ||
	       c == ' ' || c == '-';
}

/* Where the title of CHKUSER's begins that ends at end; NULL: there is none. */
static const char *
chkuser_before(const char *line, const char *end)
{
	const char *p = end;

	while (p > line && end - p < TITLE_MAX && is_title(p[-1]))
		p--;
	return memmem(p, (size_t)(end - p), chkuser, strlen(chkuser));
}

/* Whose lines have their name in front. */
static const struct slice names[] = {
    {"tcpserver", sizeof "tcpserver" - 1},
    {"rblsmtpd", sizeof "rblsmtpd" - 1},
    {"rblcache", sizeof "rblcache" - 1},
    {"qmail-smtpd", sizeof "qmail-smtpd" - 1},
    {"spamdyke", sizeof "spamdyke" - 1},
    {"sslserver", sizeof "sslserver" - 1},
    {"sslhandle", sizeof "sslhandle" - 1},
    {"tcpsvd", sizeof "tcpsvd" - 1},
    {"s6-tcpserverd", sizeof "s6-tcpserverd" - 1},
};

/*
 * Where the name of a writer begins that ends at end, as "rblsmtpd" or
 * "spamdyke[7]"; NULL: there is none.
 */
static const char *
name_before(const char *line, const char *end)
{
	if (end > line && end[-1] == ']') {
		end--;
		while (end > line && is_digit(end[-1]))
			end--;
		if (end == line || *--end != '[')
			return NULL;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct slice *n = &names[i];

		if ((size_t)(end - line) >= n->len &&
		    end[-1] == n->p[n->len - 1] && /* most are other words */
		    memcmp(end - n->len, n->p, n->len) == 0)
			return end - n->len;
	}
	return NULL;
}

/*
 * Whether another line may have begun before this place. Not behind one word and
 * a blank, as a stamp of an unknown kind has.
 */
static bool
is_inside(const char *line, const char *at)
{
	return at != line && (at[-1] != ' ' || memmem(line, (size_t)(at - line),
						   ": ", 2) != NULL);
}

/* Each writer's name has ": " behind it, and so does CHKUSER's title. */
static struct parts
take_apart(struct slice s)
{
	const char *const line = s.p;
	struct parts parts = {0};
	const char *colon;

	while ((colon = memchr(s.p, ':', s.len)) != NULL) {
		const char *at;

		slice_advance(&s, (size_t)(colon - s.p));
		if (!slice_begins(&s, ": ")) {
			slice_advance(&s, 1);
			continue;
		}
		at = name_before(line, colon);
		if (slice_begins(&s, ": from <") &&
		    chkuser_before(line, colon) != NULL) {
			at = chkuser_before(line, colon);
			parts.chkuser++;
		}
		parts.inside |= at != NULL && is_inside(line, at);
		slice_advance(&s, 2);
	}
	return parts;
}

/*
 * Whether it ends as CHKUSER's lines do: "> : not existing recipient". The line
 * of another program behind a client's "> :" would have a colon.
 */
static bool
ends_as_chkuser(struct slice s)
{
	const char *last = memrchr(s.p, '>', s.len);

	if (last == NULL)
		return false;
	slice_advance(&s, (size_t)(last - s.p));
	return slice_skip(&s, "> : ") && s.len > 0 &&
	       memchr(s.p, ':', s.len) == NULL &&
	       memchr(s.p, '<', s.len) == NULL;
}

/* Whether its first word is a name, as that of any program: "x: ". */
static bool
has_name(struct slice s)
{
	const char *blank = memchr(s.p, ' ', s.len);

	return blank != NULL && blank > s.p && blank[-1] == ':';
}

/* Whether it begins as "spamdyke[7]: DENIED_RBL_MATCH from: "; takes that off. */
static bool
skip_spamdyke(struct slice *s)
{
	const struct slice before = *s;

	if (slice_skip(s, "spamdyke[")) {
		(void)slice_digits(s);
		if (!slice_skip(s, "]: "))
			return false;
	}
	while (s->len > 0 && is_upper(*s->p))
		slice_advance(s, 1);
	return s->p != before.p && slice_skip(s, " from: ");
}

/* Whether the keys stand in it, in that order; up to the NULL. */
static bool
has_keys(struct slice s, const char *const *keys)
{
	for (; *keys != NULL; keys++) {
		const char *at = memmem(s.p, s.len, *keys, strlen(*keys));

		if (at == NULL)
			return false;
		slice_advance(&s, (size_t)(at - s.p) + strlen(*keys) - 1);
	}
	return true;
}

/* What every version writes. */
static const char *const chkuser_keys[] = {
    ": from <", "> remote <", "> rcpt <", NULL};
static const char *const spamdyke_keys[] = {
    " to: ", " origin_ip: ", " origin_rdns: ", " auth: ", NULL};

/* How many more lines of CHKUSER's are open behind one that begins so. */
static int
opened_by_chkuser(
    const struct torn *t, struct slice message, unsigned begun, bool ended)
{
	if (begun == 0)
		begun = 1;
	/* it has the end of another, whose begin nobody has seen */
	if (t->open == 0 && !has_keys(message, chkuser_keys))
		return (int)begun;
	return (int)begun - ended;
}

/* How many more lines are open behind this one; negative: one has ended. */
static int
opened(const struct torn *t, struct slice message)
{
	const struct parts parts = take_apart(message);
	const bool ended = !t->goes_on && ends_as_chkuser(message);
	struct slice s = message;

	if (slice_begins(&message, chkuser))
		return opened_by_chkuser(t, message, parts.chkuser, ended);
	if (parts.chkuser > 1)
		return (int)parts.chkuser;
	if (skip_spamdyke(&s) && (t->goes_on || !has_keys(s, spamdyke_keys)))
		return 1;
	if (parts.inside)
		return 1;
	return ended && !has_name(message) ? -1 : 0;
}

/* ---- what it costs ---- */

/* What was lost up to now; what is older than the span before is left out. */
static void
turn(struct torn *t, int64_t now)
{
	int64_t spans = now / TORN_SPAN_S - t->lost_at_s / TORN_SPAN_S;

	if (spans == 0)
		return;
	t->lost_before_s = spans == 1 ? t->lost_s : 0;
	t->lost_s = 0;
}

static void
lose(struct torn *t, int64_t time_s)
{
	/* a line that is late counts with the newest; else the clock was wrong */
	if (time_s <= t->lost_at_s && time_s + BAN_AHEAD_S >= t->lost_at_s)
		return;
	turn(t, time_s);
	t->lost_s++;
	t->lost_at_s = time_s;
}

unsigned
torn_share(const struct torn *t, int64_t now)
{
	struct torn then = *t;
	int64_t lost;
	int64_t all = TORN_SPAN_S + now % TORN_SPAN_S;

	if (now > t->lost_at_s)
		turn(&then, now);
	lost = (int64_t)then.lost_s + then.lost_before_s;
	return lost >= all ? 100 : (unsigned)(100 * lost / all);
}

/* ---- */

/* From this line on it is reckoned what goes by. */
static void
mark(struct torn *t, const struct torn_line *line)
{
	t->lines = t->others = 0;
	t->time_s = line->time_s;
	t->stamped = line->stamped;
}

/* One more line has gone by. */
static void
go_by(struct torn *t, const struct torn_line *line)
{
	const bool were_many = t->lines == TORN_LINES;
	const int64_t since_s = line->time_s - t->time_s;

	if (!were_many)
		t->lines++;
	if (line->stamped != t->stamped) {
		/* so many: the logger writes stamps now, or no longer */
		if (++t->others == TORN_LINES)
			mark(t, line);
		return;
	}
	t->others = 0;
	/* long enough ago; or the clock was wrong then */
	if (since_s > (were_many ? TORN_S : TORN_QUIET_S) ||
	    since_s < -BAN_AHEAD_S)
		t->open = 0;
}

enum torn_answer
torn_take(struct torn *t, const struct torn_line *line, size_t line_max)
{
	bool is_rest = t->goes_on;
	bool in_doubt;
	int more;

	t->goes_on = line_max != 0 && line->message.len == line_max;
	if (t->open > 0)
		go_by(t, line);
	in_doubt = t->open > 0;
	more = line->is_part ? 1 : opened(t, line->message);
	if (t->goes_on && more < 1)
		more = 1; /* the cut may hide what begins there */
	if (more > 0) {
		t->open += (uint32_t)more;
		if (t->open > TORN_OPEN_MAX)
			t->open = TORN_OPEN_MAX;
		mark(t, line);
		t->torn++;
		in_doubt = true;
	} else if (more < 0 && t->open > 0) {
		t->open--;
	}
	t->rests += is_rest;
	if (in_doubt)
		lose(t, line->time_s);
	return is_rest ? TORN_REST : in_doubt ? TORN_DOUBT : TORN_NO;
}
