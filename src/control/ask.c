/* SPDX-License-Identifier: ISC */
#include "control/ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/owner.h"
#include "base/plain.h"
#include "control/control.h"

#define READ_BYTES ((size_t)65536)
#define ANSWER_MAX (64 * READ_BYTES)
#define SECOND INT64_C(1000) /* ms */

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec / 1000000;
}

/* Lets the next call wait until that time at most. */
static int
wait_until(int fd, int64_t end_ms)
{
	int64_t left = end_ms - now_ms();
	const struct timeval patience = {
	    .tv_sec = left / SECOND, .tv_usec = left % SECOND * 1000};

	if (left <= 0) { /* 0 would be for ever */
		errno = ETIMEDOUT;
		return -1;
	}
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof patience) == 0 &&
		       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			   sizeof patience) == 0
		   ? 0
		   : -1;
}

/* Whether it is the feed that listens, and its pid, whether it accepts or not. */
static bool
is_feed(int fd, const char *path, pid_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*pid = peer.pid;
	errno = EPERM;
	return owner_is_ours(path, peer.uid);
}

static int
connect_to(const char *statedir, int64_t end_ms, pid_t *pid)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int n = snprintf(
	    to.sun_path, sizeof to.sun_path, "%s/%s", statedir, CONTROL_NAME);
	struct stat st;
	int fd;

	if (n < 0 || (size_t)n >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (lstat(to.sun_path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		errno = ENOTSOCK;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* connect waits as well, for a feed that accepts nobody any more */
	if (wait_until(fd, end_ms) == 0 &&
	    connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
	    is_feed(fd, to.sun_path, pid))
		return fd;
	n = errno;
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

static void
make_plain(json_t *string)
{
	char *text = strdup(json_string_value(string));

	if (text != NULL)
		plain_text(text);
	(void)json_string_set(string, text == NULL ? "?" : text);
	free(text);
}

/* Makes all texts in it such that they may be printed. */
static void
make_all_plain(json_t *answer)
{
	json_t *parts = json_pack("[O]", answer);

	for (size_t i = 0; i < json_array_size(parts); i++) {
		json_t *part = json_array_get(parts, i);
		const char *key;
		json_t *each;
		size_t k;

		json_object_foreach (part, key, each)
			(void)json_array_append(parts, each);
		json_array_foreach (part, k, each)
			(void)json_array_append(parts, each);
		if (json_is_string(part))
			make_plain(part);
	}
	json_decref(parts);
}

/* Up to the end; the feed closes the connection behind its line. */
static json_t *
read_answer(int fd, int64_t end_ms)
{
	char *text = NULL;
	size_t len = 0;
	size_t room = 0;
	json_t *object = NULL;
	ssize_t n;

	for (;;) {
		if (len == ANSWER_MAX) {
			errno = EMSGSIZE;
			break;
		}
		if (len == room) {
			char *more = realloc(text, room += READ_BYTES);

			if (more == NULL)
				break;
			text = more;
		}
		if (wait_until(fd, end_ms) != 0)
			break;
		n = recv(fd, text + len, room - len, 0);
		if (n == 0)
			errno = ECONNRESET;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (text[len - 1] == '\n')
			break;
	}
	if (len > 0 && text[len - 1] == '\n') {
		errno = ECONNRESET; /* for what is no JSON */
		object = json_loadb(text, len, 0, NULL);
	}
	free(text);
	return object;
}

/* Sets errno as the caller is to see it. */
static enum ask_answer
failed(int error)
{
	errno = error == EAGAIN	 ? ETIMEDOUT
		: error == EPIPE ? ECONNRESET
				 : error;
	return error == ENOENT || error == ECONNREFUSED ? ASK_NOBODY
							: ASK_ERROR;
}

enum ask_answer
ask_feed(const char *statedir, const struct request *r, struct ask *to)
{
	int64_t end_ms =
	    now_ms() +
	    (request_changes(r) ? ASK_CHANGE_S : ASK_READ_S) * SECOND;
	int error;
	int fd;

	*to = (struct ask){0};
	fd = connect_to(statedir, end_ms, &to->pid);
	if (fd < 0)
		return failed(errno);
	if (send_line(fd, r) == 0)
		to->answer = read_answer(fd, end_ms);
	error = errno;
	close(fd);
	if (to->answer != NULL)
		make_all_plain(to->answer);
	return to->answer != NULL ? ASK_ANSWERED : failed(error);
}
