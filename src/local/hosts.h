/* SPDX-License-Identifier: ISC */
/*
 * hosts: one line of the admin's own rules, or of a published list.
 *
 *	192.0.2.0/24 deny go away		own rules, rblcache-hosts(5)
 *	2001:db8::/32 allow
 *	192.0.2.7				a bare list
 *	1.10.16.0/20 ; SBL256894		Spamhaus DROP, text
 *	{"cidr":"1.10.16.0/20","sblid":"SBL256894","rir":"apnic"}
 *						Spamhaus DROP, JSON
 *
 * '#' begins a comment at the start of a line, right behind the address, and
 * elsewhere where blanks stand on both sides of it; ';' at the start of a line.
 */
#ifndef HOSTS_H
#define HOSTS_H

#include <stddef.h>

#include "local/local.h"

#define HOSTS_ERROR_SIZE 256

enum hosts_line {
	HOSTS_RULE,    /* rule is set */
	HOSTS_NOTHING, /* blank, comment, or a list's own metadata */
	HOSTS_BAD,     /* error says what is wrong */
};

/*
 * Reads a line of len bytes without its line feed. list names the list in the
 * text of rules that bring none ("listed in drop"). No file or line number is in
 * error: the caller knows them.
 */
enum hosts_line hosts_parse(const char *line, size_t len, const char *list,
    struct local_rule *rule, char error[HOSTS_ERROR_SIZE])
    __attribute__((warn_unused_result));

/*
 * The text of a rule as a source would say it: the reply, without its code
 * where that is the one the action has anyway.
 */
const char *hosts_text(const struct local_rule *rule);

/* The word for an action in sources and output: "allow", "none", ... */
const char *hosts_action_name(enum local_action action);

#endif
