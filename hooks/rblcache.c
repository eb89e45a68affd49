/* SPDX-License-Identifier: ISC */
/*
 * rblcache: the hook. tcpserver ... rblcache rblsmtpd -r zone ... qmail-smtpd
 *
 *	TCPREMOTEIP -> addr -> settest -> (drop capability) -> local -> recent
 *	(all three by lookup) -> verdict -> smtp | the next program
 *
 * It may hold CAP_NET_ADMIN (file capability), so the order matters: options
 * and environment are read, the kernel is asked once, every capability is
 * dropped, and only then a file is opened or a byte exchanged with the client.
 * Whatever fails, the next program runs as if the hook were not there.
 *
 * With -p, behind rblsmtpd, it only says who has got that far.
 */
#include <alloca.h>
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cdbread.h"
#include "base/exits.h"
#include "base/hooklog.h"
#include "base/paths.h"
#include "base/usage.h"
#include "hook/lookup.h"
#include "hook/relro.h"
#include "hook/smtp.h"
#include "hook/verdict.h"
#include "kernel/settest.h"

#define DEFAULT_TIMEOUT_S 60
#define MAX_TIMEOUT_S 86400
#define MAX_RECHECK 1000000000
#define LOGGER_WAIT_MS 2000

static const char usage[] =
    "usage: rblcache [-env] [-l local.cdb] [-k recent.cdb] [-s set4] "
    "[-S set6]\n"
    "                [-r number] [-t seconds] prog [arg ...]\n"
    "       rblcache -p prog [arg ...]\n"
    "Refuses a banned client, or runs prog: rblsmtpd, or with -p "
    "qmail-smtpd.\n"
    "  -e             set RBLSMTPD, so that prog refuses the client\n"
    "  -h, --help     print this\n"
    "  -k recent.cdb  what the feed remembers (" PATHS_RECENT_CDB ")\n"
    "  -l local.cdb   your own rules (" PATHS_LOCAL_CDB ")\n"
    "  -n             only say what would be refused\n"
    "  -p             behind rblsmtpd: only log that the client passed\n"
    "  -r number      recheck one banned client in so many: run prog\n"
    "  -s set4        the kernel set of IPv4 hosts (" PATHS_SET4 ")\n"
    "  -S set6        the kernel set of IPv6 networks (" PATHS_SET6 ")\n"
    "  -t seconds     talk to a refused client at most that long (60)\n"
    "  -v             also log clients that are allowed or not known\n"
    "  -V, --version  print the version\n"
    "'' for -k, -l, -s or -S switches that source off. See rblcache(8).\n";

struct options {
	bool by_env;  /* -e */
	bool dry_run; /* -n */
	bool passed;  /* -p */
	bool verbose; /* -v */
	const char *local, *recent, *set4, *set6;
	unsigned recheck; /* one in so many; 0: none */
	unsigned timeout_s;
	char **prog;
};

static char client[ADDR_STRLEN] = "-";

/*
 * A logger that is gone, or a file at its limit, is no reason to die of a signal,
 * and a logger that hangs is none to wait for ever. The next program gets the
 * signal as it was.
 */
static void
write_line(const char *line, size_t len)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	bool is_file = lseek(2, 0, SEEK_CUR) >= 0;
	int deadly = is_file ? SIGXFSZ : SIGPIPE;
	struct pollfd log = {2, POLLOUT, 0};
	struct sigaction before;

	(void)sigaction(deadly, &ignore, &before);
	if ((is_file || poll(&log, 1, LOGGER_WAIT_MS) != 0) &&
	    write(2, line, len) < 0)
		/* takes it back where it was blocked */
		(void)sigaction(deadly, &ignore, NULL);
	(void)sigaction(deadly, &before, NULL);
}

/* One line to stderr in one write, so that lines of others do not mix in. */
__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
	char line[512];
	va_list args;
	size_t n;

	n = (size_t)snprintf(line, sizeof line, HOOKLOG_SAYS_WHO, client,
	    (unsigned long long)getpid());
	va_start(args, format);
	n += (size_t)vsnprintf(line + n, sizeof line - n, format, args);
	va_end(args);
	if (n > sizeof line - 1)
		n = sizeof line - 1;
	line[n++] = '\n';
	write_line(line, n);
}

/* USAGE_GO_ON, or the exit status to end with. */
static int
read_options(struct options *o, int argc, char **argv)
{
	const struct usage_option options[] = {
	    {'e', .flag = &o->by_env},
	    {'n', .flag = &o->dry_run},
	    {'p', .flag = &o->passed},
	    {'v', .flag = &o->verbose},
	    {'l', .text = &o->local},
	    {'k', .text = &o->recent},
	    {'r', .number = &o->recheck, .least = 1, .most = MAX_RECHECK},
	    {'s', .text = &o->set4, SETTEST_OPTION},
	    {'S', .text = &o->set6, SETTEST_OPTION},
	    {'t', .number = &o->timeout_s, .most = MAX_TIMEOUT_S},
	};
	const struct usage u = {"rblcache", options,
	    sizeof options / sizeof *options, .text = usage, .in_order = true};
	int code;

	*o = (struct options){
	    .local = PATHS_LOCAL_CDB,
	    .recent = PATHS_RECENT_CDB,
	    .set4 = PATHS_SET4,
	    .set6 = PATHS_SET6,
	    .timeout_s = DEFAULT_TIMEOUT_S,
	};
	code = usage_read(&u, argc, argv);
	o->prog = argv + optind;
	if (code != USAGE_GO_ON)
		return code;
	if (o->passed && (o->by_env || o->dry_run || o->recheck != 0))
		return usage_complain(u.program, NULL,
		    "-p refuses nobody, so -e, -n and -r do not go with it");
	if (*o->prog == NULL)
		return usage_complain(u.program, NULL, "no program to run");
	return USAGE_GO_ON;
}

/*
 * The client's address. ucspi-tcp6 and sslserver may set only their own
 * variables. false: none of them holds an address.
 */
static bool
client_address(struct addr *a)
{
	const char *text = getenv("TCPREMOTEIP");

	if (text == NULL)
		text = getenv("TCP6REMOTEIP");
	if (text == NULL)
		text = getenv("SSLREMOTEIP");
	if (text == NULL ||
	    addr_parse(text, strnlen(text, ADDR_STRLEN), a) != 0)
		return false;
	addr_format(a, client);
	return true;
}

/*
 * The capability is meant to be permitted only (setcap cap_net_admin+p): with
 * an effective one the kernel would not run this program at all where a service
 * may not have it (capabilities(7), capability-dumb binaries), and no mail
 * would come in. So it is taken up here, where there is one.
 *
 * With a mask of 0 every capability is given up for good. Ambient ones go with
 * the permitted (capabilities(7)); none is in the file capability's inheritable
 * set, so exec brings none back.
 */
static int
hold_capabilities(uint32_t mask)
{
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
	    {.effective = mask, .permitted = mask}};

	return (int)syscall(SYS_capset, &header, data);
}

static void
say_set_error(const struct options *o, const struct addr *a, int error)
{
	if (error != 0)
		say("set %s: %s", addr_is4(a) ? o->set4 : o->set6,
		    error == ENOENT  ? "no such set"
		    : error == EPERM ? HOOKLOG_SAYS_NO_RIGHT
				     : strerror(error));
}

static void
say_error(const char *path, int error)
{
	if (error != 0)
		say("%s: %s", path, cdbread_error_text(error));
}

/*
 * Leaves the refusal to rblsmtpd, which answers 553 for a text that begins
 * with '-' and 451 for another. The mark tells the log reader that the line
 * rblsmtpd is going to log is no new listing.
 */
static char *
refuse_by_env(const struct verdict *v)
{
	static char text[sizeof "RBLSMTPD=-[cached] " + REPLY_SIZE];

	snprintf(text, sizeof text, "RBLSMTPD=%s[cached] %s",
	    reply_is_temporary(v->reply) ? "" : "-", v->reply + 4);
	return text;
}

/*
 * The next program, with a variable more in its environment, or with NULL. On
 * the stack, since putenv(3) would set up a heap, at a fifth of what the hook
 * costs. There is room: the environment takes a quarter of the stack at most
 * (execve(2)).
 */
__attribute__((noreturn)) static void
run(char **prog, char *variable)
{
	size_t n = 0;
	char **larger;

	while (environ[n] != NULL)
		n++;
	/* cppcheck-suppress allocaCalled */
	larger = alloca((n + 2) * sizeof *larger);
	memcpy(larger, environ, n * sizeof *larger);
	larger[n] = variable;
	larger[n + 1] = NULL;
	execvpe(*prog, prog, larger);
	say("unable to run %s: %s", *prog, strerror(errno));
	_exit(EXIT_SYSTEM);
}

/* One in so many, by chance; never where there is none to be had. */
static bool
is_rechecked(unsigned one_in)
{
	uint64_t n;

	return one_in != 0 &&
	       getrandom(&n, sizeof n, GRND_NONBLOCK) == sizeof n &&
	       n % one_in == 0;
}

/* Refuses the client, or returns the next program's variable, or NULL. */
static char *
act(const struct verdict_facts *facts, const struct options *o)
{
	struct verdict v = verdict_decide(facts);
	static char accept[] = "RBLSMTPD=";
	char text[VERDICT_TEXT_SIZE];

	/* the log reader wants to know whom no list was asked about */
	if (o->verbose || v.kind == VERDICT_REFUSE || verdict_is_cached(&v))
		say("%s%s",
		    v.kind == VERDICT_REFUSE && o->dry_run ? HOOKLOG_SAYS_WOULD
							   : "",
		    verdict_format(&v, text));
	if (v.kind == VERDICT_ALLOW)
		return accept;
	if (v.kind != VERDICT_REFUSE || o->dry_run)
		return NULL;
	if (o->by_env)
		return refuse_by_env(&v);
	signal(SIGPIPE, SIG_IGN);
	smtp_refuse(0, 1, v.reply, o->timeout_s);
	_exit(0);
}

int
main(int argc, char **argv)
{
	static struct verdict_facts facts;
	char *variable = NULL;
	struct options o;
	struct addr a;
	const char *decided = getenv("RBLSMTPD");
	bool known; /* an address that nobody has decided on yet */
	/* told later: while the capability is held, nothing else is asked */
	int set_error = 0;
	int code;

	relro_protect();
	code = read_options(&o, argc, argv);
	if (code != USAGE_GO_ON)
		_exit(code);
	known = decided == NULL && getenv("RELAYCLIENT") == NULL &&
		client_address(&a);
	if (known && !o.passed) {
		(void)hold_capabilities(CAP_TO_MASK(CAP_NET_ADMIN));
		set_error = lookup_set(&facts, o.set4, o.set6, &a);
	}
	if (hold_capabilities(0) != 0) {
		say("unable to drop capabilities: %s", strerror(errno));
		known = false;
	}
	/* else rblsmtpd's refusal would look like a list's, in the log */
	if (decided != NULL && *decided != 0 && !o.passed && client_address(&a))
		say(HOOKLOG_SAYS_DECIDED);
	say_set_error(&o, &a, set_error);
	if (known && o.passed) {
		say(HOOKLOG_SAYS_PASSED);
	} else if (known) {
		say_error(o.local, lookup_local(&facts, o.local, &a));
		facts.recheck = verdict_needs_recent(&facts) && !o.dry_run &&
				is_rechecked(o.recheck);
		say_error(o.recent, lookup_recent(&facts, o.recent, &a));
		if (facts.recent == BAN_FOUND) /* else it is not worth it */
			facts.now = time(NULL);
		variable = act(&facts, &o);
	}
	run(o.prog, variable);
}
