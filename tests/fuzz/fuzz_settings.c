/* SPDX-License-Identifier: ISC */
/*
 * The feed's configuration: loads, or says FILE:LINE and what is wrong, without
 * a key. What loads keeps to its limits, and written down again loads as the
 * same. Masking a text leaves no key in it.
 *
 * Input: the file; behind its first NUL a text.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "feed/settings.h"
#include "state/bans.h"

#define FILE_MAX 8192
#define TEXT_MAX 1024

/* A file that is none on a disk. */
static const char *
file_of(const void *text, size_t len)
{
	static int fd = -1;
	static char path[64];

	if (fd < 0) {
		fd = memfd_create("feed.conf", 0);
		HOLDS(fd >= 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	HOLDS(ftruncate(fd, 0) == 0);
	HOLDS(pwrite(fd, text, len, 0) == (ssize_t)len);
	return path;
}

/* "FILE:LINE: what" with a line of the file. */
static void
check_error(
    const char *path, const char *error, const uint8_t *text, size_t len)
{
	char masked[SETTINGS_ERROR_SIZE];
	unsigned long lines = 1;
	unsigned long line;
	char *end;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	HOLDS(strncmp(error, path, strlen(path)) == 0);
	HOLDS(error[strlen(path)] == ':');
	line = strtoul(error + strlen(path) + 1, &end, 10);
	HOLDS(line >= 1 && line <= lines && strncmp(end, ": ", 2) == 0);
	HOLDS(strchr(error, '\n') == NULL);
	snprintf(masked, sizeof masked, "%s", error);
	secret_mask(NULL, masked);
	HOLDS(strcmp(masked, error) == 0);
}

static void
check_zone(const struct settings *s, size_t n)
{
	const struct settings_zone *zone = &s->zones[n];
	size_t len = strlen(zone->name);

	HOLDS(len >= 3 && len < sizeof zone->name);
	HOLDS(strspn(zone->name,
		  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		  "abcdefghijklmnopqrstuvwxyz0123456789-_.") == len);
	HOLDS(strchr(zone->name, '.') != NULL);
	HOLDS(zone->name[len - 1] != '.');
	for (const char *p = zone->name; *p != 0; p += *p == '.') {
		size_t label = strcspn(p, ".");

		HOLDS(label >= 1 && label <= 63);
		p += label;
	}
	len = strlen(zone->text);
	HOLDS(len < sizeof zone->text);
	for (size_t i = 0; i < len; i++)
		HOLDS(zone->text[i] >= 32 && zone->text[i] <= 126);
	HOLDS(len == 0 || (zone->text[0] != ' ' && zone->text[len - 1] != ' '));
	for (size_t i = 0; i < n; i++)
		HOLDS(strcasecmp(zone->name, s->zones[i].name) != 0);
}

static void
check(const struct settings *s)
{
	HOLDS(s->pass_s <= 86400 && s->doubt_s <= 86400);
	HOLDS(s->pass_most_s >= s->pass_s && s->pass_most_s <= 7 * 86400);
	HOLDS((s->pass_s == 0) == (s->pass_most_s == 0));
	HOLDS(s->hosts_max >= 1 && s->hosts_max <= BANS_MAX);
	HOLDS(s->drop_after == 0 ||
	      (s->drop_after >= 2 && s->drop_after <= 65535));
	HOLDS(s->canary_s >= 1 && s->canary_s <= 86400);
	HOLDS(!s->has_resolver || s->resolver_port > 0);
	HOLDS(s->n_zones <= SETTINGS_ZONES_MAX);
	HOLDS(s->secrets.n <= s->n_zones);
	for (size_t i = 0; i < s->n_zones; i++)
		check_zone(s, i);
}

/* The settings as a file. Returns its length. */
static size_t
write_down(char out[FILE_MAX], const struct settings *s)
{
	char address[ADDR_STRLEN];
	size_t n = 0;

#define ADD(...) n += (size_t)snprintf(out + n, FILE_MAX - n, __VA_ARGS__)
	if (s->pass_s > 0)
		ADD("pass = %us to %us\n", s->pass_s, s->pass_most_s);
	if (s->doubt_s > 0)
		ADD("doubt = %us\n", s->doubt_s);
	ADD("hosts-max = %u\n", s->hosts_max);
	if (s->drop_after > 0)
		ADD("drop = after %u\n", s->drop_after);
	for (size_t i = 0; i < s->n_zones; i++)
		ADD("zone = %s.%s%s\n", s->zones[i].name,
		    s->zones[i].text[0] == 0 ? "" : " text ", s->zones[i].text);
	if (s->has_resolver)
		ADD("resolver = [%s]:%u\n", addr_format(&s->resolver, address),
		    (unsigned)s->resolver_port);
	ADD("canary = %u\nalarm = %s\n", s->canary_s, s->alarm ? "yes" : "no");
#undef ADD
	return n;
}

static void
check_same(const struct settings *a, const struct settings *b)
{
	HOLDS(a->hosts_max == b->hosts_max);
	HOLDS(a->pass_s == b->pass_s && a->pass_most_s == b->pass_most_s &&
	      a->doubt_s == b->doubt_s && a->drop_after == b->drop_after &&
	      a->canary_s == b->canary_s && a->alarm == b->alarm &&
	      a->has_resolver == b->has_resolver &&
	      a->resolver_port == b->resolver_port &&
	      a->n_zones == b->n_zones && a->secrets.n == b->secrets.n);
	HOLDS(memcmp(a->resolver.b, b->resolver.b, sizeof a->resolver.b) == 0);
	for (size_t i = 0; i < a->n_zones; i++)
		HOLDS(strcmp(a->zones[i].name, b->zones[i].name) == 0 &&
		      strcmp(a->zones[i].text, b->zones[i].text) == 0);
}

static void
check_mask(const struct secrets *known, const char *text)
{
	char once[TEXT_MAX];
	char twice[TEXT_MAX];

	snprintf(once, sizeof once, "%s", text);
	secret_mask(NULL, once);
	HOLDS(strlen(once) <= strlen(text));
	snprintf(twice, sizeof twice, "%s", once);
	secret_mask(NULL, twice);
	HOLDS(strcmp(once, twice) == 0);

	snprintf(once, sizeof once, "%s", text);
	secret_mask(known, once);
	HOLDS(strlen(once) <= strlen(text));
	/* one that is taken out may leave the halves of another */
	if (known->n == 1)
		HOLDS(strcasestr(once, known->label[0]) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, 0, size);
	size_t len = end == NULL ? size : (size_t)(end - data);
	char error[SETTINGS_ERROR_SIZE] = "";
	char text[TEXT_MAX] = "";
	char again[FILE_MAX];
	struct settings s;
	struct settings other;
	const char *path = file_of(data, len);

	if (end != NULL)
		snprintf(text, sizeof text, "%.*s", (int)(size - len - 1),
		    (const char *)end + 1);
	if (settings_load(path, &s, error) != 0) {
		HOLDS(errno == EINVAL);
		check_error(path, error, data, len);
		HOLDS(s.n_zones == 0 && s.secrets.n == 0);
		check_mask(&s.secrets, text);
		return 0;
	}
	HOLDS(error[0] == 0);
	check(&s);
	path = file_of(again, write_down(again, &s));
	HOLDS(settings_load(path, &other, error) == 0);
	check_same(&s, &other);
	for (size_t i = 0; i < s.n_zones; i++)
		check_mask(&s.secrets, s.zones[i].name);
	check_mask(&s.secrets, text);
	return 0;
}
