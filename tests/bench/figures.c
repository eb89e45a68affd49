/* SPDX-License-Identifier: ISC */
#include "figures.h"

#include <math.h>
#include <stdlib.h>

#include "crowd.h"

#define MANY 10 /* the published mean and median are of hosts above */

/* What was seen of a host. */
struct connections_host {
	unsigned refused;     /* in this week */
	int refused_day, day; /* of the last refusal, connection; from 1 */
};

/* Of connections: how many, and how many repeat a host of the same day. */
struct repeats {
	double n, again;
};

struct figures {
	struct connections_host *hosts;
	size_t hosts_n;
	struct repeats refused, clean, all;
	double listed, clean_days;
	/* hosts refused in a week, all weeks together */
	double in[CROWD_BUCKETS], weeks, tries;
	unsigned *many;
	size_t many_n;
};

static void
count(struct repeats *r, bool again)
{
	r->n++;
	r->again += again;
}

static void
take(struct figures *f, const struct traffic_host *host,
    const struct traffic_connection *c, int day)
{
	struct connections_host *h = &f->hosts[c->host];
	bool again = h->day == day;

	count(&f->all, again);
	if (host->kind == TRAFFIC_CLEAN) {
		count(&f->clean, again);
		f->clean_days += !again;
	}
	h->day = day;
	f->listed += c->listed;
	if (!c->listed)
		return;
	count(&f->refused, h->refused_day == day);
	h->refused_day = day;
	h->refused++;
}

/* Counts each host's refusals of the week, and forgets them. 0, or -1. */
static int
end_week(struct figures *f)
{
	unsigned *more =
	    realloc(f->many, (f->many_n + f->hosts_n) * sizeof *f->many);

	if (more == NULL)
		return -1;
	f->many = more;
	for (size_t i = 0; i < f->hosts_n; i++) {
		unsigned n = f->hosts[i].refused;
		size_t b = 0;

		if (n == 0)
			continue;
		f->hosts[i].refused = 0;
		while (b < CROWD_BUCKETS - 1 && n > crowd_buckets[b].most)
			b++;
		f->in[b]++;
		f->weeks++;
		f->tries += n;
		if (n > MANY)
			f->many[f->many_n++] = n;
	}
	return 0;
}

static double
percent(double of, double n)
{
	return n > 0 ? 100 * of / n : NAN;
}

static int
compare(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a;
	unsigned y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static void
write_tries(FILE *to, const struct figures *f)
{
	double many = 0;

	for (size_t i = 0; i < CROWD_BUCKETS; i++)
		fprintf(to,
		    "hosts refused %u to %u times in a week\t%.1f\t%.1f\n",
		    crowd_buckets[i].least, crowd_buckets[i].most,
		    crowd_buckets[i].percent, percent(f->in[i], f->weeks));
	fprintf(to, "repeats among a week's refusals\t59\t%.1f\n",
	    percent(f->tries - f->weeks, f->tries));
	if (f->many_n == 0)
		return;
	qsort(f->many, f->many_n, sizeof *f->many, compare);
	for (size_t i = 0; i < f->many_n; i++)
		many += f->many[i];
	fprintf(to, "mean of those above 10, times\t32\t%.0f\n",
	    many / (double)f->many_n);
	fprintf(to, "median of those, times\t15\t%u\n", f->many[f->many_n / 2]);
	fprintf(to, "most, times\t490\t%u\n", f->many[f->many_n - 1]);
}

static void
write_all(FILE *to, const struct figures *f, const struct traffic_params *p)
{
	write_tries(to, f);
	fprintf(to, "repeats among a day's refusals\t27\t%.1f\n",
	    percent(f->refused.again, f->refused.n));
	fprintf(to, "connections of listed hosts\t40-90\t%.1f\n",
	    percent(f->listed, f->all.n));
	fprintf(to, "repeats among a day's connections\t58-73\t%.1f\n",
	    percent(f->all.again, f->all.n));
	fprintf(to, "the same, of hosts never listed\t-\t%.1f\n",
	    percent(f->clean.again, f->clean.n));
	fprintf(to, "connections a day, number\t-\t%.0f\n", f->all.n / p->days);
	fprintf(to, "hosts never listed a day, number\t-\t%.0f\n",
	    f->clean_days / p->days);
}

/* Goes through the traffic. 0, or -1 with errno. */
static int
watch(struct figures *f, struct traffic *t, double day_s)
{
	struct traffic_connection c;
	int week = 0;

	while (traffic_next(t, &c)) {
		int day = (int)(c.time_s / day_s);

		if (day / 7 > week) {
			week = day / 7;
			if (end_week(f) != 0)
				return -1;
		}
		take(f, traffic_host(t, c.host), &c, day + 1);
	}
	return end_week(f);
}

int
figures_write(FILE *to, const struct traffic_params *p)
{
	struct traffic *t = traffic_new(p);
	struct figures f = {0};
	int result = -1;

	if (t == NULL)
		return -1;
	f.hosts_n = traffic_hosts(t);
	f.hosts = calloc(f.hosts_n, sizeof *f.hosts);
	if (f.hosts != NULL && watch(&f, t, TRAFFIC_DAY_S / p->speed) == 0) {
		write_all(to, &f, p);
		result = ferror(to) ? -1 : 0;
	}
	free(f.hosts);
	free(f.many);
	traffic_free(t);
	return result;
}
