/*
 * A log line through the shipped rules. Whatever it says, the guarded are
 * never banned, a ban's reply is one clean line, and the address is one that
 * prints as it parses. The fuzzed bytes stand where a client can write: in the
 * fields of a CHKUSER line, whose real address is 203.0.113.9.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rules *
shipped_rules(void)
{
	static const char *const paths[] = {"hooks/log"};
	static struct rules *rules;
	char error[RULES_ERROR_SIZE];

	if (rules == NULL)
		rules = rules_load(paths, 1, error);
	if (rules == NULL) {
		fprintf(stderr, "%s\n", error);
		abort();
	}
	return rules;
}

static void
check(const struct decision *d, const struct guard *guard)
{
	char text[DECIDE_TEXT_SIZE];
	char ip[ADDR_STRLEN];
	struct addr again;

	decide_format(d, text);
	if (strpbrk(text, "\r\n") != NULL)
		abort();
	if (d->kind != DECIDE_BAN)
		return;
	if (guard_never_blocks(guard, &d->ip) ||
	    reply_code(d->reply, strlen(d->reply)) == 0)
		abort();
	addr_format(&d->ip, ip);
	if (addr_parse(ip, strlen(ip), &again) != 0 ||
	    memcmp(&again, &d->ip, sizeof again) != 0)
		abort();
}

/* The client's bytes in each place it can write to, one after another. */
static void
forge(struct rules *rules, const struct guard *guard, const uint8_t *data,
    size_t size)
{
	static const char *const lines[] = {
	    "CHKUSER rejected sender: from <%.*s::> remote <h:r:203.0.113.9> "
	    "rcpt <c@d> : invalid sender MX domain",
	    "CHKUSER rejected sender: from <a::> remote <%.*s:r:203.0.113.9> "
	    "rcpt <c@d> : invalid sender MX domain",
	    "CHKUSER rejected sender: from <a::> remote <h:%.*s:203.0.113.9> "
	    "rcpt <c@d> : invalid sender MX domain",
	    "CHKUSER rejected sender: from <a::> remote <h:r:203.0.113.9> "
	    "rcpt <%.*s> : invalid sender MX domain",
	    "CHKUSER rejected intrusion: from <a|remoteinfo/auth:%.*s|"
	    "chkuser-identify:> remote <helo:h|remotehostname:r|"
	    "remotehostip:203.0.113.9> rcpt <c> : rcpt ignored, session over "
	    "intrusion threshold",
	    "CHKUSER rejected intrusion: from <a|remoteinfo/auth:|"
	    "chkuser-identify:> remote <helo:%.*s|remotehostname:r|"
	    "remotehostip:203.0.113.9> rcpt <c> : rcpt ignored, session over "
	    "intrusion threshold",
	};
	struct addr real;

	if (addr_parse("203.0.113.9", 11, &real) != 0 ||
	    memchr(data, '\n', size) != NULL || memchr(data, 0, size) != NULL)
		return;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct decision d;
		char line[2048];
		int n;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		n = snprintf(
		    line, sizeof line, lines[i], (int)size, (const char *)data);
#pragma GCC diagnostic pop
		if (n < 0 || (size_t)n >= sizeof line)
			return;
		decide_line(&d, rules, guard, line, (size_t)n, 0);
		check(&d, guard);
		if (d.kind == DECIDE_BAN &&
		    memcmp(&d.ip, &real, sizeof real) != 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules *rules = shipped_rules();
	static struct guard guard;
	struct decision d;

	decide_line(&d, rules, &guard, (const char *)data, size, 1000000000);
	check(&d, &guard);
	forge(rules, &guard, data, size);
	return 0;
}
