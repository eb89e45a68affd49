#include "settings.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "timespan.h"

#define LINE_BYTES 1024
#define LABEL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define LABEL_MAX 63
#define DAY_S 86400U
#define CANARY_S 300
#define DNS_PORT 53
#define BLANKS " \t"

/* The file while it is read. */
struct loading {
	struct settings *settings;
	const char *path;
	FILE *file;
	int line;
	unsigned seen; /* keys, a bit each */
	int error;     /* errno of the first thing that went wrong */
	char *message;
};

static void fail(struct loading *l, int line, int error, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

static void
fail(struct loading *l, int line, int error, const char *format, ...)
{
	va_list args;
	int n;

	if (l->error != 0)
		return;
	l->error = error;
	n = snprintf(l->message, SETTINGS_ERROR_SIZE, "%s:%d: ", l->path, line);
	if (n < 0 || n >= SETTINGS_ERROR_SIZE)
		return;
	va_start(args, format);
	vsnprintf(
	    l->message + n, SETTINGS_ERROR_SIZE - (size_t)n, format, args);
	va_end(args);
	/* a name in the wrong place */
	secret_mask(&l->settings->secrets, l->message + n);
}

static void
set_time(
    struct loading *l, const char *key, const char *value, uint32_t *seconds)
{
	uint32_t s;

	if (timespan_parse(value, &s) != 0 || s > DAY_S)
		fail(l, l->line, EINVAL,
		    "%s: '%s' is no time from 1s to 1d (a number and one of "
		    "s m h d)",
		    key, value);
	else
		*seconds = s;
}

static void
set_pass(struct loading *l, const char *value)
{
	set_time(l, "pass", value, &l->settings->pass_s);
}

static void
set_canary(struct loading *l, const char *value)
{
	set_time(l, "canary", value, &l->settings->canary_s);
}

/* Reads 1 to 5 digits and nothing else; 0 for anything over max. */
static unsigned
read_number(const char *text, unsigned max)
{
	size_t len = strspn(text, "0123456789");
	unsigned long n;

	if (len == 0 || len > 5 || text[len] != 0)
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

static void
set_drop(struct loading *l, const char *value)
{
	const char *number = behind(value, "after");
	unsigned n = number == NULL ? 0 : read_number(number, UINT16_MAX);

	if (n < 2)
		fail(l, l->line, EINVAL,
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
set_zone(struct loading *l, const char *value)
{
	struct settings *s = l->settings;
	struct settings_zone zone = {0};
	size_t word = strcspn(value, BLANKS);
	size_t len = word > 0 && value[word - 1] == '.' ? word - 1 : word;

	if (!is_name(value, len)) {
		fail(l, l->line, EINVAL,
		    "zone: this is no name of two labels or more, each of 1 to "
		    "%d letters, digits, - and _",
		    LABEL_MAX);
		return;
	}
	if (len >= sizeof zone.name) {
		fail(l, l->line, EINVAL,
		    "zone: the name is longer than %zu bytes, so no address "
		    "fits in front of it",
		    sizeof zone.name - 1);
		return;
	}
	memcpy(zone.name, value, len);
	if (!set_text(&zone, value + word + strspn(value + word, BLANKS))) {
		fail(l, l->line, EINVAL,
		    "zone: behind the name stands something else than 'text "
		    "TEXT', TEXT 1 to %d bytes of printable ASCII",
		    SETTINGS_TEXT_SIZE - 1);
		return;
	}
	for (size_t i = 0; i < s->n_zones; i++)
		if (strcasecmp(s->zones[i].name, zone.name) == 0) {
			fail(l, l->line, EINVAL, "this zone is given twice");
			return;
		}
	if (s->n_zones == SETTINGS_ZONES_MAX) {
		fail(l, l->line, EINVAL, "more than %d zones",
		    SETTINGS_ZONES_MAX);
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
set_resolver(struct loading *l, const char *value)
{
	struct settings *s = l->settings;
	const char *address = value;
	size_t len;
	const char *port = find_port(&address, &len);
	unsigned number = DNS_PORT;

	if (port != NULL)
		number = *port == ':' ? read_number(port + 1, UINT16_MAX) : 0;
	if (number == 0 || addr_parse(address, len, &s->resolver) != 0) {
		fail(l, l->line, EINVAL,
		    "resolver: '%s' is no IP address, alone or with a port: "
		    "127.0.0.1, 127.0.0.1:53, ::1, [::1]:53",
		    value);
		return;
	}
	s->has_resolver = true;
	s->resolver_port = (uint16_t)number;
}

static void
set_alarm(struct loading *l, const char *value)
{
	l->settings->alarm = strcmp(value, "yes") == 0;
	if (!l->settings->alarm && strcmp(value, "no") != 0)
		fail(l, l->line, EINVAL, "alarm: '%s' is neither yes nor no",
		    value);
}

static const struct {
	const char *name;
	void (*set)(struct loading *, const char *);
	bool many; /* may be given several times */
} keys[] = {
    {"pass", set_pass, false},
    {"drop", set_drop, false},
    {"zone", set_zone, true},
    {"resolver", set_resolver, false},
    {"canary", set_canary, false},
    {"alarm", set_alarm, false},
};

static int
on_key(void *user, const char *section, const char *name, const char *value)
{
	struct loading *l = user;

	if (*section != 0) {
		fail(l, l->line, EINVAL, "there are no [sections] here");
		return 1;
	}
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		if ((l->seen & 1U << i) != 0 && !keys[i].many)
			fail(l, l->line, EINVAL, "%s is given twice", name);
		else if (*value == 0)
			fail(l, l->line, EINVAL, "%s is empty", name);
		else
			keys[i].set(l, value);
		l->seen |= 1U << i;
		return 1;
	}
	/* not its name, which may be that of a zone: "zone NAME:53" */
	fail(l, l->line, EINVAL,
	    "there is no such key; there are pass, drop, zone, resolver, "
	    "canary, alarm");
	return 1;
}

/* fgets for inih: counts the lines and never lets one be cut silently. */
static char *
read_line(char *buf, int size, void *user)
{
	struct loading *l = user;
	size_t len;

	if (l->error != 0 || fgets(buf, size, l->file) == NULL)
		return NULL;
	l->line++;
	len = strlen(buf);
	if (len + 1 >= (size_t)size && buf[len - 1] != '\n') {
		fail(l, l->line, EINVAL, "line longer than %d bytes", size - 2);
		return NULL;
	}
	return buf;
}

static void
load(struct loading *l)
{
	int bad_line;

	l->file = fopen(l->path, "re");
	if (l->file == NULL) {
		l->error = errno;
		snprintf(l->message, SETTINGS_ERROR_SIZE, "%s: %s", l->path,
		    strerror(errno));
		return;
	}
	/* a text may hold '#' and ';' */
	ini_allow_inline_comments = false;
	ini_allow_multiline = false;
	ini_use_stack = false;
	ini_max_line = LINE_BYTES;
	ini_initial_alloc = LINE_BYTES;
	bad_line = ini_parse_stream(read_line, l, on_key, l);
	if (l->error == 0 && ferror(l->file)) {
		l->error = EIO;
		snprintf(
		    l->message, SETTINGS_ERROR_SIZE, "%s: read error", l->path);
	} else if (bad_line == -2) {
		fail(l, l->line, ENOMEM, "%s", strerror(ENOMEM));
	} else if (bad_line > 0) {
		fail(l, bad_line, EINVAL, "this is not key = value");
	}
	fclose(l->file);
}

int
settings_load(
    const char *path, struct settings *s, char error[SETTINGS_ERROR_SIZE])
{
	static const struct settings defaults = {
	    .canary_s = CANARY_S,
	    .alarm = true,
	};
	struct loading l = {.settings = s, .path = path, .message = error};

	*s = defaults;
	load(&l);
	if (l.error == 0)
		return 0;
	*s = defaults;
	errno = l.error;
	return -1;
}
