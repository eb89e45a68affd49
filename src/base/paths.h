/* SPDX-License-Identifier: ISC */
/*
 * paths: where things are when no option says otherwise. The Makefile sets
 * the directories.
 */
#ifndef PATHS_H
#define PATHS_H

#ifndef PATHS_CONFDIR
#define PATHS_CONFDIR "/etc/rblcache"
#endif
#ifndef PATHS_STATEDIR
#define PATHS_STATEDIR "/var/lib/rblcache"
#endif

#define PATHS_LOCAL_CDB PATHS_CONFDIR "/local.cdb"
#define PATHS_RULES PATHS_CONFDIR "/log"
#define PATHS_FEED_CONF PATHS_CONFDIR "/feed.conf"
#define PATHS_RECENT_NAME "recent.cdb"
#define PATHS_RECENT_CDB PATHS_STATEDIR "/" PATHS_RECENT_NAME

#define PATHS_SET4 "rblcache4"
#define PATHS_SET6 "rblcache6"

/* sets whose names are fixed */
#define PATHS_PASS4 "rblpass4" /* hosts that rblsmtpd let pass */
#define PATHS_PASS6 "rblpass6"
#define PATHS_DROP4 "rbldrop4" /* hosts that a firewall drops */
#define PATHS_DROP6 "rbldrop6"

#endif
