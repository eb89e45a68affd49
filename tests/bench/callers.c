/* SPDX-License-Identifier: ISC */
/*
 * callers: the connections of traffic.h, made to a real server.
 *
 *	callers [-S UNIX_SECONDS] [traffic option ...] PORT
 *
 * Each comes to 127.0.0.1 at its time, counted from UNIX_SECONDS, from the
 * address of its host, and goes through its dialogue at once. By the greeting
 * it knows who answers. Printed at the end of each, as `simulate answers` does:
 *
 *	SECONDS IP TRY listed|cached|in
 *
 * where "in" are those that the simulation calls "passed" as well: a client
 * cannot tell them apart. Good mail that was refused comes again when it is
 * due by the time it should have come, so it is the simulation's traffic.
 *
 * Exit 1 when an answer was not as it should be; 2 when one came more than
 * LATE_S after the connection's time, or never: then the machine did not carry
 * the rate.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/exits.h"
#include "client.h"
#include "traffic.h"

enum { EXIT_WRONG = 1, EXIT_LATE = 2 };

#define CALLS_MAX 100 /* what the front's tcpserver serves at once */
#define LATE_S 0.25
#define PATIENCE_S 10.0
#define TELL_MAX 10

/* Who may answer. */
static const struct server {
	const char *name, *answer;
	bool refuses;
} servers[] = {
    {"rblcache.local", "cached", true},
    {"rblsmtpd.local", "listed", true},
    {"smtpd.test", "in", false},
};
#define SERVERS (sizeof servers / sizeof *servers)

struct call {
	int fd; /* -1: none */
	struct traffic_connection c;
	char ip[ADDR_STRLEN];
	const struct server *server; /* NULL: no greeting yet */
	int step;		     /* answers so far, with the greeting */
	size_t len;
	char heard[256];
};

static struct call calls[CALLS_MAX];
static struct traffic *traffic;
static struct sockaddr_in server;
static double start_s; /* unix time of the traffic's 0 */
static int epoll;
static size_t open_now, waiting, wrong, stuck; /* wrong: those with stuck */
static double latest_s, latest_answer_s;

/* In the traffic's time. */
static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec - start_s + (double)t.tv_nsec / 1e9;
}

static void
end(struct call *k)
{
	open_now--;
	waiting -= k->server == NULL;
	close(k->fd);
	k->fd = -1;
}

static void
fail(struct call *k, const char *what)
{
	while (k->len > 0 && strchr("\r\n", k->heard[k->len - 1]) != NULL)
		k->len--;
	if (wrong++ < TELL_MAX)
		fprintf(stderr, "callers: %.6f %s: %s at step %d: \"%.*s\"\n",
		    k->c.time_s, k->ip, what, k->step, (int)k->len, k->heard);
	end(k);
}

static void
begin(struct call *k)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = k};
	const struct traffic_host *host;
	struct in_addr from;

	k->server = NULL;
	k->step = 0;
	k->len = 0;
	if (!traffic_next(traffic, &k->c))
		return;
	host = traffic_host(traffic, k->c.host);
	addr_format(&host->ip, k->ip);
	memcpy(&from, host->ip.b + 12, sizeof from);
	latest_s = fmax(latest_s, now() - k->c.time_s);
	k->fd = client_connect(from, &server);
	if (k->fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, k->fd, &e) != 0)
		err(EXIT_SYSTEM, "%s", k->ip);
	open_now++;
	waiting++;
}

static void
take_greeting(struct call *k)
{
	double late_s = now() - k->c.time_s;

	for (size_t i = 0; i < SERVERS && k->server == NULL; i++)
		if (strstr(k->heard, servers[i].name) == k->heard + 4)
			k->server = &servers[i];
	if (k->server == NULL)
		return;
	waiting--;
	latest_answer_s = fmax(latest_answer_s, late_s);
	if (k->server->refuses && traffic_refused(traffic, &k->c) != 0)
		err(EXIT_SYSTEM, NULL);
}

/*
 * Whether a whole line is what it should be. A refusal has the list's text or
 * a general one.
 */
static bool
is_right(const struct call *k)
{
	char wanted[sizeof k->heard];

	if (k->server == NULL)
		return false;
	if (k->server->refuses && k->step == 3)
		return strncmp(k->heard, "451 ", 4) == 0;
	snprintf(wanted, sizeof wanted, "%d %s\r\n",
	    k->step == 0	      ? 220
	    : k->step == CLIENT_STEPS ? 221
				      : 250,
	    k->server->name);
	return strcmp(k->heard, wanted) == 0;
}

static void
at_end(struct call *k)
{
	if (k->step <= CLIENT_STEPS) {
		fail(k, "ended early");
		return;
	}
	printf("%.6f\t%s\t%u\t%s\n", k->c.time_s, k->ip, k->c.try,
	    k->server->answer);
	end(k);
}

static void
listen_to(struct call *k)
{
	ssize_t n =
	    recv(k->fd, k->heard + k->len, sizeof k->heard - 1 - k->len, 0);
	const char *command;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		if (n < 0)
			fail(k, strerror(errno));
		else
			at_end(k);
		return;
	}
	k->len += (size_t)n;
	k->heard[k->len] = 0;
	if (k->heard[k->len - 1] != '\n' && k->len < sizeof k->heard - 1)
		return;
	if (k->step == 0)
		take_greeting(k);
	if (k->step > CLIENT_STEPS || !is_right(k)) {
		fail(k, "wrong answer");
		return;
	}
	k->len = 0;
	if (k->step == CLIENT_STEPS) {
		k->step++;
		return;
	}
	command = client_commands[k->step++];
	if (send(k->fd, command, strlen(command), MSG_NOSIGNAL) !=
	    (ssize_t)strlen(command))
		fail(k, "not taken");
}

/* Those whose time has come, as far as there is room. */
static void
begin_those_due(void)
{
	for (size_t i = 0; i < CALLS_MAX; i++) {
		if (waiting >= CLIENT_WAITING_MAX ||
		    traffic_due(traffic) > now())
			return;
		if (calls[i].fd < 0)
			begin(&calls[i]);
	}
}

static void
end_those_stuck(void)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (calls[i].fd >= 0 &&
		    now() > calls[i].c.time_s + PATIENCE_S) {
			latest_answer_s = fmax(latest_answer_s, PATIENCE_S);
			stuck++;
			fail(&calls[i], "stuck");
		}
}

/* In milliseconds: until the next is due, if there is room for it. */
static int
patience(void)
{
	double left_s = traffic_due(traffic) - now();

	if (waiting >= CLIENT_WAITING_MAX || open_now == CALLS_MAX ||
	    left_s > 0.1)
		return 100;
	return left_s <= 0 ? 0 : (int)(left_s * 1e3);
}

static void
serve(void)
{
	struct epoll_event events[64];

	while (isfinite(traffic_due(traffic)) || open_now > 0) {
		int n = epoll_wait(epoll, events, 64, patience());

		for (int i = 0; i < n; i++)
			listen_to(events[i].data.ptr);
		end_those_stuck();
		begin_those_due();
	}
}

static double
number(const char *text, double most)
{
	char *ending;
	double n = strtod(text, &ending);

	if (ending == text || *ending != 0 || !(n >= 1 && n <= most))
		errx(EXIT_USAGE, "'%s' is out of range", text);
	return n;
}

static void
read_options(int argc, char **argv, struct traffic_params *p)
{
	int c;

	start_s = (double)time(NULL) + 1;
	while ((c = getopt(argc, argv, "+S:" TRAFFIC_OPTIONS)) != -1) {
		if (c == '?')
			exit(EXIT_USAGE);
		if (c == 'S')
			start_s = number(optarg, 1e10);
		else if (traffic_option(p, c, optarg) != 0)
			errx(
			    EXIT_USAGE, "-%c: '%s' is out of range", c, optarg);
	}
	if (argc - optind != 1)
		errx(EXIT_USAGE,
		    "usage: callers [-S UNIX_SECONDS] [traffic option ...] "
		    "PORT");
	server = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)number(argv[optind], 65535)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int
main(int argc, char **argv)
{
	struct traffic_params params = TRAFFIC_DEFAULTS;

	read_options(argc, argv, &params);
	traffic = traffic_new(&params);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (traffic == NULL || epoll < 0)
		err(EXIT_SYSTEM, NULL);
	for (size_t i = 0; i < CALLS_MAX; i++)
		calls[i].fd = -1;
	serve();
	traffic_free(traffic);
	fprintf(stderr,
	    "callers: the latest began %.3f s late, "
	    "and was answered at most %.3f s late\n",
	    latest_s, latest_answer_s);
	if (fflush(stdout) != 0 || ferror(stdout))
		err(EXIT_SYSTEM, NULL);
	if (wrong > stuck)
		errx(EXIT_WRONG, "%zu connections went wrong", wrong - stuck);
	if (latest_answer_s > LATE_S)
		return EXIT_LATE;
	return 0;
}
