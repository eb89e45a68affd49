/* SPDX-License-Identifier: ISC */
#include "control/request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/timespan.h"

enum field { IP = 1, SECONDS = 2, REPLY = 4, RULE = 8, SINCE = 16 };

static const struct {
	const char *name;
	unsigned fields;
	bool changes;
} commands[] = {
    [REQUEST_STATUS] = {"status", 0, false},
    [REQUEST_ADD] = {"add", IP | SECONDS | REPLY, true},
    [REQUEST_DEL] = {"del", IP, true},
    [REQUEST_FLUSH] = {"flush", 0, true},
    [REQUEST_FORGET] = {"forget", RULE | SINCE, true},
    [REQUEST_TEST] = {"test", IP, false},
    [REQUEST_SAVE] = {"save", 0, false},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static bool
get_ip(const json_t *value, struct request *r)
{
	return json_is_string(value) &&
	       addr_parse(json_string_value(value), json_string_length(value),
		   &r->ip) == 0;
}

static bool
get_seconds(const json_t *value, struct request *r)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 1 || n > TIMESPAN_MAX_S)
		return false;
	r->seconds = (uint32_t)n;
	return true;
}

static bool
get_since(const json_t *value, struct request *r)
{
	r->since = json_integer_value(value);
	return json_is_integer(value) && r->since >= 0;
}

/* Copies a string that fits; jansson takes none with a NUL within. */
static bool
get_string(const json_t *value, char *to, size_t size)
{
	const char *s = json_string_value(value);

	if (s == NULL || *s == 0 || json_string_length(value) >= size)
		return false;
	memcpy(to, s, strlen(s) + 1);
	return true;
}

static bool
get_reply(const json_t *value, struct request *r)
{
	return get_string(value, r->reply, sizeof r->reply) &&
	       reply_is_clean(r->reply);
}

static bool
get_rule(const json_t *value, struct request *r)
{
	return get_string(value, r->rule, sizeof r->rule);
}

static const struct {
	const char *name;
	enum field field;
	bool (*get)(const json_t *, struct request *);
} fields[] = {
    {"ip", IP, get_ip},
    {"seconds", SECONDS, get_seconds},
    {"reply", REPLY, get_reply},
    {"rule", RULE, get_rule},
    {"since", SINCE, get_since},
};
#define FIELDS (sizeof fields / sizeof *fields)

static int
take_command(struct request *r, const json_t *object)
{
	const char *name =
	    json_string_value(json_object_get(object, "command"));

	for (size_t i = 0; name != NULL && i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0) {
			r->command = (enum request_command)i;
			return 0;
		}
	return -1;
}

static int
take_fields(struct request *r, json_t *object, char error[REQUEST_ERROR_SIZE])
{
	unsigned wanted = commands[r->command].fields;
	size_t n = 1; /* command */

	for (size_t i = 0; i < FIELDS; i++) {
		const json_t *value = json_object_get(object, fields[i].name);

		if ((wanted & fields[i].field) == 0)
			continue;
		n++;
		if (value == NULL || !fields[i].get(value, r)) {
			snprintf(error, REQUEST_ERROR_SIZE,
			    "%s: \"%s\" is missing or wrong",
			    commands[r->command].name, fields[i].name);
			return -1;
		}
	}
	if (json_object_size(object) == n)
		return 0;
	snprintf(error, REQUEST_ERROR_SIZE, "%s: takes nothing else",
	    commands[r->command].name);
	return -1;
}

int
request_parse(struct request *r, const char *line, size_t len,
    char error[REQUEST_ERROR_SIZE])
{
	json_error_t where;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	int result = -1;

	*r = (struct request){0};
	if (object == NULL)
		snprintf(error, REQUEST_ERROR_SIZE, "no JSON: %s", where.text);
	else if (take_command(r, object) != 0)
		snprintf(error, REQUEST_ERROR_SIZE, "no such command");
	else
		result = take_fields(r, object, error);
	json_decref(object);
	return result;
}

bool
request_changes(const struct request *r)
{
	return commands[r->command].changes;
}

static json_t *
field_value(const struct request *r, enum field field)
{
	char ip[ADDR_STRLEN];

	switch (field) {
	case IP:
		return json_string(addr_format(&r->ip, ip));
	case SECONDS:
		return json_integer(r->seconds);
	case REPLY:
		return json_string(r->reply);
	case RULE:
		return json_string(r->rule);
	case SINCE:
		return json_integer(r->since);
	}
	return NULL;
}

char *
request_format(const struct request *r)
{
	json_t *object =
	    json_pack("{s:s}", "command", commands[r->command].name);
	char *line;

	for (size_t i = 0; i < FIELDS; i++)
		if ((commands[r->command].fields & fields[i].field) != 0)
			(void)json_object_set_new(object, fields[i].name,
			    field_value(r, fields[i].field));
	line = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return line;
}
