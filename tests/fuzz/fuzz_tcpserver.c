/* SPDX-License-Identifier: ISC */
/*
 * Server lines: what is one, is one from its first byte to its last, and is a
 * line of the program that it names.
 *
 * Input: the message.
 */
#include "fuzz.h"

#include "log/tcpserver.h"

#define LINE_MAX_BYTES 4096

static const char *const names[] = {"tcpserver: ", "sslserver: ", "sslhandle: ",
    "tcpsvd: info: ", "s6-tcpserverd: info: "};

/* Of the server that it names, and with a number, an address and a port. */
static void
check_event(struct slice line, enum tcpserver_answer answer,
    const struct tcpserver_event *e)
{
	char text[ADDR_STRLEN];
	struct addr again;
	bool named = false;

	for (size_t i = 0; i < COUNT(names); i++)
		named |= slice_begins(&line, names[i]);
	HOLDS(named);
	HOLDS(e->pid != 0);
	HOLDS(!e->well || slice_ends(&line, " status 0"));
	HOLDS(answer == TCPSERVER_END || !e->well);
	HOLDS(answer != TCPSERVER_OK || e->port != 0);
	if (answer == TCPSERVER_END)
		return;
	addr_format(&e->ip, text);
	HOLDS(addr_parse(text, strlen(text), &again) == 0);
	HOLDS(memcmp(&again, &e->ip, sizeof again) == 0);
}

/* No byte may stand in front of it, nor another field behind it. */
static void
check_whole(const char *line, size_t len)
{
	static char longer[LINE_MAX_BYTES + 8];
	struct tcpserver_event e;

	longer[0] = ' ';
	memcpy(longer + 1, line, len);
	HOLDS(tcpserver_parse((struct slice){longer, len + 1}, &e) ==
	      TCPSERVER_OTHER);
	memcpy(longer + 1 + len, " x y", 4);
	HOLDS(tcpserver_parse((struct slice){longer + 1, len + 4}, &e) ==
	      TCPSERVER_OTHER);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcpserver_event e;
	struct tcpserver_event again;
	enum tcpserver_answer answer;
	char *copy;

	if (size > LINE_MAX_BYTES)
		return 0;
	copy = malloc(size > 0 ? size : 1);
	HOLDS(copy != NULL);
	memcpy(copy, data, size);
	answer = tcpserver_parse((struct slice){copy, size}, &e);
	if (answer != TCPSERVER_OTHER) {
		HOLDS(tcpserver_parse((struct slice){copy, size}, &again) ==
		      answer);
		HOLDS(memcmp(&again.ip, &e.ip, sizeof e.ip) == 0 &&
		      again.pid == e.pid && again.port == e.port);
		check_event((struct slice){copy, size}, answer, &e);
		check_whole(copy, size);
	}
	free(copy);
	return 0;
}
