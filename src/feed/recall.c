/* SPDX-License-Identifier: ISC */
#include "feed/recall.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/config.h"
#include "feed/feed.h"
#include "state/checkpoint.h"

int
recall_nothing(struct feed *f)
{
	state_free(&f->state);
	if (state_new(&f->state) != 0)
		return feed_fail("%s", strerror(errno));
	bans_bound(f->state.bans, f->settings.hosts_max);
	config_name_zones(&f->settings, &f->state.zones);
	for (size_t i = 0; i < f->o.logs_n; i++) {
		char path[PATH_MAX] = "";

		if (strcmp(f->o.logs[i], "-") != 0 &&
		    realpath(f->o.logs[i], path) == NULL)
			return feed_log_failed(f, i);
		f->marks[i] = (struct state_log){0};
		state_name_log(&f->marks[i], path);
		for (size_t j = 0; j < i; j++)
			if (f->marks[j].id == f->marks[i].id) {
				errno = EINVAL;
				return feed_fail("%s: this log is named twice",
				    f->o.logs[i]);
			}
	}
	return 0;
}

/* 1, 0 when there is none to go on with and the tables are empty, or -1. */
static int
load_from(struct feed *f, const char *path, const char *instead)
{
	uint64_t strange;

	switch (
	    checkpoint_load(path, &f->state, f->marks, f->o.logs_n, &strange)) {
	case CHECKPOINT_LOADED:
		feed_say(f, "%s: bans: %zu", path, bans_count(f->state.bans));
		if (strange > 0)
			feed_complain(f,
			    "%s: another version of rblcache wrote it; records "
			    "that this one does not know are left out: %llu",
			    path, (unsigned long long)strange);
		return 1;
	case CHECKPOINT_ABSENT:
		return 0;
	case CHECKPOINT_DAMAGED:
		feed_complain(
		    f, "%s is damaged; starting from %s", path, instead);
		return recall_nothing(f);
	case CHECKPOINT_FOREIGN:
		feed_complain(f, "%s is somebody else's; starting from %s",
		    path, instead);
		return recall_nothing(f);
	case CHECKPOINT_ERROR:
		break;
	}
	return feed_fail("%s: %s", path, strerror(errno));
}

int
recall_checkpoint(struct feed *f)
{
	char old[PATH_MAX + sizeof CHECKPOINT_OLD];
	int loaded;

	snprintf(old, sizeof old, "%s%s", f->saver.path, CHECKPOINT_OLD);
	loaded = load_from(f, f->saver.path, old);
	if (loaded == 0)
		loaded = load_from(f, old, "the logs");
	return loaded < 0 ? -1 : 0;
}
