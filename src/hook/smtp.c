/* SPDX-License-Identifier: ISC */
#include "hook/smtp.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/reply.h"

#define NAME "rblcache.local"

struct dialogue {
	int in, out;
	int64_t end_ms; /* monotonic */
	char refusal[REPLY_SIZE + 2];
	char word[8];	 /* the command so far, cut */
	size_t word_len; /* counts on past sizeof word */
	bool word_done;	 /* its blank was seen */
	char answers[1024];
	size_t answers_len;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until fd is ready for events. false: the time is over, or an error. */
static bool
wait_for(const struct dialogue *d, int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left;

	while ((left = d->end_ms - now_ms()) > 0) {
		int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);

		if (n > 0)
			return (p.revents & (events | POLLHUP)) != 0;
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

/*
 * Sends what has been collected. After POLLOUT a socket or pipe takes this
 * much (less than PIPE_BUF) without blocking, so the time limit holds against
 * a client that never reads.
 */
static bool
flush_answers(struct dialogue *d)
{
	const char *p = d->answers;

	while (d->answers_len > 0) {
		ssize_t n;

		if (!wait_for(d, d->out, POLLOUT))
			return false;
		n = write(d->out, p, d->answers_len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (n > 0) {
			p += n;
			d->answers_len -= (size_t)n;
		}
	}
	return true;
}

static bool
answer(struct dialogue *d, const char *line)
{
	size_t len = strlen(line);

	if (len > sizeof d->answers - d->answers_len && !flush_answers(d))
		return false;
	memcpy(d->answers + d->answers_len, line, len);
	d->answers_len += len;
	return true;
}

/* Answers the command in word. false: the dialogue is over. */
static bool
obey(struct dialogue *d)
{
	static const char *const accepted[] = {
	    "helo", "ehlo", "mail", "rset", "noop"};
	size_t len = d->word_len;

	/* a CR right before LF is part of the line's end */
	if (!d->word_done && len > 0 && len <= sizeof d->word &&
	    d->word[len - 1] == '\r')
		len--;
	if (len == 4 && strncasecmp(d->word, "quit", len) == 0)
		return answer(d, "221 " NAME "\r\n") && flush_answers(d) &&
		       false;
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
		if (len == 4 && strncasecmp(d->word, accepted[i], len) == 0)
			return answer(d, "250 " NAME "\r\n");
	return answer(d, d->refusal);
}

static bool
take(struct dialogue *d, const char *bytes, size_t n)
{
	for (; n > 0; n--, bytes++) {
		if (*bytes == '\n') {
			if (!obey(d))
				return false;
			d->word_len = 0;
			d->word_done = false;
		} else if (*bytes == ' ') {
			d->word_done = true;
		} else if (!d->word_done && d->word_len <= sizeof d->word) {
			if (d->word_len < sizeof d->word)
				d->word[d->word_len] = *bytes;
			d->word_len++;
		}
	}
	return flush_answers(d);
}

void
smtp_refuse(int in, int out, const char *reply, unsigned timeout_s)
{
	struct dialogue d = {.in = in, .out = out};
	/* with no time to talk there is still a moment to send one line */
	unsigned allowed_s = timeout_s == 0 ? 1 : timeout_s;
	char buf[1024];

	d.end_ms = now_ms() + (int64_t)allowed_s * 1000;
	snprintf(
	    d.refusal, sizeof d.refusal, "%.*s\r\n", REPLY_SIZE - 1, reply);
	if (!answer(&d, timeout_s == 0 ? d.refusal : "220 " NAME "\r\n") ||
	    !flush_answers(&d) || timeout_s == 0)
		return;
	for (;;) {
		ssize_t n;

		if (!wait_for(&d, in, POLLIN))
			return;
		n = read(in, buf, sizeof buf);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return;
		if (n > 0 && !take(&d, buf, (size_t)n))
			return;
	}
}
