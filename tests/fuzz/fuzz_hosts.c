/* SPDX-License-Identifier: ISC */
/*
 * The admin's rules. A line: what it says can be written out and read again as
 * the same rule, and its reply is one clean line. A whole source: for every
 * address the file made of it gives the rule with the longest prefix, the
 * first where several stand for one, which is looked up here one by one.
 *
 * Input: a source's lines; an empty one begins the next source.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "local/hosts.h"
#include "local/localmake.h"

#define RULES_MAX 64

/* What the file must say. */
struct wanted {
	struct local_rule rule;
	unsigned source;
};

static struct wanted wanted[RULES_MAX];
static size_t wanted_n;
static char dir[32], path[48];

/* ---- a line ---- */

static void
check_line(const struct local_rule *rule)
{
	char error[HOSTS_ERROR_SIZE];
	char prefix[NET_STRLEN];
	char line[512];
	char reply[REPLY_SIZE];
	struct local_rule again;
	struct addr ip = rule->net.ip;
	int n;

	HOLDS(rule->net.bits <= 128 && !addr_mask(&ip, rule->net.bits));
	HOLDS(rule->action == LOCAL_ALLOW || rule->action == LOCAL_DENY ||
	      rule->action == LOCAL_DEFER);
	if (rule->action == LOCAL_ALLOW) {
		HOLDS(rule->reply[0] == 0);
	} else {
		fuzz_check_reply(rule->reply);
		reply_make(reply, REPLY_DENY, rule->reply, strlen(rule->reply));
		HOLDS(strcmp(reply, rule->reply) == 0);
		HOLDS(reply_is_temporary(rule->reply) ==
		      (rule->action == LOCAL_DEFER));
	}
	n = snprintf(line, sizeof line, "%s %s %s",
	    net_format(&rule->net, prefix), hosts_action_name(rule->action),
	    hosts_text(rule));
	HOLDS(n > 0 && (size_t)n < sizeof line);
	HOLDS(
	    hosts_parse(line, (size_t)n, "list", &again, error) == HOSTS_RULE);
	HOLDS(memcmp(&rule->net, &again.net, sizeof again.net) == 0);
	HOLDS(rule->action == again.action);
	HOLDS(strcmp(rule->reply, again.reply) == 0);
}

/* ---- a source ---- */

static void
add(struct localmake *m, const struct local_rule *rule, unsigned source)
{
	enum localmake_answer want = LOCALMAKE_ADDED;

	for (size_t i = 0; i < wanted_n; i++) {
		const struct wanted *w = &wanted[i];

		if (memcmp(&w->rule.net, &rule->net, sizeof rule->net) != 0)
			continue;
		want = w->source == source && w->rule.action != rule->action
			   ? LOCALMAKE_CONTRARY
			   : LOCALMAKE_KNOWN;
	}
	if (want == LOCALMAKE_ADDED && wanted_n == RULES_MAX)
		return;
	HOLDS(localmake_add(m, rule, source) == want);
	if (want == LOCALMAKE_ADDED)
		wanted[wanted_n++] = (struct wanted){*rule, source};
}

static void
take_line(struct localmake *m, const char *line, size_t len, unsigned source)
{
	char error[HOSTS_ERROR_SIZE] = "";
	struct local_rule rule;

	switch (hosts_parse(line, len, "list", &rule, error)) {
	case HOSTS_NOTHING:
		break;
	case HOSTS_BAD:
		HOLDS(error[0] != 0 && strpbrk(error, "\r\n") == NULL);
		break;
	case HOSTS_RULE:
		check_line(&rule);
		add(m, &rule, source);
		break;
	}
}

static void
take_lines(struct localmake *m, const char *text, size_t len)
{
	unsigned source = 1;

	wanted_n = 0;
	while (len > 0) {
		const char *feed = memchr(text, '\n', len);
		size_t n = feed == NULL ? len : (size_t)(feed - text);

		if (n == 0)
			source++;
		take_line(m, text, n, source);
		n += feed != NULL;
		text += n;
		len -= n;
	}
}

/* ---- the file ---- */

static const struct wanted *
longest(const struct addr *a)
{
	const struct wanted *best = NULL;

	for (size_t i = 0; i < wanted_n; i++) {
		const struct wanted *w = &wanted[i];
		struct addr net = *a;

		addr_mask(&net, w->rule.net.bits);
		if (addr_is4(a) == net_is4(&w->rule.net) &&
		    memcmp(&net, &w->rule.net.ip, sizeof net) == 0 &&
		    (best == NULL || w->rule.net.bits > best->rule.net.bits))
			best = w;
	}
	return best;
}

static void
check_address(int fd, const struct addr *a)
{
	const struct wanted *want = longest(a);
	struct local_rule rule;

	if (want == NULL) {
		HOLDS(local_find(fd, a, &rule) == LOCAL_ABSENT);
		return;
	}
	HOLDS(local_find(fd, a, &rule) == LOCAL_FOUND);
	HOLDS(rule.action == want->rule.action);
	HOLDS(memcmp(&rule.net, &want->rule.net, sizeof rule.net) == 0);
	HOLDS(strcmp(rule.reply, want->rule.reply) == 0);
}

/* The address before (-1) or behind (1) this one. */
static struct addr
beside(struct addr a, int step)
{
	for (size_t i = sizeof a.b; i-- > 0;) {
		a.b[i] = (uint8_t)(a.b[i] + step);
		if (a.b[i] != (step > 0 ? 0 : 255))
			break;
	}
	return a;
}

/* Its first and last address, and those outside next to them. */
static void
check_network(int fd, const struct wanted *w)
{
	struct addr last = w->rule.net.ip;
	struct addr outside;

	for (unsigned bit = w->rule.net.bits; bit < 128; bit++)
		last.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	check_address(fd, &w->rule.net.ip);
	check_address(fd, &last);
	outside = beside(w->rule.net.ip, -1);
	check_address(fd, &outside);
	outside = beside(last, 1);
	check_address(fd, &outside);
}

static void
remove_directory(void)
{
	unlink(path);
	rmdir(dir);
}

static void
make_directory(void)
{
	/* in memory where there is such a place: each file is synced */
	strcpy(dir, "/dev/shm/fuzz_hosts.XXXXXX");
	if (mkdtemp(dir) == NULL) {
		strcpy(dir, "/tmp/fuzz_hosts.XXXXXX");
		HOLDS(mkdtemp(dir) != NULL);
	}
	snprintf(path, sizeof path, "%s/local.cdb", dir);
	atexit(remove_directory);
}

static void
check_file(struct localmake *m)
{
	static const char *const others[] = {
	    "0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1"};
	struct cdbwrite w;
	int fd;

	HOLDS(cdbwrite_start(&w, path, 0644) == 0);
	HOLDS(localmake_write(m, &w) == 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0);
	for (size_t i = 0; i < wanted_n; i++)
		check_network(fd, &wanted[i]);
	for (size_t i = 0; i < COUNT(others); i++) {
		struct addr a;

		HOLDS(addr_parse(others[i], strlen(others[i]), &a) == 0);
		check_address(fd, &a);
	}
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct localmake *m = localmake_new();

	if (path[0] == 0)
		make_directory();
	HOLDS(m != NULL);
	take_lines(m, (const char *)data, size);
	if (wanted_n > 0)
		check_file(m);
	localmake_free(m);
	return 0;
}
