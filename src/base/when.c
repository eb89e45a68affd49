/* SPDX-License-Identifier: ISC */
#include "base/when.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/timespan.h"

/* Whether all of the text has that form; tm is a local time. */
static bool
fits(const char *text, const char *format, struct tm *tm)
{
	const char *end = strptime(text, format, tm);

	return end != NULL && *end == 0;
}

static bool
parse_date(const char *text, int64_t *time_s)
{
	static const char *const formats[] = {"%Y-%m-%d %H:%M:%S",
	    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M",
	    "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct tm tm = {.tm_isdst = -1};
		int day;

		if (!fits(text, formats[i], &tm))
			continue;
		tm.tm_isdst = -1;
		day = tm.tm_mday;
		*time_s = mktime(&tm);
		/* February has no 31st */
		return *time_s >= 0 && tm.tm_mday == day;
	}
	return false;
}

static bool
parse_clock(const char *text, int64_t now, int64_t *time_s)
{
	time_t seconds = (time_t)now;
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL)
		return false;
	tm.tm_sec = 0;
	if (!fits(text, "%H:%M:%S", &tm) && !fits(text, "%H:%M", &tm))
		return false;
	tm.tm_isdst = -1;
	*time_s = mktime(&tm);
	if (*time_s > now) {
		tm.tm_mday--;
		tm.tm_isdst = -1;
		*time_s = mktime(&tm);
	}
	return true;
}

static bool
parse_unix(const char *text, int64_t *time_s)
{
	char *end;

	if (*text++ != '@' || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*time_s = strtoll(text, &end, 10);
	return *end == 0 && errno == 0;
}

int
when_parse(const char *text, int64_t now, int64_t *time_s)
{
	uint32_t ago;

	if (timespan_parse(text, &ago) == 0) {
		*time_s = now - ago;
		return 0;
	}
	return parse_date(text, time_s) || parse_clock(text, now, time_s) ||
		       parse_unix(text, time_s)
		   ? 0
		   : -1;
}

const char *
when_format(int64_t time_s, char buf[WHEN_SIZE])
{
	time_t seconds = (time_t)time_s;
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(buf, WHEN_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, WHEN_SIZE, "@%lld", (long long)time_s);
	return buf;
}
