/* SPDX-License-Identifier: ISC */
#include "feed/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/paths.h"
#include "feed/feed.h"
#include "feed/trust.h"

/* 0, or -1 with errno and a message, and *s has the defaults. */
static int
read_settings(
    const struct feed *f, struct settings *s, char error[SETTINGS_ERROR_SIZE])
{
	const char *path = f->o.conf == NULL ? PATHS_FEED_CONF : f->o.conf;

	if (settings_load(path, s, error) == 0)
		return 0;
	return f->o.conf == NULL && errno == ENOENT ? 0 : -1;
}

void
config_name_zones(const struct settings *s, struct zones *zones)
{
	*zones = (struct zones){0};
	for (size_t i = 0; i < s->n_zones; i++) {
		char shown[ZONES_NAME_SIZE];

		snprintf(shown, sizeof shown, "%s", s->zones[i].name);
		secret_mask(&s->secrets, shown);
		/* the settings have seen to it that it can be added */
		(void)!zones_add(
		    zones, s->zones[i].name, shown, s->zones[i].text);
	}
}

/* What follows from settings, rules and options. */
static void
make_policy(struct feed *f)
{
	f->policy = (struct policy){.cap = f->o.cap,
	    .drop_after = f->settings.drop_after,
	    .alarm = f->settings.alarm,
	    .line_max = f->settings.line_max,
	    .doubt_s = f->settings.doubt_s,
	    .pass_s = f->settings.pass_s,
	    .pass_most_s = f->settings.pass_most_s,
	    .guard = &f->guard,
	    .rules = f->rules,
	    .secrets = &f->settings.secrets};
	f->wishes = (struct livesets_wishes){
	    .drop_after = f->settings.drop_after,
	    .pass_most_s = f->settings.pass_most_s,
	    .room = f->settings.hosts_max,
	};
}

void
config_forget_alarms(struct feed *f)
{
	for (size_t i = 0; !f->settings.alarm && i < f->o.logs_n; i++)
		f->marks[i].alarm = (struct alarm){0};
}

/*
 * Reads both. NULL, or which of them is wrong, with errno and a message, and
 * there are no rules.
 */
static const char *
read_files(const struct feed *f, struct settings *settings,
    struct rules **rules, char error[INIFILE_ERROR_SIZE])
{
	*rules = NULL;
	if (read_settings(f, settings, error) != 0)
		return "settings";
	*rules = rules_load(f->o.rules, f->o.rules_n, error);
	if (*rules != NULL)
		return NULL;
	secret_mask(&settings->secrets, error);
	return "rules";
}

/* The rule files that are not in use now. */
static void
take_spare(struct feed *f)
{
	spare_free(f->spare);
	f->spare = spare_load(f->o.rules, f->o.rules_n);
	for (size_t i = 0; i < f->o.logs_n; i++) {
		f->logs[i].spare = NULL;
		f->logs[i].unmatched = 0;
	}
}

static void
take_rules(struct feed *f, struct rules *rules)
{
	const char *warning = rules_warning(rules);

	f->rules = rules;
	take_spare(f);
	if (warning != NULL)
		feed_complain(f, "WARNING: %s", warning);
	make_policy(f);
}

int
config_load(struct feed *f)
{
	char error[INIFILE_ERROR_SIZE];
	struct rules *rules;

	if (read_files(f, &f->settings, &rules, error) != NULL)
		return feed_fail("%s", error);
	take_rules(f, rules);
	return 0;
}

/* ---- again ---- */

/* The zones that are to be asked now, and what is known of them. */
static void
change_zones(struct feed *f)
{
	struct zones zones;

	trust_close(f);
	config_name_zones(&f->settings, &zones);
	zones_inherit(&zones, &f->state.zones);
	f->state.zones = zones;
	trust_open(f);
}

/* Until the next good one, status says so. */
static void
reload_failed(struct feed *f, const char *error, const char *what_stays)
{
	struct complaint *bad = &f->bad_reload;

	feed_complain(f, "%s; the old %s stay", error, what_stays);
	if (bad->time_s == 0)
		bad->time_s = time(NULL);
	snprintf(bad->text, sizeof bad->text, "%s", error);
}

int
config_reload(struct feed *f)
{
	char error[INIFILE_ERROR_SIZE];
	struct settings settings;
	struct rules *rules;
	const char *wrong;

	guard_read_addresses(&f->guard);
	livesets_look_soon(&f->livesets);
	f->watch_ms = 0;
	wrong = read_files(f, &settings, &rules, error);
	if (wrong != NULL) {
		reload_failed(f, error, wrong);
		return 0;
	}
	rules_free(f->rules);
	f->settings = settings;
	f->bad_reload.time_s = 0;
	bans_bound(f->state.bans, settings.hosts_max);
	take_rules(f, rules);
	config_forget_alarms(f);
	if (livesets_change(&f->livesets, &f->wishes, time(NULL), feed_now_ms(),
		feed_tell, f) != 0)
		return feed_fail("%s", strerror(errno));
	change_zones(f);
	feed_say(f, "rules and settings loaded again");
	return 0;
}
