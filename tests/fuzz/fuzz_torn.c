/* SPDX-License-Identifier: ISC */
/*
 * Some programs write into one pipe, a piece at a time, as qmail's substdio does
 * (with a smaller buffer, for the sake of short inputs); the log is what comes
 * out of it, perhaps cut at a limit. No line that begins with a client's bytes is
 * taken for a line, and what it costs stays within its bounds.
 *
 * Input: a byte of options, then a byte for each step: which program goes on; if
 * it begins a line, bytes for its fields, which a client chooses.
 */
#include <stdbool.h>

#include "fuzz.h"
#include "log/torn.h"

#define T 1795505462
#define WRITERS 4     /* CHKUSER's */
#define BUFFER 40     /* each line's first piece has "from <" in it */
#define PIECES_MAX 64 /* of a line */
#define LINE_MAX_BYTES 2048
#define LOG_MAX 65536
#define STEPS_MAX 45 /* so that a line goes on before it has waited too long */
#define LIMIT 64     /* of the logger that cuts */

/* A byte of the log. */
struct mark {
	char c;
	bool begins; /* a line of a program's */
	bool chosen; /* by a client */
};

struct writer {
	struct mark line[LINE_MAX_BYTES];
	size_t len, at;
	size_t piece[PIECES_MAX]; /* where each ends */
	size_t pieces, next;
	size_t buffered; /* while it is made */
};

static struct mark log_bytes[LOG_MAX];
static size_t log_len;
static struct writer writers[WRITERS + 1]; /* the last is rblsmtpd */

/* ---- substdio ---- */

static void
flush(struct writer *w)
{
	if (w->buffered == 0)
		return;
	HOLDS(w->pieces < PIECES_MAX);
	w->piece[w->pieces++] = w->len;
	w->buffered = 0;
}

static void
put(struct writer *w, const char *text, size_t len, bool chosen)
{
	if (w->buffered + len > BUFFER)
		flush(w);
	for (size_t i = 0; i < len; i++) {
		HOLDS(w->len < LINE_MAX_BYTES);
		w->line[w->len++] = (struct mark){text[i], w->len == 0, chosen};
	}
	w->buffered += len;
	if (len > BUFFER)
		flush(w);
}

static void
say(struct writer *w, const char *text)
{
	put(w, text, strlen(text), false);
}

/* Writes the next piece, and whether that was the last. */
static void
step(struct writer *w)
{
	size_t end = w->piece[w->next++];

	for (; w->at < end; w->at++) {
		HOLDS(log_len < LOG_MAX);
		log_bytes[log_len++] = w->line[w->at];
	}
	if (w->next == w->pieces)
		*w = (struct writer){0};
}

/* ---- lines ---- */

static void
say_chosen(struct writer *w, struct fuzz_input *in)
{
	static const char *const texts[] = {
	    "rblsmtpd: 198.51.100.7 pid 7: 451 x",
	    "x> : not existing recipient",
	    "CHKUSER rejected rcpt: from <",
	    "CHKUSER x: from <a::> remote <h:r:198.51.100.7> rcpt <x> : y",
	    "tcpserver: pid 7 from 198.51.100.7",
	    "spamdyke[7]: DENIED_RBL_MATCH from: a",
	};
	uint8_t what = fuzz_byte(in);
	char text[128];
	size_t len = what & 127;

	if (what >= 0x80) {
		const char *chosen = texts[len % COUNT(texts)];

		put(w, chosen, strlen(chosen), true);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		text[i] = (char)fuzz_byte(in);
		if (text[i] == '\n' || text[i] == 0)
			text[i] = '?';
	}
	put(w, text, len, true);
}

static void
begin_chkuser(struct writer *w, struct fuzz_input *in)
{
	say(w, "CHKUSER ");
	say(w, "rejected rcpt");
	say(w, ": from <");
	say_chosen(w, in);
	say(w, ":");
	say(w, ":");
	say(w, "> remote <");
	say_chosen(w, in);
	say(w, ":");
	say(w, "r");
	say(w, ":");
	say(w, "203.0.113.9");
	say(w, "> rcpt <");
	say_chosen(w, in);
	say(w, "> : ");
	say(w, "not existing recipient");
	say(w, "\n");
	flush(w);
}

/* With a text so long that its line feed is a piece of its own. */
static void
begin_rblsmtpd(struct writer *w)
{
	say(w, "rblsmtpd: 2001:db8::1 pid 8: 451 aaaaaaaa");
	say(w, "\n");
	flush(w);
}

static void
whole(const char *text)
{
	struct writer w = {0};

	say(&w, text);
	flush(&w);
	step(&w);
}

static void
go_on(unsigned who, struct fuzz_input *in)
{
	struct writer *w = &writers[who];

	if (w->len == 0 && who < WRITERS)
		begin_chkuser(w, in);
	else if (w->len == 0)
		begin_rblsmtpd(w);
	step(w);
}

static void
write_log(struct fuzz_input *in)
{
	log_len = 0;
	memset(writers, 0, sizeof writers);
	for (int i = 0; i < STEPS_MAX && in->len > 0; i++) {
		uint8_t what = fuzz_byte(in) & 7;

		if (what <= WRITERS)
			go_on(what, in);
		else if (what == 5)
			whole("tcpserver: status: 1/40\n");
		else if (what == 6)
			whole("tcpserver: pid 9 from 203.0.113.9\n");
		else
			whole("rblsmtpd: 203.0.113.9 pid 9: 451 x\n");
	}
	for (unsigned i = 0; i <= WRITERS; i++)
		while (writers[i].len > 0)
			step(&writers[i]);
}

/* ---- what comes of it ---- */

static void
check_bounds(const struct torn *t)
{
	HOLDS(t->open <= TORN_OPEN_MAX);
	HOLDS(t->lines <= TORN_LINES);
	HOLDS(torn_share(t, T) <= 100);
}

/* Returns where the next line begins. */
static size_t
take_line(struct torn *t, size_t from, size_t limit)
{
	static char text[LOG_MAX];
	size_t len = 0;
	enum torn_answer answer;

	while (from + len < log_len && log_bytes[from + len].c != '\n' &&
	       (limit == 0 || len < limit)) {
		text[len] = log_bytes[from + len].c;
		len++;
	}
	answer = torn_take(
	    t, &(struct torn_line){.message = {text, len}, .time_s = T}, limit);
	check_bounds(t);
	if (len > 0 && log_bytes[from].chosen)
		HOLDS(answer != TORN_NO);
	if (len > 0 && !log_bytes[from].begins && limit == len && from > 0 &&
	    log_bytes[from - 1].c != '\n')
		HOLDS(answer == TORN_REST);
	from += len;
	return from < log_len && log_bytes[from].c == '\n' ? from + 1 : from;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t limit = (fuzz_byte(&in) & 1) == 0 ? 0 : LIMIT;
	struct torn t = {0};

	write_log(&in);
	for (size_t at = 0; at < log_len;)
		at = take_line(&t, at, limit);
	return 0;
}
