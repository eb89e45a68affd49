/*
 * stamp: the time at the start of a log line, recognised by its shape.
 *
 *	@4000000066d1f3a50c5e2f1c line	multilog t, svlogd -t (TAI64N label)
 *	2026-11-24 07:31:02.123456789 line	patched multilog d, local time
 *	2026-11-24 07:31:02.123 line	patched multilog m, local time
 *	line				no stamp
 */
#ifndef STAMP_H
#define STAMP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns how many of the len bytes at line are the stamp, its blank
 * included, and its time in whole unix seconds; 0 (and *unix_s untouched)
 * when the line does not begin with a stamp.
 * multilog and svlogd count TAI as unix time + 4611686018427387914 without
 * leap seconds (daemontools 0.76, tai_now). Local times go through the C
 * library's time zone, so TZ must be that of the program that wrote them.
 */
size_t stamp_parse(const char *line, size_t len, int64_t *unix_s)
    __attribute__((warn_unused_result));

#endif
