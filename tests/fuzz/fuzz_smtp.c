/* SPDX-License-Identifier: ISC */
/*
 * The client's side of the dialogue: the answers are those of rblsmtpd's
 * dialogue, and the same byte for byte however the client's bytes are cut.
 *
 * Input: a byte, how many cuts; for each the distance to the next, less one,
 * over and over; then what the client sends.
 */
#include "fuzz.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/reply.h"
#include "hook/smtp.h"

#define CUTS_MAX 15
#define SENT_MAX 1500 /* the answers must fit in the pipe */
#define SHORT_MAX 150 /* also with the long reply, and byte by byte */
#define PIPE_BYTES (1 << 20)
#define PAGE_BYTES 4096
#define NAME "rblcache.local\r\n"

struct transcript {
	char text[65536];
	size_t len;
};

struct cuts {
	size_t distance[CUTS_MAX];
	size_t n;
};

static void
say(struct transcript *t, const char *line)
{
	size_t len = strlen(line);

	HOLDS(len <= sizeof t->text - t->len);
	memcpy(t->text + t->len, line, len);
	t->len += len;
}

static bool
is_command(const char *word, size_t len, const char *command)
{
	if (len != strlen(command))
		return false;
	for (size_t i = 0; i < len; i++)
		if (tolower((unsigned char)word[i]) != command[i])
			return false;
	return true;
}

/* The whole dialogue as smtp.h describes it. */
static void
expect(struct transcript *t, const char *sent, size_t size, const char *refusal)
{
	const char *feed;

	t->len = 0;
	say(t, "220 " NAME);
	for (; (feed = memchr(sent, '\n', size)) != NULL;
	     size -= (size_t)(feed + 1 - sent), sent = feed + 1) {
		size_t len = (size_t)(feed - sent);
		const char *blank;

		if (len > 0 && sent[len - 1] == '\r')
			len--;
		blank = memchr(sent, ' ', len);
		if (blank != NULL)
			len = (size_t)(blank - sent);
		if (is_command(sent, len, "quit")) {
			say(t, "221 " NAME);
			return;
		}
		if (is_command(sent, len, "helo") ||
		    is_command(sent, len, "ehlo") ||
		    is_command(sent, len, "mail") ||
		    is_command(sent, len, "rset") ||
		    is_command(sent, len, "noop"))
			say(t, "250 " NAME);
		else
			say(t, refusal);
	}
}

/* A pipe in which every write is a packet, and how many it holds. */
static size_t
packet_pipe(int fds[2])
{
	int bytes;

	HOLDS(pipe2(fds, O_DIRECT) == 0);
	/* more than the default only if the system lets us */
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	bytes = fcntl(fds[1], F_GETPIPE_SZ);
	HOLDS(bytes > 0);
	return (size_t)bytes / PAGE_BYTES;
}

/*
 * Sends it in pieces; each is one read of the other side, which takes no more
 * than 512 bytes for granted.
 */
static void
send_cut(int fd, size_t packets, const char *sent, size_t size,
    const struct cuts *cuts)
{
	for (size_t i = 0; size > 0; i++, packets--) {
		size_t piece = cuts->n == 0 ? 512 : cuts->distance[i % cuts->n];

		/* the last packets that fit must hold all the rest */
		if (piece > size || packets * 512 < size + 512)
			piece = size < 512 ? size : 512;
		HOLDS(write(fd, sent, piece) == (ssize_t)piece);
		sent += piece;
		size -= piece;
	}
}

/* Plays what is sent, whole where cuts is NULL, and compares the answers. */
static void
play(const char *sent, size_t size, const struct cuts *cuts, const char *reply,
    const struct transcript *want)
{
	static struct transcript got;
	int in[2];
	int back[2];
	ssize_t n;

	HOLDS(pipe(back) == 0);
	if (cuts == NULL) {
		HOLDS(pipe(in) == 0);
		HOLDS(write(in[1], sent, size) == (ssize_t)size);
	} else {
		size_t packets = packet_pipe(in);

		send_cut(in[1], packets, sent, size, cuts);
	}
	close(in[1]);
	smtp_refuse(in[0], back[1], reply, 10);
	close(in[0]);
	close(back[1]);
	got.len = 0;
	while ((n = read(back[0], got.text + got.len,
		    sizeof got.text - got.len)) > 0)
		got.len += (size_t)n;
	close(back[0]);
	HOLDS(got.len == want->len);
	HOLDS(memcmp(got.text, want->text, got.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cuts bytewise = {{1}, 1};
	static struct transcript want;
	struct fuzz_input in = {data, size};
	struct cuts cuts = {.n = fuzz_byte(&in) % (CUTS_MAX + 1)};
	char reply[REPLY_SIZE] = "451 no";
	char refusal[REPLY_SIZE + 2];
	const char *sent;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < cuts.n; i++)
		cuts.distance[i] = fuzz_byte(&in) + 1U;
	if (in.len > SENT_MAX)
		return 0;
	/* the longest line there is, so that the answers fill their buffer */
	if (in.len <= SHORT_MAX)
		memset(reply + 4, 'x', REPLY_TEXT_MAX);
	snprintf(refusal, sizeof refusal, "%s\r\n", reply);
	sent = in.len == 0 ? "" : (const char *)in.p;
	expect(&want, sent, in.len, refusal);
	play(sent, in.len, NULL, reply, &want);
	play(sent, in.len, &cuts, reply, &want);
	if (in.len <= SHORT_MAX)
		play(sent, in.len, &bytewise, reply, &want);
	return 0;
}
