#include "crowd.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"

#define WEEK_S (7 * TRAFFIC_DAY_S)
#define HOUR_S 3600.0
#define RETRY_S 400.0  /* of qmail-send */
#define SERVER_TRIES 5 /* who comes so often may be a mail server */
#define SERVER_LISTED_S (3 * TRAFFIC_DAY_S) /* at most */
#define LATE_S 1200.0
#define CLUSTER_MEAN 16.0
#define CLUSTER_MAX 240
#define CLUSTER_PLACES 254
#define GRAIN 100000

/* 32.0.0.0/4 for networks with many listed hosts, 48.0.0.0/4 for the rest. */
#define NETWORKS (1U << 20)
#define OTHERS (1U << 28)
#define FIRST_NETWORK 0x20000000U
#define FIRST_OTHER 0x30000000U
#define STRIDE 0x9e3779b1U /* odd: visits each once */

/*
 * How many times listed hosts tried within a week, in percent of the hosts;
 * traffic_help says where from.
 */
static const struct {
	unsigned least, most;
	double percent;
} buckets[] = {
    {1, 1, 61.9},
    {2, 2, 16.8},
    {3, 3, 9.3},
    {4, 4, 3.5},
    {5, 10, 6.4},
    {11, 20, 1.3},
    {21, 490, 0.7},
};
#define BUCKETS (sizeof buckets / sizeof *buckets)

/* Of the lists that refuse hosts; how long after its last try one is off. */
static const struct list {
	double share, stays_s; /* 0: it is never off */
	const char *text;
} lists[] = {
    {0.60, 3 * TRAFFIC_DAY_S,
	"Listed by XBL, see https://check.spamhaus.org/query/ip/%s"},
    {0.25, 0, "Listed by PBL, see https://check.spamhaus.org/query/ip/%s"},
    {0.15, TRAFFIC_DAY_S, "Blocked - see https://www.spamcop.net/bl.shtml?%s"},
};

struct maker {
	struct crowd *crowd;
	const struct traffic_params *p;
	struct chance chance;
	uint32_t networks, others; /* that were given away */
	uint32_t neighbours;	   /* clean hosts in networks, one in each */
};

/* ---- tables ---- */

static int
grow(void **list, size_t n, size_t *cap, size_t bytes)
{
	void *more;

	if (n < *cap)
		return 0;
	*cap = *cap == 0 ? 1024 : 2 * *cap;
	more = realloc(*list, *cap * bytes);
	if (more == NULL)
		return -1;
	*list = more;
	return 0;
}

/* Adds a host that was never listed. Its number, or -1. */
static long
add_host(struct maker *m, uint32_t ip)
{
	struct crowd *c = m->crowd;
	struct traffic_host host = {.good_s = -INFINITY,
	    .first_s = INFINITY,
	    .listed_s = INFINITY,
	    .unlisted_s = INFINITY};
	uint32_t order = htonl(ip);
	void *list = c->hosts;

	if (grow(&list, c->hosts_n, &c->hosts_cap, sizeof host) != 0)
		return -1;
	host.ip.b[10] = host.ip.b[11] = 0xff;
	memcpy(host.ip.b + 12, &order, sizeof order);
	c->hosts = list;
	c->hosts[c->hosts_n] = host;
	return (long)c->hosts_n++;
}

/* From here on all is in simulated seconds; this brings it to the server's. */
static int
add_visit(struct maker *m, uint32_t host, double time_s)
{
	struct crowd *c = m->crowd;
	void *list = c->visits;

	if (time_s < 0 || time_s >= m->p->days * TRAFFIC_DAY_S)
		return 0;
	if (grow(&list, c->visits_n, &c->visits_cap, sizeof *c->visits) != 0)
		return -1;
	c->visits = list;
	c->visits[c->visits_n++] =
	    (struct crowd_visit){time_s / m->p->speed, host};
	return 0;
}

/* When the list that the server sees changes. */
static double
step(const struct traffic_params *p, double time_s)
{
	double t = time_s / p->speed;

	return p->step_s > 0 ? ceil(t / p->step_s) * p->step_s : t;
}

/* ---- addresses ---- */

static uint32_t
place_in(uint32_t network, unsigned place)
{
	return FIRST_NETWORK + (network * STRIDE % NETWORKS) * 256 + 1 + place;
}

static uint32_t
other_place(struct maker *m)
{
	return FIRST_OTHER + m->others++ * STRIDE % OTHERS;
}

/* ---- listed hosts ---- */

/* The number of tries above which are so great a share of the hosts. */
static unsigned
tries(double share)
{
	double left = share * 99.9; /* the percents make no more */

	for (size_t i = 0; i < BUCKETS; i++) {
		double from = buckets[i].least;
		double to = buckets[i].most + 1;
		double u = left / buckets[i].percent;

		left -= buckets[i].percent;
		if (u >= 1)
			continue;
		if (i < BUCKETS - 1)
			return (unsigned)(from * pow(to / from, u));
		/* the density falls with the square: see traffic_help */
		return (unsigned)(1 / ((1 - u) / from + u / to));
	}
	return buckets[BUCKETS - 1].most;
}

/* Of the hosts, how many come at least so often. */
static double
share_above(unsigned n)
{
	int found = 0;

	for (int i = 0; i < GRAIN; i++)
		found += tries((i + 0.5) / GRAIN) >= n;
	return (double)found / GRAIN;
}

/* Comes now and then within a week, or again and again at once. */
static int
add_bot(struct maker *m, uint32_t host, unsigned n)
{
	struct traffic_host *h = &m->crowd->hosts[host];
	bool retries = chance_is(&m->chance, m->p->retrying);
	double first = h->first_s;
	double last = first;
	double u = chance_share(&m->chance);
	const struct list *list = lists;

	while (u >= list->share)
		u -= list++->share;
	h->text = list->text;
	for (unsigned i = 0; i < n; i++) {
		double at = first + chance_share(&m->chance) * WEEK_S;

		if (i == 0)
			at = first;
		else if (retries)
			at = last + chance_scale(&m->chance, 10, HOUR_S);
		if (at > last)
			last = at;
		if (add_visit(m, host, at) != 0)
			return -1;
	}
	h->unlisted_s = list->stays_s > 0 ? last + list->stays_s : INFINITY;
	return 0;
}

/*
 * Comes as qmail-send has it, until it is off the list; the mail that waited
 * comes then, and more in the days after.
 */
static int
add_server(struct maker *m, uint32_t host, unsigned n)
{
	struct traffic_host *h = &m->crowd->hosts[host];
	double whole = fmin(RETRY_S * n * n, SERVER_LISTED_S);
	double last = whole * ((n - 1.0) / n) * ((n - 1.0) / n);
	double next = h->first_s + whole;
	double mean_s = TRAFFIC_DAY_S / m->p->mails;

	h->kind = TRAFFIC_SERVER;
	h->text = lists[0].text;
	h->good_s = next;
	h->unlisted_s = next - chance_share(&m->chance) * (whole - last);
	for (unsigned i = 0; i < n; i++)
		if (add_visit(m, host,
			h->first_s +
			    whole * ((double)i / n) * ((double)i / n)) != 0)
			return -1;
	for (double at = next; at < h->first_s + WEEK_S;
	     at += chance_gap(&m->chance, mean_s))
		if (add_visit(m, host, at) != 0)
			return -1;
	return 0;
}

/* A host whose first refusal is at that time. */
static int
add_listed(struct maker *m, uint32_t ip, double first_s, double servers)
{
	long host = add_host(m, ip);
	unsigned n = tries(chance_share(&m->chance));
	struct traffic_host *h;
	double before_s;

	if (host < 0)
		return -1;
	h = &m->crowd->hosts[host];
	*h = (struct traffic_host){.ip = h->ip,
	    .kind = TRAFFIC_BOT,
	    .first_s = first_s,
	    .listed_s = -INFINITY,
	    .good_s = INFINITY};
	if (n >= SERVER_TRIES && chance_is(&m->chance, servers)) {
		if (add_server(m, (uint32_t)host, n) != 0)
			return -1;
	} else if (add_bot(m, (uint32_t)host, n) != 0) {
		return -1;
	} else if (chance_is(&m->chance, m->p->late)) {
		before_s = chance_gap(&m->chance, LATE_S);
		h->listed_s = first_s - before_s * chance_share(&m->chance);
		if (add_visit(m, (uint32_t)host, first_s - before_s) != 0)
			return -1;
	}
	return 0;
}

/* Listed hosts of one network, which come within some hours. */
static size_t
add_cluster(struct maker *m, double servers, size_t most)
{
	double begin_s =
	    (m->p->days * TRAFFIC_DAY_S + WEEK_S) * chance_share(&m->chance) -
	    WEEK_S;
	double span_s = chance_scale(&m->chance, HOUR_S, TRAFFIC_DAY_S);
	size_t n = 2 + (size_t)chance_gap(&m->chance, CLUSTER_MEAN - 2);
	unsigned place = (unsigned)(chance_bits(&m->chance) % CLUSTER_PLACES);

	if (n > CLUSTER_MAX)
		n = CLUSTER_MAX;
	if (n > most)
		n = most;
	for (size_t i = 0; i < n; i++)
		if (add_listed(m,
			place_in(m->networks,
			    (place + (unsigned)i) % CLUSTER_PLACES),
			begin_s + chance_share(&m->chance) * span_s,
			servers) != 0)
			return 0;
	m->networks++;
	return n;
}

static int
add_all_listed(struct maker *m)
{
	double span_s = m->p->days * TRAFFIC_DAY_S + WEEK_S;
	double all = m->p->new_hosts * span_s / TRAFFIC_DAY_S;
	size_t single = (size_t)(all * (1 - m->p->clustered));
	size_t left = (size_t)all - single;
	double servers = m->p->servers / share_above(SERVER_TRIES);

	for (size_t i = 0; i < single; i++)
		if (add_listed(m, other_place(m),
			chance_share(&m->chance) * span_s - WEEK_S,
			servers) != 0)
			return -1;
	while (left > 0) {
		size_t n = add_cluster(m, servers, left);

		if (n == 0)
			return -1;
		left -= n;
	}
	return 0;
}

/* ---- hosts that are never listed ---- */

/*
 * How many there are in all, if the i-th of n has 1 / i of the connections of
 * the first (Zipf), for the share of repeats in a day.
 */
static double
repeats_of(double a_day, size_t n)
{
	double harmonic = log((double)n) + 0.5772;
	double hosts = 0;

	for (size_t i = 1; i <= n; i += 1 + i / 256)
		hosts += (1 - exp(-a_day / harmonic / (double)i)) *
			 (double)(1 + i / 256);
	return 1 - hosts / a_day;
}

static size_t
clean_hosts(double a_day, double repeats)
{
	size_t n = 16;

	while (n < OTHERS / 4 && repeats_of(a_day, n) > repeats)
		n += 1 + n / 64;
	return n;
}

/* Now and then in a network that has listed hosts. */
static uint32_t
clean_place(struct maker *m)
{
	if (m->neighbours < m->networks &&
	    chance_is(&m->chance, m->p->neighbours))
		return place_in(m->neighbours++, CLUSTER_PLACES);
	return other_place(m);
}

/* As many as it takes for the share of listed ones. */
static double
clean_a_day(const struct maker *m)
{
	double listed = 0;
	double others = 0;

	for (size_t i = 0; i < m->crowd->visits_n; i++) {
		const struct crowd_visit *v = &m->crowd->visits[i];
		const struct traffic_host *h = &m->crowd->hosts[v->host];
		double time_s = v->time_s * m->p->speed;

		if (time_s >= h->listed_s && time_s < h->unlisted_s)
			listed++;
		else
			others++;
	}
	return fmax(0, listed * (1 - m->p->listed) / m->p->listed - others) /
	       m->p->days;
}

static int
add_clean(struct maker *m)
{
	double a_day = clean_a_day(m);
	size_t n = a_day > 0 ? clean_hosts(a_day, m->p->repeats) : 0;
	double first = a_day * m->p->days / (log((double)n) + 0.5772);

	for (size_t i = 1; i <= n; i++) {
		unsigned visits = chance_times(&m->chance, first / (double)i);
		long host;

		if (visits == 0)
			continue;
		host = add_host(m, clean_place(m));
		if (host < 0)
			return -1;
		for (unsigned v = 0; v < visits; v++)
			if (add_visit(m, (uint32_t)host,
				chance_share(&m->chance) * m->p->days *
				    TRAFFIC_DAY_S) != 0)
				return -1;
	}
	return 0;
}

/* ---- */

static int
compare(const void *a, const void *b)
{
	const struct crowd_visit *x = a;
	const struct crowd_visit *y = b;

	if (x->time_s != y->time_s)
		return x->time_s < y->time_s ? -1 : 1;
	return (x->host > y->host) - (x->host < y->host);
}

static void
bring_to_server_time(struct maker *m)
{
	for (size_t i = 0; i < m->crowd->hosts_n; i++) {
		struct traffic_host *h = &m->crowd->hosts[i];

		h->first_s /= m->p->speed;
		h->good_s /= m->p->speed;
		h->listed_s = step(m->p, h->listed_s);
		h->unlisted_s = step(m->p, h->unlisted_s);
	}
}

int
crowd_make(struct crowd *c, const struct traffic_params *p)
{
	struct maker m = {.crowd = c, .p = p, .chance = {p->seed}};

	*c = (struct crowd){0};
	if (add_all_listed(&m) != 0 || add_clean(&m) != 0) {
		crowd_free(c);
		return -1;
	}
	bring_to_server_time(&m);
	if (c->visits_n > 0)
		qsort(c->visits, c->visits_n, sizeof *c->visits, compare);
	return 0;
}

void
crowd_free(struct crowd *c)
{
	free(c->hosts);
	free(c->visits);
	*c = (struct crowd){0};
}
