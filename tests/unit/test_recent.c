/* record, recent, checkpoint: what was stored, or nothing. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include "cdbwrite.h"
#include "checkpoint.h"
#include "counts.h"
#include "past.h"
#include "recent.h"
#include "record.h"
#include "seen.h"
#include "state.h"

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
	struct seen_ended ended;

	for (int i = 1; i <= 5; i++) {
		struct recent_ban ban = {
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
	assert_int_equal(past_ban(s->past, "chk", &a, 800, 10, 3, 500), 10);
	assert_int_equal(past_ban(s->past, "chk", &a, 810, 10, 3, 500), 30);
	assert_int_equal(seen_line(s->seen, 9,
			     "tcpserver: pid 77 from 198.51.100.7", 35, &ended),
	    SEEN_BEGIN);
	tallies_of(&s->tallies, "chk")->all.skips[DECIDE_UNSEEN] = 3;
	return s;
}

static void
save_some(void)
{
	struct state *s = some_state();
	static struct state_log logs[2] = {
	    {.path = "/var/log/a",
		.has_place = true,
		.place = {7, 12345678901ULL, 0xfeedfeedfeedULL, 256},
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
	assert_int_equal(past_ban(s->past, "chk", &a, 840, 10, 3, 500), 90);
	assert_true(seen_is(s->seen, 9, 77, &a));
	assert_false(seen_is(s->seen, 9, 77, &b));
	assert_false(seen_is(s->seen, 8, 77, &a));
	assert_int_equal(s->tallies.n, 1);
	assert_int_equal(s->tallies.list[0].all.skips[DECIDE_UNSEEN], 3);
}

static void
back_again(void **state)
{
	static struct state_log logs[2] = {
	    {.path = "/var/log/b"}, {.path = "/var/log/a", .id = 5}};
	struct state *s = new_state();
	struct recent_ban ban;
	struct addr other = unit_addr("2001:db8:1:2:ffff::");
	struct addr none = unit_addr("203.0.113.77");
	struct stat st;
	int fd;

	(void)state;
	save_some();
	assert_int_equal(checkpoint_load(path, s, logs, 2), CHECKPOINT_LOADED);
	assert_int_equal(bans_count(s->bans), 5);
	assert_rest_is_back(s);
	assert_false(logs[0].has_place);
	assert_true(logs[1].has_place);
	assert_true(logs[1].place.offset == 12345678901ULL);
	assert_true(logs[1].place.head_hash == 0xfeedfeedfeedULL);
	assert_int_equal(logs[1].place.ino, 7);
	assert_int_equal(logs[1].place.head_len, 256);
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
	assert_int_equal(recent_find(fd, &other, &ban), RECENT_FOUND);
	assert_string_equal(ban.reply, "451 listed, text 5");
	assert_string_equal(ban.rule, "rblsmtpd");
	assert_int_equal(ban.since, 1005);
	assert_int_equal(ban.until, 2005);
	assert_int_equal(recent_find(fd, &none, &ban), RECENT_ABSENT);
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
		struct recent_ban ban;
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
	struct recent_ban ban;

	assert_right_or_refused(checkpoint_load(path, s, &log, 1), s->bans);
	if (recent_find(fd, &a, &ban) == RECENT_FOUND) {
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
	assert_int_equal(checkpoint_load(none, s, NULL, 0), CHECKPOINT_ABSENT);
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
	assert_int_equal(checkpoint_load(old, s, NULL, 0), CHECKPOINT_LOADED);
	assert_int_equal(bans_count(s->bans), 5);
	drop_state(s);
	s = new_state();
	assert_int_equal(checkpoint_load(path, s, NULL, 0), CHECKPOINT_LOADED);
	assert_int_equal(bans_count(s->bans), 0);
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
	struct recent_ban ban = {.ip = unit_addr("192.0.2.1"),
	    .since = 1000,
	    .until = 2000,
	    .rule = "rule",
	    .reply = "451 by ban"};
	unsigned char key[RECENT_KEY_BYTES];
	struct recent_ban got;
	struct cdbwrite w;
	struct record r;
	char name[128];
	ssize_t len;
	int fd;

	(void)state;
	snprintf(name, sizeof name, "%s/bits.cdb", dir);
	recent_key(key, &ban.ip);
	recent_put(&r, &ban);
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
		switch (recent_find(fd, &ban.ip, &got)) {
		case RECENT_FOUND:
			assert_int_equal(got.until, ban.until);
			assert_string_equal(got.reply, ban.reply);
			break;
		case RECENT_ABSENT:
			fail_msg("bit %zd hides the ban", bit);
			break;
		case RECENT_ERROR:
			assert_int_equal(errno, EINVAL);
			break;
		}
		assert_int_equal(pwrite(fd, &file[bit / 8], 1, bit / 8), 1);
	}
	assert_int_equal(recent_find(fd, &ban.ip, &got), RECENT_FOUND);
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
	};

	return cmocka_run_group_tests(tests, begin, end);
}
