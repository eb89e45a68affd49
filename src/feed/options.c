/* SPDX-License-Identifier: ISC */
#include "feed/options.h"

#include <string.h>

#include "base/paths.h"
#include "base/usage.h"
#include "kernel/settest.h"
#include "state/state.h"

#define PROGRAM "rblcache-feed"

static const char usage[] =
    "usage: rblcache-feed [-1pv] [-c RULES] ... [-d STATEDIR] "
    "[-f feed.conf]\n"
    "                     [-l local.cdb] [-m MAX] [-s set4] [-S set6] LOG "
    "...\n"
    "       rblcache-feed -n [-p] [-c RULES] ... [-f feed.conf] "
    "[-l local.cdb]\n"
    "                     [-m MAX] LOG|-\n"
    "Follows the logs of qmail-smtpd, and bans the hosts that a list "
    "refused.\n"
    "A LOG is a directory of multilog, a file, or - for standard input.\n"
    "  -1             read what is there, write recent.cdb, and exit\n"
    "  -c RULES       a rule file, or a directory of them (" PATHS_RULES ")\n"
    "  -d STATEDIR    where recent.cdb is (" PATHS_STATEDIR ")\n"
    "  -f feed.conf   the settings (" PATHS_FEED_CONF ")\n"
    "  -h, --help     print this\n"
    "  -l local.cdb   your own rules (" PATHS_LOCAL_CDB ")\n"
    "  -m MAX         at most MAX bans a minute, 0: any number (1000)\n"
    "  -n             print what each line would do, and touch nothing\n"
    "  -p             ban private addresses too\n"
    "  -s set4        the kernel set of IPv4 hosts (" PATHS_SET4 ")\n"
    "  -S set6        the kernel set of IPv6 networks (" PATHS_SET6 ")\n"
    "  -v             report each decision\n"
    "  -V, --version  print the version\n"
    "'' for -l, -s or -S switches that off. See rblcache-feed(8).\n";

static int
check(const struct options *o)
{
	if (o->logs_n == 0)
		return usage_complain(PROGRAM, NULL, "no log to read");
	if (*o->set4 != 0 && strcmp(o->set4, o->set6) == 0)
		return usage_complain(PROGRAM, NULL,
		    "-s and -S name the same set, and a set holds either "
		    "IPv4 or IPv6");
	if (o->logs_n > OPTIONS_LOGS_MAX)
		return usage_complain(
		    PROGRAM, NULL, "more than %d logs", OPTIONS_LOGS_MAX);
	return USAGE_GO_ON;
}

int
options_read(struct options *o, int argc, char **argv)
{
	const struct usage_option options[] = {
	    {'1', .flag = &o->once},
	    {'n', .flag = &o->dry_run},
	    {'p', .flag = &o->private},
	    {'v', .flag = &o->verbose},
	    {'c', .text = o->rules, .n = &o->rules_n, .max = OPTIONS_RULES_MAX},
	    {'d', .text = &o->statedir},
	    {'f', .text = &o->conf},
	    {'l', .text = &o->local},
	    {'m', .number = &o->cap, .most = UINT32_MAX},
	    {'s', .text = &o->set4, SETTEST_OPTION},
	    {'S', .text = &o->set6, SETTEST_OPTION},
	};
	const struct usage u = {
	    PROGRAM, options, sizeof options / sizeof *options, .text = usage};
	int code;

	*o = (struct options){
	    .statedir = PATHS_STATEDIR,
	    .local = PATHS_LOCAL_CDB,
	    .set4 = PATHS_SET4,
	    .set6 = PATHS_SET6,
	    .cap = STATE_CAP_DEFAULT,
	};
	code = usage_read(&u, argc, argv);
	if (code != USAGE_GO_ON)
		return code;
	if (o->rules_n == 0)
		o->rules[o->rules_n++] = PATHS_RULES;
	o->logs = argv + optind;
	o->logs_n = (size_t)(argc - optind);
	return check(o);
}
