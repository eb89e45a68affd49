/* SPDX-License-Identifier: ISC */
#include "crowd.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"

#define SERVER_TRIES 5 /* who comes so often may be a mail server */
#define LATE_S 1200.0
#define CLUSTER_MEAN 16.0
#define CLUSTER_MAX 240
#define CLUSTER_PLACES 254
#define GRAIN 100000
#define EULER 0.5772 /* of the sum of 1 / i */

/* 32.0.0.0/4 for networks with many listed hosts, 48.0.0.0/4 for the rest. */
#define NETWORKS (1U << 20)
#define OTHERS (1U << 28)
#define FIRST_NETWORK 0x20000000U
#define FIRST_OTHER 0x30000000U
#define STRIDE 0x9e3779b1U /* odd: visits each once */

const struct crowd_bucket crowd_buckets[CROWD_BUCKETS] = {
    {1, 1, 61.9},
    {2, 2, 16.8},
    {3, 3, 9.3},
    {4, 4, 3.5},
    {5, 10, 6.4},
    {11, 20, 1.3},
    {21, 490, 0.7},
};

struct maker {
	struct crowd *crowd;
	const struct traffic_params *p;
	struct chance chance;
	double servers;		   /* of the hosts that come often enough */
	uint32_t networks, others; /* places that were given away */
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

/* Adds a host that is never listed. Its number, or -1. */
static long
add_host(struct maker *m, uint32_t ip)
{
	struct crowd *c = m->crowd;
	struct traffic_host host = {
	    .good_s = -INFINITY, .listed_s = INFINITY, .unlisted_s = INFINITY};
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

/* In simulated seconds, as all is here until bring_to_server_time. */
static int
add_mail(struct maker *m, uint32_t host, double time_s, uint32_t try,
    double mailed_s)
{
	struct crowd *c = m->crowd;
	void *list = c->visits;

	if (time_s < 0 || time_s >= m->p->days * TRAFFIC_DAY_S)
		return 0;
	if (grow(&list, c->visits_n, &c->visits_cap, sizeof *c->visits) != 0)
		return -1;
	c->visits = list;
	c->visits[c->visits_n++] =
	    (struct crowd_visit){time_s, host, try, mailed_s};
	return 0;
}

static int
add_visit(struct maker *m, uint32_t host, double time_s)
{
	return add_mail(m, host, time_s, 0, time_s);
}

/* ---- addresses ---- */

static uint32_t
position_in(uint32_t network, unsigned place)
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
	double left = share * 99.9;

	for (size_t i = 0; i < CROWD_BUCKETS; i++) {
		const struct crowd_bucket *b = &crowd_buckets[i];
		double to = b->most + 1;
		double u = left / b->percent;

		left -= b->percent;
		if (u >= 1)
			continue;
		if (i < CROWD_BUCKETS - 1)
			return (unsigned)(b->least * pow(to / b->least, u));
		/* the density falls with the square: see traffic_help */
		return (unsigned)(1 / ((1 - u) / b->least + u / to));
	}
	return crowd_buckets[CROWD_BUCKETS - 1].most;
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

/* Comes n times in each of its weeks: at any time, or again and again at once.
 */
static int
add_bot(struct maker *m, uint32_t host, unsigned n, double first_s)
{
	bool retries = chance_is(&m->chance, m->p->retrying);
	double at = first_s;

	for (unsigned week = 0; week < m->p->weeks; week++)
		for (unsigned i = 0; i < n; i++) {
			double begin = first_s + week * TRAFFIC_WEEK_S;

			if (retries && i > 0)
				at += chance_scale(
				    &m->chance, 10, TRAFFIC_HOUR_S);
			else if (week > 0 || i > 0)
				at = begin +
				     chance_share(&m->chance) * TRAFFIC_WEEK_S;
			if (add_visit(m, host, at) != 0)
				return -1;
		}
	return 0;
}

/* Comes once before it is listed, and that is soon. */
static int
add_early(struct maker *m, uint32_t host, double first_s)
{
	double before_s = chance_gap(&m->chance, LATE_S);

	m->crowd->hosts[host].listed_s =
	    first_s - before_s * chance_share(&m->chance);
	return add_visit(m, host, first_s - before_s);
}

/* A mail that a server has in its queue. */
struct queued {
	double mailed_s, next_s;
	uint32_t try;
};

/* The one that comes next. */
static struct queued *
next_of(struct queued *queue, size_t n)
{
	struct queued *next = queue;

	for (size_t i = 1; i < n; i++)
		if (queue[i].next_s < next->next_s)
			next = &queue[i];
	return next;
}

/*
 * Sends mail all the time, which is refused n times before it is off the list.
 * What waits then comes when it is due, and more in the days after.
 */
static int
add_server(struct maker *m, uint32_t host, unsigned n, double first_s)
{
	double mean_s = TRAFFIC_DAY_S / m->p->mails;
	double mailed_s = first_s;
	double last_s = first_s;
	struct queued *queue = calloc(n + 2, sizeof *queue);
	struct traffic_host *h = &m->crowd->hosts[host];
	size_t queue_n = 0;
	int result = 0;

	if (queue == NULL)
		return -1;
	queue[queue_n++] = (struct queued){first_s, first_s, 0};
	mailed_s += chance_gap(&m->chance, mean_s);
	for (unsigned i = 0; i <= n && result == 0; i++) {
		struct queued *next = next_of(queue, queue_n);

		if (mailed_s < next->next_s) {
			next = &queue[queue_n++];
			*next = (struct queued){mailed_s, mailed_s, 0};
			mailed_s += chance_gap(&m->chance, mean_s);
		}
		if (i == n) { /* off the list before this one */
			h->unlisted_s = last_s + (next->next_s - last_s) *
						     chance_share(&m->chance);
			break;
		}
		last_s = next->next_s;
		result = add_mail(m, host, last_s, next->try, next->mailed_s);
		next->try++;
		next->next_s = traffic_due_again(next->mailed_s, next->try, 1);
	}
	h->kind = TRAFFIC_SERVER;
	h->good_s = h->unlisted_s;
	for (size_t i = 0; i < queue_n && result == 0; i++)
		result = add_mail(
		    m, host, queue[i].next_s, queue[i].try, queue[i].mailed_s);
	for (; mailed_s < h->unlisted_s + TRAFFIC_WEEK_S && result == 0;
	     mailed_s += chance_gap(&m->chance, mean_s))
		result = add_visit(m, host, mailed_s);
	free(queue);
	return result;
}

static int
add_listed(struct maker *m, uint32_t ip, double first_s)
{
	long host = add_host(m, ip);
	unsigned n = tries(chance_share(&m->chance));
	struct traffic_host *h;

	if (host < 0)
		return -1;
	h = &m->crowd->hosts[host];
	h->kind = TRAFFIC_BOT;
	h->listed_s = -INFINITY;
	h->good_s = INFINITY;
	if (n >= SERVER_TRIES && chance_is(&m->chance, m->servers))
		return add_server(m, (uint32_t)host, n, first_s);
	if (chance_is(&m->chance, m->p->late) &&
	    add_early(m, (uint32_t)host, first_s) != 0)
		return -1;
	return add_bot(m, (uint32_t)host, n, first_s);
}

/* A time at which a host may begin to come. */
static double
begin_of(struct maker *m)
{
	double before_s = m->p->weeks * TRAFFIC_WEEK_S;

	return chance_share(&m->chance) *
		   (m->p->days * TRAFFIC_DAY_S + before_s) -
	       before_s;
}

/* Listed hosts of one network. How many there are, or 0 with errno. */
static size_t
add_cluster(struct maker *m, size_t most)
{
	double begin_s = begin_of(m);
	double span_s = chance_scale(&m->chance, TRAFFIC_HOUR_S, TRAFFIC_DAY_S);
	size_t n = 2 + (size_t)chance_gap(&m->chance, CLUSTER_MEAN - 2);
	unsigned place = (unsigned)(chance_bits(&m->chance) % CLUSTER_PLACES);

	if (n > CLUSTER_MAX)
		n = CLUSTER_MAX;
	if (n > most)
		n = most;
	for (size_t i = 0; i < n; i++)
		if (add_listed(m,
			position_in(m->networks,
			    (place + (unsigned)i) % CLUSTER_PLACES),
			begin_s + chance_share(&m->chance) * span_s) != 0)
			return 0;
	m->networks++;
	return n;
}

static int
add_all_listed(struct maker *m)
{
	double all = m->p->new_hosts * (m->p->days + 7 * m->p->weeks);
	size_t single = (size_t)(all * (1 - m->p->clustered));
	size_t left = (size_t)all - single;

	m->servers = m->p->servers / share_above(SERVER_TRIES);
	for (size_t i = 0; i < single; i++)
		if (add_listed(m, other_place(m), begin_of(m)) != 0)
			return -1;
	while (left > 0) {
		size_t n = add_cluster(m, left);

		if (n == 0)
			return -1;
		left -= n;
	}
	return 0;
}

/* ---- hosts that are never listed ---- */

/* The sum of 1 / i, up to n. */
static double
harmonic(size_t n)
{
	return log((double)n) + EULER;
}

/* The share of repeats in a day, if the i-th of n hosts has 1 / i of the
   connections of the first (Zipf). */
static double
repeats_of(double a_day, size_t n)
{
	double first = a_day / harmonic(n);
	double hosts = 0;

	for (size_t i = 1; i <= n; i += 1 + i / 256)
		hosts += (1 - exp(-first / (double)i)) * (double)(1 + i / 256);
	return 1 - hosts / a_day;
}

/* How many there are in all for that share. */
static size_t
clean_hosts(double a_day, double repeats)
{
	size_t n = 16;

	while (n < OTHERS / 4 && repeats_of(a_day, n) > repeats)
		n += 1 + n / 64;
	return n;
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

		if (v->time_s >= h->listed_s && v->time_s < h->unlisted_s)
			listed++;
		else
			others++;
	}
	return fmax(0, listed * (1 - m->p->listed) / m->p->listed - others) /
	       m->p->days;
}

/* Now and then in a network that has listed hosts. */
static uint32_t
clean_place(struct maker *m)
{
	if (m->neighbours < m->networks &&
	    chance_is(&m->chance, m->p->neighbours))
		return position_in(m->neighbours++, CLUSTER_PLACES);
	return other_place(m);
}

static int
add_clean(struct maker *m)
{
	double a_day = clean_a_day(m);
	size_t n = a_day > 0 ? clean_hosts(a_day, m->p->repeats) : 0;
	double first = a_day * m->p->days / harmonic(n);

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

/* The list that the server sees changes at whole steps. */
static double
step(const struct traffic_params *p, double time_s)
{
	double t = time_s / p->speed;

	return p->step_s > 0 ? ceil(t / p->step_s) * p->step_s : t;
}

static void
bring_to_server_time(struct crowd *c, const struct traffic_params *p)
{
	for (size_t i = 0; i < c->hosts_n; i++) {
		struct traffic_host *h = &c->hosts[i];

		h->good_s /= p->speed;
		h->listed_s = step(p, h->listed_s);
		h->unlisted_s = step(p, h->unlisted_s);
	}
	for (size_t i = 0; i < c->visits_n; i++) {
		c->visits[i].time_s /= p->speed;
		c->visits[i].mailed_s /= p->speed;
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
	bring_to_server_time(c, p);
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
