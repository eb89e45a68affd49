/* SPDX-License-Identifier: ISC */
/* checkpoint, recent: the files of earlier versions (tests/upgrade), and those
   of later ones. */
#include "../unit.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cdbwrite.h"
#include "hook/lookup.h"
#include "state/checkpoint.h"
#include "state/codec.h"
#include "state/connections.h"
#include "state/counts.h"
#include "state/repeats.h"

#define FILE_0_5 "tests/upgrade/recent-0.5.cdb"
#define FILE_EARLY "tests/upgrade/recent-0.5-early.cdb"
#define START                                                                  \
	1795604400 /* 2026-11-25 11:00:00 UTC, the first line of its log */
#define SAVED (START + 3600)
#define AFTER (START + 7200)
#define DAY 86400

static struct state_log log_read;

static char dir[64];
static char path[128];

static void
add(struct cdbwrite *w, const void *key, size_t klen, struct record *r)
{
	assert_int_equal(record_seal(r, key, klen), 0);
	assert_int_equal(cdbwrite_add(w, key, klen, r->buf, r->len), 0);
}

/* The state and the log that a file has. */
static struct state *
load(const char *file)
{
	struct state *s = malloc(sizeof *s);
	uint64_t strange = 9;

	assert_non_null(s);
	assert_int_equal(state_new(s), 0);
	assert_int_equal(zones_add(&s->zones, "a.test", "a.test", "A"), 0);
	assert_int_equal(
	    zones_add(&s->zones, "silent.test", "silent.test", ""), 0);
	log_read = (struct state_log){0};
	state_name_log(&log_read, "/mnt/log");
	if (checkpoint_load(file, s, &log_read, 1, &strange) !=
	    CHECKPOINT_LOADED)
		fail_msg("%s does not load", file);
	assert_int_equal(strange, 0);
	return s;
}

static void
drop(struct state *s)
{
	state_free(s);
	free(s);
}

static struct ban
ban_of(const struct state *s, const char *ip)
{
	struct addr a = unit_addr(ip);
	struct ban ban;

	if (!bans_find(s->bans, &a, &ban))
		fail_msg("%s is not banned", ip);
	return ban;
}

static bool
is_banned(const struct state *s, const char *ip)
{
	struct addr a = unit_addr(ip);
	struct ban ban;

	return bans_find(s->bans, &a, &ban);
}

/* What both of them have. */
static void
check_common(struct state *s)
{
	struct ban ban = ban_of(s, "2001:db8:1:2:ffff::1");
	struct addr a;

	assert_int_equal(ban.since, START + 40);
	assert_int_equal(ban.until, START + 40 + 10 * DAY);
	assert_string_equal(ban.rule, "rblsmtpd");
	assert_string_equal(
	    ban.reply, "451 Listed by A, see https://a.test/2001:db8:1:2::5");
	ban = ban_of(s, "203.0.113.60"); /* by hand */
	assert_int_equal(ban.until - ban.since, 20 * DAY);
	assert_true(ban.since >= SAVED && ban.since < SAVED + 60);
	assert_string_equal(ban.rule, "rblcachectl");
	assert_string_equal(ban.reply, "451 by hand");
	assert_string_equal(ban_of(s, "203.0.113.30").rule, "again");
	assert_false(is_banned(s, "203.0.113.61")); /* lifted by hand */
	/* two of three, and the next one lasts longer */
	a = unit_addr("203.0.113.20");
	assert_int_equal(
	    counts_match(s->counts, "count", &a, AFTER, 3, 7200), 3);
	a = unit_addr("203.0.113.30");
	assert_int_equal(
	    repeats_ban(s->repeats, "again", &a, AFTER + DAY, DAY, 3, 20 * DAY),
	    3 * DAY);
	a = unit_addr("203.0.113.70");
	assert_true(connections_mark(s->connections, log_read.id, 28, &a, 0));
	assert_false(connections_mark(s->connections, log_read.id, 27, &a, 0));
	assert_true(log_read.has_position);
	assert_int_equal(log_read.position.offset, 4748);
	assert_int_equal(log_read.position.head_len, POSITION_HEAD_BYTES);
	assert_int_equal(log_read.lines, 74);
	assert_int_equal(log_read.time_s, START + 730);
	assert_true(log_read.shows_tcpserver);
}

static void
check_tallies(struct tallies *t)
{
	const struct tally *rule = tallies_find(t, "rblsmtpd");

	assert_non_null(rule);
	assert_int_equal(rule->all.bans, 5);
	assert_int_equal(rule->today.bans, 5);
	assert_int_equal(rule->all.skips[DECIDE_EXCEPT], 1);
	assert_int_equal(rule->all.skips[DECIDE_UNSEEN], 1);
	assert_int_equal(rule->all.skips[DECIDE_CAP], 0);
	assert_int_equal(tallies_find(t, "count")->all.counts, 2);
	assert_int_equal(t->hook.all[HOOKLOG_IPSET], 3);
	assert_int_equal(t->hook.today[HOOKLOG_LOCAL], 1);
	assert_int_equal(t->hook.all[HOOKLOG_PASS], 1);
	assert_int_equal(t->hook.all[HOOKLOG_RECHECK], 2);
	assert_int_equal(t->hook.all[HOOKLOG_PASSED], 2);
	assert_int_equal(t->hook.last_s[HOOKLOG_LOCAL], START + 670);
	assert_int_equal(t->all.passed, 1);
	assert_int_equal(t->all.refused, 1);
	assert_int_equal(t->day_from, START - 11 * 3600);
}

static void
of_0_5(void **state)
{
	struct state *s = load(FILE_0_5);
	struct connections_entry connection;
	struct addr a;

	(void)state;
	assert_int_equal(bans_count(s->bans), 11);
	check_tallies(&s->tallies);
	check_common(s);
	/* refused three times, found listed again in a recheck */
	assert_int_equal(ban_of(s, "203.0.113.9").refused, 3);
	assert_int_equal(ban_of(s, "203.0.113.9").since, START + 540);
	assert_false(is_banned(s, "203.0.113.40")); /* a recheck lifted it */
	assert_int_equal(s->zones.list[0].well_s, SAVED);
	assert_false(s->zones.list[0].silent);
	assert_true(s->zones.list[1].silent);
	assert_true(log_read.shows_passed);
	assert_int_equal(log_read.ports[0], 0);
	/* that of connections, which are not counted any more, is forgotten */
	assert_int_equal(log_read.alarm.past_n, 12);
	for (uint32_t i = 0; i < log_read.alarm.past_n; i++)
		assert_int_equal(log_read.alarm.past[i].connections, 0);
	a = unit_addr("203.0.113.70");
	assert_true(
	    connections_find(s->connections, log_read.id, 28, &a, &connection));
	assert_int_equal(connection.begin_s, 0);
	assert_int_equal(connection.port, 0);
	assert_int_equal(lru_count(s->visits), 0);
	drop(s);
}

/* Each record of the file, as it is stored behind check sum and version. */
typedef void each_record(const unsigned char *key, size_t klen,
    const unsigned char *value, size_t len);

static void
read_records(const char *from, each_record *each)
{
	struct cdb c;
	unsigned at;
	int fd = open(from, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(cdb_init(&c, fd), 0);
	cdb_seqinit(&at, &c);
	while (cdb_seqnext(&at, &c) > 0)
		each(cdb_getkey(&c), cdb_keylen(&c), cdb_getdata(&c),
		    cdb_datalen(&c));
	cdb_free(&c);
	close(fd);
}

static unsigned networks;

static void
count_networks(const unsigned char *key, size_t klen,
    const unsigned char *value, size_t len)
{
	(void)value;
	(void)len;
	networks += klen > 0 && strchr("nqN", key[0]) != NULL;
}

/* Networks that were banned as a whole: passed over, and not written again. */
static void
networks_of_0_5(void **state)
{
	struct state *s;

	(void)state;
	networks = 0;
	read_records(FILE_0_5, count_networks);
	/* 3 that were counted; 2 with a host that passed; 2 that were banned */
	assert_int_equal(networks, 7);
	s = load(FILE_0_5);
	assert_int_equal(checkpoint_save(path, s, &log_read, 1), 0);
	drop(s);
	networks = 0;
	read_records(path, count_networks);
	assert_int_equal(networks, 0);
	s = load(path);
	assert_int_equal(bans_count(s->bans), 11);
	check_tallies(&s->tallies);
	drop(s);
}

/*
 * The day as 0.6 writes it: what the hook said is of 11 kinds, the fourth the
 * refusals of networks.
 */
#define DAY_KINDS 11
#define DAY_NETWORKS 3

static void
put_day(struct record *r, bool with_networks)
{
	record_begin(r, 4);
	record_put(r, 8, START);
	record_put(r, 8, START + DAY);
	for (unsigned i = 0; i < DAY_KINDS; i++)
		for (unsigned k = 0; k < 3; k++)
			record_put(r, 8,
			    i == DAY_NETWORKS && !with_networks
				? 0
				: 100 * (k + 1) + i);
	for (unsigned i = 0; i < 4; i++)
		record_put(r, 8, 1000 + i);
}

static bool day_seen;

static void
check_day(const unsigned char *key, size_t klen, const unsigned char *value,
    size_t len)
{
	struct record r;

	if (klen != 1 || *key != 'd')
		return;
	day_seen = true;
	put_day(&r, false);
	for (int i = 0; i < 3; i++) /* of 0.7: what the server decided */
		record_put(&r, 8, 0);
	assert_int_equal(record_seal(&r, "d", 1), 0);
	assert_int_equal(len, r.len);
	assert_memory_equal(value, r.buf, len);
}

/* Read and written again, for 0.6 too: all but those refusals. */
static void
day_of_0_6(void **state)
{
	static const enum hooklog_kind kinds[DAY_KINDS] = {HOOKLOG_LOCAL,
	    HOOKLOG_IPSET, HOOKLOG_RECENT, HOOKLOG_OTHER, HOOKLOG_WOULD,
	    HOOKLOG_ALLOWED, HOOKLOG_PASS, HOOKLOG_RECHECK, HOOKLOG_PASSED,
	    HOOKLOG_NO_RIGHT, HOOKLOG_TROUBLE};
	struct cdbwrite w;
	struct record r;
	struct state *s;

	(void)state;
	assert_int_equal(cdbwrite_start(&w, path, 0600), 0);
	put_day(&r, true);
	add(&w, "d", 1, &r);
	record_begin(&r, 4);
	record_put(&r, 8, 1);
	add(&w, "end", 3, &r);
	assert_int_equal(cdbwrite_commit(&w, NULL), 0);
	s = load(path);
	for (unsigned i = 0; i < DAY_KINDS; i++) {
		if (i == DAY_NETWORKS)
			continue;
		assert_int_equal(s->tallies.hook.all[kinds[i]], 100 + i);
		assert_int_equal(s->tallies.hook.today[kinds[i]], 200 + i);
		assert_int_equal(s->tallies.hook.last_s[kinds[i]], 300 + i);
	}
	assert_int_equal(s->tallies.all.refused, 1000);
	assert_int_equal(s->tallies.all.passed, 1001);
	assert_int_equal(s->tallies.today.refused, 1002);
	assert_int_equal(s->tallies.today.passed, 1003);
	assert_int_equal(checkpoint_save(path, s, NULL, 0), 0);
	drop(s);
	day_seen = false;
	read_records(path, check_day);
	assert_true(day_seen);
}

/* Before there were passes and zones: no tallies come over. */
static void
of_0_5_early(void **state)
{
	struct state *s = load(FILE_EARLY);

	(void)state;
	assert_int_equal(bans_count(s->bans), 5);
	assert_int_equal(s->tallies.n, 0);
	assert_int_equal(s->tallies.hook.all[HOOKLOG_IPSET], 0);
	check_common(s);
	assert_int_equal(ban_of(s, "203.0.113.9").refused, 0);
	assert_string_equal(ban_of(s, "203.0.113.40").reply,
	    "553 Listed by A, see https://a.test/203.0.113.40");
	assert_false(log_read.shows_passed);
	assert_int_equal(log_read.alarm.past_n, 0);
	drop(s);
}

/* What the hook makes of it an hour later. */
static void
hook_at(const char *file, const char *ip, int64_t left_s)
{
	struct addr a = unit_addr(ip);
	struct verdict_facts f = {.now = AFTER};
	struct verdict v;

	assert_int_equal(lookup_recent(&f, file, &a), 0);
	v = verdict_decide(&f);
	assert_int_equal(
	    v.kind, left_s == 0 ? VERDICT_UNKNOWN : VERDICT_REFUSE);
	if (left_s != 0)
		assert_int_equal(v.left_s, left_s);
}

static void
by_the_hook(void **state)
{
	static const char *const files[] = {FILE_0_5, FILE_EARLY};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		hook_at(files[i], "2001:db8:1:2::77", 10 * DAY + 40 - 7200);
		hook_at(files[i], "203.0.113.9", 10 * DAY + 540 - 7200);
		hook_at(files[i], "203.0.113.61", 0);
	}
}

/* ---- of later versions ---- */

/*
 * One ban as it is now, with a field more at its end; one of the next version;
 * a record of a kind that there is not; and one too large for today, whose
 * check sum is right or wrong.
 */
static void
write_newer(char kind, bool damaged)
{
	struct ban ban = {
	    .since = START, .until = SAVED, .rule = "r", .reply = "451 x"};
	static unsigned char large[2 * RECORD_MAX];
	unsigned char key[BAN_KEY_BYTES];
	uint32_t check = 2166136261U;
	struct cdbwrite w;
	struct record r;

	assert_int_equal(cdbwrite_start(&w, path, 0600), 0);
	ban.ip = unit_addr("203.0.113.1");
	ban_key(key, &ban.ip);
	codec_put_ban(&r, &ban);
	record_put_bytes(&r, "more", 4);
	add(&w, key, sizeof key, &r);
	ban.ip = unit_addr("203.0.113.2");
	ban_key(key, &ban.ip);
	record_begin(&r, BAN_VERSION + 1);
	record_put_bytes(&r, "all else", 8);
	add(&w, key, sizeof key, &r);
	record_begin(&r, BAN_VERSION);
	add(&w, "X1", 2, &r);
	large[4] = BAN_VERSION;
	large[5] = 0;
	check = (check ^ (unsigned char)kind) * 16777619U;
	for (size_t i = 4; i < sizeof large; i++)
		check = (check ^ large[i]) * 16777619U;
	for (int i = 0; i < 4; i++)
		large[i] = (unsigned char)(check >> 8 * i);
	large[5] = damaged;
	assert_int_equal(cdbwrite_add(&w, &kind, 1, large, sizeof large), 0);
	record_begin(&r, BAN_VERSION + 1);
	record_put(&r, 8, 4);
	add(&w, "end", 3, &r);
	assert_int_equal(cdbwrite_commit(&w, NULL), 0);
}

static enum checkpoint_answer
load_newer(size_t bans, uint64_t *strange)
{
	struct state s;
	enum checkpoint_answer answer;

	assert_int_equal(state_new(&s), 0);
	answer = checkpoint_load(path, &s, NULL, 0, strange);
	assert_int_equal(bans_count(s.bans), bans);
	state_free(&s);
	return answer;
}

static void
of_later(void **state)
{
	struct addr known = unit_addr("203.0.113.1");
	struct addr strange_one = unit_addr("203.0.113.2");
	struct ban ban;
	uint64_t strange;
	int fd;

	(void)state;
	write_newer('X', false);
	assert_int_equal(load_newer(1, &strange), CHECKPOINT_LOADED);
	assert_int_equal(strange, 3);
	fd = open(path, O_RDONLY);
	assert_int_equal(ban_find(fd, &known, &ban), BAN_FOUND);
	assert_string_equal(ban.reply, "451 x");
	assert_int_equal(ban_find(fd, &strange_one, &ban), BAN_ERROR);
	assert_int_equal(errno, ENOTSUP);
	close(fd);
	write_newer('X', true);
	assert_int_equal(load_newer(1, &strange), CHECKPOINT_DAMAGED);
	/* no version has one so large of a kind that there is */
	write_newer('b', false);
	assert_int_equal(load_newer(1, &strange), CHECKPOINT_DAMAGED);
}

/* One ban, of that version, and an end that says so many records. */
static void
write_one(uint8_t version, uint64_t said)
{
	struct ban ban = {
	    .since = START, .until = SAVED, .rule = "r", .reply = "451 x"};
	unsigned char key[BAN_KEY_BYTES];
	struct cdbwrite w;
	struct record r;

	assert_int_equal(cdbwrite_start(&w, path, 0600), 0);
	ban.ip = unit_addr("203.0.113.1");
	ban_key(key, &ban.ip);
	codec_put_ban(&r, &ban);
	r.buf[4] = version;
	add(&w, key, sizeof key, &r);
	record_begin(&r, version);
	record_put(&r, 8, said);
	add(&w, "end", 3, &r);
	assert_int_equal(cdbwrite_commit(&w, NULL), 0);
}

/* What was before the first, and what may come: feed and hook agree. */
static void
of_no_known_version(void **state)
{
	static const uint8_t versions[] = {
	    0, BAN_OLDEST - 1, BAN_VERSION + 1, UINT8_MAX};
	struct addr a = unit_addr("203.0.113.1");
	struct ban ban;
	uint64_t strange;

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		int fd;

		write_one(versions[i], 1);
		assert_int_equal(load_newer(0, &strange), CHECKPOINT_LOADED);
		assert_int_equal(strange, 1);
		fd = open(path, O_RDONLY);
		assert_int_equal(ban_find(fd, &a, &ban), BAN_ERROR);
		assert_int_equal(errno, ENOTSUP);
		close(fd);
	}
}

/* Records are missing, or there are too many. */
static void
of_another_length(void **state)
{
	(void)state;
	write_one(BAN_VERSION, 1);
	assert_int_equal(load_newer(1, NULL), CHECKPOINT_LOADED);
	write_one(BAN_VERSION, 2);
	assert_int_equal(load_newer(1, NULL), CHECKPOINT_DAMAGED);
	write_one(BAN_VERSION + 1, 0);
	assert_int_equal(load_newer(0, NULL), CHECKPOINT_DAMAGED);
}

static int
begin(void **state)
{
	(void)state;
	unit_directory(dir);
	snprintf(path, sizeof path, "%s/recent.cdb", dir);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	unit_remove(dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_0_5),
	    cmocka_unit_test(networks_of_0_5),
	    cmocka_unit_test(day_of_0_6),
	    cmocka_unit_test(of_0_5_early),
	    cmocka_unit_test(by_the_hook),
	    cmocka_unit_test(of_later),
	    cmocka_unit_test(of_no_known_version),
	    cmocka_unit_test(of_another_length),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
