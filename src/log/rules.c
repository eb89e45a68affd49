/* SPDX-License-Identifier: ISC */
#include "log/rules.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/inifile.h"
#include "base/timespan.h"
#include "log/pattern.h"

#define REPLY_MARK "%reply%" /* in place of the group, at the end of a reply */
#define GONE_KEY "net"	     /* banned whole networks before 0.7 */

#define DEFAULT_REPLY                                                          \
	"451 your address was refused here a short while ago; try again later"

struct compiled {
	struct rules_rule rule;
	struct pattern *match, *except, *once;
	uint32_t ip_group, reply_group, pid_group; /* 0: there is none */
	bool frames; /* rule.reply is what stands in front of the group */
};

/* A name that was asked for, and the answer. */
struct name {
	char text[RULES_NAME_MAX];
	uint8_t len;
	bool may_begin;
};

#define NAMES 64

struct rules {
	struct compiled *list;
	size_t n;
	struct pattern_first first; /* of any rule */
	struct name names[NAMES];
	struct pattern_room *room;
	char warning[RULES_ERROR_SIZE]; /* of the first such line */
	size_t warned;			/* lines in all */
};

/* One file while it is read. */
struct loading {
	struct inifile file;
	struct rules *rules;
	int section_line; /* where the current rule began */
	int seen_line;	  /* where its "seen" stands */
	struct compiled *current;
};

static struct pattern *
compile(struct loading *l, const char *key, const char *text)
{
	char error[PATTERN_ERROR_SIZE];
	struct pattern *p = pattern_new(l->rules->room, text, error);

	if (p == NULL)
		inifile_fail(
		    &l->file, l->file.line, errno, "%s: %s", key, error);
	return p;
}

static void
set_match(void *user, const char *pattern)
{
	struct loading *l = user;
	struct compiled *c = l->current;

	c->match = compile(l, "match", pattern);
	if (c->match == NULL)
		return;
	if (!pattern_is_anchored(c->match))
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "match: the pattern is not anchored; begin it (every "
		    "alternative) with ^");
	pattern_add_first(c->match, &l->rules->first);
	c->ip_group = pattern_group(c->match, "ip");
	c->reply_group = pattern_group(c->match, "reply");
	c->pid_group = pattern_group(c->match, "pid");
	if (c->ip_group == 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "match: the pattern has no group (?<ip>...)");
}

static void
set_reply(void *user, const char *value)
{
	struct loading *l = user;
	struct slice text = slice_of(value);
	unsigned code = reply_code(value, text.len);

	l->current->frames = slice_ends(&text, REPLY_MARK);
	if (l->current->frames)
		text.len -= strlen(REPLY_MARK);
	if (code == 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "reply: '%s' does not begin with a code from 400 to 599 "
		    "and a blank",
		    value);
	reply_make(l->current->rule.reply, code, text.p, text.len);
}

static void
read_time(
    struct loading *l, const char *key, const char *value, uint32_t *seconds)
{
	if (timespan_parse(value, seconds) != 0)
		inifile_fail(&l->file, l->file.line, EINVAL,
		    "%s: '%s' is no time from 1s to %ud (a number and one of "
		    "s m h d w)",
		    key, value, TIMESPAN_MAX_D);
}

static void
set_ban(void *user, const char *value)
{
	struct loading *l = user;

	read_time(l, "ban", value, &l->current->rule.ban_s);
}

static void
set_vague(void *user, const char *value)
{
	struct loading *l = user;

	read_time(l, "vague", value, &l->current->rule.vague_s);
}

/* Reads "LEAD NUMBER WORD TIME" without the blanks that are not in them. */
static bool
read_number_and_time(const char *value, const char *lead, unsigned *number,
    const char *word, uint32_t *seconds)
{
	struct slice s = slice_of(value);
	struct slice digits;

	if (!slice_skip(&s, lead))
		return false;
	digits = slice_digits(&s);
	*number = (unsigned)slice_number(digits);
	return digits.len <= 2 && slice_skip(&s, word) &&
	       timespan_parse(s.p, seconds) == 0;
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

	l->seen_line = l->file.line;
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
    {"vague", set_vague, false},
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

/* A line does nothing, and an administrator should know. */
static void
warn(struct loading *l, int line, const char *why)
{
	struct rules *r = l->rules;

	if (r->warned++ == 0)
		snprintf(r->warning, sizeof r->warning, "%s:%d: %s",
		    l->file.path, line, why);
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
	else if (c->rule.vague_s > c->rule.ban_s)
		inifile_fail(&l->file, l->section_line, EINVAL,
		    "[%s]: the time of vague is longer than ban", c->rule.name);
	else if (c->frames && c->reply_group == 0)
		inifile_fail(&l->file, l->section_line, EINVAL,
		    "[%s]: reply has %s, but match has no group (?<reply>...)",
		    c->rule.name, REPLY_MARK);
	else if (c->pid_group == 0 && c->rule.seen == RULES_SEEN_NO)
		warn(l, l->seen_line,
		    "seen: without (?<pid>...) in match a host must be seen "
		    "connected; this no does nothing, delete it");
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
		warn(l, l->file.line,
		    GONE_KEY ": networks are no longer banned as a whole; this "
			     "line does nothing, delete it");
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

int
rules_is_file(const struct dirent *entry)
{
	const struct slice name = slice_of(entry->d_name);

	return entry->d_name[0] != '.' && slice_ends(&name, ".rules");
}

static void
load_directory(struct loading *l, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, rules_is_file, alphasort);

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

struct rules *
rules_load(const char *const *paths, size_t n, char error[RULES_ERROR_SIZE])
{
	struct rules *r = calloc(1, sizeof *r);
	struct loading l = {.file.message = error, .rules = r};

	if (r != NULL)
		r->room = pattern_room_new();
	if (r == NULL || r->room == NULL) {
		rules_free(r);
		errno = ENOMEM;
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
	count_warned(r);
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
		pattern_free(r->list[i].match);
		pattern_free(r->list[i].except);
		pattern_free(r->list[i].once);
	}
	pattern_room_free(r->room);
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

/* The list's text as it stands, or behind what the rule has for it. */
static void
make_reply(const struct compiled *c, struct slice text, char out[REPLY_SIZE])
{
	char framed[2 * REPLY_SIZE];
	int n;

	if (text.p == NULL) {
		memcpy(out, c->rule.reply, REPLY_SIZE);
		return;
	}
	if (!c->frames) {
		reply_make(out, REPLY_DEFER, text.p, text.len);
		return;
	}
	n = snprintf(framed, sizeof framed, "%s%.*s", c->rule.reply,
	    text.len < REPLY_SIZE ? (int)text.len : REPLY_SIZE, text.p);
	reply_make(out, REPLY_DEFER, framed, (size_t)n);
}

static void
take_groups(
    const struct compiled *c, struct slice message, struct rules_match *m)
{
	m->ip = pattern_group_text(c->match, c->ip_group, message);
	m->pid = pattern_group_text(c->match, c->pid_group, message);
	m->text = pattern_group_text(c->match, c->reply_group, message);
	make_reply(c, m->text, m->reply);
}

static enum rules_outcome
apply_one(const struct compiled *c, struct slice message, struct rules_match *m)
{
	int rc = pattern_matches(c->match, message);

	if (rc == 0)
		return RULES_NONE;
	m->rule = &c->rule;
	if (rc < 0)
		return RULES_GAVE_UP;
	take_groups(c, message, m);
	/* first, since an ambiguous line may have a planted address */
	if (c->once != NULL) {
		rc = pattern_count(c->once, message);
		if (rc != 1)
			return rc < 0 ? RULES_GAVE_UP : RULES_AMBIGUOUS;
	}
	if (c->except != NULL) {
		rc = pattern_matches(c->except, message);
		if (rc != 0)
			return rc > 0 ? RULES_EXCEPT : RULES_GAVE_UP;
	}
	return RULES_BAN;
}

static bool
may_begin(struct rules *r, struct slice name)
{
	static const char *const behind[] = {"[", ": ", " "};
	char text[RULES_NAME_MAX + 2];

	memcpy(text, name.p, name.len);
	for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
		size_t len = strlen(behind[i]);

		memcpy(text + name.len, behind[i], len);
		for (size_t k = 0; k < r->n; k++)
			if (pattern_may_begin(r->list[k].match,
				(struct slice){text, name.len + len}))
				return true;
	}
	return false;
}

bool
rules_may_begin(struct rules *r, struct slice name)
{
	struct name *n;
	size_t place;

	if (name.len == 0 || name.len > RULES_NAME_MAX)
		return name.len != 0;
	place = name.len + 2 * (size_t)(uint8_t)name.p[0] +
		5 * (size_t)(uint8_t)name.p[name.len - 1];
	n = &r->names[place % NAMES];
	if (n->len != name.len || memcmp(n->text, name.p, name.len) != 0) {
		memcpy(n->text, name.p, name.len);
		n->len = (uint8_t)name.len;
		n->may_begin = may_begin(r, name);
	}
	return n->may_begin;
}

enum rules_outcome
rules_apply(struct rules *r, struct slice message, struct rules_match *m)
{
	if (!pattern_first_has(&r->first, message))
		return RULES_NONE;
	for (size_t i = 0; i < r->n; i++) {
		struct compiled *c = &r->list[i];
		enum rules_outcome outcome = apply_one(c, message, m);

		if (outcome == RULES_GAVE_UP)
			c->rule.gave_up++;
		if (outcome != RULES_NONE)
			return outcome;
	}
	return RULES_NONE;
}
