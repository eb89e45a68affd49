/*
 * A damaged recent.cdb: neither the hook's look-up nor the feed's start may
 * crash, hang or believe a record whose check sum is wrong. The input is a list
 * of changes (4 bytes: offset, value) to an intact file, so that the fuzzer
 * gets behind the check of the whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoint.h"
#include "counts.h"
#include "past.h"
#include "seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char intact[65536];
static size_t intact_len;
static char path[64];
static int fd = -1;
static struct addr banned;
static struct state state;

static void
prepare(void)
{
	struct recent_ban ban = {.since = 1000, .until = 2000, .rule = "r"};
	static struct state_log log = {.path = "/log", .has_place = true};
	ssize_t n;

	snprintf(path, sizeof path, "/tmp/fuzz_recent.%ld", (long)getpid());
	strcpy(ban.reply, "451 text with 203.0.113.9 in it");
	if (state_new(&state) != 0 ||
	    addr_parse("203.0.113.9", 11, &ban.ip) != 0 ||
	    bans_put(state.bans, &ban) != 0)
		abort();
	banned = ban.ip;
	ban.ip.b[15]++;
	if (bans_put(state.bans, &ban) != 0 ||
	    counts_match(state.counts, "r", &banned, 900, 5, 60) != 1 ||
	    past_ban(state.past, "r", &banned, 900, 60, 2, 600) != 60 ||
	    seen_line(state.seen, 0, "tcpserver: pid 7 from 192.0.2.1", 31) !=
		SEEN_BEGIN ||
	    tallies_of(&state.tallies, "r") == NULL ||
	    checkpoint_save(path, &state, &log, 1) != 0)
		abort();
	fd = open(path, O_RDWR);
	n = read(fd, intact, sizeof intact);
	if (n <= 0)
		abort();
	intact_len = (size_t)n;
	state_free(&state);
	close(fd);
	unlink(path);
	fd = memfd_create("recent", 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
}

static void
check_load(void)
{
	static struct state_log log = {.path = "/log"};
	struct recent_ban ban;

	if (state_new(&state) != 0)
		return;
	if (checkpoint_load(path, &state, &log, 1) == CHECKPOINT_LOADED) {
		if (bans_count(state.bans) != 2 ||
		    lru_count(state.counts) != 1 ||
		    lru_count(state.past) != 1 || seen_count(state.seen) != 1)
			abort();
		for (size_t i = 0; i < bans_count(state.bans); i++) {
			bans_nth(state.bans, i, &ban);
			if (ban.until != 2000)
				abort();
		}
	}
	state_free(&state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char file[sizeof intact];
	struct recent_ban ban;
	size_t len;

	if (fd < 0)
		prepare();
	memcpy(file, intact, intact_len);
	len = intact_len;
	for (; size >= 4; size -= 4, data += 4) {
		size_t at = ((size_t)data[0] << 8 | data[1]) % intact_len;

		if (data[2] == 0xff)
			len = at;
		else
			file[at] = data[3];
	}
	if (ftruncate(fd, 0) != 0 || pwrite(fd, file, len, 0) != (ssize_t)len)
		return 0;
	if (recent_find(fd, &banned, &ban) == RECENT_FOUND &&
	    (ban.until != 2000 || strcmp(ban.rule, "r") != 0))
		abort();
	check_load();
	return 0;
}
