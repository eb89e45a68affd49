/* SPDX-License-Identifier: ISC */
/*
 * Runs the hook with every combination of what it can meet, and compares what
 * happens with a model.
 *
 *	matrix STEP HOOK PROBE [no-ipset]
 *
 * STEP 1 is the whole matrix and each damage to a file; 17 is every 17th case,
 * for every day and for builds that are slow: the unit tests of local and
 * recent have each damage without a process for it. The working directory is
 * writable and has four local.cdb: allow.cdb, deny.cdb, defer.cdb, none.cdb.
 * Files for ipset restore are there too: see make_namespaces. Prints TAP.
 *
 * The model is written from the hook's man page and not from its source. It
 * shares nothing with the hook but the format of recent.cdb.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/ban.h"
#include "base/cdbwrite.h"
#include "state/codec.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define HOST4 "203.0.113.9"
#define HOST6 "2001:db8:1:2::9"
#define NOBODY 65534
#define CAP_NET_ADMIN 12
#define HANG_S 30
#define WORKERS 2
#define SHOWN_MAX 20
#define BAN_S 86400
#define FILE_MAX 16384
#define OUTPUT_MAX 8192

/* ---- the dimensions ---- */

enum {
	RBLSMTPD,
	RELAYCLIENT,
	ADDRESS,
	LOCAL,
	SET,
	RECENT,
	PASS,
	OPTION,
	DIMENSIONS
};

enum { UNSET, EMPTY, TEXT, MINUS_TEXT };
enum { A_V4, A_MAPPED, A_V6, A_TCP6, A_SSL, A_NONE, A_EMPTY, A_JUNK, A_LONG };
enum {
	L_ALLOW,
	L_DENY,
	L_DEFER,
	L_NONE,
	L_MISSING,
	L_EMPTY,
	L_CUT,
	L_FLIPPED,
	L_OFF
};
enum { S_MEMBER, S_ABSENT, S_NO_SET, S_EPERM, S_NO_NETLINK, S_OFF };
enum { R_FRESH, R_EXPIRED, R_OTHER, R_MISSING, R_CORRUPT, R_OFF };
enum { X_NO_SET, X_NOT_IN, X_IN, X_VALUES };
enum {
	O_PLAIN,
	O_ENV,
	O_DRY,
	O_ONE_LINE,
	O_ENV_DRY,
	O_VERBOSE,
	O_PASSED,
	O_RECHECK,
	O_ENV_RECHECK
};

static const struct dimension {
	const char *name;
	const char *values[10];
} dimensions[DIMENSIONS] = {
    {"RBLSMTPD", {"unset", "empty", "text", "-text"}},
    {"RELAYCLIENT", {"unset", "set"}},
    {"address",
	{"v4", "mapped v4", "v6", "only TCP6REMOTEIP", "only SSLREMOTEIP",
	    "missing", "empty", "junk", "300 bytes"}},
    {"local.cdb", {"allow", "deny", "defer", "none", "missing", "empty",
		      "truncated", "flipped", "off"}},
    {"set", {"member", "not a member", "no such set", "EPERM", "no netlink",
		"off"}},
    {"recent.cdb",
	{"fresh", "expired", "other reason", "missing", "corrupt", "off"}},
    {"pass", {"no such set", "not in it", "in it"}},
    {"options",
	{"none", "-e", "-n", "-t 0", "-e -n", "-v", "-p", "-r 1", "-e -r 1"}},
};

struct combination {
	int v[DIMENSIONS];
	const char *local, *recent; /* files to take instead, or NULL */
};

static int
values_of(int d)
{
	int n = 0;

	while (dimensions[d].values[n] != NULL)
		n++;
	return n;
}

/* The next one, the last dimension first. false: it was the last. */
static bool
advance(struct combination *c)
{
	for (int d = DIMENSIONS - 1; d >= 0; d--) {
		if (++c->v[d] < values_of(d))
			return true;
		c->v[d] = 0;
	}
	return false;
}

static bool
is_decided(const struct combination *c)
{
	return c->v[RBLSMTPD] != UNSET || c->v[RELAYCLIENT] != UNSET;
}

static bool
is6(const struct combination *c)
{
	return c->v[ADDRESS] == A_V6 || c->v[ADDRESS] == A_TCP6;
}

static const char *
local_file(const struct combination *c)
{
	static const char *const files[] = {"allow.cdb", "deny.cdb",
	    "defer.cdb", "none.cdb", "no-such.cdb", "empty.cdb", "cut.cdb",
	    "flipped.cdb", ""};

	return c->local != NULL ? c->local : files[c->v[LOCAL]];
}

static const char *
recent_file(const struct combination *c)
{
	static const char *const files[] = {"fresh.cdb", "expired.cdb",
	    "other.cdb", "no-such-recent.cdb", "corrupt.cdb", ""};

	return c->recent != NULL ? c->recent : files[c->v[RECENT]];
}

/* Where the set cannot be asked, it is one that would say: a member. */
static const char *
set_name(const struct combination *c)
{
	static const char *const set_names[][2] = {{"member4", "member6"},
	    {"others4", "others6"}, {"no-such4", "no-such6"},
	    {"member4", "member6"}, {"member4", "member6"}, {"", ""}};

	return set_names[c->v[SET]][is6(c)];
}

/* ---- the model ---- */

#define FRESH_REPLY "451 listed by TEST, see https://rbl.test/query"
#define OTHER_REPLY "553 %s of another %n list (a; b)"
#define GENERAL_REPLY                                                          \
	"451 your address was refused here a short while ago because a "       \
	"DNS blocklist lists it; try again later"
#define DENY_REPLY "553 no mail from here"
#define DEFER_REPLY "451 come back later"

static time_t since, until; /* of the bans in fresh.cdb and other.cdb */

struct outcome {
	bool runs; /* the next program */
	char output[OUTPUT_MAX];
	size_t output_len;
	char said[2048];
};

struct run {
	const struct combination *c;
	const char *const *argv; /* of the next program */
	const char *const *env;	 /* that the hook gets */
	long pid;
	time_t now;
};

__attribute__((format(printf, 3, 4))) static void
say(struct outcome *o, const struct run *r, const char *format, ...)
{
	size_t len = strlen(o->said);
	va_list args;

	len += (size_t)snprintf(o->said + len, sizeof o->said - len,
	    "rblcache: %s pid %ld: ", is6(r->c) ? HOST6 : HOST4, r->pid);
	va_start(args, format);
	len += (size_t)vsnprintf(
	    o->said + len, sizeof o->said - len, format, args);
	va_end(args);
	snprintf(o->said + len, sizeof o->said - len, "\n");
}

static void
append(struct outcome *o, const char *bytes, size_t len)
{
	if (len > sizeof o->output - o->output_len)
		abort();
	memcpy(o->output + o->output_len, bytes, len);
	o->output_len += len;
}

/* The next program runs; rblsmtpd is what is new in its environment. */
static void
runs(struct outcome *o, const struct run *r, const char *rblsmtpd)
{
	o->runs = true;
	for (const char *const *p = r->argv; *p != NULL; p++)
		append(o, *p, strlen(*p) + 1);
	for (const char *const *p = r->env; *p != NULL; p++)
		append(o, *p, strlen(*p) + 1);
	if (rblsmtpd != NULL) {
		append(o, "RBLSMTPD=", strlen("RBLSMTPD="));
		append(o, rblsmtpd, strlen(rblsmtpd) + 1);
	}
}

static bool
rechecks(const struct run *r)
{
	int option = r->c->v[OPTION];

	return option == O_RECHECK || option == O_ENV_RECHECK;
}

static void
refuses(
    struct outcome *o, const struct run *r, const char *reply, const char *why)
{
	int option = r->c->v[OPTION];
	char text[512];

	if (rechecks(r) && strcmp(why, "local") != 0) {
		say(o, r, "recheck");
		runs(o, r, NULL);
		return;
	}
	if (option == O_DRY || option == O_ENV_DRY) {
		say(o, r, "would refuse: %s (%s)", reply, why);
		runs(o, r, NULL);
		return;
	}
	say(o, r, "%s (%s)", reply, why);
	if (option == O_ENV || option == O_ENV_RECHECK) {
		snprintf(text, sizeof text, "%s[cached] %s",
		    *reply == '4' ? "" : "-", reply + 4);
		runs(o, r, text);
		return;
	}
	if (option == O_ONE_LINE)
		snprintf(text, sizeof text, "%s\r\n", reply);
	else
		snprintf(text, sizeof text,
		    "220 rblcache.local\r\n250 rblcache.local\r\n"
		    "%s\r\n221 rblcache.local\r\n",
		    reply);
	append(o, text, strlen(text));
}

static void
passes(struct outcome *o, const struct run *r)
{
	if (r->c->v[OPTION] == O_VERBOSE)
		say(o, r, "not known");
	runs(o, r, NULL);
}

/* Who is banned in recent.cdb: the reply, or NULL. */
static const char *
recent_says(struct outcome *o, const struct run *r)
{
	switch (r->c->v[RECENT]) {
	case R_FRESH:
		return r->now < until ? FRESH_REPLY : NULL;
	case R_OTHER:
		return r->now < until ? OTHER_REPLY : NULL;
	case R_CORRUPT:
		say(o, r, "%s: it is damaged, or no cdb of rblcache's",
		    recent_file(r->c));
		return NULL;
	default:
		return NULL;
	}
}

/* The other set is asked where the first can be. */
static void
not_banned(struct outcome *o, const struct run *r)
{
	if (r->c->v[SET] <= S_NO_SET && r->c->v[PASS] == X_IN) {
		say(o, r, "allowed (pass)");
		runs(o, r, "");
	} else {
		passes(o, r);
	}
}

static void
set_and_recent(struct outcome *o, const struct run *r)
{
	bool member = r->c->v[SET] == S_MEMBER;
	const char *source = member ? "ipset" : "recent";
	const char *reply;
	char why[64];

	if (r->c->v[SET] == S_ABSENT) {
		not_banned(o, r);
		return;
	}
	/* the reply is for a client that is refused */
	reply = member && rechecks(r) ? NULL : recent_says(o, r);
	if (reply != NULL) {
		snprintf(why, sizeof why, "%s, %llds left", source,
		    (long long)(until - r->now));
		refuses(o, r, reply, why);
	} else if (member) {
		refuses(o, r, GENERAL_REPLY, source);
	} else {
		not_banned(o, r);
	}
}

static void
model(struct outcome *o, const struct run *r)
{
	const struct combination *c = r->c;
	const char *set = set_name(c);

	*o = (struct outcome){.runs = false};
	if (is_decided(c) || c->v[ADDRESS] >= A_NONE) {
		if (c->v[RBLSMTPD] >= TEXT && c->v[OPTION] != O_PASSED &&
		    c->v[ADDRESS] < A_NONE)
			say(o, r, "decided by RBLSMTPD");
		runs(o, r, NULL);
		return;
	}
	if (c->v[OPTION] == O_PASSED) {
		say(o, r, "passed");
		runs(o, r, NULL);
		return;
	}
	if (c->v[SET] == S_NO_SET)
		say(o, r, "set %s: no such set", set);
	if (c->v[SET] == S_EPERM)
		say(o, r, "set %s: no right to read it (cap_net_admin)", set);
	if (c->v[SET] == S_NO_NETLINK)
		say(o, r, "set %s: %s", set, strerror(EPROTONOSUPPORT));
	switch (c->v[LOCAL]) {
	case L_ALLOW:
		if (c->v[OPTION] == O_VERBOSE)
			say(o, r, "allowed (local)");
		runs(o, r, "");
		return;
	case L_DENY:
		refuses(o, r, DENY_REPLY, "local");
		return;
	case L_DEFER:
		refuses(o, r, DEFER_REPLY, "local");
		return;
	case L_EMPTY:
	case L_CUT:
	case L_FLIPPED:
		say(o, r, "%s: it is damaged, or no cdb of rblcache's",
		    local_file(c));
		passes(o, r);
		return;
	default:
		set_and_recent(o, r);
		return;
	}
}

/* ---- running the hook ---- */

static const char *hook, *probe;
static bool no_ipset;
static int namespaces[X_VALUES];
static int step;

struct worker {
	int number;
	int out, err; /* memory files, so that nobody has to read along */
};

/* Shared by the workers. */
static struct {
	unsigned cases[16], failed[16], shown;
} * tally;

__attribute__((noreturn)) static void
die(const char *what)
{
	fprintf(stderr, "matrix: %s: %s\n", what, strerror(errno));
	exit(111);
}

/* socket(AF_NETLINK) fails as in a kernel without it. */
static int
forbid_netlink(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, args[0])),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {COUNT(code), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/*
 * Another user, as under tcpserver -u; where there is only one (in a user
 * namespace of our own), root without this capability.
 */
static int
give_up_rights(void)
{
	if (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(NOBODY, NOBODY, NOBODY) == 0)
		return 0;
	return prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN);
}

__attribute__((noreturn)) static void
child(const struct worker *w, const struct combination *c, const char **argv,
    const char **env)
{
	int set = c->v[SET];
	int in = open("client", O_RDONLY);

	alarm(HANG_S); /* stays over exec, and kills what hangs */
	if (!no_ipset && setns(namespaces[c->v[PASS]], CLONE_NEWNET) != 0)
		_exit(124);
	if (in < 0 || dup2(in, 0) < 0 || dup2(w->out, 1) < 0 ||
	    dup2(w->err, 2) < 0 || close_range(3, ~0U, 0) != 0)
		_exit(120);
	if (set == S_EPERM && give_up_rights() != 0)
		_exit(121);
	if (set == S_NO_NETLINK && forbid_netlink() != 0)
		_exit(122);
	/* execve only lacks the const */
	execve(*argv, (void *)argv, (void *)env);
	_exit(123);
}

static size_t
contents(int fd, char *to, size_t size)
{
	ssize_t n = pread(fd, to, size, 0);

	if (n < 0)
		die("read");
	return (size_t)n;
}

static void
make_env(const char **env, const struct combination *c, char *room)
{
	static const char *const others[] = {"PATH=/nowhere", "RBLSMTPDX=1",
	    "XRELAYCLIENT=", "no equals sign", "TCPLOCALPORT=25",
	    "BYTES=\x80\xff \t\n%s", "TCPREMOTEINFO=" HOST4};
	static const char *const addresses[] = {"TCPREMOTEIP=" HOST4,
	    "TCPREMOTEIP=::ffff:" HOST4, "TCPREMOTEIP=" HOST6,
	    "TCP6REMOTEIP=" HOST6, "SSLREMOTEIP=" HOST4, NULL,
	    "TCPREMOTEIP=", "TCPREMOTEIP=" HOST4 "x", NULL};
	static const char *const rblsmtpd[] = {
	    NULL, "RBLSMTPD=", "RBLSMTPD=text", "RBLSMTPD=-text"};

	for (size_t i = 0; i < COUNT(others); i++)
		*env++ = others[i];
	if (addresses[c->v[ADDRESS]] != NULL)
		*env++ = addresses[c->v[ADDRESS]];
	if (c->v[ADDRESS] == A_LONG) {
		sprintf(room, "TCPREMOTEIP=%s%0*d", HOST4 ".", 288, 0);
		*env++ = room;
	}
	if (rblsmtpd[c->v[RBLSMTPD]] != NULL)
		*env++ = rblsmtpd[c->v[RBLSMTPD]];
	if (c->v[RELAYCLIENT] != UNSET)
		*env++ = "RELAYCLIENT=";
	*env = NULL;
}

static void
make_argv(const char **argv, const struct combination *c)
{
	static const char *const options[][3] = {{NULL}, {"-e"}, {"-n"},
	    {"-t", "0"}, {"-e", "-n"}, {"-v"}, {"-p"}, {"-r", "1"}, {"-er1"}};

	*argv++ = hook;
	for (const char *const *p = options[c->v[OPTION]]; *p != NULL; p++)
		*argv++ = *p;
	*argv++ = "-l";
	*argv++ = local_file(c);
	*argv++ = "-k";
	*argv++ = recent_file(c);
	*argv++ = is6(c) ? "-S" : "-s";
	*argv++ = set_name(c);
	*argv++ = probe;
	*argv++ = "an argument";
	*argv++ = "-e";
	*argv++ = "";
	*argv = NULL;
}

/* ---- comparing ---- */

static void
print_escaped(FILE *to, const char *p, size_t len)
{
	for (; len > 0; len--, p++) {
		if (*p == 0)
			fputs(" | ", to);
		else if (*p < 32 || *p > 126)
			fprintf(to, "\\%03o", (unsigned char)*p);
		else
			putc(*p, to);
	}
}

static void
print_outcome(FILE *to, const char *title, const struct outcome *o)
{
	fprintf(to, "#   %s %s\n#     output ", title,
	    o->runs ? "the next program" : "no program");
	print_escaped(to, o->output, o->output_len);
	fputs("\n#     said ", to);
	print_escaped(to, o->said, strlen(o->said));
	putc('\n', to);
}

/* In one write, so that the workers' lines do not mix. */
static void
show(const struct combination *c, const char *what, int status,
    const struct outcome *expected, const struct outcome *got)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to;

	if (__atomic_fetch_add(&tally->shown, 1, __ATOMIC_RELAXED) >= SHOWN_MAX)
		return;
	to = open_memstream(&text, &len);
	if (to == NULL)
		die("memory");
	fprintf(to, "# failed%s:", what);
	for (int d = 0; d < DIMENSIONS; d++)
		fprintf(to, " %s=%s;", dimensions[d].name,
		    dimensions[d].values[c->v[d]]);
	fprintf(to, " wait status %#x\n", status);
	print_outcome(to, "expected", expected);
	print_outcome(to, "got", got);
	fclose(to);
	if (write(1, text, len) < 0)
		die("write");
	free(text);
}

/* What coverage says of another user, who may not write its files. */
static void
drop_profiling(char *said)
{
	char *from = said;
	char *to = said;

	while (*from != 0) {
		size_t len = strcspn(from, "\n");

		len += from[len] == '\n';
		if (strncmp(from, "profiling:", 10) != 0) {
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	*to = 0;
}

static bool
same(const struct outcome *a, const struct outcome *b)
{
	return a->runs == b->runs && a->output_len == b->output_len &&
	       memcmp(a->output, b->output, a->output_len) == 0 &&
	       strcmp(a->said, b->said) == 0;
}

enum { RAN = 7 }; /* the probe's exit status */

/* time() of some C libraries is some milliseconds behind, musl's is not. */
static time_t
exact_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

/*
 * Runs the hook for one combination. It has to do what the model says of it,
 * or of the same with another value, instead, in dimension d.
 */
static void
one_case(const struct worker *w, unsigned group, const struct combination *c,
    const char *what, int d, int instead)
{
	static struct outcome expected, got;
	struct combination other = *c;
	const char *argv[32];
	const char *env[32];
	char room[400];
	struct run r = {.c = &other, .env = env};
	time_t before;
	time_t after;
	bool good = false;
	int status;
	pid_t pid;

	make_argv(argv, c);
	make_env(env, c, room);
	r.argv = argv;
	while (*r.argv != probe)
		r.argv++;
	if (ftruncate(w->out, 0) != 0 || lseek(w->out, 0, SEEK_SET) != 0 ||
	    ftruncate(w->err, 0) != 0 || lseek(w->err, 0, SEEK_SET) != 0)
		die("rewind");
	before = time(NULL);
	pid = vfork(); /* a third faster, and the child only execs */
	if (pid == 0)
		child(w, c, argv, env);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	after = exact_time();
	r.pid = pid;

	got.runs = WIFEXITED(status) && WEXITSTATUS(status) == RAN;
	got.output_len = contents(w->out, got.output, sizeof got.output);
	got.said[contents(w->err, got.said, sizeof got.said - 1)] = 0;
	drop_profiling(got.said);
	for (int i = 0; i < 2 && !good; i++) {
		if (i > 0)
			other.v[d] = instead;
		/* which second it was in the hook is not known */
		for (r.now = before; r.now <= after && !good; r.now++) {
			model(&expected, &r);
			good = same(&expected, &got);
		}
	}
	if (!got.runs && status != 0)
		good = false;
	__atomic_fetch_add(&tally->cases[group], 1, __ATOMIC_RELAXED);
	if (good)
		return;
	__atomic_fetch_add(&tally->failed[group], 1, __ATOMIC_RELAXED);
	/* show what is wanted of the undamaged */
	other = *c;
	r.now = before;
	model(&expected, &r);
	show(c, what, status, &expected, &got);
}

/* ---- files ---- */

static size_t
load(const char *path, char *to)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len;

	if (fd < 0)
		die(path);
	len = contents(fd, to, FILE_MAX);
	close(fd);
	return len;
}

/* Leaves it open for more. */
static int
store(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		die(path);
	return fd;
}

static void
make_recent(const char *path, time_t from, time_t to, const char *reply)
{
	static const char *const hosts[] = {HOST4, HOST6};
	struct cdbwrite w;

	if (cdbwrite_start(&w, path, 0644) != 0)
		die(path);
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct ban ban = {
		    .since = from, .until = to, .rule = "rblsmtpd"};
		unsigned char key[BAN_KEY_BYTES];
		struct record r;

		if (addr_parse(hosts[i], strlen(hosts[i]), &ban.ip) != 0)
			die(hosts[i]);
		strcpy(ban.reply, reply);
		ban_key(key, &ban.ip);
		codec_put_ban(&r, &ban);
		if (record_seal(&r, key, sizeof key) != 0 ||
		    cdbwrite_add(&w, key, sizeof key, r.buf, r.len) != 0)
			die(path);
	}
	if (cdbwrite_commit(&w, NULL) != 0)
		die(path);
}

/* Flips a bit behind every place where mark stands. */
static void
make_flipped(const char *from, const char *to, const char *mark)
{
	static char bytes[FILE_MAX];
	size_t len = load(from, bytes);
	size_t n = strlen(mark);
	char *p = bytes;
	unsigned found = 0;

	while ((p = memmem(p, len - (size_t)(p - bytes), mark, n)) != NULL) {
		p += n;
		*p ^= 1;
		found++;
	}
	if (found == 0) {
		errno = ENOENT;
		die(mark);
	}
	close(store(to, bytes, len));
}

static void
make_files(void)
{
	static const char commands[] = "HELO me\r\nRCPT TO:<x@y>\r\nQUIT\r\n";
	char bytes[FILE_MAX];
	size_t len;

	umask(022);
	close(store("client", commands, strlen(commands)));
	close(store("empty.cdb", "", 0));
	len = load("deny.cdb", bytes);
	close(store("cut.cdb", bytes, len / 2));
	/* the check sum of the record with the prefix lengths */
	make_flipped("deny.cdb", "flipped.cdb", "local");
	since = time(NULL) - 60;
	until = since + BAN_S;
	make_recent("fresh.cdb", since, until, FRESH_REPLY);
	make_recent("other.cdb", since, until, OTHER_REPLY);
	make_recent(
	    "expired.cdb", since - 2 * BAN_S, until - 2 * BAN_S, FRESH_REPLY);
	make_flipped("fresh.cdb", "corrupt.cdb", "451 listed by ");
}

/* ---- network namespaces ---- */

/*
 * One for each value of PASS, with its sets. It leaves this process in the
 * last of them.
 */
static void
make_namespaces(void)
{
	static const char *const files[X_VALUES] = {
	    [X_NO_SET] = "sets.hosts",
	    [X_NOT_IN] = "sets.hosts sets.others",
	    [X_IN] = "sets.hosts sets.others sets.pass",
	};

	for (int i = 0; i < X_VALUES; i++) {
		char command[128];

		snprintf(command, sizeof command, "cat %s | ipset restore",
		    files[i]);
		if (unshare(CLONE_NEWNET) != 0 || system(command) != 0)
			die(command);
		namespaces[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (namespaces[i] < 0)
			die("/proc/self/ns/net");
	}
}

/* ---- the tests ---- */

enum {
	G_FREE,
	G_FREE_MORE,
	G_DECIDED,
	G_LOCAL_CUT,
	G_LOCAL_FLIPPED,
	G_RECENT_CUT,
	G_RECENT_FLIPPED,
	GROUPS
};

static const char *const group_names[GROUPS] = {
    "matrix",
    "matrix, set of passes, -p and -r",
    "matrix, decided before or without an address",
    "local.cdb cut at every length",
    "local.cdb with every byte changed",
    "recent.cdb cut at every length",
    "recent.cdb with every byte changed",
};

static unsigned
group_of(const struct combination *c)
{
	if (is_decided(c) || c->v[ADDRESS] >= A_NONE)
		return G_DECIDED;
	if (c->v[PASS] == X_NO_SET && c->v[OPTION] <= O_VERBOSE)
		return G_FREE;
	return G_FREE_MORE;
}

/*
 * Who was decided on before, or has no address, never gets as far as to a set
 * or a file, and the other sets decide last: of these only every 59th and every
 * 11th. Every pair of values still occurs, since these numbers divide no
 * dimension.
 */
static const unsigned thin[] = {
    [G_FREE] = 1, [G_FREE_MORE] = 11, [G_DECIDED] = 59};

static void
matrix(const struct worker *w)
{
	struct combination c = {.local = NULL};
	unsigned seen[COUNT(thin)] = {0};

	do {
		unsigned group = group_of(&c);
		unsigned each = (unsigned)step * thin[group];
		unsigned i;

		if (no_ipset && c.v[SET] < S_NO_NETLINK)
			continue;
		i = seen[group]++;
		if (i % each == 0 && i / each % WORKERS == (unsigned)w->number)
			one_case(w, group, &c, "", LOCAL, c.v[LOCAL]);
	} while (advance(&c));
}

/* One file, damaged in one place after the other. */
struct damage {
	unsigned group;
	const char *file;
	int local, set, recent; /* what it is when intact */
	int dimension;		/* LOCAL or RECENT */
	int instead;		/* what it may look like besides */
};

static const struct damage damages[] = {
    {G_LOCAL_CUT, "deny.cdb", L_DENY, S_ABSENT, R_OFF, LOCAL, L_CUT},
    {G_LOCAL_CUT, "allow.cdb", L_ALLOW, S_MEMBER, R_FRESH, LOCAL, L_CUT},
    {G_LOCAL_FLIPPED, "deny.cdb", L_DENY, S_ABSENT, R_OFF, LOCAL, L_FLIPPED},
    {G_LOCAL_FLIPPED, "allow.cdb", L_ALLOW, S_MEMBER, R_FRESH, LOCAL,
	L_FLIPPED},
    {G_RECENT_CUT, "fresh.cdb", L_NONE, S_MEMBER, R_FRESH, RECENT, R_CORRUPT},
    {G_RECENT_CUT, "fresh.cdb", L_NONE, S_OFF, R_FRESH, RECENT, R_CORRUPT},
    {G_RECENT_FLIPPED, "fresh.cdb", L_NONE, S_MEMBER, R_FRESH, RECENT,
	R_CORRUPT},
    {G_RECENT_FLIPPED, "fresh.cdb", L_NONE, S_OFF, R_FRESH, RECENT, R_CORRUPT},
};

static void
damaged(const struct worker *w, const struct damage *d, size_t each)
{
	char bytes[FILE_MAX];
	size_t len = load(d->file, bytes);
	bool cut = d->group == G_LOCAL_CUT || d->group == G_RECENT_CUT;
	struct combination c = {.local = NULL};
	uint32_t random = 1;
	char path[32];
	char what[64];
	int fd;

	snprintf(path, sizeof path, "damaged.%d", w->number);
	fd = store(path, bytes, len);
	c.v[LOCAL] = d->local;
	c.v[SET] = no_ipset ? S_OFF : d->set;
	c.v[RECENT] = d->recent;
	if (d->dimension == LOCAL)
		c.local = path;
	else
		c.recent = path;
	for (size_t at = len; at-- > 0;) {
		random = random * 1664525 + 1013904223;
		if (at % each != 0 || at / each % WORKERS != (size_t)w->number)
			continue;
		if (cut) {
			snprintf(what, sizeof what, ", cut at %zu", at);
			if (ftruncate(fd, (off_t)at) != 0)
				die(path);
		} else {
			char changed = (char)(bytes[at] ^ 1 << (random >> 29));

			snprintf(what, sizeof what, ", byte %zu is %#x", at,
			    (unsigned char)changed);
			if (pwrite(fd, &changed, 1, (off_t)at) != 1)
				die(path);
		}
		one_case(w, d->group, &c, what, d->dimension, d->instead);
		if (!cut && pwrite(fd, bytes + at, 1, (off_t)at) != 1)
			die(path);
	}
	close(fd);
}

__attribute__((noreturn)) static void
work(int number)
{
	struct worker w = {
	    .number = number,
	    .out = memfd_create("out", MFD_CLOEXEC),
	    .err = memfd_create("err", MFD_CLOEXEC),
	};

	if (w.out < 0 || w.err < 0)
		die("memfd_create");
	matrix(&w);
	for (size_t i = 0; i < COUNT(damages); i++)
		damaged(&w, &damages[i], (size_t)step);
	_exit(0);
}

int
main(int argc, char **argv)
{
	bool died = false;

	if (argc < 4 || (step = atoi(argv[1])) < 1) {
		fputs("usage: matrix STEP HOOK PROBE [no-ipset]\n", stderr);
		return 100;
	}
	hook = argv[2];
	probe = argv[3];
	no_ipset = argc > 4;
	tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		die("mmap");
	make_files();
	if (!no_ipset)
		make_namespaces();
	for (int i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			work(i);
		if (pid < 0)
			die("fork");
	}
	for (int i = 0; i < WORKERS; i++) {
		int status;

		died |= wait(&status) < 0 || status != 0;
	}
	for (int g = 0; g < GROUPS; g++)
		printf("%sok %d - %s: %u cases\n",
		    tally->failed[g] != 0 || tally->cases[g] == 0 || died
			? "not "
			: "",
		    g + 1, group_names[g], tally->cases[g]);
	if (tally->shown > SHOWN_MAX)
		printf("# %u more failed\n", tally->shown - SHOWN_MAX);
	printf("1..%d\n", GROUPS);
	return 0;
}
