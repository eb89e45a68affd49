/* SPDX-License-Identifier: ISC */
#include "log/message.h"

#include <string.h>

/* Takes the bytes up to a blank, and it. Empty: there is no blank, or nothing. */
static struct slice
take_word(struct slice *r)
{
	const char *blank = memchr(r->p, ' ', r->len);
	struct slice word = {r->p, 0};

	if (blank == NULL || blank == r->p)
		return word;
	word.len = (size_t)(blank - r->p);
	slice_advance(r, word.len + 1);
	return word;
}

/* Takes "tag: " or "tag[7]: " off the start. */
static bool
take_tag(struct message *m, struct slice *r)
{
	struct slice rest = *r;
	struct slice word = take_word(&rest);
	const char *open;
	struct slice pid;

	if (word.len < 2 || word.p[word.len - 1] != ':')
		return false;
	word.len--;
	open = memchr(word.p, '[', word.len);
	if (open != NULL) {
		struct slice in = word;

		slice_advance(&in, (size_t)(open - word.p) + 1);
		pid = slice_digits(&in);
		if (pid.len > 0 && slice_is(&in, "]")) {
			m->pid = pid;
			word.len = (size_t)(open - word.p);
		}
	}
	m->tag = word;
	*r = rest;
	return true;
}

/* "host tag: ", "tag: ", "host " or nothing */
static void
read_host(struct message *m, int64_t *unix_s)
{
	if (!take_tag(m, &m->said)) {
		(void)take_word(&m->said);
		m->named = m->said;
		(void)take_tag(m, &m->said);
	}
	if (m->tag.len > 0)
		(void)stamp_take_unix(&m->said, unix_s);
}

/* "host app 7 - - "; a message that came by RFC 3164 has its own blank too. */
static bool
read_fields(struct message *m, int64_t *unix_s)
{
	struct slice r = m->whole;
	struct slice host = take_word(&r);
	struct slice app = take_word(&r);
	struct slice pid = take_word(&r);
	struct slice digits = pid;

	/* structured data: no logger here */
	if (host.len == 0 || app.len == 0 || pid.len == 0 ||
	    take_word(&r).len == 0 || !slice_skip(&r, "- "))
		return false;
	(void)slice_skip(&r, " ");
	(void)stamp_take_unix(&r, unix_s);
	m->tag = app;
	if (slice_digits(&digits).len == pid.len)
		m->pid = pid;
	m->said = r;
	return true;
}

void
message_read(
    struct message *m, struct slice line, int64_t about_s, int64_t *unix_s)
{
	int64_t t = *unix_s;

	*m = (struct message){.whole = line};
	m->behind = stamp_take(&m->whole, about_s, &t);
	m->named = m->said = m->whole;
	if (m->behind == STAMP_HOST)
		read_host(m, &t);
	if (m->behind == STAMP_FIELDS && !read_fields(m, &t))
		*m = (struct message){
		    .whole = line, .named = line, .said = line};
	if (m->behind != STAMP_NONE)
		*unix_s = t;
}

/* The name in front of what was said, with its number if with_pid. */
static bool
join(const struct message *m, bool with_pid, const char *between,
    char room[MESSAGE_ROOM], struct slice *reading)
{
	char *end = room;

	if (m->tag.len + m->pid.len + m->said.len + 4 > MESSAGE_ROOM)
		return false;
	end = mempcpy(end, m->tag.p, m->tag.len);
	if (with_pid) {
		*end++ = '[';
		end = mempcpy(end, m->pid.p, m->pid.len);
		*end++ = ']';
	}
	end = mempcpy(end, between, strlen(between));
	end = mempcpy(end, m->said.p, m->said.len);
	*reading = (struct slice){room, (size_t)(end - room)};
	return true;
}

/* Whether the name stands where it should already. */
static bool
is_in_place(const struct message *m, bool with_pid)
{
	return m->behind == STAMP_HOST && (with_pid || m->pid.len == 0);
}

static bool
named(const struct message *m, bool with_pid, char room[MESSAGE_ROOM],
    struct slice *reading)
{
	if (!is_in_place(m, with_pid))
		return join(m, with_pid, ": ", room, reading);
	*reading = m->named;
	return true;
}

bool
message_reading(const struct message *m, enum message_reading which,
    char room[MESSAGE_ROOM], struct slice *reading)
{
	switch (which) {
	case MESSAGE_NUMBERED:
		return m->pid.len > 0 && named(m, true, room, reading);
	case MESSAGE_SAID:
		*reading = m->said;
		return true;
	case MESSAGE_NAMED:
		return m->tag.len > 0 && named(m, false, room, reading);
	case MESSAGE_WORD:
		return m->behind == STAMP_FIELDS &&
		       join(m, false, " ", room, reading);
	case MESSAGE_WHOLE:
		*reading = m->whole;
		return m->behind == STAMP_HOST && m->tag.len == 0;
	case MESSAGE_READINGS:
		break;
	}
	return false;
}
