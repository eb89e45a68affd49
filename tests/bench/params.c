/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "traffic.h"

static const char *const help[] = {
    "traffic, made up from published figures; what is called assumed has "
    "none.\n"
    "\"The blog\" is C. Siebenmann's, of one university's server\n"
    "(utcc.utoronto.ca/~cks/space/blog); nothing public is newer than 2014.\n"
    "  -s SEED    1      the same numbers lead to the same connections\n"
    "  -d DAYS    38     simulated; they take DAYS / SPEED\n"
    "  -f FIT     usual  how often each listed host comes; \"tries\" below "
    "says\n"
    "                    where that is from. usual: so often in each week as\n"
    "                    was seen in a week. S2: so often in all as was seen "
    "in\n"
    "                    four weeks; it implies -L 2 -n 3700 -m 0.004, as "
    "many\n"
    "                    connections and servers. These are the two\n"
    "                    ends: no law meets all that is published (the blog)\n"
    "  -n HOSTS   1250   a day that are new, and listed: assumed. About "
    "19,000\n"
    "                    connections a day; Spamhaus serves 100,000 for "
    "nothing\n"
    "                    (spamhaus.org, DNSBL Fair Use Policy)\n"
    "  -l SHARE   0.65   of the connections are of listed hosts: 0.4 to 0.9 "
    "as\n"
    "                    servers report it (82 % of the hosts: the blog,\n"
    "                    CBLStats-2005-06-27)\n"
    "  -L WEEKS   4      that a listed host goes on: assumed. With -f usual "
    "and 1\n"
    "                    there are fewer repeats in a week than the published\n"
    "                    59 % (the blog, CBLStats)\n"
    "  -b SHARE   0      of the listed hosts try again at once, 10 s to 1 h\n"
    "                    later: assumed. Of hosts that were greylisted 51 % "
    "did\n"
    "                    at some time (J. Levine, Greylisting Still Works,\n"
    "                    circleid.com)\n"
    "  -H SHARE   0      of the listed hosts hammer: 2,000 times, one every 5 "
    "to\n"
    "                    60 s: assumed\n"
    "  -e SHARE   0.05   of them come once before they are listed, 20 minutes\n"
    "                    before their first refusal on the average: assumed; "
    "of\n"
    "                    greylisted hosts 5.3 % were listed when they came\n"
    "                    again, 0.8 % later (Levine, part II)\n"
    "  -c SHARE   0.2    of them are neighbours: 16 in a /24 on the average,\n"
    "                    that come first within 1 h to a day: assumed\n"
    "  -g SHARE   0.01   of the hosts that are never listed are in such a\n"
    "                    network, one in each at most: assumed\n",
    "  -u SHARE   0.13   of the listed hosts leave the list within 30 days of\n"
    "                    their first try: 87 % of 613 were still listed a "
    "month\n"
    "                    later (the blog, ZenPersistence, 2013). What comes "
    "of\n"
    "                    them is spam before and after: assumed\n"
    "  -U SHARE   0.45   of the hosts that leave come back to it, 25/45 of "
    "those\n"
    "                    within 10 days (A. West et al., Spam Mitigation "
    "using\n"
    "                    Spatio-Temporal Reputations, ACSAC 2010)\n"
    "  -m SHARE   0.012  of the listed hosts are mail servers, among those "
    "with\n"
    "                    5 tries or more; they leave the list, and good mail\n"
    "                    comes for a week: assumed\n"
    "  -M MAILS   8      a day come from such a server, all the time: assumed\n"
    "  -k SHARE   0.5    of these servers sent good mail for 28 days before "
    "they\n"
    "                    were listed: assumed; most had (the blog)\n"
    "  -K SHARE   0.5    of those were broken into: their tries are spam, 10 s "
    "to\n"
    "                    1 h apart, from 20 minutes before the listing on the\n"
    "                    average; it ends within a day after: assumed\n"
    "  -P SHARE   0      of the servers are eight hosts that share their "
    "mail;\n"
    "                    each is listed on its own. Refused mail comes again\n"
    "                    after 1 to 6 minutes, then twice that and so on, up "
    "to\n"
    "                    3.6 h; from any of the hosts in half of the pools\n"
    "                    (F. Pagani et al., DSN 2016: ten webmailers). Eight\n"
    "                    hosts: assumed\n"
    "  -r SHARE   0.8    of the connections of a day that are of hosts never\n"
    "                    listed repeat a host of that day: assumed, for it "
    "makes\n"
    "                    95 % repeats in a week, and 93 to 95 are published\n"
    "                    (16,875 sessions of 807 hosts, of 2006: the blog). "
    "Hosts\n"
    "                    follow Zipf's law (Jung and Sit, An Empirical Study "
    "of\n"
    "                    Spam Traffic, IMC 2004)\n"
    "  -E HOURS   0      of trouble in the middle of the last 7 days: assumed\n"
    "  -T KIND    error  is what the list answers then. error: with an error, "
    "as\n"
    "                    Spamhaus does whom it serves no longer "
    "(127.255.255.252\n"
    "                    to 255, Spamhaus FAQ); rblsmtpd refuses everybody.\n"
    "                    everybody: that it lists all, or an error that no "
    "text\n"
    "                    gives away. nobody: that it lists none\n"
    "  -x SPEED   1      simulated seconds in one of the server's: all times "
    "of\n"
    "                    the traffic are so much shorter\n"
    "  -q STEP    0      seconds; the list changes at whole steps only\n",
    "and not to be chosen:\n"
    "  tries of a listed host, of -f usual, in a week: 1: 61.9 % of the "
    "hosts,\n"
    "  2: 16.8, 3: 9.3, 4: 3.5, 5 to 10: 6.4, 11 to 20: 1.3, more: 0.7 (the "
    "blog,\n"
    "  CBLStats, CBL, a week of 2006), up to 490. Of -f S2, in 28 days: 1: 56 "
    "%,\n"
    "  2: 18, 3: 8.3, 4: 4.7, 5 to 10: 9.3, more: 4.2 (QuickConnectionStats, "
    "CBL,\n"
    "  April 2006); a third of the last above 20, as in a week: assumed. Above "
    "20\n"
    "  the share falls with the square of the number, so that those above ten "
    "have\n"
    "  the mean of 32 that is published of a week. They are spread evenly. 27 "
    "% "
    "of\n"
    "  a day's refusals were repeats at the least (1,142 of 4,180, from 3:20 "
    "in "
    "the\n"
    "  morning on: CBLStats-2005-06-27).\n"
    "  All connections of a day repeat a host of it in 59 to 75 % (the blog, "
    "the\n"
    "  Sunday rows of 2006): met by -r 0.9 -l 0.4 alone.\n"
    "  There is one list, and no resolver's cache in front of it.\n"
    "  mail that is refused, but for spam: as qmail-send 1.03 tries again, 400 "
    "s\n"
    "  times the square of the number of tries, for a week.\n",
};

static const char *const fits[] = {"usual", "S2"};
static const char *const troubles[] = {"error", "everybody", "nobody"};

#define COUNT(list) (sizeof(list) / sizeof *(list))

void
traffic_help(FILE *to)
{
	for (size_t i = 0; i < COUNT(help); i++)
		fputs(help[i], to);
}

/* Which of the names it is, or -1. */
static int
which(const char *const *names, size_t n, const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], value) == 0)
			return (int)i;
	return -1;
}

static int
take_fit(struct traffic_params *p, const char *value)
{
	int fit = which(fits, COUNT(fits), value);

	if (fit < 0)
		return -1;
	p->fit = (enum traffic_fit)fit;
	p->weeks = p->fit == TRAFFIC_S2 ? 2 : 4;
	p->new_hosts = p->fit == TRAFFIC_S2 ? 3700 : 1250;
	p->servers = p->fit == TRAFFIC_S2 ? 0.004 : 0.012;
	return 0;
}

static int
take_trouble(struct traffic_params *p, const char *value)
{
	int trouble = which(troubles, COUNT(troubles), value);

	if (trouble < 0)
		return -1;
	p->trouble = (enum traffic_trouble)trouble;
	return 0;
}

static int
take_number(struct traffic_params *p, int letter, const char *value)
{
	const struct {
		int letter;
		double *to, least, most;
	} options[] = {
	    {'b', &p->retrying, 0, 1},
	    {'c', &p->clustered, 0, 1},
	    {'d', &p->days, 0.01, 1000},
	    {'e', &p->late, 0, 1},
	    {'E', &p->trouble_hours, 0, 1000},
	    {'g', &p->neighbours, 0, 1},
	    {'H', &p->hammering, 0, 1},
	    {'k', &p->known, 0, 1},
	    {'K', &p->hacked, 0, 1},
	    {'l', &p->listed, 0.01, 1},
	    {'L', &p->weeks, 1, 52},
	    {'m', &p->servers, 0, 0.08},
	    {'M', &p->mails, 0.01, 100000},
	    {'n', &p->new_hosts, 1, 1000000},
	    {'P', &p->pooled, 0, 1},
	    {'q', &p->step_s, 0, TRAFFIC_DAY_S},
	    {'r', &p->repeats, 0.1, 0.95},
	    {'u', &p->leaving, 0, 0.99},
	    {'U', &p->returning, 0, 1},
	    {'x', &p->speed, 1, TRAFFIC_DAY_S},
	};
	char *end;
	double n = strtod(value, &end);

	if (end == value || *end != 0)
		return -1;
	if (letter == 's' && n >= 0 && n < 0x1p53) {
		p->seed = (uint64_t)n;
		return 0;
	}
	for (size_t i = 0; i < COUNT(options); i++)
		if (options[i].letter == letter && n >= options[i].least &&
		    n <= options[i].most) {
			*options[i].to = n;
			return 0;
		}
	return -1;
}

int
traffic_option(struct traffic_params *p, int letter, const char *value)
{
	switch (letter) {
	case 'f':
		return take_fit(p, value);
	case 'T':
		return take_trouble(p, value);
	default:
		return take_number(p, letter, value);
	}
}
