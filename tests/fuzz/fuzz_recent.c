/* SPDX-License-Identifier: ISC */
/*
 * recent.cdb as it is read back, by the hook's look-up and the feed's start.
 *
 * Damaged: neither may crash, hang or believe anything else than what was
 * saved. Input: an even byte, then changes to an intact file, 4 bytes each:
 * offset (2), what to do, value. So the fuzzer gets behind the check of the
 * whole.
 *
 * Strange: records whose check sums are right, with any fields. What is loaded
 * of them can be used, saved, and loaded again as the same. Input: an odd
 * byte, 3 for a wrong number of records, 5 for none, 7 for records that say
 * their version in a byte in front; then records: length of key, key, length of
 * value, value.
 */
#include "fuzz.h"

#include <cdb.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "records.h"
#include "state/checkpoint.h"
#include "state/connections.h"
#include "state/counts.h"
#include "state/doubts.h"
#include "state/repeats.h"
#include "state/visits.h"

#define CUT 0xff
#define WRONG_NUMBER 3
#define NO_NUMBER 5
#define VERSIONS 7
#define BANS 3

static unsigned char intact[65536];
static size_t intact_len;
static char path[64];
static int fd = -1;
static struct ban bans[BANS];
static struct state state;
static struct state_log log_a;
static struct records saved, loaded, again;

static struct addr
address(const char *text)
{
	struct addr a;

	HOLDS(addr_parse(text, strlen(text), &a) == 0);
	return a;
}

static void
name_log(void)
{
	log_a = (struct state_log){0};
	state_name_log(&log_a, "/log");
}

static void
fill_state(void)
{
	const struct addr connected = address("192.0.2.1");
	struct tally *tally;

	bans[0] = (struct ban){.ip = address("203.0.113.9"),
	    .since = 1000,
	    .until = 2000,
	    .rule = "r",
	    .reply = "451 text with 203.0.113.9 in it"};
	bans[1] = bans[0];
	bans[1].ip = address("203.0.113.10");
	bans[2] = bans[0];
	bans[2].ip = address("2001:db8::9");
	for (size_t i = 0; i < BANS; i++)
		HOLDS(bans_put(state.bans, &bans[i]) == 0);
	for (size_t i = 0; i < BANS; i++)
		HOLDS(counts_match(
			  state.counts, "r", &bans[i].ip, 900, 5, 60) == 1);
	HOLDS(repeats_ban(state.repeats, "r", &bans[0].ip, 900, 60, 2, 600) ==
	      60);
	HOLDS(connections_begin(state.connections, 0, 7, &connected, 1) == 0);
	log_a.time_s = 1000;
	visits_connected(&state, &log_a, &connected, 1000);
	HOLDS(doubts_refused(state.doubts, &bans[0].ip, 1000, 900) == 900);
	HOLDS(doubts_passed(state.doubts, &connected, 1000, 60, 900) == 0);
	tally = tallies_of(&state.tallies, "r");
	HOLDS(tally != NULL);
	tally->all.bans = 3;
	tallies_add_hook(&state.tallies, HOOKLOG_IPSET, 1000);
	log_a.has_position = true;
	log_a.lines = 7;
	log_a.ports[0] = 25;
}

static void
prepare(void)
{
	ssize_t n;

	snprintf(path, sizeof path, "/tmp/fuzz_recent.%ld", (long)getpid());
	HOLDS(state_new(&state) == 0);
	name_log();
	fill_state();
	records_save(&saved, &state, &log_a, 1);
	HOLDS(checkpoint_save(path, &state, &log_a, 1) == 0);
	state_free(&state);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, intact, sizeof intact);
	HOLDS(n > 0 && (size_t)n < sizeof intact);
	intact_len = (size_t)n;
	close(fd);
	unlink(path);
	fd = memfd_create("recent", MFD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
}

static enum checkpoint_answer
load(void)
{
	enum checkpoint_answer answer;

	HOLDS(state_new(&state) == 0);
	name_log();
	answer = checkpoint_load(path, &state, &log_a, 1, NULL);
	HOLDS(answer == CHECKPOINT_LOADED || answer == CHECKPOINT_DAMAGED);
	return answer;
}

/* ---- damaged ---- */

static void
look_up(const struct ban *want)
{
	struct ban ban;

	if (ban_find(fd, &want->ip, &ban) != BAN_FOUND)
		return;
	HOLDS(memcmp(&ban.ip, &want->ip, sizeof ban.ip) == 0);
	HOLDS(ban.since == want->since && ban.until == want->until);
	HOLDS(strcmp(ban.rule, want->rule) == 0);
	HOLDS(strcmp(ban.reply, want->reply) == 0);
}

static void
damaged(struct fuzz_input *in)
{
	static unsigned char file[sizeof intact];
	size_t len = intact_len;

	memcpy(file, intact, intact_len);
	while (in->len >= 4) {
		size_t at = fuzz_number(in, 2) % intact_len;
		uint8_t what = fuzz_byte(in);
		uint8_t value = fuzz_byte(in);

		if (what == CUT)
			len = at;
		else
			file[at] = value;
	}
	HOLDS(ftruncate(fd, 0) == 0);
	HOLDS(pwrite(fd, file, len, 0) == (ssize_t)len);
	for (size_t i = 0; i < BANS; i++)
		look_up(&bans[i]);
	if (load() == CHECKPOINT_LOADED) {
		records_save(&loaded, &state, &log_a, 1);
		records_same(&saved, &loaded);
	} else {
		HOLDS(len != intact_len || memcmp(file, intact, len) != 0);
	}
	state_free(&state);
}

/* ---- strange ---- */

static void
add(struct cdb_make *make, const void *key, size_t klen, struct record *r)
{
	HOLDS(record_seal(r, key, klen) == 0);
	HOLDS(cdb_make_add(
		  make, key, (unsigned)klen, r->buf, (unsigned)r->len) == 0);
}

/* Takes the n bytes, or what there is, off the input. */
static struct fuzz_input
take(struct fuzz_input *in, size_t n)
{
	struct fuzz_input taken = {in->p, n < in->len ? n : in->len};

	in->p += taken.len;
	in->len -= taken.len;
	return taken;
}

static void
write_records(struct fuzz_input *in, uint8_t what)
{
	struct cdb_make make;
	struct record r;
	uint64_t n = 0;

	HOLDS(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	HOLDS(cdb_make_start(&make, fd) == 0);
	for (; in->len > 0 && n < RECORDS_MAX - TALLIES_MAX - 8; n++) {
		uint8_t version =
		    what == VERSIONS ? fuzz_byte(in) : BAN_VERSION;
		struct fuzz_input key = take(in, fuzz_byte(in));
		struct fuzz_input value = take(in, fuzz_byte(in));

		record_begin(&r, version);
		while (value.len > 0)
			record_put(&r, 1, fuzz_byte(&value));
		add(&make, key.p, key.len, &r);
	}
	record_begin(&r, BAN_VERSION);
	record_put(&r, 8, what == WRONG_NUMBER ? n + 1 : n);
	if (what != NO_NUMBER)
		add(&make, "end", 3, &r);
	HOLDS(cdb_make_finish(&make) == 0);
}

static void
check_bans(void)
{
	for (size_t i = 0; i < bans_count(state.bans); i++) {
		struct ban ban;

		bans_nth(state.bans, i, &ban);
		fuzz_check_reply(ban.reply);
	}
}

static void
strange(struct fuzz_input *in, uint8_t what)
{
	write_records(in, what);
	if (load() == CHECKPOINT_LOADED) {
		HOLDS(what != WRONG_NUMBER && what != NO_NUMBER);
		check_bans();
		records_save(&loaded, &state, &log_a, 1);
		state_free(&state);
		HOLDS(state_new(&state) == 0);
		name_log();
		records_load(&loaded, &state, &log_a, 1);
		records_save(&again, &state, &log_a, 1);
		records_same(&loaded, &again);
		state_expire(&state, &log_a, 1);
	}
	state_free(&state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	uint8_t what = fuzz_byte(&in);

	if (fd < 0)
		prepare();
	if (what % 2 == 0)
		damaged(&in);
	else
		strange(&in, what);
	return 0;
}
