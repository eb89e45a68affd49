/* SPDX-License-Identifier: ISC */
/* follow, logfiles: each line once, whatever is done to the files. */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>

#include "log/follow.h"

static char dir[64];

static void
append(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static void
move(const char *from, const char *to)
{
	char a[128];
	char b[128];

	snprintf(a, sizeof a, "%s/%s", dir, from);
	snprintf(b, sizeof b, "%s/%s", dir, to);
	assert_int_equal(rename(a, b), 0);
}

static void
drop(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
}

/* As multilog rotates: current becomes the n-th finished file. */
static void
rotate(int n)
{
	char name[64];

	snprintf(name, sizeof name, "@4000000066d1f3a5%08x.s", (unsigned)n);
	move("current", name);
	append("current", "");
}

static struct follow *
open_at(const char *name, const struct position *place)
{
	char path[128];
	struct follow *f;

	snprintf(path, sizeof path, "%s%s%s", dir, *name == 0 ? "" : "/", name);
	f = follow_open(path, place);
	assert_non_null(f);
	return f;
}

/* All lines there are now, each with a blank behind it. */
static const char *
rest(struct follow *f)
{
	static char text[65536];
	size_t len = 0;
	struct follow_line line;
	enum follow_answer answer;

	follow_wake(f);
	while ((answer = follow_line(f, &line)) == FOLLOW_LINE) {
		assert_true(len + line.len + 2 < sizeof text);
		memcpy(text + len, line.text, line.len);
		len += line.len;
		text[len++] = ' ';
	}
	assert_true(answer == FOLLOW_WAIT || answer == FOLLOW_END);
	text[len] = 0;
	return text;
}

static void
a_directory(void **state)
{
	struct follow *f;

	(void)state;
	append("current", "1\n2\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 2 ");
	assert_string_equal(rest(f), "");
	append("current", "3\n4");
	assert_string_equal(rest(f), "3 ");
	append("current", "4\n5\n");
	rotate(1);
	append("current", "6\n");
	assert_string_equal(rest(f), "44 5 6 ");
	append("current", "7\n");
	rotate(2);
	append("current", "8\n");
	rotate(3);
	rotate(4);
	append("current", "9\n");
	assert_string_equal(rest(f), "7 8 9 ");
	assert_false(follow_missed(f));
	follow_close(f);
}

static void
from_the_oldest(void **state)
{
	struct follow *f;

	(void)state;
	append("current", "1\n");
	rotate(1);
	append("current", "2\n");
	rotate(2);
	append("current", "3\n");
	append("state", "no log\n");
	append("lock", "no log\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 2 3 ");
	assert_false(follow_missed(f));
	follow_close(f);
}

static void
goes_on_at_its_place(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("current", "1\n2\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 2 ");
	assert_true(follow_position(f, &place));
	follow_close(f);
	append("current", "3\n");
	rotate(1);
	append("current", "4\n");
	rotate(2);
	append("current", "5\n");
	f = open_at("", &place);
	assert_string_equal(rest(f), "3 4 5 ");
	assert_false(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	f = open_at("", &place);
	assert_string_equal(rest(f), "");
	assert_false(follow_missed(f));
	follow_close(f);
}

static void
says_what_it_missed(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("current", "1\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 ");
	assert_true(follow_position(f, &place));
	follow_close(f);
	rotate(1);
	append("current", "lost\n");
	rotate(2);
	append("current", "3\n");
	drop("@4000000066d1f3a500000001.s");
	drop("@4000000066d1f3a500000002.s");
	f = open_at("", &place);
	assert_true(follow_missed(f));
	assert_false(follow_missed(f));
	assert_string_equal(rest(f), "3 ");
	follow_close(f);
}

static void
deleted_after_it_was_open(void **state)
{
	struct follow *f;

	(void)state;
	append("current", "1\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 ");
	append("current", "2\n");
	rotate(1);
	append("current", "3\n");
	drop("@4000000066d1f3a500000001.s");
	assert_string_equal(rest(f), "2 3 ");
	follow_close(f);
}

/* multilog cuts long lines; the rest comes without a stamp of its own. */
static void
a_line_over_two_files(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("current", "1\nhalf of ");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 ");
	rotate(1);
	assert_string_equal(rest(f), "");
	assert_true(follow_position(f, &place));
	append("current", "a line\n2\n");
	assert_string_equal(rest(f), "half of a line 2 ");
	follow_close(f);
	f = open_at("", &place);
	assert_string_equal(rest(f), "half of a line 2 ");
	assert_true(follow_position(f, &place));
	follow_close(f);
	append("current", "3\n");
	f = open_at("", &place);
	assert_string_equal(rest(f), "3 ");
	follow_close(f);
}

static void
a_plain_file(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("log.1", "old\n");
	append("log", "1\n");
	f = open_at("log", NULL);
	assert_string_equal(rest(f), "1 ");
	append("log", "2\n");
	move("log", "log.1");
	append("log.1", "3\n");
	append("log", "4\n");
	assert_string_equal(rest(f), "2 3 4 ");
	assert_true(follow_position(f, &place));
	follow_close(f);
	append("log", "5\n");
	drop("log.1");
	move("log", "log-20261124");
	append("log", "6\n");
	f = open_at("log", &place);
	assert_string_equal(rest(f), "5 6 ");
	assert_false(follow_missed(f));
	/* renamed and compressed at once: nothing of it was missed */
	append("log", "7\n");
	drop("log-20261124");
	move("log", "log.1.gz");
	append("log", "8\n");
	assert_string_equal(rest(f), "7 8 ");
	assert_false(follow_missed(f));
	follow_close(f);
}

/* As logrotate's copytruncate. */
static void
copy_and_truncate(const char *to)
{
	char command[512];

	snprintf(
	    command, sizeof command, "cd %s && cp log %s && : >log", dir, to);
	assert_int_equal(system(command), 0);
}

static void
truncated(void **state)
{
	char path[128];
	struct follow *f;

	(void)state;
	append("log", "a first line\n");
	f = open_at("log", NULL);
	assert_string_equal(rest(f), "a first line ");
	snprintf(path, sizeof path, "%s/log", dir);
	assert_int_equal(truncate(path, 0), 0);
	append("log", "second\n");
	assert_string_equal(rest(f), "second ");
	assert_true(follow_missed(f)); /* it may be */
	/* longer than it was before anybody looked */
	assert_int_equal(truncate(path, 0), 0);
	append("log", "third\nfourth\nfifth\n");
	assert_string_equal(rest(f), "third fourth fifth ");
	assert_true(follow_missed(f));
	follow_close(f);
}

static void
cut_off(const char *name, off_t size)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(truncate(path, size), 0);
}

/* A directory's live file, by somebody who wants room on the disk. */
static void
truncated_in_a_directory(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("current", "1\n");
	rotate(1);
	append("current", "2\n");
	rotate(2);
	append("current", "3\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 2 3 ");
	cut_off("current", 0);
	append("current", "4\n");
	assert_string_equal(rest(f), "4 ");
	assert_true(follow_missed(f));
	/* longer than it was before anybody looked */
	cut_off("current", 0);
	append("current", "5\n6\n7\n");
	assert_string_equal(rest(f), "5 6 7 ");
	assert_true(follow_missed(f));
	/* and rotated before anybody looked */
	cut_off("current", 0);
	append("current", "8\n");
	rotate(3);
	append("current", "9\n");
	assert_string_equal(rest(f), "8 9 ");
	assert_true(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	f = open_at("", &place);
	assert_string_equal(rest(f), "");
	assert_false(follow_missed(f));
	follow_close(f);
	/* while nobody looks: nothing that was read is read again */
	cut_off("current", 0);
	append("current", "10\n");
	f = open_at("", &place);
	assert_string_equal(rest(f), "10 ");
	assert_true(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	cut_off("current", 0);
	append("current", "11\n");
	rotate(4);
	append("current", "12\n");
	f = open_at("", &place);
	assert_string_equal(rest(f), "11 12 ");
	follow_close(f);
}

/* As a file system does that lost what had not been written. */
static void
shortened(void **state)
{
	char text[602];
	struct position place;
	struct follow *f;

	(void)state;
	snprintf(text, sizeof text, "%0299d\n%0300d\n", 1, 2);
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "current" : "log";

		append(name, text);
		f = open_at(i == 0 ? "" : name, NULL);
		(void)rest(f);
		assert_true(follow_position(f, &place));
		cut_off(name, 300);
		assert_string_equal(rest(f), "");
		append(name, "3\n");
		assert_string_equal(rest(f), "3 ");
		follow_close(f);
		cut_off(name, 300);
		f = open_at(i == 0 ? "" : name, &place);
		append(name, "4\n");
		assert_string_equal(rest(f), "4 ");
		follow_close(f);
	}
}

static void
shell(const char *what)
{
	char command[512];

	snprintf(command, sizeof command, "cd %s && %s", dir, what);
	assert_int_equal(system(command), 0);
}

/* Such a copy has all that was read, under another number. */
static void
a_copy_in_its_place(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("current", "1\n");
	rotate(1);
	append("current", "2\n3");
	append("log", "1\n2\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 2 ");
	shell("cp current copy && mv copy current");
	append("current", "3\n4\n");
	assert_string_equal(rest(f), "33 4 ");
	assert_false(follow_missed(f));
	append("current", "5\n");
	rotate(2);
	append("current", "6\n");
	assert_string_equal(rest(f), "5 6 ");
	assert_false(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	shell("mkdir copy && cp -p @* current copy && rm @* current && "
	      "mv copy/* . && rmdir copy");
	append("current", "7\n");
	f = open_at("", &place);
	assert_string_equal(rest(f), "7 ");
	assert_false(follow_missed(f));
	follow_close(f);
	f = open_at("log", NULL);
	assert_string_equal(rest(f), "1 2 ");
	shell("cp log copy && mv copy log");
	append("log", "3\n");
	assert_string_equal(rest(f), "3 ");
	assert_false(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	shell("cp log copy && mv copy log");
	append("log", "4\n");
	f = open_at("log", &place);
	assert_string_equal(rest(f), "4 ");
	assert_false(follow_missed(f));
	follow_close(f);
}

static void
hard_links(void **state)
{
	struct follow *f;

	(void)state;
	append("log", "1\n");
	shell("ln log log-backup");
	f = open_at("log", NULL);
	assert_string_equal(rest(f), "1 ");
	append("log", "2\n");
	assert_string_equal(rest(f), "2 ");
	/* rotated by two names */
	shell("ln log log.1 && : >new && mv new log");
	append("log-backup", "3\n");
	append("log", "4\n");
	assert_string_equal(rest(f), "3 4 ");
	assert_false(follow_missed(f));
	follow_close(f);
	/* as multilog does: current, previous, then the name that stays */
	append("current", "1\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 ");
	append("current", "2\n");
	move("current", "previous");
	append("current", "3\n");
	assert_string_equal(rest(f), "2 3 ");
	shell("ln previous @4000000066d1f3a500000001.s");
	append("current", "4\n");
	assert_string_equal(rest(f), "4 ");
	drop("previous");
	append("current", "5\n");
	rotate(2);
	assert_string_equal(rest(f), "5 ");
	assert_false(follow_missed(f));
	follow_close(f);
}

/* A writer that does not append leaves a hole where it goes on. */
static void
a_hole(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("log", "1\n");
	f = open_at("log", NULL);
	assert_string_equal(rest(f), "1 ");
	cut_off("log", 0);
	cut_off("log", FOLLOW_LINE_MAX * 5);
	append("log", "2\n");
	assert_string_equal(rest(f), "2 ");
	assert_true(follow_position(f, &place));
	follow_close(f);
	append("log", "3\n");
	f = open_at("log", &place);
	assert_string_equal(rest(f), "3 ");
	follow_close(f);
}

/* ---- directories and other things ---- */

static void
make(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* Its logger goes on in it until it is started again. */
static void
moved_away(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	make("d");
	append("d/current", "1\n");
	f = open_at("d", NULL);
	assert_string_equal(rest(f), "1 ");
	move("d", "old");
	append("old/current", "2\n");
	assert_string_equal(rest(f), "2 ");
	make("d");
	move("old/current", "old/@4000000066d1f3a500000001.s");
	append("old/current", "3\n");
	assert_string_equal(rest(f), "3 ");
	append("old/current", "4\nhalf of");
	append("d/current", "5\n");
	move("d/current", "d/@4000000066d1f3a500000002.s");
	append("d/current", "6\n");
	assert_string_equal(rest(f), "4 half of 5 6 ");
	assert_false(follow_missed(f));
	append("d/current", "7\n");
	move("d/current", "d/@4000000066d1f3a500000003.s");
	append("d/current", "8\n");
	assert_string_equal(rest(f), "7 8 ");
	assert_false(follow_missed(f));
	/* with what there was: only what is new in it */
	shell("cp -rp d new && mv d old2 && mv new d");
	append("d/current", "9\n");
	assert_string_equal(rest(f), "9 ");
	assert_false(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	/* while nobody looks */
	shell("mv d old3 && mkdir d");
	append("d/current", "10\n");
	f = open_at("d", &place);
	assert_string_equal(rest(f), "10 ");
	assert_true(follow_missed(f));
	/* removed */
	shell("rm -r d && mkdir d");
	append("d/current", "11\n");
	assert_string_equal(rest(f), "11 ");
	follow_close(f);
	/* a plain file's */
	append("d/log", "1\n");
	f = open_at("d/log", NULL);
	assert_string_equal(rest(f), "1 ");
	move("d", "old4");
	append("old4/log", "2\n");
	make("d");
	append("d/log", "3\n");
	assert_string_equal(rest(f), "2 3 ");
	assert_false(follow_missed(f));
	follow_close(f);
}

static void
expect_no_file(struct follow *f)
{
	struct follow_line line;

	follow_wake(f);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(follow_line(f, &line), FOLLOW_ERROR);
		assert_non_null(strstr(follow_reason(errno), "a fifo"));
	}
}

static void
no_file(void **state)
{
	static const char *const how[] = {
	    "mkdir current", "mkfifo current", "ln -s /dev/null current"};

	(void)state;
	for (size_t i = 0; i < COUNT(how); i++) {
		struct follow *f;

		shell(how[i]); /* from the start on */
		f = open_at("", NULL);
		expect_no_file(f);
		shell("rm -r current");
		append("current", "1\n"); /* mended */
		assert_string_equal(rest(f), "1 ");
		shell("rm current");
		shell(how[i]); /* later */
		expect_no_file(f);
		shell("rm -r current");
		append("current", "2\n");
		assert_string_equal(rest(f), "2 ");
		follow_close(f);
		shell("rm current");
	}
	/* a link to nothing is as good as no file */
	shell("ln -s nothing current");
	append("@4000000066d1f3a500000001.s", "1\n");
	{
		struct follow *f = open_at("", NULL);

		assert_string_equal(rest(f), "1 ");
		follow_close(f);
	}
}

/* What was not read before the truncation stands in the copy. */
static void
copied_and_truncated(void **state)
{
	struct position place;
	char path[128];
	char text[400];
	struct follow *f;

	(void)state;
	append("log", "1\n2\n");
	f = open_at("log", NULL);
	assert_string_equal(rest(f), "1 2 ");
	append("log", "3\n");
	copy_and_truncate("log.1");
	append("log", "4\n");
	assert_string_equal(rest(f), "3 4 ");
	append("log", "5\n");
	copy_and_truncate("log-2");
	assert_string_equal(rest(f), "5 ");
	append("log", "6\n7\n8\n9\n");
	assert_string_equal(rest(f), "6 7 8 9 ");
	assert_false(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	/* and while nobody looks, twice */
	append("log", "10\n");
	copy_and_truncate("log-3");
	append("log", "11\n");
	copy_and_truncate("log-4");
	append("log", "12\n13\n14\n15\n16\n17\n18\n");
	f = open_at("log", &place);
	assert_string_equal(rest(f), "10 11 12 13 14 15 16 17 18 ");
	assert_false(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	f = open_at("log", &place);
	assert_string_equal(rest(f), "");
	follow_close(f);
	/* read beyond the end of the copy, which was made first */
	snprintf(text, sizeof text, "%0300d\n", 0);
	append("log", text);
	copy_and_truncate("log-5");
	append("log-5", "20\n21\n");
	f = open_at("log-5", NULL);
	(void)rest(f);
	assert_true(follow_position(f, &place));
	follow_close(f);
	snprintf(path, sizeof path, "%s/log-5", dir);
	assert_int_equal(truncate(path, (off_t)place.offset - 6), 0);
	place.ino = 1;
	append("log", "22\n");
	f = open_at("log", &place);
	assert_string_equal(rest(f), "22 ");
	assert_false(follow_missed(f));
	assert_true(follow_position(f, &place));
	follow_close(f);
	/* with no copy left, what there was is lost */
	append("log", "23\n");
	copy_and_truncate("log-6");
	append("log", "24\n");
	drop("log-6");
	f = open_at("log", &place);
	assert_true(follow_missed(f));
	assert_string_equal(rest(f), "24 ");
	follow_close(f);
}

/* Its writer goes on with the renamed file until he is told. */
static void
renamed_under_its_writer(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("log", "1\n");
	f = open_at("log", NULL);
	move("log", "log.1");
	append("log", "");
	assert_string_equal(rest(f), "1 ");
	append("log.1", "2\n");
	assert_string_equal(rest(f), "2 ");
	assert_true(follow_position(f, &place));
	follow_close(f);
	append("log.1", "3\n");
	f = open_at("log", &place);
	assert_string_equal(rest(f), "3 ");
	append("log.1", "4\n");
	append("log", "5\n");
	assert_string_equal(rest(f), "4 5 ");
	follow_close(f);
}

/* multilog was killed within a line, and began a new file. */
static void
a_cut_file(void **state)
{
	struct position place;
	struct follow *f;

	(void)state;
	append("current", "1\nhalf of");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 ");
	assert_true(follow_position(f, &place));
	move("current", "@4000000066d1f3a500000001.u");
	append("current", "2\n");
	assert_string_equal(rest(f), "half of 2 ");
	follow_close(f);
	f = open_at("", &place);
	assert_string_equal(rest(f), "half of 2 ");
	assert_true(follow_position(f, &place));
	follow_close(f);
	f = open_at("", &place);
	assert_string_equal(rest(f), "");
	follow_close(f);
}

static void
a_used_inode(void **state)
{
	struct position place;
	char path[128];
	struct follow *f;

	(void)state;
	append("current", "1\n2\n");
	f = open_at("", NULL);
	assert_string_equal(rest(f), "1 2 ");
	assert_true(follow_position(f, &place));
	follow_close(f);
	/* the same inode, as long, with other lines */
	snprintf(path, sizeof path, "%s/current", dir);
	assert_int_equal(truncate(path, 0), 0);
	append("current", "3\n4\n5\n");
	f = open_at("", &place);
	assert_true(follow_missed(f));
	assert_string_equal(rest(f), "3 4 5 ");
	follow_close(f);
}

static void
too_long(void **state)
{
	static char text[FOLLOW_LINE_MAX * 5 + 2];
	struct follow_line line;
	struct follow *f;

	(void)state;
	memset(text, 'x', sizeof text - 2);
	text[0] = 'a';
	append("log", "1\n");
	for (size_t len = FOLLOW_LINE_MAX; len < sizeof text; len *= 2) {
		text[len] = '\n';
		text[len + 1] = 0;
		append("log", text);
		text[len] = text[len + 1] = 'x';
	}
	append("log", "2\n");
	f = open_at("log", NULL);
	assert_int_equal(follow_line(f, &line), FOLLOW_LINE);
	assert_false(line.is_part);
	for (size_t len = FOLLOW_LINE_MAX; len < sizeof text; len *= 2) {
		bool is_part = len > FOLLOW_LINE_MAX;

		assert_int_equal(follow_line(f, &line), FOLLOW_LINE);
		assert_int_equal(line.is_part, is_part);
		assert_int_equal(line.len, is_part ? FOLLOW_PART : len);
		assert_memory_equal(line.text, text, line.len);
	}
	assert_string_equal(rest(f), "2 ");
	follow_close(f);
}

static void
a_stream(void **state)
{
	int fds[2];
	int saved = dup(0);
	struct follow_line line;
	struct position place;
	struct follow *f;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[0], 0), 0);
	f = follow_open("-", NULL);
	assert_non_null(f);
	assert_int_equal(follow_line(f, &line), FOLLOW_WAIT);
	assert_int_equal(write(fds[1], "1\n2", 3), 3);
	assert_string_equal(rest(f), "1 ");
	assert_false(follow_position(f, &place));
	assert_int_equal(write(fds[1], "\nthe end", 8), 8);
	close(fds[1]);
	assert_string_equal(rest(f), "2 ");
	assert_int_equal(follow_line(f, &line), FOLLOW_END);
	assert_int_equal(follow_rest(f, &line), FOLLOW_LINE);
	assert_int_equal(line.len, 7);
	assert_memory_equal(line.text, "the end", 7);
	assert_int_equal(follow_rest(f, &line), FOLLOW_END);
	follow_close(f);
	dup2(saved, 0);
	close(saved);
	close(fds[0]);
}

static int
begin(void **state)
{
	(void)state;
	unit_directory(dir);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	unit_remove(dir);
	return 0;
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIRECTORY(a_directory),
	    IN_DIRECTORY(from_the_oldest),
	    IN_DIRECTORY(goes_on_at_its_place),
	    IN_DIRECTORY(says_what_it_missed),
	    IN_DIRECTORY(deleted_after_it_was_open),
	    IN_DIRECTORY(a_line_over_two_files),
	    IN_DIRECTORY(a_plain_file),
	    IN_DIRECTORY(truncated),
	    IN_DIRECTORY(truncated_in_a_directory),
	    IN_DIRECTORY(shortened),
	    IN_DIRECTORY(a_copy_in_its_place),
	    IN_DIRECTORY(hard_links),
	    IN_DIRECTORY(a_hole),
	    IN_DIRECTORY(moved_away),
	    IN_DIRECTORY(no_file),
	    IN_DIRECTORY(copied_and_truncated),
	    IN_DIRECTORY(renamed_under_its_writer),
	    IN_DIRECTORY(a_cut_file),
	    IN_DIRECTORY(a_used_inode),
	    IN_DIRECTORY(too_long),
	    IN_DIRECTORY(a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
