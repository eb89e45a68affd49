/* SPDX-License-Identifier: ISC */
/*
 * config: the rules and settings of the feed, read at the start and on a HUP.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "feed/settings.h"
#include "state/zones.h"

struct feed;

/* 0, or -1 with errno (EINVAL: bad input) after saying what is wrong. */
int config_load(struct feed *f) __attribute__((warn_unused_result));

/*
 * The same of a feed that runs, for all that depends on it; and this host's
 * addresses, the sets and inotify are looked at soon. What is wrong is said,
 * and the old rules and settings stay. 0, or -1 with errno ENOMEM, after saying
 * so, when the feed cannot go on.
 */
int config_reload(struct feed *f) __attribute__((warn_unused_result));

/* The zones that the settings have, of which nothing is known yet. */
void config_name_zones(const struct settings *s, struct zones *zones);

/* Without the alarm nothing would end one that is on. */
void config_forget_alarms(struct feed *f);

#endif
