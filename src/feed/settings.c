/* SPDX-License-Identifier: ISC */
#include "feed/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/inifile.h"
#include "base/timespan.h"
#include "log/follow.h"
#include "log/torn.h"
#include "state/bans.h"

#define LABEL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define LABEL_MAX 63
#define DAY_S 86400U
#define PASS_MOST_S (7 * DAY_S)
#define CANARY_S 300
#define DNS_PORT 53
#define LINE_LEAST 256
#define LINE_MOST FOLLOW_LINE_MAX
#define BLANKS " \t"

/* The file while it is read. */
struct loading {
	struct inifile file;
	struct settings *settings;
};

static void
set_time(
    struct loading *l, const char *key, const char *value, uint32_t *seconds)
{
	uint32_t s;

	if (timespan_parse(value, &s) != 0 || s > DAY_S)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "%s: '%s' is no time from 1s to 1d (a number and one of "
		    "s m h d)",
		    key, value);
	else
		*seconds = s;
}

static void
set_doubt(void *user, const char *value)
{
	struct loading *l = user;

	set_time(l, "doubt", value, &l->settings->doubt_s);
}

static void
set_canary(void *user, const char *value)
{
	struct loading *l = user;

	set_time(l, "canary", value, &l->settings->canary_s);
}

/* Reads 1 to 9 digits and nothing else; 0 for anything over max. */
static unsigned
read_number(const char *text, unsigned max)
{
	size_t len = strspn(text, "0123456789");
	unsigned long n;

	if (len == 0 || len > 9 || text[len] != 0)
		return 0;
	n = strtoul(text, NULL, 10);
	return n > max ? 0 : (unsigned)n;
}

/* What follows a word and blanks; NULL when there is another word. */
static const char *
behind(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0 || text[len] == 0 ||
	    strchr(BLANKS, text[len]) == NULL)
		return NULL;
	return text + len + strspn(text + len, BLANKS);
}

/* "15m", or "15m to 7d" */
static void
set_pass(void *user, const char *value)
{
	struct loading *l = user;
	struct settings *s = l->settings;
	size_t len = strcspn(value, BLANKS);
	const char *more = value + len + strspn(value + len, BLANKS);
	char least[TIMESPAN_SIZE];
	uint32_t most_s;

	if (*more == 0) {
		set_time(l, "pass", value, &s->pass_s);
		s->pass_most_s = s->pass_s;
		return;
	}
	more = behind(more, "to");
	if (more == NULL || timespan_parse(more, &most_s) != 0 ||
	    most_s > PASS_MOST_S || len >= sizeof least) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "pass: '%s' is no TIME and no 'TIME to TIME', the last up "
		    "to 7d",
		    value);
		return;
	}
	snprintf(least, sizeof least, "%.*s", (int)len, value);
	set_time(l, "pass", least, &s->pass_s);
	s->pass_most_s = most_s;
	if (l->file.error == 0 && most_s < s->pass_s)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "pass: '%s' ends with the shorter time", value);
}

static void
set_drop(void *user, const char *value)
{
	struct loading *l = user;
	const char *number = behind(value, "after");
	unsigned n = number == NULL ? 0 : read_number(number, UINT16_MAX);

	if (n < 2)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "drop: '%s' is not 'after N', N from 2 to %d", value,
		    UINT16_MAX);
	else
		l->settings->drop_after = n;
}

/* Whether the len bytes, behind which stands no byte of a label, are a name. */
static bool
is_name(const char *name, size_t len)
{
	const char *end = name + len;

	for (unsigned labels = 1;; labels++) {
		size_t label = strspn(name, LABEL);

		if (label == 0 || label > LABEL_MAX)
			return false;
		name += label;
		if (name == end)
			return labels >= 2;
		if (*name++ != '.')
			return false;
	}
}

/* Sets the text of a zone by what stands behind its name. */
static bool
set_text(struct settings_zone *zone, const char *value)
{
	const char *text;

	if (*value == 0)
		return true;
	text = behind(value, "text");
	if (text == NULL || strlen(text) >= SETTINGS_TEXT_SIZE)
		return false;
	for (const char *p = text; *p != 0; p++)
		if (*p < 32 || *p > 126)
			return false;
	snprintf(zone->text, sizeof zone->text, "%s", text);
	return true;
}

/* No message says the name: a misspelt one may have its key all the same. */
static void
set_zone(void *user, const char *value)
{
	struct loading *l = user;
	struct settings *s = l->settings;
	struct settings_zone zone = {0};
	size_t word = strcspn(value, BLANKS);
	size_t len = word > 0 && value[word - 1] == '.' ? word - 1 : word;

	if (!is_name(value, len)) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "zone: this is no name of two labels or more, each of 1 to "
		    "%d letters, digits, - and _",
		    LABEL_MAX);
		return;
	}
	if (len >= sizeof zone.name) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "zone: the name is longer than %zu bytes, so no address "
		    "fits in front of it",
		    sizeof zone.name - 1);
		return;
	}
	memcpy(zone.name, value, len);
	if (!set_text(&zone, value + word + strspn(value + word, BLANKS))) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "zone: behind the name stands something else than 'text "
		    "TEXT', TEXT 1 to %d bytes of printable ASCII",
		    SETTINGS_TEXT_SIZE - 1);
		return;
	}
	for (size_t i = 0; i < s->n_zones; i++)
		if (strcasecmp(s->zones[i].name, zone.name) == 0) {
			inifile_fail(&l->file, l->file.line, EINVAL,
			    "this zone is given twice");
			return;
		}
	if (s->n_zones == SETTINGS_ZONES_MAX) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "more than %d zones", SETTINGS_ZONES_MAX);
		return;
	}
	s->zones[s->n_zones++] = zone;
	secret_learn(&s->secrets, zone.name);
}

/*
 * Where the port stands in "A.B.C.D:PORT" or "[IPV6]:PORT", and how long the
 * address before it is; NULL when there is none.
 */
static const char *
find_port(const char **address, size_t *len)
{
	const char *end;

	if (**address == '[') {
		end = strchr(++*address, ']');
		if (end == NULL) {
			*len = 0;
			return NULL;
		}
		*len = (size_t)(end++ - *address);
		return *end == 0 ? NULL : end;
	}
	end = strchr(*address, ':');
	if (end == NULL || strchr(end + 1, ':') != NULL) {
		*len = strlen(*address);
		return NULL;
	}
	*len = (size_t)(end - *address);
	return end;
}

static void
set_resolver(void *user, const char *value)
{
	struct loading *l = user;
	struct settings *s = l->settings;
	const char *address = value;
	size_t len;
	const char *port = find_port(&address, &len);
	unsigned number = DNS_PORT;

	if (port != NULL)
		number = *port == ':' ? read_number(port + 1, UINT16_MAX) : 0;
	if (number == 0 || addr_parse(address, len, &s->resolver) != 0) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "resolver: '%s' is no IP address, alone or with a port: "
		    "127.0.0.1, 127.0.0.1:53, ::1, [::1]:53",
		    value);
		return;
	}
	s->has_resolver = true;
	s->resolver_port = (uint16_t)number;
}

static void
set_alarm(void *user, const char *value)
{
	struct loading *l = user;

	l->settings->alarm = strcmp(value, "yes") == 0;
	if (!l->settings->alarm && strcmp(value, "no") != 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "alarm: '%s' is neither yes nor no", value);
}

static void
set_hosts_max(void *user, const char *value)
{
	struct loading *l = user;
	unsigned n = read_number(value, BANS_MAX);

	if (n == 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "hosts-max: '%s' is no number from 1 to %d", value,
		    BANS_MAX);
	else
		l->settings->hosts_max = n;
}

static void
set_line_max(void *user, const char *value)
{
	struct loading *l = user;
	unsigned n = read_number(value, LINE_MOST);

	if (n < LINE_LEAST)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "line-max: '%s' is no number from %d to %d", value,
		    LINE_LEAST, LINE_MOST);
	else
		l->settings->line_max = n;
}

static const struct inifile_known keys[] = {
    {"alarm", set_alarm, false},
    {"canary", set_canary, false},
    {"doubt", set_doubt, false},
    {"drop", set_drop, false},
    {"hosts-max", set_hosts_max, false},
    {"line-max", set_line_max, false},
    {"pass", set_pass, false},
    {"resolver", set_resolver, false},
    {"zone", set_zone, true},
};

static void
on_key(void *user, const char *section, const char *name, const char *value)
{
	struct loading *l = user;

	if (*section != 0) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "there are no [sections] here");
		return;
	}
	inifile_set(&l->file, keys, sizeof keys / sizeof *keys, name, value, l);
}

int
settings_load(
    const char *path, struct settings *s, char error[SETTINGS_ERROR_SIZE])
{
	static const struct settings defaults = {
	    .canary_s = CANARY_S,
	    .alarm = true,
	    .hosts_max = BANS_USUAL,
	    .line_max = TORN_LINE_MAX,
	};
	struct loading l = {
	    .file = {.path = path, .message = error}, .settings = s};

	*s = defaults;
	inifile_read(&l.file, "this is not key = value", on_key, &l);
	if (l.file.error == 0)
		return 0;
	/* a name in the wrong place */
	secret_mask(&s->secrets, error + strnlen(error, strlen(path)));
	*s = defaults;
	errno = l.file.error;
	return -1;
}
