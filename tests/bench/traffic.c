/* SPDX-License-Identifier: ISC */
#include "traffic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"

#define RETRY_S 400.0 /* chanskip of qmail-send, squared */

static const char listed_text[] =
    "Listed by XBL, see https://check.spamhaus.org/query/ip/";
/* followed by the resolver's address, which does not matter */
static const char error_text[] =
    "Error: open resolver; https://check.spamhaus.org/returnc/pub/";

struct traffic {
	struct crowd crowd;
	size_t at; /* in its visits */
	double speed;
	double error_s, no_error_s; /* from when until when */
	/* those that come again, a heap with the next one at 0 */
	struct traffic_connection *again;
	size_t again_n, again_cap;
};

const char traffic_help[] =
    "traffic, made up from published figures; what is called assumed has "
    "none:\n"
    "  -s SEED    1      the same numbers lead to the same connections\n"
    "  -d DAYS    38     simulated; they take DAYS / SPEED\n"
    "  -n HOSTS   1250   a day that are new, and listed: assumed. About "
    "19,000\n"
    "                    connections a day; Spamhaus serves 100,000 for "
    "nothing\n"
    "                    (spamhaus.org, DNSBL Fair Use Policy)\n"
    "  -l SHARE   0.65   of the connections are of listed hosts: 0.4 to 0.9 "
    "as\n"
    "                    servers report it (82 % of the hosts: C. Siebenmann,\n"
    "                    CBLStats-2005-06-27, "
    "utcc.utoronto.ca/~cks/space/blog)\n"
    "  -L WEEKS   4      that a listed host goes on: assumed. With 1 there "
    "are\n"
    "                    fewer repeats in a week than is published, see below\n"
    "  -b SHARE   0      of the listed hosts try again at once, 10 s to 1 h\n"
    "                    later. The figures below leave no room for more than\n"
    "                    few; of hosts that were greylisted 51 % did at some\n"
    "                    time (J. Levine, Greylisting Still Works, "
    "circleid.com)\n"
    "  -e SHARE   0.05   of them come once before they are listed, 20 minutes\n"
    "                    before their first refusal on the average: assumed; "
    "of\n"
    "                    greylisted hosts 5.3 % were listed when they came\n"
    "                    again, 0.8 % later (Levine, part II)\n"
    "  -c SHARE   0.2    of them are neighbours: 16 in a /24 on the average,\n"
    "                    that come first within 1 h to a day: assumed\n"
    "  -g SHARE   0.01   of the hosts that are never listed are in such a\n"
    "                    network, one in each at most: assumed\n"
    "  -m SHARE   0.012  of the listed hosts are mail servers, among those "
    "with\n"
    "                    5 tries or more; they leave the list, and good mail\n"
    "                    comes for a week: assumed\n"
    "  -M MAILS   8      a day come from such a server, before and after:\n"
    "                    assumed\n"
    "  -r SHARE   0.65   of the connections of a day that are of hosts never\n"
    "                    listed repeat a host of that day; 0.58 to 0.73 of "
    "all\n"
    "                    connections did (the same server, weekly figures of\n"
    "                    2006), which -r 0.9 -l 0.4 comes to. Hosts follow\n"
    "                    Zipf's law (Jung and Sit, An Empirical Study of Spam\n"
    "                    Traffic, IMC 2004)\n"
    "  -E HOURS   0      in the middle of the last 7 days, in which the list\n"
    "                    answers with an error, as Spamhaus does whom it "
    "serves\n"
    "                    no longer (127.255.255.252 to 255, Spamhaus FAQ):\n"
    "                    rblsmtpd refuses everybody then. Assumed\n"
    "  -x SPEED   1      simulated seconds in one of the server's\n"
    "  -q STEP    0      seconds; the list changes at whole steps only\n"
    "and not to be chosen:\n"
    "  tries of a listed host in a week: 1: 61.9 % of the hosts, 2: 16.8, 3: "
    "9.3,\n"
    "  4: 3.5, 5 to 10: 6.4, 11 to 20: 1.3, more: 0.7 (a university's server,\n"
    "  CBL, a week of 2006), up to 490; above 20 the share falls with the "
    "square\n"
    "  of the number, so that those above ten have the published mean of 32. "
    "They\n"
    "  are spread evenly over the week, or there would be more repeats in a "
    "day\n"
    "  than the published 27 % (1,142 of 4,180 refusals, "
    "CBLStats-2005-06-27).\n"
    "  There is one list, and no resolver's cache in front of it. Only mail\n"
    "  servers leave it.\n"
    "  good mail that is refused: as qmail-send 1.03 tries again, 400 s times\n"
    "  the square of the number of tries, for a week.\n";

/* ---- options ---- */

int
traffic_option(struct traffic_params *p, int letter, const char *value)
{
	const struct {
		int letter;
		double *to, least, most;
	} options[] = {
	    {'b', &p->retrying, 0, 1},
	    {'c', &p->clustered, 0, 1},
	    {'d', &p->days, 0.01, 1000},
	    {'e', &p->late, 0, 1},
	    {'E', &p->error_hours, 0, 1000},
	    {'g', &p->neighbours, 0, 1},
	    {'l', &p->listed, 0.01, 1},
	    {'L', &p->weeks, 1, 52},
	    {'m', &p->servers, 0, 0.08},
	    {'M', &p->mails, 0.01, 100000},
	    {'n', &p->new_hosts, 1, 1000000},
	    {'q', &p->step_s, 0, TRAFFIC_DAY_S},
	    {'r', &p->repeats, 0.1, 0.95},
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
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (options[i].letter == letter && n >= options[i].least &&
		    n <= options[i].most) {
			*options[i].to = n;
			return 0;
		}
	return -1;
}

/* ---- connections ---- */

struct traffic *
traffic_new(const struct traffic_params *p)
{
	struct traffic *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->speed = p->speed;
	t->error_s =
	    fmax(p->days * TRAFFIC_DAY_S - TRAFFIC_WEEK_S / 2, 0) / p->speed;
	t->no_error_s = t->error_s + p->error_hours * TRAFFIC_HOUR_S / p->speed;
	if (crowd_make(&t->crowd, p) == 0)
		return t;
	free(t);
	return NULL;
}

void
traffic_free(struct traffic *t)
{
	if (t == NULL)
		return;
	crowd_free(&t->crowd);
	free(t->again);
	free(t);
}

size_t
traffic_hosts(const struct traffic *t)
{
	return t->crowd.hosts_n;
}

const struct traffic_host *
traffic_host(const struct traffic *t, uint32_t n)
{
	return &t->crowd.hosts[n];
}

static void
swap(struct traffic_connection *a, struct traffic_connection *b)
{
	struct traffic_connection c = *a;

	*a = *b;
	*b = c;
}

static struct traffic_connection
take_again(struct traffic *t)
{
	struct traffic_connection *heap = t->again;
	struct traffic_connection first = heap[0];
	size_t n = --t->again_n;
	size_t i = 0;

	heap[0] = heap[n];
	for (;;) {
		size_t next = 2 * i + 1;

		if (next + 1 < n && heap[next + 1].time_s < heap[next].time_s)
			next++;
		if (next >= n || heap[i].time_s <= heap[next].time_s)
			return first;
		swap(&heap[i], &heap[next]);
		i = next;
	}
}

void
traffic_rewind(struct traffic *t)
{
	t->at = 0;
	t->again_n = 0;
}

double
traffic_due(const struct traffic *t)
{
	double next_s;

	/* those that would come after the last day do not come */
	if (t->at == t->crowd.visits_n)
		return INFINITY;
	next_s = t->crowd.visits[t->at].time_s;
	return t->again_n > 0 ? fmin(next_s, t->again[0].time_s) : next_s;
}

bool
traffic_next(struct traffic *t, struct traffic_connection *c)
{
	const struct crowd_visit *visit = t->crowd.visits + t->at;
	const struct traffic_host *h;

	if (t->at == t->crowd.visits_n)
		return false;
	if (t->again_n > 0 && t->again[0].time_s <= visit->time_s) {
		*c = take_again(t);
	} else {
		*c = (struct traffic_connection){.time_s = visit->time_s,
		    .host = visit->host,
		    .try = visit->try,
		    .mailed_s = visit->mailed_s};
		t->at++;
	}
	h = &t->crowd.hosts[c->host];
	c->listed = c->time_s >= h->listed_s && c->time_s < h->unlisted_s;
	c->error = c->time_s >= t->error_s && c->time_s < t->no_error_s;
	return true;
}

double
traffic_due_again(double mailed_s, unsigned tries, double speed)
{
	return mailed_s + RETRY_S * tries * tries / speed;
}

int
traffic_refused(struct traffic *t, const struct traffic_connection *c)
{
	struct traffic_connection next = *c;
	size_t i = t->again_n;

	next.try++;
	next.time_s = traffic_due_again(c->mailed_s, next.try, t->speed);
	next.wronged |= !c->listed;
	if (c->time_s < t->crowd.hosts[c->host].good_s ||
	    next.time_s > c->mailed_s + TRAFFIC_WEEK_S / t->speed)
		return 0;
	if (i == t->again_cap) {
		size_t cap = i == 0 ? 64 : 2 * i;
		void *more = realloc(t->again, cap * sizeof *t->again);

		if (more == NULL)
			return -1;
		t->again = more;
		t->again_cap = cap;
	}
	t->again[i] = next;
	t->again_n++;
	while (i > 0 && t->again[i].time_s < t->again[(i - 1) / 2].time_s) {
		swap(&t->again[i], &t->again[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	return 0;
}

const char *
traffic_line(const struct traffic_host *h, bool error, uint64_t pid,
    char buf[TRAFFIC_LINE_SIZE])
{
	char ip[ADDR_STRLEN];

	addr_format(&h->ip, ip);
	snprintf(buf, TRAFFIC_LINE_SIZE, "rblsmtpd: %s pid %llu: 451 %s%s", ip,
	    (unsigned long long)pid, error ? error_text : listed_text, ip);
	return buf;
}
