/*
 * A line of the admin's rules: what it says can be written out and read again
 * as the same rule, and its reply is one clean line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[HOSTS_ERROR_SIZE] = "";
	char prefix[HOSTS_PREFIX_SIZE];
	char line[512];
	struct local_rule rule;
	struct local_rule again;
	struct addr net;
	struct addr net_again;
	int n;

	switch (
	    hosts_parse((const char *)data, size, "list", &net, &rule, error)) {
	case HOSTS_NOTHING:
		return 0;
	case HOSTS_BAD:
		if (error[0] == 0 || strpbrk(error, "\r\n") != NULL)
			abort();
		return 0;
	case HOSTS_RULE:
		break;
	}
	n = snprintf(line, sizeof line, "%s %s %s",
	    hosts_format_prefix(&net, rule.bits, prefix),
	    local_action_name(rule.action), local_text(&rule));
	if (n < 0 || (size_t)n >= sizeof line ||
	    hosts_parse(line, (size_t)n, "list", &net_again, &again, error) !=
		HOSTS_RULE ||
	    memcmp(&net, &net_again, sizeof net) != 0 ||
	    rule.bits != again.bits || rule.action != again.action ||
	    strcmp(rule.reply, again.reply) != 0)
		abort();
	return 0;
}
