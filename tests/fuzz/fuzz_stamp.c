/* SPDX-License-Identifier: ISC */
/*
 * A stamp is within the line, leaves the message, and a line has one time.
 * A time that is written in any shape of stamp.h is read back as the same
 * second, whatever stands behind it, in UTC and where clocks are changed.
 *
 * Input: as it stands a line; also 16 bytes that choose a time, and a message.
 */
#include "fuzz.h"

#include <inttypes.h>
#include <stdbool.h>
#include <time.h>

#include "log/stamp.h"

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

/* The line is read back as a stamp of want and the message. */
static void
expect(const char *stamp, const char *message, int64_t about, int64_t want)
{
	char line[4096];
	int64_t t = -1;
	int n = snprintf(line, sizeof line, "%s%s", stamp, message);

	HOLDS(n > 0 && (size_t)n < sizeof line);
	HOLDS(stamp_parse(line, (size_t)n, about, &t) == strlen(stamp));
	HOLDS(t == want);
	t = -1;
	HOLDS(stamp_parse(stamp, strlen(stamp), about, &t) == strlen(stamp));
	HOLDS(t == want);
}

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
	expect(stamp, message, m->about, m->t);
	strftime(second, sizeof second, "%Y-%m-%d %H:%M:%S", &local);
	snprintf(stamp, sizeof stamp, "%s.%09u ", second, m->nano);
	expect(stamp, message, m->about, want);
	snprintf(stamp, sizeof stamp, "%s.%09u  ", second, m->nano);
	expect(stamp, message, m->about, want);
	snprintf(stamp, sizeof stamp, "%s.%03u ", second, m->nano / 1000000);
	expect(stamp, message, m->about, want);
	strftime(second, sizeof second, "%Y-%m-%d_%H:%M:%S", &utc);
	snprintf(stamp, sizeof stamp, "%s.%05u ", second, m->nano / 10000);
	expect(stamp, message, m->about, m->t);
	second[10] = 'T';
	snprintf(stamp, sizeof stamp, "%s.%05u ", second, m->nano / 10000);
	expect(stamp, message, m->about, m->t);
}

/* Behind a syslog tag, also with splogger's own stamp. */
static void
expect_tagged(const char *stamp, const struct moment *m, const char *message,
    int64_t want)
{
	char both[128];

	expect(stamp, message, m->about, want);
	if (m->t < 1000000000 || m->t > 9999999999)
		return; /* splogger writes ten digits in our time */
	snprintf(both, sizeof both, "%s%" PRId64 ".%06u ", stamp, m->t,
	    m->nano / 1000);
	expect(both, message, m->about, m->t);
}

static void
expect_syslog(const struct moment *m, const char *message)
{
	struct tm local = there(m->t, true);
	struct tm utc = there(m->t, false);
	struct tm said = there(m->t + m->offset_s, false);
	unsigned offset_min = (unsigned)abs(m->offset_s) / 60;
	char second[32];
	char stamp[100];

	strftime(second, sizeof second, "%b %e %H:%M:%S", &local);
	snprintf(stamp, sizeof stamp, "%s host tag[7]: ", second);
	expect_tagged(stamp, m, message, first_run(m->t));
	strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &said);
	snprintf(stamp, sizeof stamp, "%s.%06u%c%02u:%02u host tag: ", second,
	    m->nano / 1000, m->offset_s < 0 ? '-' : '+', offset_min / 60,
	    offset_min % 60);
	expect_tagged(stamp, m, message, m->t);
	strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(stamp, sizeof stamp, "<%u>1 %sZ host tag 7 - - ", 22U, second);
	expect_tagged(stamp, m, message, m->t);
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
		tzset();
		expect_logger(&m, message);
		expect_syslog(&m, message);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;
	int64_t t = -1;
	int64_t again = -1;
	size_t n;

	write_and_read(data, size); /* also sets the time zone */
	n = stamp_parse(line, size, 1795505462, &t);
	HOLDS(n <= size && (n == 0) == (t == -1) && (n == 0 || t >= 0));
	/* what stands behind the stamp cannot change it */
	HOLDS(stamp_parse(line, n, 1795505462, &again) == n && again == t);
	return 0;
}
