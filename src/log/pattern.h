/* SPDX-License-Identifier: ISC */
/*
 * pattern: a PCRE2 pattern, matched byte by byte under the JIT, with a limit on
 * the work that one match may cause.
 *
 *	struct pattern_room *room = pattern_room_new();
 *	struct pattern *p = pattern_new(room, "^a (?<ip>\\S+)", error);
 *	if (pattern_matches(p, message) > 0)
 *		ip = pattern_group_text(p, pattern_group(p, "ip"), message);
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define PATTERN_ERROR_SIZE 192

struct pattern;
struct pattern_room;

/* What patterns match in, one at a time; NULL: ENOMEM. It outlives them. */
struct pattern_room *pattern_room_new(void) __attribute__((warn_unused_result));
void pattern_room_free(struct pattern_room *room);

/* NULL with what is wrong in error, and errno EINVAL or ENOMEM. */
struct pattern *pattern_new(struct pattern_room *room, const char *text,
    char error[PATTERN_ERROR_SIZE]) __attribute__((warn_unused_result));
void pattern_free(struct pattern *p);

/* Whether it can match at the start alone. */
bool pattern_is_anchored(const struct pattern *p);

/* The number of a named group; 0: there is none. */
uint32_t pattern_group(const struct pattern *p, const char *name);

/* Whether it matches: 1, 0, or -1 when a limit was reached. */
int pattern_matches(struct pattern *p, struct slice message);

/* Whether a message that begins so may match, whatever comes behind that. */
bool pattern_may_begin(struct pattern *p, struct slice begin);

/* How often it matches, counted up to 2; -1: a limit was reached. */
int pattern_count(struct pattern *p, struct slice message);

/*
 * What stood in a group when the message matched last; p is NULL when it had no
 * part in that, or number is 0.
 */
struct slice pattern_group_text(
    const struct pattern *p, uint32_t number, struct slice message);

/* A bit for each byte that a message may begin with to match. */
struct pattern_first {
	uint8_t bits[32];
};

/* Adds those of p. */
void pattern_add_first(const struct pattern *p, struct pattern_first *first);

/* Whether the message may match, by its first byte. */
static inline bool
pattern_first_has(const struct pattern_first *first, struct slice message)
{
	uint8_t byte = message.len > 0 ? (uint8_t)*message.p : 0;

	return message.len == 0 ||
	       (first->bits[byte / 8] & 1U << byte % 8) != 0;
}

#endif
