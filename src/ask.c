/* SPDX-License-Identifier: ISC */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

#define PATIENCE_S 30
#define READ_BYTES 65536

static int
connect_to(const char *statedir)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int n = snprintf(
	    to.sun_path, sizeof to.sun_path, "%s/%s", statedir, CONTROL_NAME);
	int fd;

	if (n < 0 || (size_t)n >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* connect waits as well, for a feed that accepts nobody any more */
	if (setsockopt(
		fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
	    setsockopt(
		fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
	    connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	n = errno == EAGAIN ? ETIMEDOUT : errno;
	close(fd);
	errno = n;
	return -1;
}

static int
send_line(int fd, const struct request *r)
{
	char *line = request_format(r);
	size_t len;
	ssize_t n;

	if (line == NULL)
		return -1;
	len = strlen(line);
	line[len++] = '\n';
	n = send(fd, line, len, MSG_NOSIGNAL);
	free(line);
	return n == (ssize_t)len ? 0 : -1;
}

/* Up to the end; the feed closes the connection behind its line. */
static json_t *
read_answer(int fd)
{
	char *text = NULL;
	size_t len = 0;
	size_t room = 0;
	json_t *object = NULL;
	ssize_t n;

	for (;;) {
		if (len == room) {
			char *more = realloc(text, room += READ_BYTES);

			if (more == NULL)
				break;
			text = more;
		}
		n = recv(fd, text + len, room - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		if (text[len - 1] == '\n')
			break;
	}
	if (len > 0 && text[len - 1] == '\n')
		object = json_loadb(text, len, 0, NULL);
	else if (errno == EAGAIN)
		errno = ETIMEDOUT;
	free(text);
	return object;
}

enum ask_answer
ask_feed(const char *statedir, const struct request *r, json_t **object)
{
	int fd = connect_to(statedir);
	int error;

	if (fd < 0)
		return errno == ENOENT || errno == ECONNREFUSED ? ASK_NOBODY
								: ASK_ERROR;
	errno = ECONNRESET; /* closed without an answer */
	*object = send_line(fd, r) == 0 ? read_answer(fd) : NULL;
	error = errno;
	close(fd);
	errno = error;
	return *object == NULL ? ASK_ERROR : ASK_ANSWERED;
}
