/* SPDX-License-Identifier: ISC */
/*
 * rblcache-cdb: makes and reads local.cdb.
 *
 *	sources -> hosts -> localmake -> local.cdb -> local
 */
#include <cdb.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Says what is wrong; the exit status is code. */
__attribute__((format(printf, 2, 3))) static int
complain(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rblcache-cdb: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	return code;
}

/* The same of a file, by errno. */
static int
complain_of(const char *file)
{
	return complain(exits_code(errno), "%s: %s", file, strerror(errno));
}

#define die(...) exit(complain(__VA_ARGS__))
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

/* Takes a line; 0, or the exit status after saying what is wrong. */
static int
add_line(struct localmake *m, const char *text, size_t len, const char *list,
    unsigned number, const char *place)
{
	char error[HOSTS_ERROR_SIZE];
	char prefix[NET_STRLEN];
	struct local_rule rule;

	switch (hosts_parse(text, len, list, &rule, error)) {
	case HOSTS_NOTHING:
		return 0;
	case HOSTS_BAD:
		return complain(EXIT_USAGE, "%s: %s", place, error);
	case HOSTS_RULE:
		break;
	}
	switch (localmake_add(m, &rule, number)) {
	case LOCALMAKE_ADDED:
	case LOCALMAKE_KNOWN:
		break;
	case LOCALMAKE_CONTRARY:
		return complain(EXIT_USAGE,
		    "%s: '%s' has another action further up", place,
		    net_format(&rule.net, prefix));
	case LOCALMAKE_ERROR:
		return complain(EXIT_SYSTEM, "%s: %s", place, strerror(errno));
	}
	return 0;
}

/* The same of a source; number: which of them it is. */
static int
add_source(struct localmake *m, const char *source, unsigned number)
{
	FILE *in = strcmp(source, "-") == 0 ? stdin : fopen(source, "re");
	const char *name = in == stdin ? "stdin" : source;
	char place[PATH_MAX + 24];
	unsigned long at = 0;
	char *line = NULL;
	size_t size = 0;
	int code = 0;
	ssize_t len;

	if (in == NULL)
		return complain_of(source);
	while (code == 0 && (len = getline(&line, &size, in)) >= 0) {
		snprintf(place, sizeof place, "%s:%lu", name, ++at);
		if (len > 0 && line[len - 1] == '\n')
			len--;
		code = add_line(
		    m, line, (size_t)len, list_name(source), number, place);
	}
	if (code == 0 && ferror(in))
		code = complain_of(name);
	free(line);
	if (in != stdin)
		fclose(in);
	return code;
}

/* Not a device, say, which would be one no more. A file that is new will do. */
static int
check_out(const char *out)
{
	struct stat st;

	if (lstat(out, &st) == 0 && !S_ISREG(st.st_mode))
		return complain(EXIT_USAGE, "%s: it is no regular file", out);
	return 0;
}

static int
build_of(struct localmake *m, const char *out, char **sources)
{
	struct cdbwrite w;
	int code = 0;

	/* before the sources are read: two that build at once take turns */
	if (cdbwrite_start(&w, out, 0644) != 0)
		return complain_of(out);
	for (unsigned i = 0; code == 0 && sources[i] != NULL; i++)
		code = add_source(m, sources[i], i);
	if (code != 0)
		cdbwrite_abort(&w);
	else if (localmake_write(m, &w) != 0)
		code = complain_of(out);
	return code;
}

static int
build(char **args)
{
	const char *out = args[0];
	struct localmake *m;
	int code;

	if (out == NULL || args[1] == NULL)
		die_usage("build wants OUT.cdb SOURCE ...");
	m = localmake_new();
	if (m == NULL)
		return complain(EXIT_SYSTEM, "%s", strerror(errno));
	code = check_out(out);
	if (code == 0)
		code = build_of(m, out, args + 1);
	localmake_free(m);
	return code;
}

/* ---- query ---- */

static int
open_cdb(const char *path)
{
	int fd = cdbread_file(path);

	if (fd < 0)
		exit(complain_of(path));
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

/* Prints a node if it is a rule. -1: the hook would not find it as it is here. */
static int
dump_node(struct cdb *c, const struct cdbread *hooks)
{
	const unsigned char *key = cdb_getkey(c);
	unsigned klen = cdb_keylen(c);
	char prefix[NET_STRLEN];
	struct local_rule rule;
	struct record r;
	bool is_rule;

	if (key == NULL ||
	    cdbread_find(hooks, key, klen, LOCAL_VERSION, &r) != CDBREAD_FOUND)
		return -1;
	if (klen != LOCAL_KEY_BYTES)
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

/* How many slots of the hash tables, which are the end of the file, are used. */
static uint64_t
slots_used(const struct cdbread *c)
{
	off_t at = cdb_unpack(c->tables);
	unsigned char slots[65536];
	uint64_t used = 0;
	ssize_t n;

	while ((n = pread(c->fd, slots, sizeof slots, at)) > 0) {
		for (ssize_t i = 0; i + 8 <= n; i += 8)
			used += cdb_unpack(slots + i) != 0 ||
				cdb_unpack(slots + i + 4) != 0;
		at += n;
	}
	return used;
}

static int
dump(char **args)
{
	const char *path = args[0];
	struct cdbread hooks;
	uint64_t nodes = 0;
	struct cdb c;
	unsigned at;
	int more;
	int fd;

	if (path == NULL || args[1] != NULL)
		die_usage("dump wants one CDB");
	fd = open_cdb(path);
	if (cdbread_open(&hooks, fd) != 0)
		die_damaged(path);
	errno = 0;
	if (cdb_init(&c, fd) != 0) {
		if (errno == 0 || errno == EPROTO)
			errno = EINVAL;
		die_damaged(path);
	}
	cdb_seqinit(&at, &c);
	errno = EINVAL;
	while ((more = cdb_seqnext(&at, &c)) > 0 && dump_node(&c, &hooks) == 0)
		nodes++;
	/* each node has a slot; one more would lead a search astray */
	if (more != 0 || slots_used(&hooks) != nodes)
		die_damaged(path);
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
		code = verbs[i].run(argv + 1);
		if (fflush(stdout) != 0 || ferror(stdout))
			die(EXIT_SYSTEM, "standard output: %s",
			    strerror(errno));
		return code;
	}
	die_usage("'%s' is none of build, query and dump", *argv);
}
