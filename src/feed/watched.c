/* SPDX-License-Identifier: ISC */
#include "feed/watched.h"

#include <string.h>

#include "feed/feed.h"

/* milliseconds */
#define LOOK_INTERVAL 1000 /* at logs on file systems without inotify */
#define LOOK_OFTEN 50	   /* where there is no inotify, while lines come */
#define LOOK_SHARE 4	   /* later, this part of how long none has come */
#define WATCH_AGAIN 30000  /* tries to have it */

int64_t
watched_interval_ms(const struct feed *f)
{
	int64_t interval = LOOK_INTERVAL;

	for (size_t i = 0; i < f->o.logs_n; i++) {
		int64_t share =
		    (feed_now_ms() - f->logs[i].line_ms) / LOOK_SHARE;

		if (f->logs[i].unwatched != 0 && share < interval)
			interval = share;
	}
	return interval > LOOK_OFTEN ? interval : LOOK_OFTEN;
}

static void
tell_unwatched(struct feed *f, size_t i)
{
	int error = f->logs[i].unwatched;
	const char *remedy = follow_remedy(error);

	if (error == 0)
		feed_say(f, "%s: inotify works now", f->o.logs[i]);
	else
		feed_complain(f,
		    "%s: inotify: %s; lines are read up to a second late, and "
		    "files that are soon deleted may be missed%s%s",
		    f->o.logs[i], strerror(error), remedy == NULL ? "" : ": ",
		    remedy == NULL ? "" : remedy);
}

void
watched_look(struct feed *f)
{
	int64_t now_ms = feed_now_ms();

	if (f->o.once || now_ms < f->watch_ms)
		return;
	f->watch_ms = now_ms + WATCH_AGAIN;
	for (size_t i = 0; i < f->o.logs_n; i++) {
		struct log *log = &f->logs[i];
		int error = follow_watched(log->follow);

		if (error == log->unwatched)
			continue;
		log->unwatched = error;
		tell_unwatched(f, i);
	}
}
