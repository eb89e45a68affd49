/* SPDX-License-Identifier: ISC */
/*
 * The hosts that are listed: bots, and mail servers.
 */
#include <math.h>
#include <stdlib.h>

#include "maker.h"

#define SERVER_TRIES 5 /* who comes so often may be a mail server */
#define LATE_S 1200.0
#define AT_ONCE_LEAST_S 10.0
#define AT_ONCE_MOST_S TRAFFIC_HOUR_S
#define HAMMER_TRIES 2000
#define HAMMER_LEAST_S 5.0
#define HAMMER_MOST_S 60.0
#define LEAVE_S (30 * TRAFFIC_DAY_S) /* within which the share leaves */
/* to the coming back: 25/45 within 10 days */
#define RETURN_MEAN_S (10 * TRAFFIC_DAY_S / -log(1 - 25 / 45.0))
#define KNOWN_S (28 * TRAFFIC_DAY_S)
#define POOL_HOSTS 8
#define POOL_WANDERS 0.5
#define CLUSTER_MEAN 16.0
#define CLUSTER_MAX 240
#define GRAIN 100000

const struct crowd_bucket crowd_buckets[2][CROWD_BUCKETS] = {
    [TRAFFIC_USUAL] =
	{
	    {1, 1, 61.9},
	    {2, 2, 16.8},
	    {3, 3, 9.3},
	    {4, 4, 3.5},
	    {5, 10, 6.4},
	    {11, 20, 1.3},
	    {21, 490, 0.7},
	},
    /* 4.2 are published of more than 10, and shared as those above */
    [TRAFFIC_S2] =
	{
	    {1, 1, 56},
	    {2, 2, 18},
	    {3, 3, 8.3},
	    {4, 4, 4.7},
	    {5, 10, 9.3},
	    {11, 20, 2.73},
	    {21, 490, 1.47},
	},
};

/* ---- how often they try ---- */

/* The number of tries above which are so great a share of the hosts. */
static unsigned
tries(enum traffic_fit fit, double share)
{
	const struct crowd_bucket *buckets = crowd_buckets[fit];
	double left = 0;

	for (size_t i = 0; i < CROWD_BUCKETS; i++)
		left += share * buckets[i].percent;
	for (size_t i = 0; i < CROWD_BUCKETS; i++) {
		const struct crowd_bucket *b = &buckets[i];
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
	return buckets[CROWD_BUCKETS - 1].most;
}

/* Of the hosts, how many come at least so often. */
static double
share_above(enum traffic_fit fit, unsigned n)
{
	int found = 0;

	for (int i = 0; i < GRAIN; i++)
		found += tries(fit, (i + 0.5) / GRAIN) >= n;
	return (double)found / GRAIN;
}

/* ---- bots ---- */

/* To the next try of a host that tries again at once. */
static double
at_once(struct maker *m)
{
	return chance_scale(&m->chance, AT_ONCE_LEAST_S, AT_ONCE_MOST_S);
}

/* Comes n times in each of its weeks, or in all: at any time, or again and
   again at once. */
static int
add_tries(struct maker *m, uint32_t host, unsigned n, double first_s)
{
	bool retries = chance_is(&m->chance, m->p->retrying);
	bool weekly = m->p->fit == TRAFFIC_USUAL;
	double span_s = (weekly ? 1 : m->p->weeks) * TRAFFIC_WEEK_S;
	double spans = weekly ? m->p->weeks : 1;
	double at = first_s;

	for (unsigned span = 0; span < spans; span++)
		for (unsigned i = 0; i < n; i++) {
			double begin = first_s + span * span_s;

			if (retries && i > 0)
				at += at_once(m);
			else if (span > 0 || i > 0)
				at = begin + chance_share(&m->chance) * span_s;
			if (maker_visit(m, host, at, true) != 0)
				return -1;
		}
	return 0;
}

static int
add_hammer(struct maker *m, uint32_t host, double first_s)
{
	double gap_s = chance_scale(&m->chance, HAMMER_LEAST_S, HAMMER_MOST_S);

	for (unsigned i = 0; i < HAMMER_TRIES; i++)
		if (maker_visit(m, host, first_s + i * gap_s, true) != 0)
			return -1;
	return 0;
}

/* Comes once before it is listed, and that is soon. */
static int
add_early(struct maker *m, uint32_t host, double first_s)
{
	double before_s = chance_gap(&m->chance, LATE_S);

	m->crowd->hosts[host].listed[0].from_s =
	    first_s - before_s * chance_share(&m->chance);
	return maker_visit(m, host, first_s - before_s, true);
}

/* It has left the list; perhaps it comes back, for so long. */
static void
come_back(struct maker *m, struct traffic_host *h, double for_s)
{
	struct traffic_span *again = &h->listed[1];

	if (!chance_is(&m->chance, m->p->returning))
		return;
	again->from_s =
	    h->listed[0].until_s + chance_gap(&m->chance, RETURN_MEAN_S);
	again->until_s = again->from_s + for_s;
}

static int
add_bot(struct maker *m, uint32_t host, unsigned n, double first_s)
{
	struct traffic_host *h = &m->crowd->hosts[host];

	h->kind = TRAFFIC_BOT;
	h->listed[0].from_s = -INFINITY;
	if (m->p->leaving > 0) {
		double mean_s = LEAVE_S / -log(1 - m->p->leaving);

		h->listed[0].until_s = first_s + chance_gap(&m->chance, mean_s);
		come_back(m, h, INFINITY);
	}
	if (chance_is(&m->chance, m->p->late) &&
	    add_early(m, host, first_s) != 0)
		return -1;
	if (chance_is(&m->chance, m->p->hammering))
		return add_hammer(m, host, first_s);
	return add_tries(m, host, n, first_s);
}

/* ---- mail servers that get listed ---- */

/* A mail that a server has in its queue. */
struct queued {
	double mailed_s, next_s;
	uint32_t try;
};

/* The one that comes next; NULL: there is none. */
static struct queued *
next_of(struct queued *queue, size_t n)
{
	struct queued *next = NULL;

	for (size_t i = 0; i < n; i++)
		if (next == NULL || queue[i].next_s < next->next_s)
			next = &queue[i];
	return next;
}

/* Sends the mail that is due at *next_s. */
static int
send_mail(struct maker *m, uint32_t host, double *next_s)
{
	int result = maker_visit(m, host, *next_s, false);

	*next_s += chance_gap(&m->chance, TRAFFIC_DAY_S / m->p->mails);
	return result;
}

static int
send_until(struct maker *m, uint32_t host, double *next_s, double until_s)
{
	while (*next_s < until_s)
		if (send_mail(m, host, next_s) != 0)
			return -1;
	return 0;
}

/* Is on the list until its mail was refused n times. */
static int
be_refused(struct maker *m, uint32_t host, unsigned n, double *next_s)
{
	struct queued *queue = calloc(n + 1, sizeof *queue);
	size_t queue_n = 0;
	double last_s = *next_s;
	int result = 0;

	if (queue == NULL)
		return -1;
	for (unsigned i = 0; i <= n && result == 0; i++) {
		struct queued *next = next_of(queue, queue_n);

		if (next == NULL || *next_s < next->next_s) {
			next = &queue[queue_n++];
			*next = (struct queued){*next_s, *next_s, 0};
			result = send_mail(m, host, next_s);
		}
		if (i == n) { /* off the list before this one */
			m->crowd->hosts[host].listed[0].until_s =
			    last_s +
			    (next->next_s - last_s) * chance_share(&m->chance);
			break;
		}
		m->again += next->try > 0 && maker_in_days(m, next->next_s);
		last_s = next->next_s;
		next->try++;
		next->next_s = traffic_due_again(next->mailed_s, next->try, 1);
	}
	free(queue);
	return result;
}

/* Spam comes from it, which gets it listed at first_s, and is refused n times;
   then somebody puts an end to it. */
static int
be_hacked(struct maker *m, uint32_t host, unsigned n, double first_s)
{
	double at = first_s - chance_gap(&m->chance, LATE_S);
	unsigned refused = 0;

	while (refused < n) {
		if (maker_visit(m, host, at, true) != 0)
			return -1;
		refused += at >= first_s;
		at += at_once(m);
	}
	m->crowd->hosts[host].listed[0].until_s =
	    at + chance_share(&m->chance) * TRAFFIC_DAY_S;
	return 0;
}

/* Sends mail all the time, until a week after it left the list. */
static int
add_server(struct maker *m, uint32_t host, unsigned n, double first_s)
{
	struct traffic_host *h = &m->crowd->hosts[host];
	bool known = chance_is(&m->chance, m->p->known);
	double next_s = known ? first_s - KNOWN_S : first_s;
	double end_s;

	h->kind = TRAFFIC_SERVER;
	h->listed[0].from_s = known ? first_s : -INFINITY;
	if (send_until(m, host, &next_s, first_s) != 0)
		return -1;
	if (known && chance_is(&m->chance, m->p->hacked)) {
		if (be_hacked(m, host, n, first_s) != 0)
			return -1;
	} else if (be_refused(m, host, n, &next_s) != 0) {
		return -1;
	}
	end_s = h->listed[0].until_s;
	come_back(m, h, end_s - first_s);
	if (isfinite(h->listed[1].until_s))
		end_s = h->listed[1].until_s;
	return send_until(m, host, &next_s, end_s + TRAFFIC_WEEK_S);
}

/* ---- listed hosts ---- */

/* The first host is there; each is listed on its own, within a week. */
static int
add_pool(struct maker *m, uint32_t first, unsigned n, double first_s)
{
	bool wanders = chance_is(&m->chance, POOL_WANDERS);

	for (uint32_t i = 1; i < POOL_HOSTS; i++)
		if (maker_host(m, maker_place(m)) < 0)
			return -1;
	for (uint32_t i = 0; i < POOL_HOSTS; i++) {
		struct traffic_host *h = &m->crowd->hosts[first + i];

		h->pool = first;
		h->pool_n = POOL_HOSTS;
		h->pool_wanders = wanders;
		if (add_server(m, first + i, n, first_s) != 0)
			return -1;
		n = tries(
		    m->p->fit, 1 - m->often * (1 - chance_share(&m->chance)));
		first_s += chance_gap(&m->chance, TRAFFIC_DAY_S);
	}
	return 0;
}

static int
add_listed(struct maker *m, uint32_t ip, double first_s)
{
	unsigned n = tries(m->p->fit, chance_share(&m->chance));
	double servers = n < SERVER_TRIES ? 0 : m->p->servers / m->often;
	double pools = servers * m->p->pooled;
	double what = chance_share(&m->chance);
	bool is_bot =
	    what >= servers || (what >= pools / POOL_HOSTS && what < pools);
	long host;

	if (is_bot && first_s >= m->p->days * TRAFFIC_DAY_S)
		return 0;
	host = maker_host(m, ip);
	if (host < 0)
		return -1;
	if (is_bot)
		return add_bot(m, (uint32_t)host, n, first_s);
	if (what < pools)
		return add_pool(m, (uint32_t)host, n, first_s);
	return add_server(m, (uint32_t)host, n, first_s);
}

/* From the first that still come in the days, to servers that come before they
   are listed, as much later. */
static double
begins_s(const struct maker *m)
{
	return m->p->weeks * TRAFFIC_WEEK_S + m->p->days * TRAFFIC_DAY_S +
	       KNOWN_S;
}

/* A time at which a host may be listed. */
static double
begin_of(struct maker *m)
{
	return chance_share(&m->chance) * begins_s(m) -
	       m->p->weeks * TRAFFIC_WEEK_S;
}

/* Listed hosts of one network. How many there are, or 0 with errno. */
static size_t
add_cluster(struct maker *m, size_t most)
{
	double begin_s = begin_of(m);
	double span_s = chance_scale(&m->chance, TRAFFIC_HOUR_S, TRAFFIC_DAY_S);
	size_t n = 2 + (size_t)chance_gap(&m->chance, CLUSTER_MEAN - 2);
	unsigned place =
	    (unsigned)(chance_bits(&m->chance) % (MAKER_PLACES - 1));

	if (n > CLUSTER_MAX)
		n = CLUSTER_MAX;
	if (n > most)
		n = most;
	for (size_t i = 0; i < n; i++)
		if (add_listed(m,
			maker_place_in(m->networks,
			    (place + (unsigned)i) % (MAKER_PLACES - 1)),
			begin_s + chance_share(&m->chance) * span_s) != 0)
			return 0;
	m->networks++;
	return n;
}

int
maker_listed(struct maker *m)
{
	double all = m->p->new_hosts * begins_s(m) / TRAFFIC_DAY_S;
	size_t single = (size_t)(all * (1 - m->p->clustered));
	size_t left = (size_t)all - single;

	m->often = share_above(m->p->fit, SERVER_TRIES);
	for (size_t i = 0; i < single; i++)
		if (add_listed(m, maker_place(m), begin_of(m)) != 0)
			return -1;
	while (left > 0) {
		size_t n = add_cluster(m, left);

		if (n == 0)
			return -1;
		left -= n;
	}
	return 0;
}
