/* SPDX-License-Identifier: ISC */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "log/rules.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pcre2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/inifile.h"
#include "base/timespan.h"

#define GONE_KEY "net" /* banned whole networks before 0.7 */

/* backtracking steps for one match: a shipped rule needs a few hundred */
#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 1000
#define JIT_STACK_MIN 32768
#define JIT_STACK_MAX 524288
#define DEFAULT_REPLY                                                          \
	"451 your address was refused here a short while ago; try again later"

/* A bit for each byte that a message may begin with to match. */
#define FIRST_BYTES 32

struct compiled {
	struct rules_rule rule;
	pcre2_code *match, *except, *once;
	uint32_t ip_group, reply_group, pid_group; /* 0: there is none */
	char *start;	  /* what every match begins with, literally */
	size_t start_len; /* 0: unknown */
	uint8_t first[FIRST_BYTES];
};

struct rules {
	struct compiled *list;
	size_t n;
	uint8_t first[FIRST_BYTES]; /* of any rule */
	pcre2_match_data *data;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;
	char warning[RULES_ERROR_SIZE]; /* of the first such line */
	size_t warned;			/* lines in all */
};

/* One file while it is read. */
struct loading {
	struct inifile file;
	struct rules *rules;
	int section_line; /* where the current rule began */
	struct compiled *current;
};

static pcre2_code *
compile(struct loading *l, const char *key, const char *pattern)
{
	/* .* at the start must not count as an anchor: it is none */
	const uint32_t options = PCRE2_NO_DOTSTAR_ANCHOR | PCRE2_DOLLAR_ENDONLY;
	PCRE2_SIZE offset;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern,
	    PCRE2_ZERO_TERMINATED, options, &error, &offset, NULL);

	if (code == NULL) {
		PCRE2_UCHAR text[128];

		pcre2_get_error_message(error, text, sizeof text);
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "%s: %s at character %zu of the pattern", key,
		    (const char *)text, (size_t)offset + 1);
		return NULL;
	}
	/* without a JIT (other CPU, forbidden by SELinux) it is only slower */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	return code;
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
set_start(struct loading *l, const char *pattern)
{
	size_t n;

	if (*pattern != '^' || has_alternatives(pattern))
		return;
	pattern++;
	n = strcspn(pattern, "\\^$.[|()?*+{");
	/* a quantifier may make the byte before it optional */
	if (n > 0 && pattern[n] != 0 && strchr("?*{", pattern[n]) != NULL)
		n--;
	l->current->start = strndup(pattern, n);
	if (l->current->start == NULL)
		inifile_fail(
		    &l->file, l->file.line, ENOMEM, "%s", strerror(ENOMEM));
	else
		l->current->start_len = n;
}

static void
set_bit(uint8_t bits[FIRST_BYTES], int byte)
{
	bits[byte / 8] |= (uint8_t)(1U << byte % 8);
}

static bool
has_bit(const uint8_t bits[FIRST_BYTES], char byte)
{
	unsigned char b = (unsigned char)byte;

	return (bits[b / 8] & 1U << b % 8) != 0;
}

/*
 * The same without a literal start: PCRE2 knows what a match may begin with,
 * if the pattern is not anchored, so it is asked about the rest behind the ^.
 */
static void
set_first(struct loading *l, const char *pattern)
{
	struct compiled *c = l->current;
	const uint8_t *bits = NULL;
	uint32_t type = 0;
	uint32_t byte = 0;
	PCRE2_SIZE offset;
	pcre2_code *rest;
	int error;

	memset(c->first, 0xff, sizeof c->first);
	if (*pattern != '^' || has_alternatives(pattern))
		return;
	rest = pcre2_compile((PCRE2_SPTR)pattern + 1, PCRE2_ZERO_TERMINATED, 0,
	    &error, &offset, NULL);
	if (rest == NULL)
		return;
	pcre2_pattern_info(rest, PCRE2_INFO_FIRSTCODETYPE, &type);
	pcre2_pattern_info(rest, PCRE2_INFO_FIRSTCODEUNIT, &byte);
	pcre2_pattern_info(rest, PCRE2_INFO_FIRSTBITMAP, &bits);
	if (type == 1) {
		memset(c->first, 0, sizeof c->first);
		set_bit(c->first, tolower((int)byte)); /* (?i), perhaps */
		set_bit(c->first, toupper((int)byte));
		set_bit(c->first, (int)byte);
	} else if (bits != NULL) {
		memcpy(c->first, bits, sizeof c->first);
	}
	pcre2_code_free(rest);
}

static uint32_t
group(const pcre2_code *code, const char *name)
{
	int n = pcre2_substring_number_from_name(code, (PCRE2_SPTR)name);

	return n > 0 ? (uint32_t)n : 0;
}

static void
set_match(void *user, const char *pattern)
{
	struct loading *l = user;
	struct compiled *c = l->current;
	uint32_t options = 0;

	c->match = compile(l, "match", pattern);
	if (c->match == NULL)
		return;
	pcre2_pattern_info(c->match, PCRE2_INFO_ALLOPTIONS, &options);
	if ((options & PCRE2_ANCHORED) == 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "match: the pattern is not anchored; begin it (every "
		    "alternative) with ^");
	set_start(l, pattern);
	set_first(l, pattern);
	c->ip_group = group(c->match, "ip");
	c->reply_group = group(c->match, "reply");
	c->pid_group = group(c->match, "pid");
	if (c->ip_group == 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "match: the pattern has no group (?<ip>...)");
}

static void
set_reply(void *user, const char *value)
{
	struct loading *l = user;
	unsigned code = reply_code(value, strlen(value));

	if (code == 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "reply: '%s' does not begin with a code from 400 to 599 "
		    "and a blank",
		    value);
	reply_make(l->current->rule.reply, code, value, strlen(value));
}

static void
set_ban(void *user, const char *value)
{
	struct loading *l = user;

	if (timespan_parse(value, &l->current->rule.ban_s) != 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "ban: '%s' is no time from 1 s to %u s (a number and one "
		    "of s m h d w)",
		    value, TIMESPAN_MAX_S);
}

/* Reads "LEAD NUMBER WORD TIME" without the blanks that are not in them. */
static bool
read_number_and_time(const char *value, const char *lead, unsigned *number,
    const char *word, uint32_t *seconds)
{
	char *end;

	if (strncmp(value, lead, strlen(lead)) != 0)
		return false;
	value += strlen(lead);
	if (!isdigit((unsigned char)*value) || strspn(value, "0123456789") > 2)
		return false;
	*number = (unsigned)strtoul(value, &end, 10);
	return strncmp(end, word, strlen(word)) == 0 &&
	       timespan_parse(end + strlen(word), seconds) == 0;
}

static void
set_count(void *user, const char *value)
{
	struct loading *l = user;
	struct rules_rule *rule = &l->current->rule;

	if (!read_number_and_time(
		value, "", &rule->count, " in ", &rule->count_s) ||
	    rule->count < 2 || rule->count > RULES_COUNT_MAX)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "count: '%s' is not 'N in TIME', N from 2 to %d", value,
		    RULES_COUNT_MAX);
}

static void
set_again(void *user, const char *value)
{
	struct loading *l = user;
	struct rules_rule *rule = &l->current->rule;

	if (!read_number_and_time(
		value, "x", &rule->again, " up to ", &rule->again_max_s) ||
	    rule->again < 2)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "again: '%s' is not 'xN up to TIME', N from 2 to 99",
		    value);
}

static void
set_seen(void *user, const char *value)
{
	struct loading *l = user;
	static const char *const words[] = {
	    [RULES_SEEN_AUTO] = "auto",
	    [RULES_SEEN_YES] = "yes",
	    [RULES_SEEN_NO] = "no",
	};

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(value, words[i]) == 0) {
			l->current->rule.seen = (enum rules_seen)i;
			return;
		}
	inifile_fail(&l->file, l->file.line, EINVAL,
	    "seen: '%s' is none of yes, no, auto", value);
}

static void
set_list(void *user, const char *value)
{
	struct loading *l = user;

	l->current->rule.list = strcmp(value, "yes") == 0;
	if (!l->current->rule.list && strcmp(value, "no") != 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "list: '%s' is neither yes nor no", value);
}

static void
set_except(void *user, const char *value)
{
	struct loading *l = user;

	l->current->except = compile(l, "except", value);
}

static void
set_once(void *user, const char *value)
{
	struct loading *l = user;

	l->current->once = compile(l, "once", value);
}

static const struct inifile_known keys[] = {
    {"again", set_again, false},
    {"ban", set_ban, false},
    {"count", set_count, false},
    {"except", set_except, false},
    {"list", set_list, false},
    {"match", set_match, false},
    {"once", set_once, false},
    {"reply", set_reply, false},
    {"seen", set_seen, false},
};

static bool
name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= BAN_RULE_SIZE)
		return false;
	for (; *name != 0; name++)
		if (!isalnum((unsigned char)*name) &&
		    strchr("._-", *name) == NULL)
			return false;
	return true;
}

/* Checks that the current rule is complete. */
static void
end_rule(struct loading *l)
{
	const struct compiled *c = l->current;

	l->current = NULL;
	l->file.seen = 0;
	if (c == NULL || l->file.error != 0)
		return;
	if (c->match == NULL)
		inifile_fail(&l->file, l->section_line, EINVAL,
		    "[%s] has no match", c->rule.name);
	else if (c->rule.ban_s == 0)
		inifile_fail(&l->file, l->section_line, EINVAL,
		    "[%s] has no ban", c->rule.name);
	else if (c->rule.again > 1 && c->rule.again_max_s < c->rule.ban_s)
		inifile_fail(&l->file, l->section_line, EINVAL,
		    "[%s]: the longest time of again is shorter than ban",
		    c->rule.name);
}

static void
begin_rule(struct loading *l, const char *name)
{
	struct rules *r = l->rules;
	struct compiled *list;

	if (!name_ok(name)) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "'[%s]' is no name of a rule: 1 to %d letters, digits "
		    "and ._-",
		    name, BAN_RULE_SIZE - 1);
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->list[i].rule.name, name) == 0) {
			inifile_fail(&l->file, l->file.line, EINVAL,
			    "there is a rule [%s] already", name);
			return;
		}
	list = reallocarray(r->list, r->n + 1, sizeof *list);
	if (list == NULL) {
		inifile_fail(
		    &l->file, l->file.line, errno, "%s", strerror(errno));
		return;
	}
	r->list = list;
	l->current = &list[r->n++];
	l->section_line = l->file.line;
	*l->current = (struct compiled){
	    .rule.count = 1, .rule.again = 1, .rule.list = true};
	snprintf(l->current->rule.name, BAN_RULE_SIZE, "%s", name);
	snprintf(l->current->rule.reply, REPLY_SIZE, "%s", DEFAULT_REPLY);
}

/* The line is as if it were not there. */
static void
warn_gone(struct loading *l)
{
	struct rules *r = l->rules;

	if (r->warned++ == 0)
		snprintf(r->warning, sizeof r->warning,
		    "%s:%d: " GONE_KEY
		    ": networks are no longer banned as a whole; this line "
		    "does nothing, delete it",
		    l->file.path, l->file.line);
}

static void
on_key(void *user, const char *section, const char *name, const char *value)
{
	struct loading *l = user;

	if (*section == 0) {
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "'%s' before the first [rule]", name);
		return;
	}
	if (l->current == NULL || strcmp(l->current->rule.name, section) != 0) {
		end_rule(l);
		begin_rule(l, section);
		if (l->file.error != 0)
			return;
	}
	if (strcmp(name, GONE_KEY) == 0)
		warn_gone(l);
	else
		inifile_set(
		    &l->file, keys, sizeof keys / sizeof *keys, name, value, l);
}

static void
load_file(struct loading *l)
{
	l->current = NULL;
	inifile_read(
	    &l->file, "this is neither [rule] nor key = value", on_key, l);
	end_rule(l);
}

static int
is_rule_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 6 &&
	       strcmp(entry->d_name + len - 6, ".rules") == 0;
}

static void
load_directory(struct loading *l, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_rule_file, alphasort);

	if (n <= 0) {
		l->file.error = n < 0 ? errno : EINVAL;
		snprintf(l->file.message, RULES_ERROR_SIZE, "%s: %s", dir,
		    n < 0 ? strerror(errno) : "no *.rules there");
		if (n == 0)
			free(names);
		return;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		if (l->file.error == 0) {
			snprintf(
			    path, sizeof path, "%s/%s", dir, names[i]->d_name);
			l->file.path = path;
			load_file(l);
		}
		free(names[i]);
	}
	free(names);
	l->file.path = dir;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Says how many lines there are like the one that was named. */
static void
count_warned(struct rules *r)
{
	size_t len = strlen(r->warning);

	if (r->warned > 1)
		snprintf(r->warning + len, sizeof r->warning - len,
		    " (and %zu more)", r->warned - 1);
}

/* What matching needs besides the patterns. */
static bool
make_workspace(struct rules *r)
{
	uint32_t pairs = 1;

	for (size_t i = 0; i < r->n; i++) {
		uint32_t groups = 0;

		pcre2_pattern_info(
		    r->list[i].match, PCRE2_INFO_CAPTURECOUNT, &groups);
		if (groups + 1 > pairs)
			pairs = groups + 1;
	}
	r->data = pcre2_match_data_create(pairs, NULL);
	r->limits = pcre2_match_context_create(NULL);
	r->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
	if (r->data == NULL || r->limits == NULL || r->stack == NULL)
		return false;
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
	pcre2_jit_stack_assign(r->limits, NULL, r->stack);
	return true;
}

struct rules *
rules_load(const char *const *paths, size_t n, char error[RULES_ERROR_SIZE])
{
	struct rules *r = calloc(1, sizeof *r);
	struct loading l = {.file.message = error, .rules = r};

	if (r == NULL) {
		snprintf(error, RULES_ERROR_SIZE, "%s", strerror(errno));
		return NULL;
	}
	for (size_t i = 0; i < n && l.file.error == 0; i++) {
		l.file.path = paths[i];
		if (is_directory(paths[i]))
			load_directory(&l, paths[i]);
		else
			load_file(&l);
	}
	if (l.file.error == 0 && r->n == 0) {
		l.file.error = EINVAL;
		snprintf(error, RULES_ERROR_SIZE, "%s: no rule there",
		    n > 0 ? paths[n - 1] : "");
	}
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < FIRST_BYTES; k++)
			r->first[k] |= r->list[i].first[k];
	count_warned(r);
	if (l.file.error == 0 && !make_workspace(r)) {
		l.file.error = ENOMEM;
		snprintf(error, RULES_ERROR_SIZE, "%s", strerror(ENOMEM));
	}
	if (l.file.error != 0) {
		rules_free(r);
		errno = l.file.error;
		return NULL;
	}
	return r;
}

void
rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++) {
		pcre2_code_free(r->list[i].match);
		pcre2_code_free(r->list[i].except);
		pcre2_code_free(r->list[i].once);
		free(r->list[i].start);
	}
	pcre2_match_data_free(r->data);
	pcre2_match_context_free(r->limits);
	pcre2_jit_stack_free(r->stack);
	free(r->list);
	free(r);
}

const char *
rules_warning(const struct rules *r)
{
	return r->warned > 0 ? r->warning : NULL;
}

const char *
rules_wanted(const char *const *paths, size_t n, char buf[RULES_WANTED_SIZE])
{
	snprintf(buf, RULES_WANTED_SIZE,
	    "lines that a rule in %.300s%s matches (\"rblsmtpd: IP pid N: "
	    "451 TEXT\")",
	    paths[0], n > 1 ? " or another" : "");
	return buf;
}

const struct rules_rule *
rules_find(const struct rules *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->list[i].rule.name, name) == 0)
			return &r->list[i].rule;
	return NULL;
}

/* Whether the pattern matches from an offset on: 1, 0, or -1 for a limit. */
static int
matches(
    struct rules *r, const pcre2_code *code, struct slice message, size_t from)
{
	int rc = pcre2_match(code, (PCRE2_SPTR)message.p, message.len, from, 0,
	    r->data, r->limits);

	if (rc >= 0)
		return 1;
	return rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

/* How often the pattern matches, counted up to 2; -1 for a limit. */
static int
count_matches(struct rules *r, const pcre2_code *code, struct slice message)
{
	size_t from = 0;
	int n = 0;

	while (n < 2 && from <= message.len) {
		const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(r->data);
		int rc = matches(r, code, message, from);

		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
		n++;
		from = ends[1] > from ? ends[1] : from + 1;
	}
	return n;
}

/* What stood in a group: p NULL when it had no part in the match. */
static struct slice
group_text(struct rules *r, uint32_t number, struct slice message)
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(r->data);
	PCRE2_SIZE start = number == 0 ? PCRE2_UNSET : v[2 * (size_t)number];

	if (start == PCRE2_UNSET)
		return (struct slice){NULL, 0};
	return (struct slice){
	    message.p + start, v[2 * (size_t)number + 1] - start};
}

static void
take_groups(struct rules *r, const struct compiled *c, struct slice message,
    struct rules_match *m)
{
	struct slice reply = group_text(r, c->reply_group, message);

	if (reply.p != NULL)
		reply_make(m->reply, REPLY_DEFER, reply.p, reply.len);
	else
		memcpy(m->reply, c->rule.reply, sizeof m->reply);
	m->ip = group_text(r, c->ip_group, message);
	m->pid = group_text(r, c->pid_group, message);
}

static enum rules_outcome
apply_one(struct rules *r, struct compiled *c, struct slice message,
    struct rules_match *m)
{
	int rc;

	if (message.len > 0 && !has_bit(c->first, *message.p))
		return RULES_NONE;
	if (message.len < c->start_len ||
	    (c->start_len > 0 &&
		memcmp(message.p, c->start, c->start_len) != 0))
		return RULES_NONE;
	rc = matches(r, c->match, message, 0);
	if (rc == 0)
		return RULES_NONE;
	m->rule = &c->rule;
	if (rc < 0)
		return RULES_GAVE_UP;
	take_groups(r, c, message, m);
	if (c->except != NULL) {
		rc = matches(r, c->except, message, 0);
		if (rc != 0)
			return rc > 0 ? RULES_EXCEPT : RULES_GAVE_UP;
	}
	if (c->once != NULL) {
		rc = count_matches(r, c->once, message);
		if (rc != 1)
			return rc < 0 ? RULES_GAVE_UP : RULES_AMBIGUOUS;
	}
	return RULES_BAN;
}

enum rules_outcome
rules_apply(struct rules *r, struct slice message, struct rules_match *m)
{
	if (message.len > 0 && !has_bit(r->first, *message.p))
		return RULES_NONE;
	for (size_t i = 0; i < r->n; i++) {
		struct compiled *c = &r->list[i];
		enum rules_outcome outcome = apply_one(r, c, message, m);

		if (outcome == RULES_GAVE_UP)
			c->rule.gave_up++;
		if (outcome != RULES_NONE)
			return outcome;
	}
	return RULES_NONE;
}
