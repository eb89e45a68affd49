/* SPDX-License-Identifier: ISC */
/*
 * A log line through the shipped rules. Whatever it says, the guarded are
 * never banned, a ban's reply is one clean line, and the decision prints as
 * what it is. What a client writes into the fields that are its own changes
 * nothing but whether it is banned: not who, by which rule, how long, nor what
 * is answered.
 *
 * Input: as it stands a line; also a byte that says where to cut the rest in
 * two, for two fields of one line.
 */
#include "fuzz.h"

#include <stdbool.h>

#include "local/reserved.h"
#include "log/decide.h"

#define FIELDS_MAX 8
#define PLANT_MAX 500

/*
 * PCRE2 is not compiled for the fuzzer, which so does not see how far a line
 * got in a pattern. Counters in this section tell it what came of each line:
 * libFuzzer takes a new one for new coverage.
 */
#define KINDS (DECIDE_SKIP + DECIDE_WHYS)
#define LINES_MAX 64
__attribute__((section("__libfuzzer_extra_counters"),
    used)) static uint8_t outcomes[LINES_MAX * FIELDS_MAX * KINDS];

#define REAL "203.0.113.9"
#define SENDER "CHKUSER rejected sender: "
#define INTRUSION "CHKUSER rejected intrusion: "
#define NO_MX " : invalid sender MX domain"
#define OVER " : rcpt ignored, session over intrusion threshold"
#define OLD "from <{}:{}:{}> remote <{}:{}:" REAL "> rcpt <{}>"
#define NEW                                                                    \
	"from <{}|remoteinfo/auth:{}|chkuser-identify:{}> remote <helo:{}|"    \
	"remotehostname:{}|remotehostip:" REAL "> rcpt <{}>"
#define DYKE_FROM " from: {} to: {} origin_ip: " REAL " origin_rdns: {} auth: "
#define DYKE DYKE_FROM "{} encryption: (none)"
#define INDIMAIL "rblsmtpd:  pid 7 from " REAL ": 451 text"

/* {} is a field that a client can write to. */
static const char *const lines[] = {
    SENDER OLD NO_MX,
    SENDER NEW NO_MX,
    INTRUSION OLD OVER,
    INTRUSION NEW OVER,
    "CHKUSER intrusion threshold: " OLD " : max number of allowed rcpt",
    "CHKUSER intrusion threshold: " NEW " : max number of allowed rcpt",
    SENDER OLD " : temporary DNS problem",
    "CHKUSER rejected rcpt: " NEW " : not existing recipient",
    "CHKUSER accepted rcpt: " OLD " : found existing recipient",
    "CHKUSER relaying rcpt: " NEW " : client allowed to relay",
    "spamdyke[7]: DENIED_RBL_MATCH" DYKE,
    "spamdyke[7]: DENIED_RBL_MATCH" DYKE " reason: zen.test",
    "spamdyke[7]: DENIED_RBL_MATCH" DYKE_FROM "(unknown)",
    "DENIED_RBL_MATCH" DYKE " reason: listed",
    "spamdyke[7]: ALLOWED" DYKE,
    INDIMAIL ": Sender <{}>",
    INDIMAIL ": Recipient <{}>",
    INDIMAIL ": Sender <{}>: Recipient <{}>",
    "rblsmtpd: zen.test blocked " REAL " {} -",
    "qmail-smtpd: message from " REAL " subject {} accepted",
    "tcpserver: ok 7 localhost:127.0.0.1:25 {}:" REAL ":{}:35799",
};

/* A line of the table, cut at its fields. */
struct shape {
	const char *part[FIELDS_MAX + 1];
	size_t part_len[FIELDS_MAX + 1];
	size_t fields;
	char harmless[DECIDE_TEXT_SIZE]; /* what it means without an attack */
};

static struct rules *rules;
static struct guard guard; /* with nothing on top of what is built in */
static struct shape shapes[COUNT(lines)];

/* ---- what holds for any line ---- */

static void
takes(const char **p, const char *text)
{
	size_t len = strlen(text);

	HOLDS(strncmp(*p, text, len) == 0);
	*p += len;
}

/* A ban prints as "ban IP RULE SECONDS REPLY", and no byte differs. */
static void
check_printed_ban(const struct decision *d, const char *text)
{
	struct addr again;
	char seconds[16];
	size_t len;

	takes(&text, "ban\t");
	len = strcspn(text, "\t");
	HOLDS(addr_parse(text, len, &again) == 0);
	HOLDS(memcmp(&again, &d->ip, sizeof again) == 0);
	text += len;
	takes(&text, "\t");
	takes(&text, d->rule->name);
	snprintf(seconds, sizeof seconds, "\t%lu\t", (unsigned long)d->ban_s);
	takes(&text, seconds);
	HOLDS(strcmp(text, d->reply) == 0);
}

static void
check(const struct decision *d, const char *line, size_t len)
{
	char text[DECIDE_TEXT_SIZE];
	char reply[REPLY_SIZE];

	HOLDS(d->message.p == d->room
		  ? d->message.len <= sizeof d->room
		  : d->message.p >= line &&
			d->message.p + d->message.len == line + len);
	decide_format(d, text);
	HOLDS((text[0] == 0) == (d->kind == DECIDE_NOTHING));
	HOLDS(strpbrk(text, "\r\n") == NULL);
	if (d->kind != DECIDE_BAN)
		return;
	HOLDS(d->has_ip && !reserved_is_any(&d->ip) &&
	      !guard_never_blocks(&guard, &d->ip));
	HOLDS(d->ban_s == (d->is_vague ? d->rule->vague_s : d->rule->ban_s));
	fuzz_check_reply(d->reply);
	reply_make(reply, REPLY_DENY, d->reply, strlen(d->reply));
	HOLDS(strcmp(reply, d->reply) == 0);
	check_printed_ban(d, text);
}

/* ---- what a client writes ---- */

static void
append(char *line, size_t *len, const void *p, size_t n)
{
	if (n > 0)
		memcpy(line + *len, p, n);
	*len += n;
}

/* Decides on the line with these fields in it. */
static void
decide(struct decision *d, const struct shape *s, char *line, size_t *len,
    const struct fuzz_input fields[FIELDS_MAX])
{
	*len = 0;
	for (size_t i = 0; i < s->fields; i++) {
		append(line, len, s->part[i], s->part_len[i]);
		append(line, len, fields[i].p, fields[i].len);
	}
	append(line, len, s->part[s->fields], s->part_len[s->fields]);
	decide_line(d, rules, &guard, line, *len, 0);
}

/* With a in field i and b in field k (i may be k), harmless text elsewhere. */
static void
plant(size_t shape, size_t i, const struct fuzz_input *a, size_t k,
    const struct fuzz_input *b)
{
	static const struct fuzz_input harmless = {(const uint8_t *)"h", 1};
	const struct shape *s = &shapes[shape];
	struct fuzz_input fields[FIELDS_MAX];
	char line[2 * PLANT_MAX + 512];
	char text[DECIDE_TEXT_SIZE];
	struct decision d;
	unsigned kind;
	size_t len;

	for (size_t f = 0; f < s->fields; f++)
		fields[f] = f == i ? *a : f == k ? *b : harmless;
	decide(&d, s, line, &len, fields);
	check(&d, line, len);
	if (d.kind == DECIDE_BAN)
		HOLDS(strcmp(decide_format(&d, text), s->harmless) == 0);
	kind = d.kind == DECIDE_SKIP ? DECIDE_SKIP + d.why : d.kind;
	outcomes[(shape * FIELDS_MAX + i) * KINDS + kind] = 1;
}

/* The client's bytes in each place it can write to, and in each two. */
static void
forge(const struct fuzz_input *all, size_t cut)
{
	const struct fuzz_input a = {all->p, cut};
	const struct fuzz_input b = {all->p + cut, all->len - cut};

	for (size_t shape = 0; shape < COUNT(lines); shape++)
		for (size_t i = 0; i < shapes[shape].fields; i++) {
			plant(shape, i, all, i, all);
			for (size_t k = i + 1; k < shapes[shape].fields; k++)
				plant(shape, i, &a, k, &b);
		}
}

/* ---- preparations ---- */

static void
cut_line(struct shape *s, const char *line)
{
	const char *field;

	while ((field = strstr(line, "{}")) != NULL) {
		HOLDS(s->fields < FIELDS_MAX);
		s->part[s->fields] = line;
		s->part_len[s->fields++] = (size_t)(field - line);
		line = field + 2;
	}
	s->part[s->fields] = line;
	s->part_len[s->fields] = strlen(line);
}

static void
prepare(void)
{
	static const char *const paths[] = {"hooks/log", "hooks/log/available"};
	char error[RULES_ERROR_SIZE];

	_Static_assert(COUNT(lines) <= LINES_MAX, "counters for each line");
	rules = rules_load(paths, COUNT(paths), error);
	if (rules == NULL) {
		fprintf(stderr, "%s\n", error);
		abort();
	}
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct fuzz_input fields[FIELDS_MAX];
		struct decision d;
		char line[512];
		size_t len;

		cut_line(&shapes[i], lines[i]);
		for (size_t f = 0; f < FIELDS_MAX; f++)
			fields[f] =
			    (struct fuzz_input){(const uint8_t *)"h", 1};
		decide(&d, &shapes[i], line, &len, fields);
		decide_format(&d, shapes[i].harmless);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	const uint8_t *end;
	struct decision d;
	size_t cut;

	if (rules == NULL)
		prepare();
	decide_line(&d, rules, &guard, (const char *)data, size, 1000000000);
	check(&d, (const char *)data, size);
	cut = fuzz_byte(&in);
	/* a field ends there; whole lines of a client's are in fuzz_state.c */
	if ((end = memchr(in.p, '\n', in.len)) != NULL)
		in.len = (size_t)(end - in.p);
	if ((end = memchr(in.p, 0, in.len)) != NULL)
		in.len = (size_t)(end - in.p);
	if (in.len > PLANT_MAX)
		in.len = PLANT_MAX;
	forge(&in, in.len == 0 ? 0 : cut % (in.len + 1));
	return 0;
}
