/* SPDX-License-Identifier: ISC */
/*
 * rblcache-cdb: makes and reads local.cdb.
 *
 *	sources -> hosts -> localmake -> local.cdb -> local
 */
#include <cdb.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cdbread.h"
#include "base/exits.h"
#include "base/record.h"
#include "base/usage.h"
#include "local/hosts.h"
#include "local/local.h"
#include "local/localmake.h"

static const char usage[] =
    "usage: rblcache-cdb build OUT.cdb SOURCE ...\n"
    "       rblcache-cdb query CDB IP ...\n"
    "       rblcache-cdb dump CDB\n"
    "  build          make OUT.cdb from rules; - is standard input\n"
    "  query          print what the rules in CDB say about each IP\n"
    "  dump           print all rules in CDB, in a form that build reads\n"
    "  -h, --help     print this\n"
    "  -V, --version  print the version\n"
    "See rblcache-cdb(8), and rblcache-hosts(5) for the rules.\n";

__attribute__((noreturn, format(printf, 2, 3))) static void
die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rblcache-cdb: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	exit(code);
}

#define die_usage(...) exit(usage_complain("rblcache-cdb", NULL, __VA_ARGS__))

/* ---- build ---- */

/* "lists/drop.txt" is the list "drop.txt". */
static const char *
list_name(const char *source)
{
	const char *slash = strrchr(source, '/');

	if (strcmp(source, "-") == 0)
		return "stdin";
	return slash == NULL ? source : slash + 1;
}

static void
add_source(struct localmake *m, const char *source, unsigned number)
{
	FILE *in = strcmp(source, "-") == 0 ? stdin : fopen(source, "re");
	const char *name = in == stdin ? "stdin" : source;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	unsigned long at = 0;

	if (in == NULL)
		die(exits_code(errno), "%s: %s", source, strerror(errno));
	while ((len = getline(&line, &size, in)) >= 0) {
		char error[HOSTS_ERROR_SIZE];
		struct local_rule rule;

		at++;
		if (len > 0 && line[len - 1] == '\n')
			len--;
		switch (hosts_parse(
		    line, (size_t)len, list_name(source), &rule, error)) {
		case HOSTS_NOTHING:
			continue;
		case HOSTS_BAD:
			die(EXIT_USAGE, "%s:%lu: %s", name, at, error);
		case HOSTS_RULE:
			break;
		}
		switch (localmake_add(m, &rule, number)) {
		case LOCALMAKE_ADDED:
		case LOCALMAKE_KNOWN:
			break;
		case LOCALMAKE_CONTRARY: {
			char prefix[NET_STRLEN];

			die(EXIT_USAGE,
			    "%s:%lu: '%s' has another action further up", name,
			    at, net_format(&rule.net, prefix));
		}
		case LOCALMAKE_ERROR:
			die(EXIT_SYSTEM, "%s:%lu: %s", name, at,
			    strerror(errno));
		}
	}
	if (ferror(in))
		die(exits_code(errno), "%s: %s", name, strerror(errno));
	free(line);
	if (in != stdin)
		fclose(in);
}

static int
build(char **args)
{
	const char *out = args[0];
	struct localmake *m;

	if (out == NULL || args[1] == NULL)
		die_usage("build wants OUT.cdb SOURCE ...");
	m = localmake_new();
	if (m == NULL)
		die(EXIT_SYSTEM, "%s", strerror(errno));
	for (unsigned i = 1; args[i] != NULL; i++)
		add_source(m, args[i], i);
	if (localmake_write(m, out) != 0)
		die(exits_code(errno), "%s: %s", out, strerror(errno));
	localmake_free(m);
	return 0;
}

/* ---- query ---- */

static int
open_cdb(const char *path)
{
	int fd = cdbread_file(path);

	if (fd < 0)
		die(exits_code(errno), "%s: %s", path, strerror(errno));
	return fd;
}

__attribute__((noreturn)) static void
die_damaged(const char *path)
{
	die(exits_code(errno), "%s: %s", path, cdbread_error_text(errno));
}

static void
query_one(int fd, const char *path, const struct addr *a)
{
	char prefix[NET_STRLEN] = "-";
	char ip[ADDR_STRLEN];
	struct local_rule rule = {.action = LOCAL_NONE, .reply = ""};

	switch (local_find(fd, a, &rule)) {
	case LOCAL_FOUND:
		net_format(&rule.net, prefix);
		break;
	case LOCAL_ABSENT:
		rule.reply[0] = 0;
		break;
	case LOCAL_ERROR:
		die_damaged(path);
	}
	printf("%s\t%s\t%s\t%s\n", addr_format(a, ip),
	    hosts_action_name(rule.action), prefix, hosts_text(&rule));
}

static int
query(char **args)
{
	const char *path = args[0];
	struct addr a;
	int fd;

	if (path == NULL || args[1] == NULL)
		die_usage("query wants CDB IP ...");
	for (char **ip = args + 1; *ip != NULL; ip++)
		if (addr_parse(*ip, strlen(*ip), &a) != 0)
			die(EXIT_USAGE, "'%s' is no IP address", *ip);
	fd = open_cdb(path);
	for (char **ip = args + 1; *ip != NULL; ip++)
		if (addr_parse(*ip, strlen(*ip), &a) == 0)
			query_one(fd, path, &a);
	close(fd);
	return 0;
}

/* ---- dump ---- */

/* Prints a node if it is a rule. -1: it is damaged. */
static int
dump_node(struct cdb *c)
{
	const unsigned char *key = cdb_getkey(c);
	const void *value = cdb_getdata(c);
	char prefix[NET_STRLEN];
	struct local_rule rule;
	struct record r;
	bool is_rule;

	r.len = cdb_datalen(c);
	if (key == NULL || value == NULL || r.len > sizeof r.buf)
		return -1;
	memcpy(r.buf, value, r.len);
	if (record_open(&r, key, cdb_keylen(c), LOCAL_VERSION) != 0)
		return -1;
	if (cdb_keylen(c) != LOCAL_KEY_BYTES)
		return 0; /* the header */
	if (local_node_get(&r, &rule, &is_rule) != 0)
		return -1;
	if (!is_rule)
		return 0;
	memcpy(rule.net.ip.b, key + 1, ADDR_SPREAD_BYTES);
	addr_spread(&rule.net.ip, rule.net.ip.b);
	printf("%s %s%s%s\n", net_format(&rule.net, prefix),
	    hosts_action_name(rule.action), *rule.reply == 0 ? "" : " ",
	    hosts_text(&rule));
	return 0;
}

static int
dump(char **args)
{
	const char *path = args[0];
	struct cdb c;
	unsigned at;
	int more;
	int fd;

	if (path == NULL || args[1] != NULL)
		die_usage("dump wants one CDB");
	fd = open_cdb(path);
	errno = 0;
	if (cdb_init(&c, fd) != 0) {
		if (errno == 0 || errno == EPROTO)
			errno = EINVAL;
		die_damaged(path);
	}
	cdb_seqinit(&at, &c);
	while ((more = cdb_seqnext(&at, &c)) > 0)
		if (dump_node(&c) != 0)
			break;
	if (more != 0) {
		errno = EINVAL;
		die_damaged(path);
	}
	cdb_free(&c);
	close(fd);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **);
	} verbs[] = {{"build", build}, {"query", query}, {"dump", dump}};
	const struct usage u = {"rblcache-cdb", .text = usage};
	int code = usage_read(&u, argc, argv);

	if (code != USAGE_GO_ON)
		return code;
	argv += optind;
	if (*argv == NULL)
		die_usage("a command is missing: build, query or dump");
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(*argv, verbs[i].name) != 0)
			continue;
		verbs[i].run(argv + 1);
		if (fflush(stdout) != 0 || ferror(stdout))
			die(EXIT_SYSTEM, "standard output: %s",
			    strerror(errno));
		return 0;
	}
	die_usage("'%s' is none of build, query and dump", *argv);
}
