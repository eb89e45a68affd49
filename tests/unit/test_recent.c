/* record, recent, checkpoint: what was stored, or nothing. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include "bans.h"
#include "checkpoint.h"
#include "recent.h"
#include "record.h"

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

static struct bans *
some_bans(void)
{
	struct bans *bans = bans_new(100);

	for (int i = 1; i <= 5; i++) {
		struct recent_ban ban = {
		    .since = 1000 + i, .until = 2000 + i, .rule = "rblsmtpd"};

		ban.ip = unit_addr("203.0.113.0");
		if (i == 5)
			ban.ip = unit_addr("2001:db8:1:2:3::4");
		ban.ip.b[15] = (uint8_t)i;
		snprintf(ban.reply, sizeof ban.reply, "451 listed, text %d", i);
		assert_int_equal(bans_put(bans, &ban), 0);
	}
	return bans;
}

static void
save_some(void)
{
	struct bans *bans = some_bans();
	struct checkpoint_log logs[] = {
	    {.path = "/var/log/a",
		.has_place = true,
		.place = {7, 12345678901ULL, 0xfeedfeedfeedULL, 256},
		.time_s = 1700000000},
	    {.path = "/var/log/b"},
	};

	assert_int_equal(checkpoint_save(path, bans, logs, 2), 0);
	bans_free(bans);
}

static void
back_again(void **state)
{
	struct checkpoint_log logs[] = {
	    {.path = "/var/log/b"}, {.path = "/var/log/a"}};
	struct bans *bans = bans_new(100);
	struct recent_ban ban;
	struct addr other = unit_addr("2001:db8:1:2:ffff::");
	struct addr none = unit_addr("203.0.113.77");
	struct stat st;
	int fd;

	(void)state;
	save_some();
	assert_int_equal(
	    checkpoint_load(path, bans, logs, 2), CHECKPOINT_LOADED);
	assert_int_equal(bans_count(bans), 5);
	assert_false(logs[0].has_place);
	assert_true(logs[1].has_place);
	assert_true(logs[1].place.offset == 12345678901ULL);
	assert_true(logs[1].place.head_hash == 0xfeedfeedfeedULL);
	assert_int_equal(logs[1].place.ino, 7);
	assert_int_equal(logs[1].place.head_len, 256);
	assert_int_equal(logs[1].time_s, 1700000000);
	bans_free(bans);

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
	struct checkpoint_log log = {.path = "/var/log/a"};
	struct bans *bans = bans_new(100);
	struct addr a = unit_addr("203.0.113.3");
	struct recent_ban ban;

	assert_right_or_refused(checkpoint_load(path, bans, &log, 1), bans);
	if (recent_find(fd, &a, &ban) == RECENT_FOUND) {
		assert_string_equal(ban.reply, "451 listed, text 3");
		assert_int_equal(ban.until, 2003);
	}
	bans_free(bans);
}

static void
damage(void **state)
{
	static unsigned char file[8192];
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
	struct bans *bans = bans_new(1);
	char none[160];

	(void)state;
	snprintf(none, sizeof none, "%s/none/recent.cdb", dir);
	assert_int_equal(
	    checkpoint_load(none, bans, NULL, 0), CHECKPOINT_ABSENT);
	assert_int_equal(checkpoint_save(none, bans, NULL, 0), -1);
	assert_int_equal(errno, ENOENT);
	bans_free(bans);
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
	    cmocka_unit_test(every_flipped_bit),
	    cmocka_unit_test(fields),
	    cmocka_unit_test(back_again),
	    cmocka_unit_test(damage),
	    cmocka_unit_test(not_there),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
