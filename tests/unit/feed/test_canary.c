/* SPDX-License-Identifier: ISC */
/* canary: what it makes of answers, and when it asks; a server on loopback. */
#include "../unit.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "feed/canary.h"

#define NOON 1795521600 /* 2026-11-24 12:00:00 UTC */
#define LIMIT_S 10	/* real seconds; what takes longer has failed */
#define MANY 28		/* fit into 512 bytes */

/*
 * What the server says to a question: the code, and records: addresses with
 * their TTL, "txt", "cname", "junk", or MANY addresses.
 */
struct reply {
	int rcode;
	const char *records[3];
};

struct script {
	struct reply first, text, second;
};

#define NONE                                                                   \
	ns_r_nxdomain,                                                         \
	{                                                                      \
		0                                                              \
	}
#define DATA(...)                                                              \
	ns_r_noerror,                                                          \
	{                                                                      \
		__VA_ARGS__                                                    \
	}
#define CODE "127.255.255.254/60"

static const struct script ok = {{NONE}, {NONE}, {DATA("127.0.0.2/60")}};
static const struct script dead = {
    {ns_r_servfail, {0}}, {ns_r_servfail, {0}}, {ns_r_servfail, {0}}};
static const struct script wild = {
    {DATA("127.0.0.2/9")}, {NONE}, {DATA("127.0.0.2/9")}};

static int server;
static char resolver[32];
static const struct script *scripts[ZONES_MAX]; /* of the i-th zone */
static unsigned asked[ZONES_MAX], strange;
static struct zones zones;
static struct canary *canary;
static int64_t now_ms;
static unsigned taken_n[ZONES_MAX], taken_total;
static enum zones_change change;

/* ---- the server ---- */

static uint8_t *
put(uint8_t *at, uint32_t n, size_t size_bytes)
{
	for (size_t i = size_bytes; i-- > 0; n >>= 8)
		at[i] = (uint8_t)n;
	return at + size_bytes;
}

static uint8_t *
put_record(uint8_t *at, int type, uint32_t ttl, const void *data, size_t len)
{
	at = put(at, 0xc00c, 2); /* the name of the question */
	at = put(at, (uint32_t)type, 2);
	at = put(at, ns_c_in, 2);
	at = put(at, ttl, 4);
	at = put(at, (uint32_t)len, 2);
	memcpy(at, data, len);
	return at + len;
}

static uint8_t *
put_address(uint8_t *at, const char *text)
{
	unsigned b[4];
	unsigned long ttl;
	uint8_t bytes[4];

	assert_int_equal(
	    sscanf(text, "%u.%u.%u.%u/%lu", &b[0], &b[1], &b[2], &b[3], &ttl),
	    5);
	for (size_t i = 0; i < 4; i++)
		bytes[i] = (uint8_t)b[i];
	return put_record(at, ns_t_a, (uint32_t)ttl, bytes, 4);
}

static uint8_t *
put_text(uint8_t *at, const char *record, uint8_t *records_n)
{
	*records_n = 1;
	if (strcmp(record, "txt") == 0)
		return put_record(at, ns_t_txt, 60, "\4gone", 5);
	if (strcmp(record, "cname") == 0)
		return put_record(at, ns_t_cname, 60, "\1x\4test", 8);
	if (strcmp(record, "junk") == 0)
		return put(at, 0xffffffff, 4);
	if (strcmp(record, "many") != 0)
		return put_address(at, record);
	*records_n = MANY;
	for (int i = 0; i < MANY; i++)
		at = put_address(at, "127.0.0.2/60");
	return at;
}

/* The zone "zN.test" of a question, and which of the three it is; or NULL. */
static const struct reply *
find_reply(const uint8_t *packet, size_t len)
{
	static const uint8_t before[] = "\1?\1"
					"0\1"
					"0\3"
					"127\3z";
	const uint8_t *q = packet + 12;
	const struct script *s;
	size_t zone;

	if (len != 12 + sizeof before - 1 + 2 + 6 + 4 ||
	    memcmp(q + 2, before + 2, sizeof before - 3) != 0)
		return NULL;
	zone = (size_t)(q[12] - '0') * 10 + (size_t)(q[13] - '0');
	if (zone >= ZONES_MAX || scripts[zone] == NULL)
		return NULL;
	asked[zone]++;
	s = scripts[zone];
	if (q[1] == '2')
		return q[21] == ns_t_a ? &s->second : NULL;
	return q[21] == ns_t_a ? &s->first : &s->text;
}

static void
serve(void)
{
	uint8_t packet[4096];
	struct sockaddr_in from;
	socklen_t from_len = sizeof from;
	ssize_t len;

	while ((len = recvfrom(server, packet, 512, MSG_DONTWAIT,
		    (struct sockaddr *)&from, &from_len)) > 0) {
		uint8_t *end = packet + len;
		const struct reply *r = find_reply(packet, (size_t)len);
		uint32_t records_n = 0;

		if (r == NULL) {
			strange++;
			continue;
		}
		for (size_t i = 0; i < 3 && r->records[i] != NULL; i++) {
			uint8_t n;

			end = put_text(end, r->records[i], &n);
			records_n += n;
		}
		put(packet + 2, 0x8180 | (uint32_t)r->rcode, 2);
		put(packet + 6, records_n, 2);
		assert_true(sendto(server, packet, (size_t)(end - packet), 0,
				(struct sockaddr *)&from, from_len) > 0);
	}
}

static int
start_server(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;

	(void)state;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (server < 0 ||
	    bind(server, (const struct sockaddr *)&a, sizeof a) != 0 ||
	    getsockname(server, (struct sockaddr *)&a, &len) != 0)
		return -1;
	snprintf(resolver, sizeof resolver, "127.0.0.1:%u", ntohs(a.sin_port));
	return 0;
}

static int
stop_server(void **state)
{
	(void)state;
	return close(server);
}

/* ---- the canary ---- */

static void
taken(void *user, size_t i, enum zones_change what)
{
	assert_ptr_equal(user, &zones);
	taken_n[i]++;
	taken_total++;
	change = what;
}

static void
open_canary(size_t zones_n, uint32_t interval_s)
{
	char error[CANARY_ERROR_SIZE];

	zones = (struct zones){0};
	for (size_t i = 0; i < zones_n; i++) {
		char name[32];

		snprintf(name, sizeof name, "z%02zu.test", i);
		assert_int_equal(zones_add(&zones, name, name, ""), 0);
		if (scripts[i] == NULL)
			scripts[i] = &ok;
	}
	memset(asked, 0, sizeof asked);
	memset(taken_n, 0, sizeof taken_n);
	strange = taken_total = 0;
	now_ms = 1000;
	canary =
	    canary_open(&zones, resolver, interval_s, taken, &zones, error);
	assert_non_null(canary);
}

static void
close_canary(void)
{
	canary_close(canary);
	memset(scripts, 0, sizeof scripts);
	assert_int_equal(strange, 0);
}

/* Until n more zones were taken, at the same time of the test's clock. */
static void
run(unsigned n)
{
	time_t limit = time(NULL) + LIMIT_S;
	unsigned until = taken_total + n;

	while (taken_total < until && time(NULL) < limit) {
		struct pollfd fds[CANARY_FDS_MAX + 1];
		size_t fds_n;

		canary_serve(canary, now_ms, NOON + now_ms / 1000);
		serve();
		fds_n = canary_fds(canary, fds);
		fds[fds_n] = (struct pollfd){server, POLLIN, 0};
		if (taken_total < until)
			poll(fds, fds_n + 1, 100);
	}
	assert_int_equal(taken_total, until);
}

/* Nobody is to be asked now, but in so many milliseconds. */
static void
assert_quiet_for(int64_t ms)
{
	unsigned total = taken_total;

	assert_int_equal(canary_wait_ms(canary, now_ms), ms);
	now_ms += ms - 1;
	canary_serve(canary, now_ms, NOON + now_ms / 1000);
	assert_int_equal(canary_wait_ms(canary, now_ms), 1);
	assert_int_equal(taken_total, total);
	now_ms++;
	assert_int_equal(canary_wait_ms(canary, now_ms), 0);
}

/* ---- answers ---- */

static void
answers(void **state)
{
	static const struct {
		struct script script;
		enum zones_verdict verdict;
		uint32_t ttl_s;
		const char *why;
	} cases[] = {
	    {{{NONE}, {NONE}, {DATA("127.0.0.2/60")}}, ZONES_WELL, 0, ""},
	    {{{DATA(0)}, {DATA(0)}, {DATA("127.0.0.10/60", "127.0.0.4/60")}},
		ZONES_WELL, 0, ""},
	    {{{NONE}, {NONE}, {DATA("127.255.254.255/60")}}, ZONES_WELL, 0, ""},
	    {{{NONE}, {NONE}, {DATA("many")}}, ZONES_WELL, 0, ""},
	    /* aliases that lead nowhere */
	    {{{DATA("cname")}, {DATA("cname")}, {DATA("127.0.0.2/60")}},
		ZONES_WELL, 0, ""},
	    {{{NONE}, {NONE}, {DATA("cname")}}, ZONES_WRONG, 600,
		"does not list 127.0.0.2"},

	    {{{DATA("127.0.0.2/7")}, {DATA("txt")}, {DATA("127.0.0.2/8")}},
		ZONES_WRONG, 7, "lists 127.0.0.1"},
	    {{{DATA("127.0.0.2/7", "127.0.0.3/50", "127.0.0.4/6")}, {NONE},
		 {DATA("127.0.0.2/8")}},
		ZONES_WRONG, 50, "lists 127.0.0.1"},
	    {{{DATA("127.0.0.2/0")}, {NONE}, {NONE}}, ZONES_WRONG, 0,
		"lists 127.0.0.1"},
	    {{{DATA("127.0.0.2/4294967295")}, {NONE}, {NONE}}, ZONES_WRONG,
		3600, "lists 127.0.0.1"},
	    {{{NONE}, {DATA("txt")}, {DATA("127.0.0.2/60")}}, ZONES_WRONG, 3600,
		"has a text for 127.0.0.1"},
	    {{{NONE}, {NONE}, {NONE}}, ZONES_WRONG, 600,
		"does not list 127.0.0.2"},
	    {{{NONE}, {NONE}, {DATA(0)}}, ZONES_WRONG, 600,
		"does not list 127.0.0.2"},
	    {{{DATA(CODE)}, {DATA("txt")}, {DATA(CODE)}}, ZONES_WRONG, 60,
		"answers with the error code 127.255.255.254"},
	    {{{NONE}, {NONE}, {DATA("127.0.0.2/60", "127.255.255.0/70")}},
		ZONES_WRONG, 70, "answers with the error code 127.255.255.0"},
	    {{{NONE}, {NONE}, {DATA("255.255.255.255/5")}}, ZONES_WRONG, 5,
		"answers with 255.255.255.255, which is not in 127/8"},
	    {{{DATA("203.0.113.9/5")}, {NONE}, {DATA("203.0.113.9/5")}},
		ZONES_WRONG, 5,
		"answers with 203.0.113.9, which is not in 127/8"},
	    {{{NONE}, {NONE}, {DATA("127.0.0.2/5", "128.0.0.1/5")}},
		ZONES_WRONG, 5,
		"answers with 128.0.0.1, which is not in 127/8"},

	    {{{ns_r_servfail, {0}}, {NONE}, {DATA("127.0.0.2/60")}},
		ZONES_SILENT, 0, ""},
	    {{{NONE}, {ns_r_refused, {0}}, {DATA("127.0.0.2/60")}},
		ZONES_SILENT, 0, ""},
	    {{{NONE}, {NONE}, {ns_r_servfail, {0}}}, ZONES_SILENT, 0, ""},
	    {{{NONE}, {NONE}, {ns_r_formerr, {0}}}, ZONES_SILENT, 0, ""},
	    {{{NONE}, {NONE}, {ns_r_notimpl, {0}}}, ZONES_SILENT, 0, ""},
	    {{{NONE}, {NONE}, {DATA("junk")}}, ZONES_SILENT, 0, ""},
	    {{{NONE}, {DATA("junk")}, {DATA("127.0.0.2/60")}}, ZONES_SILENT, 0,
		""},
	    /* wrong is wrong, whatever else did not come */
	    {{{DATA("127.0.0.2/7")}, {ns_r_servfail, {0}}, {DATA("junk")}},
		ZONES_WRONG, 7, "lists 127.0.0.1"},
	    {{{ns_r_refused, {0}}, {DATA("junk")}, {NONE}}, ZONES_WRONG, 600,
		"does not list 127.0.0.2"},
	    {{{DATA("junk")}, {DATA("txt")}, {ns_r_servfail, {0}}}, ZONES_WRONG,
		3600, "has a text for 127.0.0.1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct zone *z = &zones.list[0];

		print_message("case %zu\n", i);
		scripts[0] = &cases[i].script;
		open_canary(1, 300);
		run(1);
		assert_string_equal(z->why, cases[i].why);
		assert_int_equal(z->silent, cases[i].verdict == ZONES_SILENT);
		assert_int_equal(
		    zones_is_distrusted(z), cases[i].verdict == ZONES_WRONG);
		assert_int_equal(
		    z->well_s, cases[i].verdict == ZONES_WELL ? NOON + 1 : 0);
		assert_int_equal(z->ttl_s, cases[i].ttl_s);
		close_canary();
	}
}

/* ---- when it asks ---- */

static void
each_at_once_then_now_and_then(void **state)
{
	(void)state;
	open_canary(ZONES_MAX, 300);
	assert_int_equal(canary_wait_ms(canary, now_ms), 0);
	assert_int_equal(taken_total, 0);
	run(ZONES_MAX);
	for (size_t i = 0; i < ZONES_MAX; i++) {
		assert_int_equal(taken_n[i], 1);
		assert_int_equal(asked[i], 3);
	}
	assert_true(zones_all_well(&zones));
	assert_quiet_for(300000);
	run(ZONES_MAX);
	assert_int_equal(asked[ZONES_MAX - 1], 6);
	close_canary();
}

static void
one_question_at_a_time(void **state)
{
	(void)state;
	open_canary(1, 1);
	canary_serve(canary, now_ms, NOON);
	assert_true(canary_wait_ms(canary, now_ms) > 0);
	/* its next time comes while it still waits */
	for (int i = 0; i < 5; i++) {
		now_ms += 5000;
		canary_ask_soon(canary);
		canary_serve(canary, now_ms, NOON);
	}
	run(1);
	assert_int_equal(asked[0], 3);
	assert_int_equal(canary_wait_ms(canary, now_ms), 0);
	close_canary();
}

static void
more_often_when_it_is_not_well(void **state)
{
	(void)state;
	scripts[0] = &wild;
	open_canary(1, 300);
	run(1);
	assert_int_equal(change, ZONES_DISTRUSTED);
	assert_quiet_for(30000);
	scripts[0] = &ok;
	run(1); /* but not yet for 9 seconds */
	assert_int_equal(change, ZONES_SAME);
	assert_quiet_for(30000);
	run(1);
	assert_int_equal(change, ZONES_TRUSTED);
	assert_quiet_for(300000);
	scripts[0] = &dead;
	run(1);
	assert_int_equal(change, ZONES_NO_ANSWER);
	assert_quiet_for(30000);
	scripts[0] = &ok;
	run(1);
	assert_int_equal(change, ZONES_ANSWERS);
	assert_quiet_for(300000);
	close_canary();

	scripts[0] = &wild;
	open_canary(1, 29);
	run(1);
	assert_quiet_for(29000);
	close_canary();
}

static void
each_zone_for_itself(void **state)
{
	(void)state;
	scripts[1] = &wild;
	open_canary(3, 300);
	run(3);
	assert_quiet_for(30000);
	run(1);
	assert_int_equal(taken_n[0], 1);
	assert_int_equal(taken_n[1], 2);
	assert_int_equal(taken_n[2], 1);
	assert_true(zones_is_distrusted(&zones.list[1]));
	assert_false(zones_is_distrusted(&zones.list[0]));
	close_canary();
}

static void
soon(void **state)
{
	(void)state;
	open_canary(2, 300);
	run(2);
	canary_ask_soon(canary);
	canary_ask_soon(canary);
	assert_quiet_for(2000);
	run(2);
	assert_int_equal(asked[0], 6);
	assert_int_equal(asked[1], 6);
	now_ms += 5000;
	assert_int_equal(canary_wait_ms(canary, now_ms), 295000);
	canary_ask_soon(canary);
	assert_int_equal(canary_wait_ms(canary, now_ms), 0);
	run(2);
	assert_quiet_for(300000);
	close_canary();
}

static void
without_zones(void **state)
{
	struct pollfd fds[CANARY_FDS_MAX];

	(void)state;
	open_canary(0, 300);
	assert_true(canary_wait_ms(canary, now_ms) == INT64_MAX);
	canary_serve(canary, now_ms, NOON);
	canary_ask_soon(canary);
	assert_int_equal(canary_fds(canary, fds), 0);
	close_canary();
	canary_close(NULL);
}

static void
closed_while_it_waits(void **state)
{
	(void)state;
	open_canary(2, 300);
	canary_serve(canary, now_ms, NOON);
	canary_close(canary);
	assert_int_equal(taken_total, 0);
	assert_int_equal(zones.list[0].well_s, 0);
	assert_false(zones.list[0].silent);
	/* the server has to forget them as well */
	serve();
	memset(scripts, 0, sizeof scripts);
}

/* c-ares answers these itself, with "no such domain". */
static void
what_is_never_asked(void **state)
{
	char error[CANARY_ERROR_SIZE];

	(void)state;
	open_canary(0, 300);
	close_canary();
	assert_int_equal(zones_add(&zones, "rbl.onion", "rbl", ""), 0);
	canary = canary_open(&zones, resolver, 300, taken, &zones, error);
	assert_non_null(canary);
	canary_serve(canary, now_ms, NOON);
	assert_int_equal(taken_total, 1);
	assert_int_equal(change, ZONES_NO_ANSWER);
	close_canary();
}

/* ---- resolvers ---- */

static void
resolvers(void **state)
{
	static const char *const good[] = {"", "127.0.0.1", "127.0.0.1:5353",
	    "127.0.0.1:1", "127.0.0.1:65535", "::1", "[::1]:53",
	    "[2001:db8::1]:65535"};
	static const char *const bad[] = {" ", "x", "localhost", "127", ":",
	    ":53", "127.0.0", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
	    "127.0.0.1:99999999999999999999", "127.0.0.1:53x", "127.0.0.1: 53",
	    "127.0.0.1:+53", "127.0.0.1:53:54", "127.0.0.1/8", "127.0.0.1 ",
	    "127.0.0.1,127.0.0.2", "[::1]", "[::1]:", "[::1]:0", "[::1]53",
	    "[]:53", "[:53", "]:53", "[127.0.0.1]:53", "::1:x", "fe80::1%lo"};
	char error[CANARY_ERROR_SIZE];

	(void)state;
	zones = (struct zones){0};
	for (size_t i = 0; i < COUNT(good); i++) {
		canary = canary_open(&zones, good[i], 300, taken, NULL, error);
		if (canary == NULL)
			fail_msg("'%s': %s", good[i], error);
		canary_close(canary);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		char want[CANARY_ERROR_SIZE];

		errno = 0;
		if (canary_open(&zones, bad[i], 300, taken, NULL, error) !=
		    NULL)
			fail_msg("'%s' is taken for a resolver", bad[i]);
		assert_int_equal(errno, EINVAL);
		snprintf(want, sizeof want, "'%s' is no resolver", bad[i]);
		assert_non_null(strstr(error, want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers),
	    cmocka_unit_test(closed_while_it_waits),
	    cmocka_unit_test(each_at_once_then_now_and_then),
	    cmocka_unit_test(each_zone_for_itself),
	    cmocka_unit_test(more_often_when_it_is_not_well),
	    cmocka_unit_test(one_question_at_a_time),
	    cmocka_unit_test(resolvers),
	    cmocka_unit_test(soon),
	    cmocka_unit_test(what_is_never_asked),
	    cmocka_unit_test(without_zones),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
