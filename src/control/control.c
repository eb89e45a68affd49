/* SPDX-License-Identifier: ISC */
#include "control/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/hurry.h"
#include "control/seats.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */
#define LISTENER SEATS_MAX
#define BACKLOG 64
#ifndef SO_PASSRIGHTS /* Linux 6.16 */
#define SO_PASSRIGHTS 83
#endif

/* milliseconds */
#define PATIENCE 5000	    /* for a line, and for the reading of the answer */
#define PATIENCE_HELD 28000 /* for what an answer is held for */

struct client {
	int fd; /* -1: none */
	struct seat *seat;
	char line[CONTROL_LINE_MAX];
	size_t line_len;
	char *answer; /* NULL: not asked yet */
	size_t answer_len, sent;
	uint64_t hold; /* 0: may be sent */
};

struct control {
	int epoll, listener;
	char path[PATH_MAX];
	control_answer *answer;
	void *user;
	struct client clients[SEATS_MAX];
	struct seat seats[SEATS_MAX]; /* of the same */
	bool is_late;		      /* somebody had to be hurried (hurry.h) */
};

/* ---- who may ---- */

static bool
has_group(int fd, gid_t wanted)
{
	static gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (size_t i = 0; i < len / sizeof *groups; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

/* 0, or -1: it cannot be told who it is. */
static int
look_at(int fd, struct seat *who)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return -1;
	who->uid = peer.uid;
	who->may_change = peer.uid == 0 || peer.uid == geteuid() ||
			  peer.gid == getegid() || has_group(fd, getegid());
	return 0;
}

/* ---- clients ---- */

static void
let_go(struct control *c, int fd)
{
	hurry_begin();
	close(fd);
	c->is_late |= hurry_end();
}

/*
 * The child that writes a checkpoint has the connection open, too. So close
 * alone would neither tell the client nor stop the events, which would then be
 * taken for those of the next client in this place.
 */
static void
drop(struct control *c, struct client *client)
{
	if (client->fd >= 0) {
		(void)epoll_ctl(c->epoll, EPOLL_CTL_DEL, client->fd, NULL);
		(void)shutdown(client->fd, SHUT_RDWR);
		let_go(c, client->fd);
	}
	free(client->answer);
	*client = (struct client){.fd = -1, .seat = client->seat};
	client->seat->taken = false;
}

static void
watch(struct control *c, int op, int fd, uint32_t events, uint32_t which)
{
	struct epoll_event event = {.events = events, .data.u32 = which};

	(void)epoll_ctl(c->epoll, op, fd, &event);
}

static void
send_answer(struct control *c, struct client *client)
{
	ssize_t n;

	while (client->sent < client->answer_len) {
		n = send(client->fd, client->answer + client->sent,
		    client->answer_len - client->sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			watch(c, EPOLL_CTL_MOD, client->fd, EPOLLOUT,
			    (uint32_t)(client - c->clients));
			return;
		}
		if (n < 0)
			break;
		client->sent += (size_t)n;
	}
	drop(c, client);
}

/* Takes the answer over and puts a line feed behind it. */
static void
give_answer(struct client *client, char *answer)
{
	size_t len = strlen(answer);
	char *line = realloc(answer, len + 2);

	free(client->answer);
	if (line == NULL) { /* the client will miss the line feed */
		client->answer = answer;
		client->answer_len = len;
		return;
	}
	line[len++] = '\n';
	line[len] = 0;
	client->answer = line;
	client->answer_len = len;
}

static void
ask(struct control *c, struct client *client, int64_t now_ms)
{
	char *answer;

	client->line[client->line_len] = 0;
	answer = c->answer(c->user, client->seat->may_change, client->line,
	    client->line_len, &client->hold);
	if (answer == NULL) {
		drop(c, client);
		return;
	}
	give_answer(client, answer);
	client->seat->until_ms =
	    now_ms + (client->hold == 0 ? PATIENCE : PATIENCE_HELD);
	if (client->hold == 0)
		send_answer(c, client);
	else /* errors and the end are still told */
		watch(c, EPOLL_CTL_MOD, client->fd, 0,
		    (uint32_t)(client - c->clients));
}

static void
read_line(struct control *c, struct client *client, int64_t now_ms)
{
	size_t room = sizeof client->line - client->line_len;
	char *feed;
	ssize_t n;

	hurry_begin();
	n = recv(
	    client->fd, client->line + client->line_len, room, MSG_DONTWAIT);
	c->is_late |= hurry_end();
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c, client);
		return;
	}
	client->line_len += (size_t)n;
	feed = memchr(client->line, '\n', client->line_len);
	if (feed != NULL) {
		client->line_len = (size_t)(feed - client->line);
		ask(c, client, now_ms);
	} else if (client->line_len == sizeof client->line) {
		drop(c, client);
	}
}

/*
 * Without a descriptor for the next one, one client has to do without. The
 * kernel complains before it looks whether there is a next one.
 */
static void
make_room(struct control *c)
{
	struct pollfd next = {c->listener, POLLIN, 0};
	size_t i = SEATS_MAX;

	if ((errno == EMFILE || errno == ENFILE) && poll(&next, 1, 0) > 0)
		i = seats_first_to_leave(c->seats);
	if (i < SEATS_MAX)
		drop(c, &c->clients[i]);
}

static void
take_client(struct control *c, int fd, int64_t now_ms)
{
	struct seat who = {.taken = true, .until_ms = now_ms + PATIENCE};
	struct client *client;
	size_t i;

	if (look_at(fd, &who) != 0 ||
	    (i = seats_for(c->seats, who.uid, who.may_change)) == SEATS_MAX) {
		let_go(c, fd);
		return;
	}
	client = &c->clients[i];
	if (client->fd >= 0)
		drop(c, client);
	client->fd = fd;
	*client->seat = who;
	watch(c, EPOLL_CTL_ADD, fd, EPOLLIN, (uint32_t)i);
	/* before somebody comes who takes the seat */
	read_line(c, client, now_ms);
}

static void
take_clients(struct control *c, int64_t now_ms)
{
	/* as many as there is room for, so that nobody is kept busy here */
	for (int i = 0; i < SEATS_MAX && !c->is_late; i++) {
		int fd = accept4(
		    c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			make_room(c);
			return;
		}
		take_client(c, fd, now_ms);
	}
}

static void
serve(struct control *c, const struct epoll_event *event, int64_t now_ms)
{
	struct client *client = &c->clients[event->data.u32];

	if (client->fd < 0)
		return;
	if (client->answer == NULL)
		read_line(c, client, now_ms);
	else if (client->hold == 0)
		send_answer(c, client);
	else /* it went away */
		drop(c, client);
}

void
control_serve(struct control *c, int64_t now_ms)
{
	struct epoll_event events[SEATS_MAX + 1];
	int n = epoll_wait(c->epoll, events, SEATS_MAX + 1, 0);
	bool knocks = false;

	/* who is late keeps the others waiting once, until the next time */
	c->is_late = false;
	for (int i = 0; i < n && !c->is_late; i++)
		if (events[i].data.u32 == LISTENER)
			knocks = true;
		else
			serve(c, &events[i], now_ms);
	/* last: an event must not meet the next client in that seat */
	if (knocks)
		take_clients(c, now_ms);
	for (size_t i = 0; i < SEATS_MAX && !c->is_late; i++)
		if (c->seats[i].taken && c->seats[i].until_ms <= now_ms)
			drop(c, &c->clients[i]);
}

void
control_release(struct control *c, uint64_t number, const char *instead)
{
	for (size_t i = 0; i < SEATS_MAX; i++) {
		struct client *client = &c->clients[i];
		char *answer = NULL;

		if (client->fd < 0 || client->hold == 0 ||
		    client->hold > number)
			continue;
		if (instead != NULL)
			answer = strdup(instead);
		if (answer != NULL)
			give_answer(client, answer);
		client->hold = 0;
		send_answer(c, client);
	}
}

/* ---- open and close ---- */

static int
listen_at(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const int no = 0;
	mode_t before;
	bool bound;
	int fd;

	if (strlen(path) >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* nobody is to send descriptors; where one may all the same, hurry.h */
	(void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof no);
	(void)unlink(path);
	/* no chmod: it would follow whatever somebody puts there meanwhile */
	before = umask(0111);
	bound = bind(fd, (struct sockaddr *)&to, sizeof to) == 0;
	(void)umask(before);
	if (bound && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd); /* errno stays: closing a socket does not fail */
	return -1;
}

struct control *
control_open(const char *path, control_answer *answer, void *user)
{
	struct control *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	for (size_t i = 0; i < SEATS_MAX; i++)
		c->clients[i] = (struct client){.fd = -1, .seat = &c->seats[i]};
	c->answer = answer;
	c->user = user;
	snprintf(c->path, sizeof c->path, "%s", path);
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->listener = c->epoll < 0 ? -1 : listen_at(path);
	if (c->listener < 0) {
		int error = errno;

		if (c->epoll >= 0)
			close(c->epoll);
		free(c);
		errno = error;
		return NULL;
	}
	watch(c, EPOLL_CTL_ADD, c->listener, EPOLLIN, LISTENER);
	return c;
}

void
control_close(struct control *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SEATS_MAX; i++)
		drop(c, &c->clients[i]);
	let_go(c, c->listener); /* and who was not accepted yet */
	close(c->epoll);
	(void)unlink(c->path);
	free(c);
}

int
control_fd(const struct control *c)
{
	return c->epoll;
}
