/* SPDX-License-Identifier: ISC */
/*
 * A rule file: loads, or says FILE:LINE and what is wrong. What loads can be
 * applied to any line: what comes out lies within the line, is the same after
 * loading it again, and the quick look at a line's start changes nothing.
 *
 * Input: a rule file; behind its first NUL lines to apply it to.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log/rules.h"

#define FILE_MAX 4096

/* A file that is none on a disk. */
struct file {
	int fd;
	char path[64];
};

static void
file_put(struct file *f, const void *text, size_t len)
{
	if (f->path[0] == 0) {
		f->fd = memfd_create("rules", 0);
		HOLDS(f->fd >= 0);
		snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
	}
	HOLDS(ftruncate(f->fd, 0) == 0);
	HOLDS(pwrite(f->fd, text, len, 0) == (ssize_t)len);
}

static struct rules *
load(struct file *f, const void *text, size_t len, char error[RULES_ERROR_SIZE])
{
	const char *const paths[] = {f->path};

	file_put(f, text, len);
	return rules_load(paths, 1, error);
}

/* "FILE:LINE: what" with a line of the file, or "FILE: what". */
static void
check_error(
    const struct file *f, const char *error, const uint8_t *text, size_t len)
{
	size_t path_len = strlen(f->path);
	unsigned long lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	HOLDS(strncmp(error, f->path, path_len) == 0);
	error += path_len;
	HOLDS(*error == ':');
	if (error[1] != ' ') {
		char *end;
		unsigned long line = strtoul(error + 1, &end, 10);

		HOLDS(line >= 1 && line <= lines && strncmp(end, ": ", 2) == 0);
	}
	HOLDS(strchr(error, '\n') == NULL);
}

static void
check_within(struct slice s, struct slice message)
{
	if (s.p == NULL)
		HOLDS(s.len == 0);
	else
		HOLDS(s.p >= message.p && s.len <= message.len &&
		      (size_t)(s.p - message.p) <= message.len - s.len);
}

static void
check_rule(const struct rules_rule *rule)
{
	HOLDS(rule->name[0] != 0 && rule->ban_s > 0 && rule->count > 0 &&
	      rule->again > 0);
}

static enum rules_outcome
apply(
    struct rules *rules, const char *message, size_t len, struct rules_match *m)
{
	const struct slice line = {message, len};
	enum rules_outcome outcome = rules_apply(rules, line, m);
	char again[REPLY_SIZE];

	if (outcome != RULES_NONE) {
		HOLDS(m->rule != NULL &&
		      rules_find(rules, m->rule->name) == m->rule);
		check_rule(m->rule);
	}
	if (outcome != RULES_BAN)
		return outcome;
	check_within(m->ip, line);
	check_within(m->pid, line);
	fuzz_check_reply(m->reply);
	reply_make(again, REPLY_DENY, m->reply, strlen(m->reply));
	HOLDS(strcmp(m->reply, again) == 0);
	return outcome;
}

/* Whether two sets of rules made of the same text say the same of a line. */
static void
compare(struct rules *x, struct rules *y, bool same_patterns,
    const char *message, size_t len)
{
	struct rules_match mx;
	struct rules_match my;
	enum rules_outcome ox = apply(x, message, len, &mx);
	enum rules_outcome oy = apply(y, message, len, &my);

	/* the limit of steps is not reached at the same place */
	if (!same_patterns && (ox == RULES_GAVE_UP || oy == RULES_GAVE_UP))
		return;
	HOLDS(ox == oy);
	if (ox != RULES_NONE)
		HOLDS(strcmp(mx.rule->name, my.rule->name) == 0);
	if (ox == RULES_BAN)
		HOLDS(mx.ip.p == my.ip.p && mx.ip.len == my.ip.len &&
		      mx.pid.p == my.pid.p && mx.pid.len == my.pid.len &&
		      strcmp(mx.reply, my.reply) == 0);
}

static void
compare_lines(struct rules *x, struct rules *y, bool same_patterns,
    const char *lines, size_t len)
{
	static const char *const hostile[] = {
	    "",
	    "rblsmtpd: 203.0.113.9 pid 7: 451 Listed by XBL",
	    "rblsmtpd:  pid 7 from 203.0.113.9: 451 x\r\x1b[2J: Sender <%n>",
	    "RBLSMTPD: 203.0.113.9 PID 7: 451 x",
	    "CHKUSER rejected sender: from <a|remotehostip:8.8.8.8> rcpt <::> "
	    "remote <helo:|remotehostname:|remotehostip:203.0.113.9> rcpt <> "
	    ": invalid sender MX domain",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
	    "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
	    "\xff\xfe\x80 \xc3\x28 203.0.113.9",
	};

	for (size_t i = 0; i < COUNT(hostile); i++)
		compare(x, y, same_patterns, hostile[i], strlen(hostile[i]));
	while (len > 0) {
		const char *feed = memchr(lines, '\n', len);
		size_t n = feed == NULL ? len : (size_t)(feed - lines);

		compare(x, y, same_patterns, lines, n);
		n += feed != NULL;
		lines += n;
		len -= n;
	}
}

/*
 * The file with each "match = ^X" as "match = (?:^X)", which means the same,
 * but has no start to look at. Returns its length; 0: there is no room.
 */
static size_t
hide_starts(char *out, const char *text, size_t len)
{
	static const char key[] = "match = ";
	size_t n = 0;

	while (len > 0) {
		const char *feed = memchr(text, '\n', len);
		size_t line = feed == NULL ? len : (size_t)(feed - text);
		size_t end = line;
		bool hide = line > strlen(key) &&
			    memcmp(text, key, strlen(key)) == 0 &&
			    text[strlen(key)] == '^';

		if (line + 8 > FILE_MAX - n)
			return 0;
		/* the reader cuts blanks off the end */
		while (hide && strchr(" \t\r\v\f", text[end - 1]) != NULL)
			end--;
		if (hide)
			n += (size_t)sprintf(out + n, "%s(?:%.*s)", key,
			    (int)(end - strlen(key)), text + strlen(key));
		else {
			memcpy(out + n, text, line);
			n += line;
		}
		out[n++] = '\n';
		line += feed != NULL;
		text += line;
		len -= line;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct file file;
	const uint8_t *end = memchr(data, 0, size);
	size_t len = end == NULL ? size : (size_t)(end - data);
	const char *lines = (const char *)data + (end == NULL ? size : len + 1);
	size_t lines_len = (size_t)((const char *)data + size - lines);
	char error[RULES_ERROR_SIZE] = "";
	char hidden[FILE_MAX];
	size_t hidden_len;
	struct rules *rules = load(&file, data, len, error);
	struct rules *other;

	if (rules == NULL) {
		check_error(&file, error, data, len);
		return 0;
	}
	other = load(&file, data, len, error);
	HOLDS(other != NULL);
	compare_lines(rules, other, true, lines, lines_len);
	rules_free(other);
	hidden_len = hide_starts(hidden, (const char *)data, len);
	/* a pattern may swallow the bracket: "^a # b" with (?x), "^\Qa" */
	if (hidden_len > 0 &&
	    (other = load(&file, hidden, hidden_len, error)) != NULL) {
		compare_lines(rules, other, false, lines, lines_len);
		rules_free(other);
	}
	rules_free(rules);
	return 0;
}
