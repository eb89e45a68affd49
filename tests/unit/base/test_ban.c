/* SPDX-License-Identifier: ISC */
/* record, recent, checkpoint: what was stored, or nothing. */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>

#include "base/ban.h"
#include "base/cdbwrite.h"
#include "base/record.h"
#include "state/checkpoint.h"
#include "state/codec.h"
#include "state/connections.h"
#include "state/counts.h"
#include "state/repeats.h"
#include "state/state.h"
#include "state/visits.h"

static char dir[64];
static char path[128];

static void
every_flipped_bit(void **state)
{
	struct record r;

	(void)state;
	record_begin(&r, 3);
	record_put(&r, 8, 0x0123456789abcdefULL);
	record_put(&r, 1, 200);
	record_put_bytes(&r, "some bytes", 10);
	assert_int_equal(record_seal(&r, "key", 3), 0);
	assert_int_equal(record_open(&r, "key", 3, 3), 0);
	assert_int_equal(record_open(&r, "kez", 3, 3), -1);
	assert_int_equal(record_open(&r, "key", 3, 4), -1);
	for (size_t i = 0; i < r.len * 8; i++) {
		r.buf[i / 8] ^= (uint8_t)(1U << i % 8);
		assert_int_equal(record_open(&r, "key", 3, 3), -1);
		r.buf[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t len = r.len; r.len-- > 0;) {
		assert_int_equal(record_open(&r, "key", 3, 3), -1);
		if (r.len == 0) {
			r.len = len;
			break;
		}
	}
}

static void
fields(void **state)
{
	struct record r;
	size_t len;

	(void)state;
	record_begin(&r, 1);
	record_put(&r, 8, UINT64_MAX);
	record_put(&r, 4, 0x01020304);
	record_put(&r, 2, 65535);
	record_put_bytes(&r, "", 0);
	record_put_bytes(&r, "abc", 3);
	assert_int_equal(record_seal(&r, "k", 1), 0);
	assert_int_equal(record_open(&r, "k", 1, 1), 0);
	assert_true(record_get(&r, 8) == UINT64_MAX);
	assert_int_equal(record_get(&r, 4), 0x01020304);
	assert_int_equal(record_get(&r, 2), 65535);
	assert_non_null(record_get_bytes(&r, 10, &len));
	assert_int_equal(len, 0);
	assert_memory_equal(record_get_bytes(&r, 3, &len), "abc", 3);
	assert_false(r.bad);
	assert_int_equal(record_get(&r, 1), 0);
	assert_true(r.bad);

	record_open(&r, "k", 1, 1) == 0 ? (void)0 : fail();
	record_get(&r, 8);
	record_get(&r, 4);
	record_get(&r, 2);
	record_get_bytes(&r, 10, &len);
	assert_null(record_get_bytes(&r, 2, &len)); /* longer than asked for */
	assert_true(r.bad);

	record_begin(&r, 1);
	for (int i = 0; i < RECORD_MAX; i++)
		record_put(&r, 1, 0);
	assert_int_equal(record_seal(&r, "k", 1), -1);
}

static struct state *
new_state(void)
{
	struct state *s = malloc(sizeof *s);

	assert_non_null(s);
	assert_int_equal(state_new(s), 0);
	return s;
}

static void
drop_state(struct state *s)
{
	state_free(s);
	free(s);
}

static struct state *
some_state(void)
{
	struct state *s = new_state();
	struct addr a = unit_addr("198.51.100.7");

	for (int i = 1; i <= 5; i++) {
		struct ban ban = {
		    .since = 1000 + i, .until = 2000 + i, .rule = "rblsmtpd"};

		ban.ip = unit_addr("203.0.113.0");
		if (i == 5)
			ban.ip = unit_addr("2001:db8:1:2:3::4");
		ban.ip.b[15] = (uint8_t)i;
		snprintf(ban.reply, sizeof ban.reply, "451 listed, text %d", i);
		assert_int_equal(bans_put(s->bans, &ban), 0);
	}
	assert_int_equal(counts_match(s->counts, "chk", &a, 900, 5, 60), 1);
	assert_int_equal(counts_match(s->counts, "chk", &a, 901, 5, 60), 2);
	assert_int_equal(
	    repeats_ban(s->repeats, "chk", &a, 800, 10, 3, 500), 10);
	assert_int_equal(
	    repeats_ban(s->repeats, "chk", &a, 810, 10, 3, 500), 30);
	assert_int_equal(connections_begin(s->connections, 9, 77, &a, 1234), 0);
	tallies_of(&s->tallies, "chk")->all.skips[DECIDE_UNSEEN] = 3;
	tallies_of(&s->tallies, "chk")->all.skips[DECIDE_DECIDED] = 4;
	return s;
}

static void
save_some(void)
{
	struct state *s = some_state();
	static struct state_log logs[2] = {
	    {.path = "/var/log/a",
		.has_position = true,
		.position = {7, 12345678901ULL, 0xfeedfeedfeedULL, 256},
		.time_s = 1700000000,
		.lines = 55,
		.shows_tcpserver = true,
		.minute = 28333333,
		.minute_bans = 4},
	    {.path = "/var/log/b"},
	};

	assert_int_equal(checkpoint_save(path, s, logs, 2), 0);
	drop_state(s);
}

static void
assert_rest_is_back(struct state *s)
{
	struct addr a = unit_addr("198.51.100.7");
	struct addr b = unit_addr("198.51.100.8");

	assert_int_equal(lru_count(s->counts), 1);
	assert_int_equal(counts_match(s->counts, "chk", &a, 960, 5, 60), 2);
	assert_int_equal(
	    repeats_ban(s->repeats, "chk", &a, 840, 10, 3, 500), 90);
	assert_true(connections_mark(s->connections, 9, 77, &a, 0));
	assert_false(connections_mark(s->connections, 9, 77, &b, 0));
	assert_false(connections_mark(s->connections, 8, 77, &a, 0));
	assert_int_equal(s->tallies.n, 1);
	assert_int_equal(s->tallies.list[0].all.skips[DECIDE_UNSEEN], 3);
	assert_int_equal(s->tallies.list[0].all.skips[DECIDE_DECIDED], 4);
}

static void
back_again(void **state)
{
	static struct state_log logs[2] = {
	    {.path = "/var/log/b"}, {.path = "/var/log/a", .id = 5}};
	struct state *s = new_state();
	struct ban ban;
	struct addr other = unit_addr("2001:db8:1:2:ffff::");
	struct addr none = unit_addr("203.0.113.77");
	struct stat st;
	int fd;

	(void)state;
	save_some();
	assert_int_equal(
	    checkpoint_load(path, s, logs, 2, NULL), CHECKPOINT_LOADED);
	assert_int_equal(bans_count(s->bans), 5);
	assert_rest_is_back(s);
	assert_false(logs[0].has_position);
	assert_true(logs[1].has_position);
	assert_true(logs[1].position.offset == 12345678901ULL);
	assert_true(logs[1].position.head_hash == 0xfeedfeedfeedULL);
	assert_int_equal(logs[1].position.ino, 7);
	assert_int_equal(logs[1].position.head_len, 256);
	assert_int_equal(logs[1].time_s, 1700000000);
	assert_int_equal(logs[1].lines, 55);
	assert_true(logs[1].shows_tcpserver);
	assert_int_equal(logs[1].minute, 28333333);
	assert_int_equal(logs[1].minute_bans, 4);
	assert_int_equal(logs[1].id, 5);
	drop_state(s);

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	fd = open(path, O_RDONLY);
	assert_int_equal(ban_find(fd, &other, &ban), BAN_FOUND);
	assert_string_equal(ban.reply, "451 listed, text 5");
	assert_string_equal(ban.rule, "rblsmtpd");
	assert_int_equal(ban.since, 1005);
	assert_int_equal(ban.until, 2005);
	assert_int_equal(ban_find(fd, &none, &ban), BAN_ABSENT);
	close(fd);
}

/* The content of what was loaded must be what was saved. */
static void
assert_right_or_refused(enum checkpoint_answer answer, const struct bans *bans)
{
	if (answer != CHECKPOINT_LOADED)
		return;
	assert_int_equal(bans_count(bans), 5);
	for (size_t i = 0; i < 5; i++) {
		struct ban ban;
		char want[REPLY_SIZE];

		bans_nth(bans, i, &ban);
		snprintf(want, sizeof want, "451 listed, text %d",
		    (int)ban.ip.b[15]);
		assert_string_equal(ban.reply, want);
		assert_int_equal(ban.until, 2000 + ban.ip.b[15]);
	}
}

static void
check_damaged(int fd)
{
	static struct state_log log = {.path = "/var/log/a"};
	struct state *s = new_state();
	struct addr a = unit_addr("203.0.113.3");
	struct ban ban;

	assert_right_or_refused(
	    checkpoint_load(path, s, &log, 1, NULL), s->bans);
	if (ban_find(fd, &a, &ban) == BAN_FOUND) {
		assert_string_equal(ban.reply, "451 listed, text 3");
		assert_int_equal(ban.until, 2003);
	}
	drop_state(s);
}

static void
damage(void **state)
{
	static unsigned char file[16384];
	ssize_t len;
	int fd;

	(void)state;
	save_some();
	fd = open(path, O_RDWR);
	len = read(fd, file, sizeof file);
	assert_true(len > 2048 && len < (ssize_t)sizeof file);
	for (ssize_t i = 0; i < len; i++) {
		unsigned char flipped =
		    (unsigned char)(file[i] ^ (1U << unit_random() % 8));

		assert_int_equal(pwrite(fd, &flipped, 1, i), 1);
		check_damaged(fd);
		assert_int_equal(pwrite(fd, &file[i], 1, i), 1);
	}
	for (ssize_t i = len; i-- > 0;) {
		assert_int_equal(ftruncate(fd, i), 0);
		check_damaged(fd);
	}
	close(fd);
}

static void
not_there(void **state)
{
	struct state *s = new_state();
	char none[160];

	(void)state;
	snprintf(none, sizeof none, "%s/none/recent.cdb", dir);
	assert_int_equal(
	    checkpoint_load(none, s, NULL, 0, NULL), CHECKPOINT_ABSENT);
	assert_int_equal(checkpoint_save(none, s, NULL, 0), -1);
	assert_int_equal(errno, ENOENT);
	drop_state(s);
}

/* A power cut may leave a new file that is damaged: the one before is there. */
static void
old_one_is_kept(void **state)
{
	char old[160];
	struct state *s = new_state();

	(void)state;
	save_some();
	assert_int_equal(checkpoint_save(path, s, NULL, 0), 0);
	snprintf(old, sizeof old, "%s" CHECKPOINT_OLD, path);
	assert_int_equal(
	    checkpoint_load(old, s, NULL, 0, NULL), CHECKPOINT_LOADED);
	assert_int_equal(bans_count(s->bans), 5);
	drop_state(s);
	s = new_state();
	assert_int_equal(
	    checkpoint_load(path, s, NULL, 0, NULL), CHECKPOINT_LOADED);
	assert_int_equal(bans_count(s->bans), 0);
	drop_state(s);
}

/* ---- every kind of record ---- */

static struct state_log full_log;

static void
name_zones(struct state *s)
{
	assert_int_equal(
	    zones_add(&s->zones, "secretkey1.zone.test", "KEY.zone.test", "x"),
	    0);
	assert_int_equal(zones_add(&s->zones, "b.test", "b.test", ""), 0);
}

/* One of each, with no field as it is at the start. */
static struct state *
full_state(void)
{
	struct state *s = some_state();
	struct addr a = unit_addr("203.0.113.1");

	/* the order of the bans is that of a hash */
	for (int i = 2; i <= 5; i++) {
		struct addr other =
		    unit_addr(i == 5 ? "2001:db8:1:2:3::4" : "203.0.113.0");

		other.b[15] = (uint8_t)i;
		assert_true(bans_remove(s->bans, &other));
	}
	for (int i = 0; i < 3; i++)
		(void)bans_refused(s->bans, &a, 1500);
	a = unit_addr("198.51.100.8");
	assert_int_equal(connections_begin(s->connections, 9, 78, &a, 0), 0);
	a = unit_addr("198.51.100.7");
	connections_at_port(s->connections, 9, 77, &a, 2525);
	connections_mark(s->connections, 9, 77, &a,
	    CONNECTIONS_RECHECK | CONNECTIONS_UNASKED | CONNECTIONS_DECIDED);
	a = unit_addr("198.51.100.8");
	connections_mark(s->connections, 9, 0, &a, CONNECTIONS_REJECTED);
	name_zones(s);
	s->zones.list[0].well_s = 11;
	s->zones.list[0].from_s = 12;
	s->zones.list[0].to_s = 13;
	s->zones.list[0].ttl_s = 14;
	snprintf(s->zones.list[0].why, ZONES_WHY_SIZE, "lists 127.0.0.1");
	s->zones.list[1].better_s = 15;
	s->zones.list[1].silent = true;
	tallies_add_recheck(&s->tallies, true, 1000);
	tallies_add_recheck(&s->tallies, false, 1000);
	tallies_add_recheck(&s->tallies, false, 100000000);
	tallies_add_hook(&s->tallies, HOOKLOG_DECIDED, 100000000);
	full_log = (struct state_log){.path = "/var/log/a",
	    .has_position = true,
	    .position.done = "@400000006925d2ca0000000a.s",
	    .ports = {25, 65535},
	    .shows_passed = true,
	    .shows_hook = true,
	    .late = 16,
	    .recovered = 17,
	    .unshown_s = 18,
	    .torn = {.goes_on = true,
		.open = 19,
		.lines = 20,
		.others = 21,
		.time_s = 22,
		.stamped = true,
		.rests = 23,
		.torn = 24,
		.lost_at_s = 25,
		.lost_s = 26,
		.lost_before_s = 27}};
	full_log.time_s = 100000;
	visits_connected(s, &full_log, &a, 100000);
	visits_refused(s, &full_log, &a, 100000);
	for (int i = 0; i < 5000; i++) {
		alarm_connection(&full_log.alarm, 100000 + i);
		if (i % 3 == 0)
			alarm_refusal(&full_log.alarm, 100000 + i);
		if (i % 9 == 0)
			(void)!alarm_ban(&full_log.alarm, 100000 + i);
	}
	for (int i = 0; i < 100; i++)
		(void)!alarm_ban(&full_log.alarm, 105000);
	assert_true(alarm_is_on(&full_log.alarm));
	return s;
}

static void
assert_same_file(const char *one, const char *two)
{
	char command[320];

	snprintf(command, sizeof command, "cmp '%s' '%s'", one, two);
	assert_int_equal(system(command), 0);
}

static void
assert_full(struct state *s, const struct state_log *log)
{
	struct addr a = unit_addr("203.0.113.1");
	struct addr b = unit_addr("198.51.100.8");
	const struct zone *z = s->zones.list;
	struct connections_entry connection;
	const struct visits_entry *visit;
	struct ban ban;

	assert_true(bans_find(s->bans, &a, &ban));
	assert_int_equal(ban.refused, 3);
	a = unit_addr("198.51.100.7");
	assert_int_equal(connections_mark(s->connections, 9, 77, &a, 0),
	    CONNECTIONS_KNOWN | CONNECTIONS_RECHECK | CONNECTIONS_UNASKED |
		CONNECTIONS_DECIDED);
	assert_int_equal(s->tallies.hook.all[HOOKLOG_DECIDED], 1);
	assert_int_equal(s->tallies.hook.today[HOOKLOG_DECIDED], 1);
	assert_int_equal(s->tallies.hook.last_s[HOOKLOG_DECIDED], 100000000);
	assert_true(connections_find(s->connections, 9, 77, &a, &connection));
	assert_int_equal(connection.begin_s, 1234);
	assert_int_equal(connection.port, 2525);
	assert_int_equal(connections_mark(s->connections, 9, 78, &b, 0),
	    CONNECTIONS_KNOWN | CONNECTIONS_HOST_REJECTED);
	assert_string_equal(z[0].name, "secretkey1.zone.test");
	assert_string_equal(z[0].text, "x");
	assert_string_equal(z[0].why, "lists 127.0.0.1");
	assert_true(z[0].well_s == 11 && z[0].from_s == 12 && z[0].to_s == 13);
	assert_true(z[0].ttl_s == 14 && !z[0].silent);
	assert_true(z[1].better_s == 15 && z[1].silent);
	assert_int_equal(s->tallies.all.refused, 1);
	assert_int_equal(s->tallies.all.passed, 2);
	assert_int_equal(s->tallies.today.refused, 0);
	assert_int_equal(s->tallies.today.passed, 1);
	assert_true(log->ports[0] == 25 && log->ports[1] == 65535);
	assert_true(log->shows_passed);
	assert_string_equal(log->position.done, full_log.position.done);
	assert_true(log->late == 16 && log->recovered == 17);
	assert_int_equal(log->unshown_s, 18);
	assert_true(log->torn.goes_on && log->torn.stamped);
	assert_true(log->torn.open == 19 && log->torn.lines == 20 &&
		    log->torn.others == 21 && log->torn.time_s == 22);
	assert_true(log->torn.rests == 23 && log->torn.torn == 24);
	assert_true(log->torn.lost_at_s == 25 && log->torn.lost_s == 26 &&
		    log->torn.lost_before_s == 27);
	assert_int_equal(lru_count(s->visits), 1);
	visit = lru_oldest(s->visits);
	assert_memory_equal(&visit->key.ip, &b, sizeof b);
	assert_int_equal(visit->minutes[VISITS_CONNECTED], 100000 / 60 + 1);
	assert_int_equal(visit->minutes[VISITS_REFUSED], 100000 / 60 + 1);
	assert_int_equal(visit->minutes[VISITS_TO_BAN], 0);
	assert_false(log->shows_tcpserver);
	assert_true(alarm_is_on(&log->alarm));
	assert_int_equal(log->alarm.past_n, full_log.alarm.past_n);
	assert_int_equal(log->alarm.share.median, full_log.alarm.share.median);
	assert_int_equal(log->alarm.alarm.tripped_s, 105000);
}

static void
all_kinds_back(void **state)
{
	static struct state_log log;
	struct state *s = full_state();
	struct state *loaded = new_state();
	char again[160];

	(void)state;
	assert_int_equal(checkpoint_save(path, s, &full_log, 1), 0);
	name_zones(loaded);
	state_name_log(&log, "/var/log/a");
	assert_int_equal(
	    checkpoint_load(path, loaded, &log, 1, NULL), CHECKPOINT_LOADED);
	snprintf(again, sizeof again, "%s/again.cdb", dir);
	assert_int_equal(checkpoint_save(again, loaded, &log, 1), 0);
	assert_same_file(path, again);
	assert_full(loaded, &log);
	drop_state(s);
	drop_state(loaded);
	/* zones that are not asked any more, of a log that is not read */
	loaded = new_state();
	assert_int_equal(zones_add(&loaded->zones, "c.test", "c.test", ""), 0);
	assert_int_equal(
	    checkpoint_load(path, loaded, NULL, 0, NULL), CHECKPOINT_LOADED);
	assert_int_equal(loaded->zones.n, 1);
	assert_int_equal(loaded->zones.list[0].well_s, 0);
	assert_false(loaded->zones.list[0].silent);
	drop_state(loaded);
}

/* ---- malformed ---- */

/* The first record that a key begins with. */
static void
find_record(
    const struct state *s, char kind, struct codec_key *key, struct record *r)
{
	struct codec_at at = {0};

	do
		assert_int_equal(codec_next(s, &full_log, 1, &at, key, r), 1);
	while (key->b[0] != (unsigned char)kind);
	assert_int_equal(record_seal(r, key->b, key->len), 0);
}

/* What a fresh state says of it. */
static int
take_record(const struct codec_key *key, struct record r)
{
	static struct state_log log;
	struct state *s = new_state();
	char other[160];
	int rc;

	name_zones(s);
	log = (struct state_log){0};
	state_name_log(&log, "/var/log/a");
	assert_int_equal(record_seal(&r, key->b, key->len), 0);
	assert_int_equal(record_open(&r, key->b, key->len, BAN_VERSION), 0);
	rc = codec_take(s, &log, 1, key->b, key->len, &r);
	/* whatever it was, the state can be used */
	log.has_position = true;
	state_expire(s, &log, 1);
	snprintf(other, sizeof other, "%s/other.cdb", dir);
	assert_int_equal(checkpoint_save(other, s, &log, 1), 0);
	drop_state(s);
	return rc;
}

/* Whether a record without its last bytes is one of an earlier version. */
static bool
is_earlier(char kind, size_t left)
{
	switch (kind) {
	case 't':
		return left == 16 || left == 32;
	case 'd':
		return left <= 24 && left % 8 == 0;
	case 's':
		return left == 8 + 2;
	case 'l': /* torn, ports, an empty name */
		return left == 64 + 2 * STATE_PORTS + 2;
	default:
		return false;
	}
}

static void
cut_short(void **state)
{
	static const char kinds[] = "bcpsvztdl";
	struct state *s = full_state();

	(void)state;
	for (const char *kind = kinds; *kind != 0; kind++) {
		struct codec_key key;
		struct record r;
		size_t step;

		find_record(s, *kind, &key, &r);
		assert_int_equal(take_record(&key, r), 0);
		/* each takes a state of its own */
		step = r.len < 100 ? 1 : r.len / 50;
		for (size_t len = 5; len < r.len; len += step) {
			struct record shorter = r;

			shorter.len = len;
			if (take_record(&key, shorter) !=
			    (is_earlier(*kind, r.len - len) ? 0 : -1))
				fail_msg("'%c' of %zu bytes", *kind, len);
		}
	}
	drop_state(s);
}

#define HEAD 5 /* check and version */

/* What becomes of the record with another byte in its fields or key. */
static int
with_field(struct state *s, char kind, size_t at, uint8_t value)
{
	struct codec_key key;
	struct record r;

	find_record(s, kind, &key, &r);
	r.buf[HEAD + at] = value;
	return take_record(&key, r);
}

static int
with_key(struct state *s, char kind, size_t at, uint8_t value, size_t len)
{
	struct codec_key key;
	struct record r;

	find_record(s, kind, &key, &r);
	key.b[at] = value;
	if (len != 0)
		key.len = len;
	return take_record(&key, r);
}

static void
out_of_bounds(void **state)
{
	struct state *s = full_state();

	(void)state;
	/* zones: each time below 0 */
	for (size_t field = 0; field < 4; field++)
		assert_int_equal(with_field(s, 'z', 8 * field + 7, 0x80), -1);
	assert_int_equal(with_field(s, 'z', 7, 0x7f), 0);
	/* a zone of no name is none of ours */
	assert_int_equal(with_key(s, 'z', 1, 'x', 1), 0);
	assert_int_equal(with_key(s, 's', 1, 0, 16), -1);
	assert_int_equal(with_key(s, 's', 1, 0, 18), -1);
	assert_int_equal(with_key(s, 'd', 1, 'x', 2), -1);
	drop_state(s);
}

static void
twice(void **state)
{
	struct state *s = full_state();

	(void)state;
	for (const char *kind = "scp"; *kind != 0; kind++) {
		struct codec_key key;
		struct record r;

		find_record(s, *kind, &key, &r);
		assert_int_equal(
		    record_open(&r, key.b, key.len, BAN_VERSION), 0);
		assert_int_equal(
		    codec_take(s, &full_log, 1, key.b, key.len, &r), -1);
	}
	drop_state(s);
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

/* One ban in a file, and every bit of that changed: the ban, or an error. */
static void
every_bit_of_a_file(void **state)
{
	static unsigned char file[4096];
	struct ban ban = {.ip = unit_addr("192.0.2.1"),
	    .since = 1000,
	    .until = 2000,
	    .rule = "rule",
	    .reply = "451 by ban"};
	unsigned char key[BAN_KEY_BYTES];
	struct ban got;
	struct cdbwrite w;
	struct record r;
	char name[128];
	ssize_t len;
	int fd;

	(void)state;
	snprintf(name, sizeof name, "%s/bits.cdb", dir);
	ban_key(key, &ban.ip);
	codec_put_ban(&r, &ban);
	assert_int_equal(record_seal(&r, key, sizeof key), 0);
	assert_int_equal(cdbwrite_start(&w, name, 0600), 0);
	assert_int_equal(cdbwrite_add(&w, key, sizeof key, r.buf, r.len), 0);
	assert_int_equal(cdbwrite_commit(&w, NULL), 0);
	fd = open(name, O_RDWR);
	len = read(fd, file, sizeof file);
	assert_true(len > 2048 && len < (ssize_t)sizeof file);
	for (ssize_t bit = 0; bit < len * 8; bit++) {
		unsigned char changed =
		    (unsigned char)(file[bit / 8] ^ 1U << bit % 8);

		assert_int_equal(pwrite(fd, &changed, 1, bit / 8), 1);
		switch (ban_find(fd, &ban.ip, &got)) {
		case BAN_FOUND:
			assert_int_equal(got.until, ban.until);
			assert_string_equal(got.reply, ban.reply);
			break;
		case BAN_ABSENT:
			fail_msg("bit %zd hides the ban", bit);
			break;
		case BAN_ERROR:
			assert_int_equal(errno, EINVAL);
			break;
		}
		assert_int_equal(pwrite(fd, &file[bit / 8], 1, bit / 8), 1);
	}
	assert_int_equal(ban_find(fd, &ban.ip, &got), BAN_FOUND);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_flipped_bit),
	    cmocka_unit_test(every_bit_of_a_file),
	    cmocka_unit_test(fields),
	    cmocka_unit_test(back_again),
	    cmocka_unit_test(damage),
	    cmocka_unit_test(not_there),
	    cmocka_unit_test(old_one_is_kept),
	    cmocka_unit_test(all_kinds_back),
	    cmocka_unit_test(cut_short),
	    cmocka_unit_test(out_of_bounds),
	    cmocka_unit_test(twice),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
