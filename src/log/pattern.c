/* SPDX-License-Identifier: ISC */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "log/pattern.h"

#include <ctype.h>
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

/* backtracking steps for one match: a shipped rule needs a few hundred */
#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 1000
#define JIT_STACK_MIN 32768
#define JIT_STACK_MAX 524288

#define START_MAX 64

struct pattern_room {
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;
};

struct pattern {
	const struct pattern_room *room;
	pcre2_code *code;
	pcre2_match_data *data;
	char start[START_MAX + 1]; /* what each match begins with, literally */
	struct pattern_first first;
};

struct pattern_room *
pattern_room_new(void)
{
	struct pattern_room *room = calloc(1, sizeof *room);

	if (room == NULL)
		return NULL;
	room->limits = pcre2_match_context_create(NULL);
	room->stack =
	    pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
	if (room->limits == NULL || room->stack == NULL) {
		pattern_room_free(room);
		return NULL;
	}
	pcre2_set_match_limit(room->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(room->limits, DEPTH_LIMIT);
	pcre2_jit_stack_assign(room->limits, NULL, room->stack);
	return room;
}

void
pattern_room_free(struct pattern_room *room)
{
	if (room == NULL)
		return;
	pcre2_match_context_free(room->limits);
	pcre2_jit_stack_free(room->stack);
	free(room);
}

/*
 * Whether a pattern has alternatives at its top level, where each of them
 * begins in its own way. Says yes when in doubt.
 */
static bool
has_alternatives(const char *pattern)
{
	int depth = 0;
	bool in_class = false;

	for (const char *p = pattern; *p != 0; p++) {
		if (*p == '\\') {
			if (p[1] == 'Q' || p[1] == 0)
				return true;
			p++;
		} else if (in_class) {
			if (*p == '[')
				return true; /* [:alpha:], [.x.], [=x=] */
			in_class = *p != ']';
		} else if (*p == '[') {
			in_class = true;
			p += p[1] == '^';
			p += p[1] == ']'; /* there it is a member */
		} else if (*p == '(') {
			depth++;
		} else if (*p == ')') {
			depth--;
		} else if (*p == '|' && depth == 0) {
			return true;
		}
	}
	return false;
}

/*
 * The literal bytes behind the ^ of a pattern. Most lines of a log are no
 * business of most rules, and a comparison is cheaper than a call of PCRE2.
 */
static void
set_start(struct pattern *p, const char *rest)
{
	size_t n = strcspn(rest, "\\^$.[|()?*+{");

	/* a quantifier may make the byte before it optional */
	if (n > 0 && rest[n] != 0 && strchr("?*{", rest[n]) != NULL)
		n--;
	snprintf(p->start, sizeof p->start, "%.*s", (int)n, rest);
}

static void
set_bit(struct pattern_first *first, int byte)
{
	first->bits[byte / 8] |= (uint8_t)(1U << byte % 8);
}

/*
 * The same without a literal start: PCRE2 knows what a match may begin with,
 * if the pattern is not anchored, so it is asked about the rest behind the ^.
 */
static void
set_first(struct pattern *p, const char *rest)
{
	const uint8_t *bits = NULL;
	uint32_t type = 0;
	uint32_t byte = 0;
	PCRE2_SIZE offset;
	int error;
	pcre2_code *code = pcre2_compile(
	    (PCRE2_SPTR)rest, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);

	if (code == NULL)
		return;
	pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODETYPE, &type);
	pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODEUNIT, &byte);
	pcre2_pattern_info(code, PCRE2_INFO_FIRSTBITMAP, &bits);
	if (type == 1) {
		p->first = (struct pattern_first){{0}};
		set_bit(&p->first, tolower((int)byte)); /* (?i), perhaps */
		set_bit(&p->first, toupper((int)byte));
		set_bit(&p->first, (int)byte);
	} else if (bits != NULL) {
		memcpy(p->first.bits, bits, sizeof p->first.bits);
	}
	pcre2_code_free(code);
}

struct pattern *
pattern_new(
    struct pattern_room *room, const char *text, char error[PATTERN_ERROR_SIZE])
{
	/* .* at the start must not count as an anchor: it is none */
	const uint32_t options = PCRE2_NO_DOTSTAR_ANCHOR | PCRE2_DOLLAR_ENDONLY;
	PCRE2_UCHAR what[128];
	PCRE2_SIZE offset;
	int code;
	struct pattern *p;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)text,
	    PCRE2_ZERO_TERMINATED, options, &code, &offset, NULL);

	if (compiled == NULL) {
		pcre2_get_error_message(code, what, sizeof what);
		snprintf(error, PATTERN_ERROR_SIZE,
		    "%s at character %zu of the pattern", (const char *)what,
		    (size_t)offset + 1);
		errno = EINVAL;
		return NULL;
	}
	/* without a JIT (other CPU, forbidden by SELinux) it is only slower */
	(void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
	p = calloc(1, sizeof *p);
	if (p != NULL)
		p->data = pcre2_match_data_create_from_pattern(compiled, NULL);
	if (p == NULL || p->data == NULL) {
		free(p);
		pcre2_code_free(compiled);
		errno = ENOMEM;
		snprintf(error, PATTERN_ERROR_SIZE, "%s", strerror(errno));
		return NULL;
	}
	p->room = room;
	p->code = compiled;
	memset(&p->first, 0xff, sizeof p->first);
	if (*text == '^' && !has_alternatives(text)) {
		set_start(p, text + 1);
		set_first(p, text + 1);
	}
	return p;
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	pcre2_code_free(p->code);
	pcre2_match_data_free(p->data);
	free(p);
}

bool
pattern_is_anchored(const struct pattern *p)
{
	uint32_t options = 0;

	pcre2_pattern_info(p->code, PCRE2_INFO_ALLOPTIONS, &options);
	return (options & PCRE2_ANCHORED) != 0;
}

uint32_t
pattern_group(const struct pattern *p, const char *name)
{
	int n = pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)name);

	return n > 0 ? (uint32_t)n : 0;
}

static int
matches_from(struct pattern *p, struct slice message, size_t from)
{
	int rc = pcre2_match(p->code, (PCRE2_SPTR)message.p, message.len, from,
	    0, p->data, p->room->limits);

	if (rc >= 0)
		return 1;
	return rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

int
pattern_matches(struct pattern *p, struct slice message)
{
	if (!pattern_first_has(&p->first, message) ||
	    !slice_begins(&message, p->start))
		return 0;
	return matches_from(p, message, 0);
}

bool
pattern_may_begin(struct pattern *p, struct slice begin)
{
	return pcre2_match(p->code, (PCRE2_SPTR)begin.p, begin.len, 0,
		   PCRE2_PARTIAL_HARD, p->data,
		   p->room->limits) != PCRE2_ERROR_NOMATCH;
}

int
pattern_count(struct pattern *p, struct slice message)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(p->data);
	size_t from = 0;
	int n = 0;

	while (n < 2 && from <= message.len) {
		int rc = matches_from(p, message, from);

		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
		n++;
		from = ends[1] > from ? ends[1] : from + 1;
	}
	return n;
}

struct slice
pattern_group_text(
    const struct pattern *p, uint32_t number, struct slice message)
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(p->data);
	PCRE2_SIZE start = number == 0 ? PCRE2_UNSET : v[2 * (size_t)number];

	if (start == PCRE2_UNSET)
		return (struct slice){NULL, 0};
	return (struct slice){
	    message.p + start, v[2 * (size_t)number + 1] - start};
}

void
pattern_add_first(const struct pattern *p, struct pattern_first *first)
{
	for (size_t i = 0; i < sizeof first->bits; i++)
		first->bits[i] |= p->first.bits[i];
}
