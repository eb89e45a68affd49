/* SPDX-License-Identifier: ISC */
/*
 * settings: what feed.conf asks of the feed (rblcache-feed.conf(5)).
 *
 *	# comments stand on lines of their own
 *	pass = 15m to 7d
 *	zone = zen.spamhaus.org text spamhaus.org
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/inifile.h"
#include "base/secret.h"

#define SETTINGS_ERROR_SIZE INIFILE_ERROR_SIZE
#define SETTINGS_ZONES_MAX 16
/* a name has 253 bytes (RFC 1035, 2.3.4); "2.0.0.127." stands in front */
#define SETTINGS_ZONE_SIZE (253 - 10 + 1)
#define SETTINGS_TEXT_SIZE 64

struct settings_zone {
	char name[SETTINGS_ZONE_SIZE]; /* as it was written, no dot behind it */
	/* printable ASCII that every refusal of the list has; "": not known */
	char text[SETTINGS_TEXT_SIZE];
};

struct settings {
	/* a pass lasts so long at least, up to a day, and at most, up to a week;
	   0: passes are not remembered */
	uint32_t pass_s, pass_most_s;
	uint32_t doubt_s;    /* doubts.h; up to a day; 0: nobody is in doubt */
	unsigned drop_after; /* refusals within a ban, 2 to 65535; 0: never */
	uint32_t canary_s;   /* between two checks of a zone, up to a day */
	bool alarm;	     /* whether bans stop when refusals are unusual */
	uint32_t hosts_max;  /* bans, up to BANS_MAX */
	uint32_t line_max;   /* bytes at which the logger cuts a message */
	bool has_resolver;   /* else the system's are asked */
	struct addr resolver;
	uint16_t resolver_port; /* host order */
	size_t n_zones;
	struct settings_zone zones[SETTINGS_ZONES_MAX];
	struct secrets secrets; /* of the names of the zones */
};

/*
 * Reads a file. Returns 0, or -1 with a message "FILE:LINE: what is wrong" in
 * error, which has no key of a zone in it, and errno EINVAL for bad input, else
 * the system's: ENOENT when there is no such file. After -1 *s has the
 * defaults.
 */
int settings_load(const char *path, struct settings *s,
    char error[SETTINGS_ERROR_SIZE]) __attribute__((warn_unused_result));

#endif
