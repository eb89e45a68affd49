/* SPDX-License-Identifier: ISC */
#include "feed/feed.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t
feed_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

__attribute__((format(printf, 1, 0))) static void
say(const char *format, va_list args)
{
	fputs("rblcache-feed: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
}

void
feed_say(const struct feed *f, const char *format, ...)
{
	va_list args;

	(void)f;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

int
feed_fail(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	errno = error;
	return -1;
}

int
feed_log_failed(const struct feed *f, size_t i)
{
	const char *path = f->o.logs[i];

	if (errno != EACCES)
		return feed_fail("%s: %s", path, strerror(errno));
	return feed_fail(
	    "%s: %s for uid %lu, see PRIVILEGES in rblcache-feed(8)", path,
	    strerror(errno), (unsigned long)geteuid());
}

void
feed_complain(struct feed *f, const char *format, ...)
{
	char text[COMPLAINTS_TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* the status is for everybody */
	secret_mask(&f->settings.secrets, text);
	feed_say(f, "%s", text);
	complaints_note(&f->complaints, time(NULL), text);
}

void
feed_tell(void *f, const char *message)
{
	if (message != NULL)
		feed_complain(f, "%s", message);
}

void
feed_flush_sets(struct feed *f)
{
	livesets_flush(&f->livesets, time(NULL), feed_now_ms(), feed_tell, f);
}
