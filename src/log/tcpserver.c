/* SPDX-License-Identifier: ISC */
#include "log/tcpserver.h"

#include <string.h>

#include "base/hooklog.h"

static inline bool
takes(const char **p, size_t *len, const char *text)
{
	size_t n = strlen(text);

	if (*len < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	*len -= n;
	return true;
}

/* The verbs that say something of a process, and what is behind its number. */
static const struct verb {
	const char *before, *behind;
	enum tcpserver_answer answer;
} verbs[] = {
    {"pid ", " from ", TCPSERVER_BEGIN},
    {"end ", " status ", TCPSERVER_END},
    {"deny ", " ", TCPSERVER_DENY},
};

static const struct verb *
take_verb(const char **p, size_t *len)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (*len > 0 && **p == *verbs[i].before && /* most have none */
		    takes(p, len, verbs[i].before))
			return &verbs[i];
	return NULL;
}

enum tcpserver_answer
tcpserver_parse(const char *message, size_t len, struct tcpserver_event *event)
{
	const char *p = message;
	const struct verb *verb;
	size_t digits;

	if (!takes(&p, &len, "tcpserver: ") && !takes(&p, &len, "sslserver: "))
		return TCPSERVER_OTHER;
	verb = take_verb(&p, &len);
	if (verb == NULL)
		return TCPSERVER_OTHER;
	digits = hooklog_read_pid(p, len, &event->pid);
	p += digits;
	len -= digits;
	if (event->pid == 0 || !takes(&p, &len, verb->behind))
		return TCPSERVER_OTHER;
	if (verb->answer == TCPSERVER_BEGIN &&
	    addr_parse(p, len, &event->ip) != 0)
		return TCPSERVER_OTHER;
	event->well = len == 1 && *p == '0';
	return verb->answer;
}
