/* SPDX-License-Identifier: ISC */
#include "traffic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "crowd.h"

#define RETRY_S 400.0 /* chanskip of qmail-send, squared */

/* of pools: traffic_help says where from */
#define POOL_LEAST_S 60.0
#define POOL_MOST_S 360.0
#define POOL_LONGEST_S (3.6 * TRAFFIC_HOUR_S)

static const char listed_text[] =
    "Listed by XBL, see https://check.spamhaus.org/query/ip/";
/* followed by the resolver's address, which does not matter */
static const char error_text[] =
    "Error: open resolver; https://check.spamhaus.org/returnc/pub/";

struct traffic {
	struct crowd crowd;
	size_t at; /* in its visits */
	double speed;
	struct traffic_span trouble;
	enum traffic_answer troubled; /* what the list answers then */
	/* those that come again, a heap with the next one at 0 */
	struct traffic_connection *again;
	size_t again_n, again_cap;
};

/* ---- connections ---- */

static enum traffic_answer
answer_in(enum traffic_trouble trouble)
{
	switch (trouble) {
	case TRAFFIC_EVERYBODY:
		return TRAFFIC_IS_LISTED;
	case TRAFFIC_NOBODY:
		return TRAFFIC_NOT_LISTED;
	case TRAFFIC_ERROR:
		break;
	}
	return TRAFFIC_HAS_ERROR;
}

struct traffic *
traffic_new(const struct traffic_params *p)
{
	struct traffic *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->speed = p->speed;
	t->trouble.from_s =
	    fmax(p->days * TRAFFIC_DAY_S - TRAFFIC_WEEK_S / 2, 0) / p->speed;
	t->trouble.until_s =
	    t->trouble.from_s + p->trouble_hours * TRAFFIC_HOUR_S / p->speed;
	t->troubled = answer_in(p->trouble);
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

static bool
is_in(const struct traffic_span *span, double time_s)
{
	return time_s >= span->from_s && time_s < span->until_s;
}

bool
traffic_listed(const struct traffic_host *h, double time_s)
{
	for (size_t i = 0; i < TRAFFIC_LISTED; i++)
		if (is_in(&h->listed[i], time_s))
			return true;
	return false;
}

bool
traffic_next(struct traffic *t, struct traffic_connection *c)
{
	const struct crowd_visit *visit = t->crowd.visits + t->at;

	if (t->at == t->crowd.visits_n)
		return false;
	if (t->again_n > 0 && t->again[0].time_s <= visit->time_s) {
		*c = take_again(t);
	} else {
		*c = (struct traffic_connection){.time_s = visit->time_s,
		    .host = visit->host,
		    .spam = visit->spam,
		    .mail = t->at,
		    .mailed_s = visit->time_s,
		    .wronged_s = INFINITY};
		t->at++;
	}
	c->listed = traffic_listed(&t->crowd.hosts[c->host], c->time_s);
	if (is_in(&t->trouble, c->time_s))
		c->answer = t->troubled;
	else
		c->answer = c->listed ? TRAFFIC_IS_LISTED : TRAFFIC_NOT_LISTED;
	return true;
}

double
traffic_due_again(double mailed_s, unsigned tries, double speed)
{
	return mailed_s + RETRY_S * tries * tries / speed;
}

/* When and from where a pool tries again. The mail's own chance decides. */
static void
try_in_pool(const struct traffic *t, const struct traffic_host *h,
    struct traffic_connection *next)
{
	struct chance chance = {next->mail << 8 | next->try};
	double gap_s = chance_scale(&chance, POOL_LEAST_S, POOL_MOST_S);
	uint32_t place = next->host - h->pool;

	gap_s = fmin(ldexp(gap_s, (int)next->try - 1), POOL_LONGEST_S);
	next->time_s = next->tried_s + gap_s / t->speed;
	if (h->pool_wanders)
		place += (uint32_t)(chance_bits(&chance) % h->pool_n);
	next->host = h->pool + place % h->pool_n;
}

int
traffic_refused(struct traffic *t, const struct traffic_connection *c)
{
	const struct traffic_host *h = &t->crowd.hosts[c->host];
	struct traffic_connection next = *c;
	size_t i = t->again_n;

	if (c->spam)
		return 0;
	next.try++;
	next.tried_s = c->time_s;
	next.time_s = traffic_due_again(c->mailed_s, next.try, t->speed);
	if (!c->listed)
		next.wronged_s = fmin(c->wronged_s, c->time_s);
	if (h->pool_n > 0)
		try_in_pool(t, h, &next);
	if (next.time_s > c->mailed_s + TRAFFIC_WEEK_S / t->speed)
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
traffic_line(const struct traffic_host *h, enum traffic_answer answer,
    uint64_t pid, char buf[TRAFFIC_LINE_SIZE])
{
	char ip[ADDR_STRLEN];

	addr_format(&h->ip, ip);
	snprintf(buf, TRAFFIC_LINE_SIZE, "rblsmtpd: %s pid %llu: 451 %s%s", ip,
	    (unsigned long long)pid,
	    answer == TRAFFIC_HAS_ERROR ? error_text : listed_text, ip);
	return buf;
}
