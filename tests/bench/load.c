/* SPDX-License-Identifier: ISC */
/*
 * Many SMTP clients at once, all from one process, each from an address of
 * its own, and every word that a server says to them is compared.
 *
 *	load [-c CLIENTS] [-n NAME] [-p HOSTS] PORT CONNECTIONS
 *	load -s SECONDS [-c CLIENTS] [-n NAME] [-p HOSTS] [-w MS] PORT
 *
 * CLIENTS connections to 127.0.0.1 are kept open at a time. They come from
 * the first HOSTS addresses of 198.18.0.0/16, which the server is to refuse
 * as a server of that NAME does, with the listing's text below.
 *
 * Without -s each goes through its dialogue at once. Printed: connections a
 * second, then the median and the 99th percentile of the milliseconds from
 * connect to the end of file.
 *
 * With -s there is everything: clients that take up to MS before each
 * command and within it, that fall silent, that leave or reset at any point,
 * and hosts in 198.19.0.0/16, which the server is to pass on to smtpd.test.
 * Nobody new comes after SECONDS. Printed: "WHAT NUMBER" lines.
 *
 * No more than CLIENT_WAITING_MAX connections wait for their greeting, so the
 * server's backlog never overflows: what is measured is not a SYN's retry.
 *
 * Exit 1 when anything was not as it should be; the first cases are told.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define CLIENTS_MAX 4000
#define CONNECTIONS_MAX 1000000
#define HOSTS_MAX 60000
#define PATIENCE_S 60
#define TELL_MAX 10
#define HURRY_MS 20

enum kind { PROMPT, SLOW, SILENT, LEAVING, RESETTING, KINDS };
enum state { FREE, LISTENING, PAUSING, HURRYING };

/* what can go wrong */
enum trouble {
	NO_CONNECTION,
	BROKEN,	   /* reset, or another error of the socket */
	EARLY_END, /* closed by the server before the goodbye */
	BAD_GREETING,
	BAD_REPLY,
	STUCK,
	TROUBLES
};
static const char *const trouble_names[] = {"not connected", "broken",
    "ended early", "wrong greeting", "wrong reply", "stuck"};

struct client {
	enum state state;
	enum kind kind;
	int fd;
	bool unknown;	  /* of a host that is passed on */
	unsigned host;	  /* its number */
	int step;	  /* answers so far: the greeting is the first */
	int last;	  /* the step at which it falls silent or leaves */
	const char *rest; /* of a command, to send after a pause */
	double start, due;
	size_t len;
	char heard[256];
};

static struct {
	int clients, connections, pause_ms;
	unsigned hosts;
	double seconds; /* 0: measure */
	const char *name;
	struct sockaddr_in server;
} opt = {.clients = 20, .pause_ms = 2000, .hosts = 2000, .name = "rblcache"};

static struct client clients[CLIENTS_MAX];
static double times[CONNECTIONS_MAX];
static int epoll;
static int opened, finished, waiting, open_now, open_most;
static int greeted[2], hurried[2], kinds[KINDS], troubles[TROUBLES], told;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
up_to(int ms)
{
	return (double)(random() % (ms + 1)) / 1e3;
}

static void
address(const struct client *c, char text[32])
{
	snprintf(text, 32, "198.%d.%u.%u", c->unknown ? 19 : 18, c->host / 250,
	    1 + c->host % 250);
}

static void
finish(struct client *c)
{
	if (c->step == 0)
		waiting--;
	else
		open_now--;
	close(c->fd);
	c->state = FREE;
	if (finished < CONNECTIONS_MAX)
		times[finished] = now() - c->start;
	finished++;
}

static void
fail(struct client *c, enum trouble what)
{
	bool by_errno = what == NO_CONNECTION || what == BROKEN;
	const char *why = by_errno ? strerror(errno) : "";
	size_t len = c->len;
	char text[32];

	troubles[what]++;
	while (len > 0 && strchr("\r\n", c->heard[len - 1]) != NULL)
		len--;
	if (told++ < TELL_MAX) {
		address(c, text);
		fprintf(stderr,
		    "load: %s: %s at step %d, kind %d, %.1f s: %s\"%.*s\"\n",
		    text, trouble_names[what], c->step, c->kind,
		    now() - c->start, why, (int)len, c->heard);
	}
	finish(c);
}

static void
draw_kind(struct client *c)
{
	long n = random() % 100;

	c->kind = n < 10   ? PROMPT
		  : n < 60 ? SLOW
		  : n < 80 ? SILENT
		  : n < 90 ? LEAVING
			   : RESETTING;
	c->unknown = random() % 100 < 15;
	/* nothing ends the small smtpd's patience */
	if (c->unknown && c->kind == SILENT)
		c->kind = SLOW;
	c->host = (unsigned)random() % opt.hosts;
	c->last = (int)(random() % (CLIENT_STEPS + 1));
	if (c->kind == SILENT && c->last == 0)
		c->last = 1;
}

static void
come(struct client *c)
{
	struct in_addr from;
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	char text[32];

	*c = (struct client){.state = LISTENING, .start = now()};
	c->host = (unsigned)opened % opt.hosts;
	if (opt.seconds > 0)
		draw_kind(c);
	kinds[c->kind]++;
	opened++;
	waiting++;
	address(c, text);
	inet_pton(AF_INET, text, &from);
	c->fd = client_connect(from, &opt.server);
	if (c->fd < 0) {
		fail(c, NO_CONNECTION);
		return;
	}
	if (c->kind >= LEAVING && c->last == 0) {
		hurried[c->unknown]++;
		c->state = HURRYING;
		c->due = c->start + up_to(HURRY_MS);
		return;
	}
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
		fail(c, NO_CONNECTION);
}

static void
leave(struct client *c)
{
	const struct linger reset = {.l_onoff = 1};

	if (c->kind == RESETTING)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	finish(c);
}

static bool
send_all(struct client *c, const char *text, size_t len)
{
	if (send(c->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len)
		return true;
	fail(c, BROKEN);
	return false;
}

/* Sends the command that follows the answer just heard. */
static void
speak(struct client *c)
{
	const char *command = client_commands[c->step - 1];
	size_t begin = 3;

	if (c->kind == SILENT && c->step >= c->last)
		return;
	if (c->kind != SLOW) {
		if (send_all(c, command, strlen(command)) &&
		    c->kind >= LEAVING && c->step >= c->last)
			leave(c);
		return;
	}
	if (send_all(c, command, begin)) {
		c->rest = command + begin;
		c->state = PAUSING;
		c->due = now() + up_to(opt.pause_ms);
	}
}

static bool
is_right(const struct client *c)
{
	const char *server = c->unknown ? "smtpd.test" : opt.name;
	char wanted[sizeof c->heard];
	char text[32];

	address(c, text);
	if (c->step == 3 && !c->unknown)
		snprintf(wanted, sizeof wanted,
		    "451 Listed by TEST, see https://rbl.test/query/ip/%s\r\n",
		    text);
	else
		snprintf(wanted, sizeof wanted, "%d %s%s\r\n",
		    c->step == 0	      ? 220
		    : c->step == CLIENT_STEPS ? 221
					      : 250,
		    server, c->unknown ? "" : ".local");
	return strlen(wanted) == c->len &&
	       memcmp(wanted, c->heard, c->len) == 0;
}

/* The server closed. */
static void
at_end(struct client *c)
{
	if (c->step > CLIENT_STEPS || (c->kind == SILENT && c->step >= c->last))
		finish(c);
	else
		fail(c, EARLY_END);
}

static void
listen_to(struct client *c)
{
	ssize_t n;

	n = recv(c->fd, c->heard + c->len, sizeof c->heard - c->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail(c, c->step == 0 ? NO_CONNECTION : BROKEN);
		return;
	}
	if (n == 0) {
		at_end(c);
		return;
	}
	c->len += (size_t)n;
	if (c->heard[c->len - 1] != '\n' && c->len < sizeof c->heard)
		return;
	if (c->step > CLIENT_STEPS || c->state != LISTENING || !is_right(c)) {
		fail(c, c->step == 0 ? BAD_GREETING : BAD_REPLY);
		return;
	}
	if (c->step == 0) {
		greeted[c->unknown]++;
		waiting--;
		open_now++;
		if (open_now > open_most)
			open_most = open_now;
	}
	c->len = 0;
	c->step++;
	if (c->step <= CLIENT_STEPS)
		speak(c);
}

/* Whose time has come. */
static void
look_at(struct client *c, double at)
{
	if (c->state == HURRYING && at >= c->due) {
		leave(c);
	} else if (c->state == PAUSING && at >= c->due) {
		c->state = LISTENING;
		send_all(c, c->rest, strlen(c->rest));
	} else if (c->state != FREE && at > c->start + PATIENCE_S) {
		fail(c, STUCK);
	}
}

static void
serve(void)
{
	struct epoll_event events[64];
	double start = now();
	double looked = start;

	for (;;) {
		double at = now();
		bool more = opt.seconds > 0 ? at < start + opt.seconds
					    : opened < opt.connections;
		int n;

		if (!more && waiting + open_now == 0)
			return;
		for (int i = 0; more && i < opt.clients; i++) {
			if (waiting >= CLIENT_WAITING_MAX ||
			    waiting + open_now >= opt.clients)
				break;
			if (clients[i].state == FREE)
				come(&clients[i]);
			more = opt.seconds > 0 || opened < opt.connections;
		}
		n = epoll_wait(epoll, events, 64, 10);
		for (int i = 0; i < n; i++)
			listen_to(events[i].data.ptr);
		if (now() < looked + 0.01)
			continue;
		looked = now();
		for (int i = 0; i < opt.clients; i++)
			look_at(&clients[i], looked);
	}
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print_times(double took)
{
	size_t n = (size_t)finished;

	qsort(times, n, sizeof *times, compare);
	printf("%.0f %.2f %.2f\n", finished / took, times[n / 2] * 1e3,
	    times[n * 99 / 100] * 1e3);
}

static void
print_counts(void)
{
	static const char *const names[] = {
	    "prompt", "slow", "silent", "leaving", "resetting"};

	printf("opened %d\nat once %d\n", opened, open_most);
	for (int i = 0; i < KINDS; i++)
		printf("%s %d\n", names[i], kinds[i]);
	printf("refused %d\npassed on %d\n", greeted[0], greeted[1]);
	printf("refused, gone before the greeting %d\n", hurried[0]);
	printf("passed on, gone before the greeting %d\n", hurried[1]);
	for (int i = 0; i < TROUBLES; i++)
		printf("%s %d\n", trouble_names[i], troubles[i]);
}

static int
number(const char *text, int most)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != 0 || n < 1 || n > most) {
		fprintf(stderr, "load: %s is not from 1 to %d\n", text, most);
		exit(100);
	}
	return (int)n;
}

static void
read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "c:n:p:s:w:")) != -1) {
		switch (c) {
		case 'c':
			opt.clients = number(optarg, CLIENTS_MAX);
			break;
		case 'n':
			opt.name = optarg;
			break;
		case 'p':
			opt.hosts = (unsigned)number(optarg, HOSTS_MAX);
			break;
		case 's':
			opt.seconds = number(optarg, 86400);
			break;
		case 'w':
			opt.pause_ms = number(optarg, 10000);
			break;
		default:
			exit(100);
		}
	}
	if (argc - optind != (opt.seconds > 0 ? 1 : 2)) {
		fputs("usage: load [-s SECONDS] [-c CLIENTS] [-n NAME] "
		      "[-p HOSTS] [-w MS]\n            PORT [CONNECTIONS]\n",
		    stderr);
		exit(100);
	}
	opt.server = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)number(argv[optind], 65535)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (opt.seconds <= 0)
		opt.connections = number(argv[optind + 1], CONNECTIONS_MAX);
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	double start;

	read_options(argc, argv);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0) {
		perror("load");
		return 111;
	}
	start = now();
	serve();
	if (opt.seconds > 0)
		print_counts();
	else
		print_times(now() - start);
	return told != 0;
}
