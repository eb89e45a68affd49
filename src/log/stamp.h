/* SPDX-License-Identifier: ISC */
/*
 * stamp: the time at the start of a log line, recognised by its shape.
 *
 *	@4000000066d1f3a50c5e2f1c line		multilog t, svlogd -t, s6-log t
 *	2026-11-24 07:31:02.123456789 line	patched multilog d, local time
 *	2026-11-24 07:31:02.123 line		patched multilog m, local time
 *	2026-11-24 07:31:02.123456789  line	s6-log T, local time
 *	2026-11-24_07:31:02.12345 line		svlogd -tt, UTC
 *	2026-11-24T07:31:02.12345 line		svlogd -ttt, UTC
 *	2026-11-24T07:31:02.123456789Z line	containers
 *	line					no stamp
 *
 * In front of a host and a tag, as message.h has them:
 *
 *	Nov 24 07:31:02 host tag: line		syslog, RFC 3164, local time
 *	Nov 24 07:31:02.123456 host tag: line	journalctl -o short-precise
 *	2026-11-24T07:31:02.123+01:00 host tag: line	syslog, ISO 8601
 *	2026-11-24T07:31:02+0100 host tag: line	journalctl -o short-iso
 *	Tue 2026-11-24 07:31:02 CET host tag: line	journalctl -o short-full
 *	1795505462.123456 host tag: line	journalctl -o short-unix
 *	<22>1 2026-11-24T07:31:02Z host tag 7 - - line	syslog, RFC 5424
 */
#ifndef STAMP_H
#define STAMP_H

#include <stdint.h>

#include "base/slice.h"

enum stamp_behind {
	STAMP_NONE,    /* there is no stamp, and so the line */
	STAMP_MESSAGE, /* what the program said */
	STAMP_HOST,    /* host and tag before that, as far as they are there */
	STAMP_FIELDS,  /* those of RFC 5424, from the host on */
};

/*
 * Takes the stamp off the line, and tells its time in whole unix seconds; both
 * are untouched when the line does not begin with one. Returns what is left of
 * the line. about_s is a time near the line's: RFC 3164 names no year, and gets
 * the one that comes closest.
 *
 * multilog and svlogd count TAI as unix time + 4611686018427387914 without
 * leap seconds (daemontools 0.76, tai_now). s6-log counts them, so its stamps
 * come out 27 s late; nothing in their shape tells. Local times go through the
 * C library's time zone, so TZ must be that of the program that wrote them; the
 * hour that daylight saving repeats counts as its first run. short-full names
 * the zone: UTC and a difference in digits are read so, other names are taken
 * for the local one.
 */
enum stamp_behind stamp_take(struct slice *line, int64_t about_s,
    int64_t *unix_s) __attribute__((warn_unused_result));

/* Takes "1157520813.485077 " off the line, which splogger writes behind its tag. */
bool stamp_take_unix(struct slice *line, int64_t *unix_s);

#endif
