/* SPDX-License-Identifier: ISC */
/*
 * dialogue: plays the same client to two programs and compares what they say.
 *
 *	dialogue STEP RBLSMTPD HOOK LOCAL.CDB TEXT	TAP on stdout
 *
 * STEP 1 is all transcripts, 7 every seventh of them.
 * 192.0.2.1 must be deferred and 192.0.2.2 denied by LOCAL.CDB with TEXT;
 * rblsmtpd gets the same in RBLSMTPD. A script is the bytes of a client and
 * the way they come: whole, a line at a time, or cut at any byte, where the
 * client goes on, says no more, or is gone. Nothing here waits for a fixed
 * time to let the other side read: it asks the socket what is still unread.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S 60.0 /* a step that takes longer has failed */
#define TEXT_MAX 4096

enum way { WHOLE, BY_LINE, BY_BYTE, CUT, CUT_SHUT, CUT_CLOSE };

struct script {
	char bytes[TEXT_MAX];
	size_t len;
};

struct program {
	const char *path;
	const char *local; /* NULL: it is rblsmtpd */
	const char *name;  /* in its greeting */
};

struct peer {
	pid_t pid;
	int fd;
	char said[1 << 18];
	size_t len;
	bool end;    /* its side was seen closed */
	bool silent; /* an answer did not come */
	int status;
	double took_s;
};

static struct program theirs = {.name = "rblsmtpd"};
static struct program ours = {.name = "rblcache"};
static char env_defer[TEXT_MAX], env_deny[TEXT_MAX];
static unsigned step, made, tests, compared, differ, dirty;
static uint64_t seed = 1;

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
nap_ms(long ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000};

	nanosleep(&t, NULL);
}

static unsigned
pick(unsigned n)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed >> 33) % n;
}

__attribute__((format(printf, 2, 3))) static void
result(bool good, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("%sok %u - ", good ? "" : "not ", ++tests);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void
start(struct peer *p, const struct program *prog, bool deny, const char *limit)
{
	int pair[2];

	memset(p, 0, sizeof *p);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		abort();
	p->took_s = now_s();
	p->pid = fork();
	if (p->pid == 0) {
		static char ip[2][32] = {
		    "TCPREMOTEIP=192.0.2.1", "TCPREMOTEIP=192.0.2.2"};

		signal(SIGPIPE, SIG_DFL);
		dup2(pair[1], 0);
		dup2(pair[1], 1);
		putenv(ip[deny]);
		if (prog->local == NULL) {
			putenv(deny ? env_deny : env_defer);
			execl(prog->path, prog->path, "-t", limit, "false",
			    (char *)NULL);
		}
		execl(prog->path, prog->path, "-l", prog->local, "-k", "", "-s",
		    "", "-S", "", "-t", limit, "false", (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	p->fd = pair[0];
}

/* Takes what has come, after at most that many milliseconds. */
static void
hear(struct peer *p, int wait_ms)
{
	struct pollfd fds = {.fd = p->fd, .events = POLLIN};
	ssize_t n;

	if (p->end || poll(&fds, 1, wait_ms) <= 0)
		return;
	n = recv(
	    p->fd, p->said + p->len, sizeof p->said - p->len, MSG_DONTWAIT);
	if (n > 0)
		p->len += (size_t)n;
	else if (n == 0 || errno == ECONNRESET)
		p->end = true;
}

static size_t
lines_said(const struct peer *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->len; i++)
		n += p->said[i] == '\n';
	return n;
}

static void
hear_lines(struct peer *p, size_t lines)
{
	double end = now_s() + LIMIT_S;

	while (!p->end && lines_said(p) < lines && now_s() < end)
		hear(p, 100);
	if (!p->end && lines_said(p) < lines)
		p->silent = true;
}

/* Sends, and returns when the other side has read all of it, or has ended. */
static void
tell(struct peer *p, const char *bytes, size_t len)
{
	double end = now_s() + LIMIT_S;
	int unread = 1;

	while (len > 0 && !p->end && now_s() < end) {
		ssize_t n =
		    send(p->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN) {
			return; /* what it said before is heard later */
		}
		hear(p, n > 0 ? 0 : 1);
	}
	while (ioctl(p->fd, SIOCOUTQ, &unread) == 0 && unread > 0 && !p->end &&
	       now_s() < end) {
		hear(p, 0);
		sched_yield();
	}
	if (unread > 0 && !p->end)
		p->silent = true;
}

static void
finish(struct peer *p)
{
	double end = now_s() + LIMIT_S;

	while (!p->end && now_s() < end)
		hear(p, 100);
	if (!p->end) {
		p->silent = true;
		kill(p->pid, SIGKILL);
	}
	waitpid(p->pid, &p->status, 0);
	p->took_s = now_s() - p->took_s;
	close(p->fd);
}

/* The client is gone without a word, also about what it was told. */
static void
leave(struct peer *p)
{
	double end = now_s() + LIMIT_S;

	close(p->fd);
	p->len = 0;
	while (waitpid(p->pid, &p->status, WNOHANG) == 0) {
		if (now_s() > end) {
			p->silent = true;
			kill(p->pid, SIGKILL);
		}
		sched_yield();
	}
}

static void
play(struct peer *p, const struct program *prog, bool deny,
    const struct script *s, enum way way, size_t cut)
{
	const char *bytes = s->bytes;
	size_t len = s->len;
	size_t lines = 1;

	start(p, prog, deny, "30");
	switch (way) {
	case WHOLE:
		tell(p, bytes, len);
		break;
	case BY_LINE:
		hear_lines(p, lines);
		while (len > 0) {
			const char *lf = memchr(bytes, '\n', len);
			size_t n = lf == NULL ? len : (size_t)(lf - bytes) + 1;

			tell(p, bytes, n);
			bytes += n;
			len -= n;
			if (lf != NULL)
				hear_lines(p, ++lines);
		}
		break;
	case BY_BYTE:
		for (size_t i = 0; i < len; i++)
			tell(p, bytes + i, 1);
		break;
	case CUT:
	case CUT_SHUT:
	case CUT_CLOSE:
		tell(p, bytes, cut);
		if (way == CUT)
			tell(p, bytes + cut, len - cut);
		if (way != CUT_CLOSE)
			break;
		leave(p);
		return;
	}
	shutdown(p->fd, SHUT_WR);
	finish(p);
}

/* Puts one name for the other; both have the same length. */
static void
rename_said(struct peer *p, const struct program *prog)
{
	size_t len = strlen(prog->name);
	char *at = p->said;

	while ((at = memmem(at, p->len - (size_t)(at - p->said), prog->name,
		    len)) != NULL)
		memcpy(at, "PROGRAM.", len);
}

/* RFC 5321, 4.5.3.1.5 and 2.4: lines end with CR LF, no line is over 512
 * bytes with it, and without 8BITMIME nothing but printable ASCII is sent. */
static bool
said_is_clean(const struct peer *p)
{
	size_t from = 0;

	for (size_t i = 0; i < p->len; i++) {
		unsigned char c = (unsigned char)p->said[i];

		if (c == '\n') {
			if (i == from || p->said[i - 1] != '\r' ||
			    i + 1 - from > 512 || i - from < 4)
				return false;
			from = i + 1;
		} else if (c == '\r' ? i + 1 == p->len || p->said[i + 1] != '\n'
				     : c < 32 || c > 126) {
			return false;
		}
	}
	return from == p->len;
}

static void
show(const char *what, const char *bytes, size_t len)
{
	printf("#   %s: ", what);
	for (size_t i = 0; i < len && i < 200; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= 32 && c < 127 && c != '\\')
			putchar(c);
		else
			printf("\\%03o", c);
	}
	putchar('\n');
}

/*
 * A client that is gone may cost rblsmtpd its life: it leaves SIGPIPE as
 * tcpserver set it, by default deadly. The hook writes to nobody and exits 0.
 * No client can tell; only the status that tcpserver -v logs differs.
 */
static bool
status_same(const struct peer *a, const struct peer *b, enum way way)
{
	if (b->status != 0)
		return false;
	return a->status == 0 || (way == CUT_CLOSE && WIFSIGNALED(a->status) &&
				     WTERMSIG(a->status) == SIGPIPE);
}

static void
compare(const struct script *s, bool deny, enum way way, size_t cut)
{
	static struct peer a;
	static struct peer b;

	if (made++ % step != 0 || differ >= 10)
		return; /* enough is known, and each may have waited long */
	play(&a, &theirs, deny, s, way, cut);
	play(&b, &ours, deny, s, way, cut);
	if (!said_is_clean(&b)) {
		dirty++;
		show("not clean", b.said, b.len);
	}
	rename_said(&a, &theirs);
	rename_said(&b, &ours);
	compared++;
	if (!a.silent && !b.silent && status_same(&a, &b, way) &&
	    a.len == b.len && memcmp(a.said, b.said, a.len) == 0)
		return;
	if (differ++ > 3)
		return;
	printf("# differ: way %d, cut at %zu, status %#x and %#x, silent %d "
	       "and %d\n",
	    way, cut, (unsigned)a.status, (unsigned)b.status, a.silent,
	    b.silent);
	show("script", s->bytes, s->len);
	show("theirs", a.said, a.len);
	show("ours", b.said, b.len);
}

static void
compare_ways(const struct script *s, bool deny)
{
	compare(s, deny, WHOLE, 0);
	compare(s, deny, BY_LINE, 0);
}

static void
compare_cuts(const struct script *s, bool deny)
{
	compare(s, deny, BY_BYTE, 0);
	for (size_t cut = 0; cut <= s->len; cut++) {
		compare(s, deny, CUT, cut);
		compare(s, deny, CUT_SHUT, cut);
		compare(s, deny, CUT_CLOSE, cut);
	}
}

static void
add(struct script *s, const char *bytes, size_t len)
{
	if (len > sizeof s->bytes - s->len)
		return;
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
}

/* The block's result; each block counts its own. */
static void
block(const char *name)
{
	result(compared > 0 && differ == 0 && dirty == 0,
	    "%s: %u transcripts, the same as rblsmtpd's", name, compared);
	compared = differ = dirty = 0;
}

/* clang-format off */
#define WORD(text) {text, sizeof text - 1}
static const struct { const char *text; size_t len; } words[] = {
	WORD("helo"), WORD("ehlo"), WORD("mail"), WORD("rset"), WORD("noop"),
	WORD("quit"), WORD("rcpt"), WORD("data"), WORD("vrfy"), WORD("help"),
	WORD("auth"), WORD("starttls"), WORD("bdat"), WORD("qui"),
	WORD("quits"), WORD("noop\t"), WORD("mail\0"), WORD("qu\0it"),
	WORD("\0quit"), WORD("quit\r"), WORD("\r"), WORD(""), WORD(" quit"),
	WORD("\xe9hlo"), WORD("noo\xff"), WORD("q\r\rit"),
};
static const struct { const char *text; size_t len; } args[] = {
	WORD(""), WORD(" "), WORD(" x.test"), WORD("  \0x\r y"),
	WORD(" FROM:<a@x.test> \xfc"),
};
/* clang-format on */
#define N(array) (sizeof(array) / sizeof *(array))

static void
add_command(struct script *s, size_t word, int letters, size_t arg, bool crlf)
{
	char text[16];

	for (size_t i = 0; i < words[word].len; i++) {
		char c = words[word].text[i];

		if (c >= 'a' && c <= 'z' &&
		    (letters == 1 || (letters == 2 && i % 2 == 0)))
			c -= 'a' - 'A';
		text[i] = c;
	}
	add(s, text, words[word].len);
	add(s, args[arg].text, args[arg].len);
	add(s, "\r\n" + !crlf, crlf ? 2 : 1);
}

static void
commands(void)
{
	for (unsigned i = 0; i < N(words) * 3 * N(args) * 2; i++) {
		struct script s = {.len = 0};
		unsigned letters = i / 2 % 3;
		unsigned arg = i / 6 % N(args);

		add_command(&s, i / 6 / N(args), (int)letters, arg, i % 2);
		/* every word with either end of line is cut everywhere */
		if (letters == arg && i / 6 / N(args) % 3 == arg)
			compare_cuts(&s, i % 4 < 2);
		add(&s, "NOOP\r\nx\n", 9);
		compare_ways(&s, i % 4 < 2);
	}
	block("commands");
}

static void
sessions(void)
{
	static const char *const session[] = {"EHLO client.test",
	    "MAIL FROM:<>", "RCPT TO:<b@x.test>", "DATA", "RSET", "QUIT",
	    "NOOP"};

	for (int crlf = 0; crlf < 2; crlf++) {
		struct script s = {.len = 0};

		for (size_t i = 0; i < N(session); i++) {
			add(&s, session[i], strlen(session[i]));
			add(&s, "\r\n" + !crlf, (size_t)crlf + 1);
		}
		compare_ways(&s, crlf);
		compare_cuts(&s, crlf);
	}
	block("sessions");
}

/* Around the buffers of both (64 and 1024 bytes) and the lines of RFC 5321. */
static void
long_lines(void)
{
	static const size_t lengths[] = {7, 8, 9, 63, 64, 65, 256, 510, 512,
	    998, 1023, 1024, 1025, 2000, 4000};

	for (size_t i = 0; i < N(lengths) * 4; i++) {
		struct script s = {.len = 0};
		size_t len = lengths[i / 4];

		if (i % 2)
			add(&s, "NOOP ", 5);
		while (s.len < len)
			add(&s, i % 4 < 2 ? "a" : "\xff", 1);
		if (i % 4 == 0) /* no command for who counts the bytes anew */
			add(&s, "quit", 4);
		add(&s, "\r\nquit\r\n", 8);
		compare_ways(&s, i % 2);
		for (size_t cut = len - 2; cut < len + 9; cut++)
			if (cut <= s.len)
				compare(&s, i % 2, CUT, cut);
	}
	block("long lines");
}

/* Any bytes, with those that matter often among them. */
static void
random_scripts(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct script s = {.len = 0};
		unsigned pieces = 1 + pick(12);

		while (pieces-- > 0) {
			char c = (char)pick(256);

			if (pick(3) == 0)
				add(&s, &c, 1);
			else if (pick(4) == 0)
				add(&s, &"\r\n \0Q"[pick(5)], 1);
			else
				add_command(&s, pick(N(words)), (int)pick(3),
				    pick(N(args)), pick(2));
		}
		compare(&s, pick(2), (enum way)pick(6), pick((unsigned)s.len));
	}
	block("random");
}

/* More answers than a socket holds, to a client that reads in the end. */
static void
pipelined(void)
{
	struct script s = {.len = 0};

	while (s.len < sizeof s.bytes - 6)
		add(&s, "x\n", 2);
	add(&s, "QUIT\r\n", 6);
	compare_ways(&s, false);
	compare(&s, true, CUT_CLOSE, s.len);
	compare(&s, true, CUT_CLOSE, 2);
	block("two thousand commands at once");
}

/* ---- the time limit ---- */

enum client { SAYS_NOTHING, DRIPS, NEVER_READS };

/* Drives the client until the program is gone; its seconds are in took_s. */
static void
sit_out(struct peer *p, const struct program *prog, enum client client)
{
	static const char drip[] = "NOOP x\r\n";
	struct pollfd fds = {.events = 0};
	double end;

	start(p, prog, false, "1");
	end = now_s() + LIMIT_S;
	fds.fd = p->fd;
	for (unsigned i = 0; !p->end && now_s() < end; i++) {
		switch (client) {
		case SAYS_NOTHING:
			hear(p, 50);
			break;
		case DRIPS:
			send(p->fd, drip + i % 8, 1, MSG_NOSIGNAL);
			for (int j = 0; j < 4; j++)
				hear(p, 25);
			nap_ms(p->len > 0 ? 100 : 0);
			break;
		case NEVER_READS:
			while (send(p->fd, "x\nx\nx\nx\n", 8,
				   MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
				;
			nap_ms(10);
			p->end = poll(&fds, 1, 0) > 0 &&
				 (fds.revents & POLLHUP) != 0;
			break;
		}
	}
	p->silent = !p->end;
	if (p->silent)
		kill(p->pid, SIGKILL);
	waitpid(p->pid, &p->status, 0);
	p->took_s = now_s() - p->took_s;
	close(p->fd);
}

static void
time_limit(void)
{
	static const char *const names[] = {"says nothing",
	    "sends a byte every 100 ms", "sends and never reads"};
	static struct peer a;
	static struct peer b;

	for (enum client c = SAYS_NOTHING; c <= NEVER_READS; c++) {
		sit_out(&a, &theirs, c);
		sit_out(&b, &ours, c);
		rename_said(&a, &theirs);
		rename_said(&b, &ours);
		result(!b.silent && b.status == 0 && b.took_s > 0.9 &&
			   !a.silent && a.status == 0 && a.len == b.len &&
			   memcmp(a.said, b.said, a.len) == 0,
		    "-t 1, a client that %s: gone after %.2f s (rblsmtpd "
		    "%.2f s)",
		    names[c], b.took_s, a.took_s);
	}
	for (int deny = 0; deny < 2; deny++) {
		start(&a, &theirs, deny, "0");
		finish(&a);
		start(&b, &ours, deny, "0");
		finish(&b);
		result(!a.silent && !b.silent && a.len == b.len && a.len > 0 &&
			   memcmp(a.said, b.said, a.len) == 0 &&
			   b.status == 0 && a.status == 0 && said_is_clean(&b),
		    "-t 0: the same line, without waiting");
	}
}

int
main(int argc, char **argv)
{
	if (argc != 6 || (step = (unsigned)atoi(argv[1])) < 1) {
		fputs("usage: dialogue STEP RBLSMTPD HOOK LOCAL.CDB TEXT\n",
		    stderr);
		return 100;
	}
	theirs.path = argv[2];
	ours.path = argv[3];
	ours.local = argv[4];
	snprintf(env_defer, sizeof env_defer, "RBLSMTPD=%s", argv[5]);
	snprintf(env_deny, sizeof env_deny, "RBLSMTPD=-%s", argv[5]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	commands();
	sessions();
	long_lines();
	random_scripts(500);
	step = 1; /* there are only a few of these */
	pipelined();
	time_limit();
	printf("1..%u\n", tests);
	return 0;
}
