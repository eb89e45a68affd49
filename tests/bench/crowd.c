/* SPDX-License-Identifier: ISC */
#include "crowd.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maker.h"

#define EULER 0.5772 /* of the sum of 1 / i */

/* 32.0.0.0/4 for networks with many listed hosts, 48.0.0.0/4 for the rest. */
#define NETWORKS (1U << 20)
#define OTHERS (1U << 28)
#define FIRST_NETWORK 0x20000000U
#define FIRST_OTHER 0x30000000U
#define STRIDE 0x9e3779b1U /* odd: visits each once */

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
long
maker_host(struct maker *m, uint32_t ip)
{
	struct crowd *c = m->crowd;
	struct traffic_host host = {
	    .listed = {{INFINITY, INFINITY}, {INFINITY, INFINITY}}};
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

bool
maker_in_days(const struct maker *m, double time_s)
{
	return time_s >= 0 && time_s < m->p->days * TRAFFIC_DAY_S;
}

/* In simulated seconds, as all is here until bring_to_server_time. */
int
maker_visit(struct maker *m, uint32_t host, double time_s, bool spam)
{
	struct crowd *c = m->crowd;
	void *list = c->visits;

	if (!maker_in_days(m, time_s))
		return 0;
	if (grow(&list, c->visits_n, &c->visits_cap, sizeof *c->visits) != 0)
		return -1;
	c->visits = list;
	c->visits[c->visits_n++] = (struct crowd_visit){time_s, host, spam};
	return 0;
}

/* ---- addresses ---- */

uint32_t
maker_place_in(uint32_t network, unsigned place)
{
	return FIRST_NETWORK + (network * STRIDE % NETWORKS) * 256 + 1 + place;
}

uint32_t
maker_place(struct maker *m)
{
	return FIRST_OTHER + m->others++ * STRIDE % OTHERS;
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
	double listed = m->again;
	double others = 0;

	for (size_t i = 0; i < m->crowd->visits_n; i++) {
		const struct crowd_visit *v = &m->crowd->visits[i];

		if (traffic_listed(&m->crowd->hosts[v->host], v->time_s))
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
		return maker_place_in(m->neighbours++, MAKER_PLACES - 1);
	return maker_place(m);
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
		host = maker_host(m, clean_place(m));
		if (host < 0)
			return -1;
		for (unsigned v = 0; v < visits; v++)
			if (maker_visit(m, (uint32_t)host,
				chance_share(&m->chance) * m->p->days *
				    TRAFFIC_DAY_S,
				false) != 0)
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

		for (size_t j = 0; j < TRAFFIC_LISTED; j++) {
			h->listed[j].from_s = step(p, h->listed[j].from_s);
			h->listed[j].until_s = step(p, h->listed[j].until_s);
		}
	}
	for (size_t i = 0; i < c->visits_n; i++)
		c->visits[i].time_s /= p->speed;
}

int
crowd_make(struct crowd *c, const struct traffic_params *p)
{
	struct maker m = {.crowd = c, .p = p, .chance = {p->seed}};

	*c = (struct crowd){0};
	if (maker_listed(&m) != 0 || add_clean(&m) != 0) {
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
