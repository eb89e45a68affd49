/* SPDX-License-Identifier: ISC */
/*
 * A stamp is within the line, leaves the message, and a line has one time.
 * A time that is written in any shape of stamp.h is read back as the same
 * second, whatever stands behind it, in UTC and where clocks are changed; and
 * what a program said is one of the readings of message.h, with a strange tag
 * and where its name became the tag.
 *
 * Input: as it stands a line; also 16 bytes that choose a time, and a message.
 */
#include "fuzz.h"

#include <inttypes.h>
#include <stdbool.h>
#include <time.h>

#include "log/localtime.h"
#include "log/message.h"

#define NAME "smtpd"
#define DAY_S 86400
#define YEAR_9999_S INT64_C(253402300800) /* where it ends */
#define TAI64_UNIX_EPOCH UINT64_C(4611686018427387914)

/* What there is to write. */
struct moment {
	int64_t t, about;
	unsigned nano; /* of the second */
	int offset_s;  /* from UTC, as the writer says it */
};

/* The time of day somewhere, t seconds after 1970 there. */
static struct tm
there(int64_t t, bool local)
{
	time_t at = (time_t)t;
	struct tm tm;

	HOLDS((local ? localtime_r(&at, &tm) : gmtime_r(&at, &tm)) != NULL);
	return tm;
}

/*
 * The same hour comes twice when summer ends, and a stamp does not tell which
 * one it is; the first one counts.
 */
static int64_t
first_run(int64_t t)
{
	struct tm now = there(t, true);
	struct tm before = there(t - 3600, true);

	return now.tm_hour == before.tm_hour && now.tm_mday == before.tm_mday
		   ? t - 3600
		   : t;
}

/* The line is read back as one of want, in which the program said that. */
static void
expect(const char *stamp, const char *rest, const char *said, int64_t about,
    int64_t want)
{
	char line[4096];
	char room[MESSAGE_ROOM];
	struct slice reading;
	struct message m;
	int64_t t = -1;
	bool found = false;
	int n = snprintf(line, sizeof line, "%s%s", stamp, rest);

	HOLDS(n > 0 && (size_t)n < sizeof line);
	message_read(&m, (struct slice){line, (size_t)n}, about, &t);
	HOLDS(m.behind != STAMP_NONE && t == want);
	for (enum message_reading i = 0; i < MESSAGE_READINGS; i++)
		found |= message_reading(&m, i, room, &reading) &&
			 slice_is(&reading, said);
	HOLDS(found || strlen(said) > MESSAGE_ROOM - 20);
}

/* ---- each shape ---- */

static void
expect_logger(const struct moment *m, const char *message)
{
	struct tm local = there(m->t, true);
	struct tm utc = there(m->t, false);
	int64_t want = first_run(m->t);
	char second[32];
	char stamp[64];

	snprintf(stamp, sizeof stamp, "@%016" PRIx64 "%08x ",
	    TAI64_UNIX_EPOCH + (uint64_t)m->t, m->nano);
	expect(stamp, message, message, m->about, m->t);
	strftime(second, sizeof second, "%Y-%m-%d %H:%M:%S", &local);
	snprintf(stamp, sizeof stamp, "%s.%09u ", second, m->nano);
	expect(stamp, message, message, m->about, want);
	snprintf(stamp, sizeof stamp, "%s.%09u  ", second, m->nano);
	expect(stamp, message, message, m->about, want);
	snprintf(stamp, sizeof stamp, "%s.%03u ", second, m->nano / 1000000);
	expect(stamp, message, message, m->about, want);
	strftime(second, sizeof second, "%Y-%m-%d_%H:%M:%S", &utc);
	snprintf(stamp, sizeof stamp, "%s.%05u ", second, m->nano / 10000);
	expect(stamp, message, message, m->about, m->t);
	second[10] = 'T';
	snprintf(stamp, sizeof stamp, "%s.%05u ", second, m->nano / 10000);
	expect(stamp, message, message, m->about, m->t);
	snprintf(stamp, sizeof stamp, "%s.%09uZ ", second, m->nano);
	expect(stamp, message, message, m->about, m->t);
}

/* Between stamp and what was said, with and without a host. */
static void
expect_tagged(const char *stamp, const struct moment *m, const char *message,
    int64_t want)
{
	static const char *const tags[] = {"host tag: ", "host tag[7]: ",
	    "tag: ", "host " NAME ": ", "host " NAME "[812]: ", NAME "[8]: "};
	char rest[3000];
	char named[2900];
	char both[3000];

	snprintf(named, sizeof named, NAME ": %s", message);
	for (size_t i = 0; i < COUNT(tags); i++) {
		const char *said = strstr(tags[i], NAME) ? named : message;

		snprintf(rest, sizeof rest, "%s%s", tags[i], message);
		expect(stamp, rest, said, m->about, want);
		if (m->t < 1000000000 || m->t > 9999999999 || said == named)
			continue; /* splogger writes ten digits in our time */
		snprintf(both, sizeof both, "%s%" PRId64 ".%06u %s", tags[i],
		    m->t, m->nano / 1000, message);
		expect(stamp, both, said, m->about, m->t);
	}
	/* nothing became the tag */
	snprintf(rest, sizeof rest, "host %s", named);
	expect(stamp, rest, named, m->about, want);
	expect(stamp, named, named, m->about, want);
}

static void
expect_syslog(const struct moment *m, const char *message)
{
	struct tm local = there(m->t, true);
	struct tm utc = there(m->t, false);
	struct tm said = there(m->t + m->offset_s, false);
	char sign = m->offset_s < 0 ? '-' : '+';
	unsigned hours = (unsigned)abs(m->offset_s) / 3600;
	unsigned minutes = (unsigned)abs(m->offset_s) / 60 % 60;
	char second[32];
	char stamp[100];

	strftime(second, sizeof second, "%b %e %H:%M:%S", &local);
	snprintf(stamp, sizeof stamp, "%s ", second);
	expect_tagged(stamp, m, message, first_run(m->t));
	snprintf(stamp, sizeof stamp, "%s.%06u ", second, m->nano / 1000);
	expect_tagged(stamp, m, message, first_run(m->t));
	strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &said);
	snprintf(stamp, sizeof stamp, "%s.%06u%c%02u:%02u ", second,
	    m->nano / 1000, sign, hours, minutes);
	expect_tagged(stamp, m, message, m->t);
	snprintf(
	    stamp, sizeof stamp, "%s%c%02u%02u ", second, sign, hours, minutes);
	expect_tagged(stamp, m, message, m->t);
	strftime(second, sizeof second, "%a %Y-%m-%d %H:%M:%S", &utc);
	snprintf(stamp, sizeof stamp, "%s UTC ", second);
	expect_tagged(stamp, m, message, m->t);
	strftime(second, sizeof second, "%a %Y-%m-%d %H:%M:%S", &local);
	snprintf(stamp, sizeof stamp, "%s LOC ", second);
	expect_tagged(stamp, m, message, first_run(m->t));
	if (m->t >= 1000000000 && m->t <= 9999999999) {
		snprintf(stamp, sizeof stamp, "%" PRId64 ".%06u ", m->t,
		    m->nano / 1000);
		expect_tagged(stamp, m, message, m->t);
	}
}

static void
expect_fields(const struct moment *m, const char *message)
{
	struct tm utc = there(m->t, false);
	char second[32];
	char stamp[100];
	char named[3000];
	char numbered[3000];

	strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(stamp, sizeof stamp, "<22>1 %sZ host " NAME " 7 - - ", second);
	snprintf(named, sizeof named, NAME ": %s", message);
	snprintf(numbered, sizeof numbered, NAME "[7]: %s", message);
	expect(stamp, message, message, m->about, m->t);
	expect(stamp, message, named, m->about, m->t);
	expect(stamp, message, numbered, m->about, m->t);
	strcat(stamp, " ");
	expect(stamp, message, named, m->about, m->t);
}

static void
write_and_read(const uint8_t *data, size_t size)
{
	/* the second is Europe/Berlin, without its zone file */
	static const char *const zones[] = {
	    "UTC", "CET-1CEST,M3.5.0,M10.5.0/3"};
	struct fuzz_input in = {data, size};
	struct moment m;
	char message[2048] = "x"; /* a blank would be part of some stamps */
	size_t n;

	/* two days from both ends, so that no zone and offset leaves them */
	m.t = (int64_t)(fuzz_number(&in, 5) % (YEAR_9999_S - 4 * DAY_S)) +
	      2 * DAY_S;
	m.about =
	    m.t + (int64_t)(fuzz_number(&in, 4) % (360 * DAY_S)) - 180 * DAY_S;
	m.nano = (unsigned)(fuzz_number(&in, 4) % 1000000000);
	m.offset_s = (int)(fuzz_number(&in, 2) % (29 * 60)) * 60 - 14 * 3600;
	n = in.len < sizeof message - 2 ? in.len : sizeof message - 2;
	if (n > 0)
		memcpy(message + 1, in.p, n);
	for (size_t i = 0; i < COUNT(zones); i++) {
		setenv("TZ", zones[i], 1);
		localtime_new_zone();
		expect_logger(&m, message);
		expect_syslog(&m, message);
		expect_fields(&m, message);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice line = {(const char *)data, size};
	struct message m;
	struct message again;
	char room[MESSAGE_ROOM];
	struct slice reading;
	int64_t t = -1;
	int64_t t_again = -1;

	write_and_read(data, size); /* also sets the time zone */
	message_read(&m, line, 1795505462, &t);
	HOLDS((m.behind == STAMP_NONE) == (t == -1));
	HOLDS(m.behind == STAMP_NONE || t >= 0);
	HOLDS(m.said.p >= line.p && m.said.p + m.said.len == line.p + size);
	HOLDS(m.behind != STAMP_NONE || m.said.len == size);
	for (enum message_reading i = 0; i < MESSAGE_READINGS; i++)
		HOLDS(!message_reading(&m, i, room, &reading) ||
		      reading.len <= size + 4);
	/* what was said cannot change the time */
	message_read(&again, (struct slice){line.p, size - m.said.len},
	    1795505462, &t_again);
	HOLDS(again.behind == m.behind && t_again == t);
	return 0;
}
