/* SPDX-License-Identifier: ISC */
#include "log/tcpserver.h"

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
take_verb(struct slice *s)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (s->len > 0 &&
		    *s->p == *verbs[i].before && /* most have none */
		    slice_skip(s, verbs[i].before))
			return &verbs[i];
	return NULL;
}

enum tcpserver_answer
tcpserver_parse(struct slice message, struct tcpserver_event *event)
{
	struct slice s = message;
	const struct verb *verb;

	if (!slice_skip(&s, "tcpserver: ") && !slice_skip(&s, "sslserver: "))
		return TCPSERVER_OTHER;
	verb = take_verb(&s);
	if (verb == NULL)
		return TCPSERVER_OTHER;
	event->pid = slice_number(slice_digits(&s));
	if (event->pid == 0 || !slice_skip(&s, verb->behind))
		return TCPSERVER_OTHER;
	if (verb->answer == TCPSERVER_BEGIN &&
	    addr_parse(s.p, s.len, &event->ip) != 0)
		return TCPSERVER_OTHER;
	event->well = slice_is(&s, "0");
	return verb->answer;
}
