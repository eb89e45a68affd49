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
 *	Nov 24 07:31:02 host tag: line		syslog, RFC 3164, local time
 *	2026-11-24T07:31:02.123+01:00 host tag: line	syslog, ISO 8601
 *	<22>1 2026-11-24T07:31:02Z host tag 7 - - line	syslog, RFC 5424
 *	line					no stamp
 *
 * Behind a syslog tag, splogger's own "1157520813.485077 " is part of the
 * stamp, and its time is the one that counts.
 */
#ifndef STAMP_H
#define STAMP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns how many of the len bytes at line are the stamp, up to the message,
 * and its time in whole unix seconds; 0 (and *unix_s untouched) when the line
 * does not begin with a stamp. about_s is a time near the line's: RFC 3164
 * names no year, and gets the one that comes closest.
 *
 * multilog and svlogd count TAI as unix time + 4611686018427387914 without
 * leap seconds (daemontools 0.76, tai_now). s6-log counts them, so its stamps
 * come out 27 s late; nothing in their shape tells. Local times go through the
 * C library's time zone, so TZ must be that of the program that wrote them; the
 * hour that daylight saving repeats counts as its first run.
 */
size_t stamp_parse(const char *line, size_t len, int64_t about_s,
    int64_t *unix_s) __attribute__((warn_unused_result));

#endif
