/* SPDX-License-Identifier: ISC */
/*
 * What a client sends to the control socket. A line that is accepted says the
 * same when it is written anew, and nothing in it is out of its range.
 *
 * Input: the line.
 */
#include "fuzz.h"

#include "base/timespan.h"
#include "control/control.h"
#include "control/request.h"

static void
check(const struct request *r)
{
	switch (r->command) {
	case REQUEST_ADD:
		HOLDS(r->seconds >= 1 && r->seconds <= TIMESPAN_MAX_S);
		fuzz_check_reply(r->reply);
		break;
	case REQUEST_FORGET:
		HOLDS(r->since >= 0);
		HOLDS(*r->rule != 0 && strlen(r->rule) < BAN_RULE_SIZE);
		break;
	case REQUEST_STATUS:
	case REQUEST_DEL:
	case REQUEST_FLUSH:
	case REQUEST_TEST:
	case REQUEST_SAVE:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[REQUEST_ERROR_SIZE];
	char line[CONTROL_LINE_MAX];
	struct request r;
	struct request again;
	char *text;

	if (size >= sizeof line)
		return 0;
	memcpy(line, data, size);
	line[size] = 0;
	if (request_parse(&r, line, size, error) != 0) {
		HOLDS(memchr(error, 0, sizeof error) != NULL && *error != 0);
		return 0;
	}
	check(&r);
	text = request_format(&r);
	HOLDS(text != NULL && strlen(text) < CONTROL_LINE_MAX);
	HOLDS(strchr(text, '\n') == NULL);
	HOLDS(request_parse(&again, text, strlen(text), error) == 0);
	HOLDS(memcmp(&r, &again, sizeof r) == 0);
	free(text);
	return 0;
}
