/* SPDX-License-Identifier: ISC */
/*
 * rules: which log lines name a host that was refused.
 *
 * A rule file is INI, one section a rule (rblcache.rules(5)):
 *
 *	[rblsmtpd]
 *	match  = ^rblsmtpd: (?<ip>\S+) pid \d+: (?<reply>(?:451|553) .+)$
 *	except = : \d+ Error:|/returnc/
 *	ban    = 1d
 *
 * Patterns are PCRE2, matched byte by byte against the message behind the
 * stamp, under the JIT and with a limit on the work one match may cause. The
 * address is taken from the group "ip" and from nowhere else; the optional
 * group "pid" holds the process number under which tcpserver named it.
 */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ban.h"
#include "base/inifile.h"
#include "base/reply.h"
#include "base/slice.h"

#define RULES_ERROR_SIZE INIFILE_ERROR_SIZE
#define RULES_COUNT_MAX 32 /* matches that a rule may ask for */

struct rules;

/*
 * Must tcpserver have said that the host is connected? For a line without a
 * process number it must, whatever the rule says.
 */
enum rules_seen {
	RULES_SEEN_AUTO, /* once it has said that of any host */
	RULES_SEEN_YES,
	RULES_SEEN_NO,
};

struct rules_rule {
	char name[BAN_RULE_SIZE];
	uint32_t ban_s;
	uint32_t vague_s; /* if the text names nobody; wording.h; 0: ban_s */
	unsigned count;	  /* matches that ban; 1 but for "count" */
	uint32_t count_s; /* within that many seconds; 0 with count 1 */
	char reply[REPLY_SIZE]; /* for lines without one of their own */
	unsigned again;	      /* a ban lasts so many times the one before; 1 */
	uint32_t again_max_s; /* and at most that long; 0 with again 1 */
	enum rules_seen seen;
	bool list;	  /* the line tells of a DNS blocklist's refusal */
	uint64_t gave_up; /* matches that reached a limit of PCRE2 */
};

enum rules_outcome {
	RULES_NONE,	 /* no rule matches */
	RULES_BAN,	 /* rule, ip and reply are set */
	RULES_EXCEPT,	 /* rule matches, but so does its exception */
	RULES_AMBIGUOUS, /* rule matches, but "once" not exactly once; first */
	RULES_GAVE_UP,	 /* a pattern of rule reached a limit; no match */
};

/* Slices point into the message that was given. */
struct rules_match {
	const struct rules_rule *rule;
	struct slice ip;   /* what stood in the group; not checked */
	struct slice pid;  /* what stood in the group "pid"; empty: none */
	struct slice text; /* what stood in the group "reply"; empty: none */
	char reply[REPLY_SIZE];
};

/*
 * Loads rule files, in the given order; a directory stands for its *.rules in
 * order of name. Returns the rules, to be freed with rules_free, or NULL with
 * a message "FILE:LINE: what is wrong" in error and errno EINVAL for bad
 * input, else the system's.
 */
struct rules *rules_load(const char *const *paths, size_t n,
    char error[RULES_ERROR_SIZE]) __attribute__((warn_unused_result));

void rules_free(struct rules *rules);

/* For scandir: whether that is one of the *.rules of a directory. */
struct dirent;
int rules_is_file(const struct dirent *entry);

/*
 * What the administrator should know of the files, though they load:
 * "FILE:LINE: what was left out", of RULES_ERROR_SIZE at most, as long as the
 * rules. NULL: nothing.
 */
const char *rules_warning(const struct rules *rules);

/*
 * Which lines the rules of these paths want, for people whose log has none:
 * 'lines that a rule in FILE matches ("rblsmtpd: ...")'. Returns buf.
 */
#define RULES_WANTED_SIZE 512
const char *rules_wanted(
    const char *const *paths, size_t n, char buf[RULES_WANTED_SIZE]);

/* The rule of that name, as long as the rules; NULL: there is none. */
const struct rules_rule *rules_find(
    const struct rules *rules, const char *name);

/*
 * Whether a rule may match a message that begins with that name and "[", ": "
 * or a blank; of a longer name that is not known. The answers are kept, so it
 * costs little to ask for each line.
 */
#define RULES_NAME_MAX 24
bool rules_may_begin(struct rules *rules, struct slice name);

/*
 * Tries the rules in order; the first whose "match" matches decides, so a line
 * that one rule excepts is not given to the next. m is set but for RULES_NONE
 * (its ip only for RULES_BAN).
 */
enum rules_outcome rules_apply(struct rules *rules, struct slice message,
    struct rules_match *m) __attribute__((warn_unused_result));

#endif
