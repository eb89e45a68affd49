#include "figures.h"

#include <math.h>
#include <stdlib.h>

#define WEEK_S (7 * TRAFFIC_DAY_S)
#define MANY 10 /* the published mean and median are of hosts above */

static const struct bucket {
	unsigned least, most;
	const char *name, *published;
} buckets[] = {
    {1, 1, "hosts refused once in a week", "61.9"},
    {2, 2, "twice", "16.8"},
    {3, 3, "3 times", "9.3"},
    {4, 4, "4 times", "3.5"},
    {5, 10, "5 to 10 times", "6.4"},
    {11, 20, "11 to 20 times", "1.3"},
    {21, 0, "more often", "0.7"},
};
#define BUCKETS (sizeof buckets / sizeof *buckets)

/* What was seen of a host. */
struct seen_host {
	unsigned refused;
	int refused_day, day; /* of the last refusal, connection; from 1 */
};

/* Of connections: how many, and how many repeat a host of the same day. */
struct repeats {
	double n, again;
};

struct figures {
	struct seen_host *hosts;
	struct repeats refused, clean, all;
	double listed;
	double new_clean, clean_days; /* hosts of a day that are new to it */
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
	struct seen_host *h = &f->hosts[c->host];
	bool again = h->day == day;

	count(&f->all, again);
	if (host->kind == TRAFFIC_CLEAN) {
		count(&f->clean, again);
		f->clean_days += !again;
		f->new_clean += h->day == 0;
	}
	h->day = day;
	f->listed += c->listed;
	if (!c->listed)
		return;
	count(&f->refused, h->refused_day == day);
	h->refused_day = day;
	h->refused++;
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

/* Of the hosts whose first week was seen as a whole. */
static int
write_tries(
    FILE *to, const struct figures *f, const struct traffic *t, double days_s)
{
	double hosts = 0;
	double servers = 0;
	double tries = 0;
	double many_tries = 0;
	double in[BUCKETS] = {0};
	size_t many_n = 0;
	unsigned *many;

	many = calloc(traffic_hosts(t), sizeof *many);
	if (many == NULL)
		return -1;
	for (uint32_t i = 0; i < traffic_hosts(t); i++) {
		const struct traffic_host *h = traffic_host(t, i);
		unsigned n = f->hosts[i].refused;
		size_t b = 0;

		if (h->first_s < 0 || h->first_s > days_s - WEEK_S || n == 0)
			continue;
		while (b < BUCKETS - 1 && n > buckets[b].most)
			b++;
		in[b]++;
		hosts++;
		servers += h->kind == TRAFFIC_SERVER;
		tries += n;
		if (n > MANY) {
			many[many_n++] = n;
			many_tries += n;
		}
	}
	for (size_t b = 0; b < BUCKETS; b++)
		fprintf(to, "%s\t%s\t%.1f\n", buckets[b].name,
		    buckets[b].published, percent(in[b], hosts));
	qsort(many, many_n, sizeof *many, compare);
	fprintf(to, "mean of those above 10, times\t32\t%.0f\n",
	    many_tries / (double)many_n);
	fprintf(to, "median of those, times\t15\t%u\n", many[many_n / 2]);
	fprintf(
	    to, "most, times\t490\t%u\n", many_n > 0 ? many[many_n - 1] : 0);
	fprintf(to, "repeats among a week's refusals\t59\t%.1f\n",
	    percent(tries - hosts, tries));
	fprintf(to, "mail servers among listed hosts\t-\t%.1f\n",
	    percent(servers, hosts));
	free(many);
	return 0;
}

int
figures_write(FILE *to, const struct traffic_params *p)
{
	struct traffic *t = traffic_new(p);
	struct figures f = {0};
	struct traffic_connection c;
	double day_s = TRAFFIC_DAY_S / p->speed;
	int result = -1;

	if (t == NULL)
		return -1;
	f.hosts = calloc(traffic_hosts(t), sizeof *f.hosts);
	if (f.hosts == NULL)
		goto out;
	while (traffic_next(t, &c))
		take(&f, traffic_host(t, c.host), &c,
		    1 + (int)(c.time_s / day_s));
	if (write_tries(to, &f, t, p->days * day_s) != 0)
		goto out;
	fprintf(to, "repeats among a day's refusals\t27\t%.1f\n",
	    percent(f.refused.again, f.refused.n));
	fprintf(to, "connections of listed hosts\t40-90\t%.1f\n",
	    percent(f.listed, f.all.n));
	fprintf(to, "repeats among a day's connections\t58-73\t%.1f\n",
	    percent(f.all.again, f.all.n));
	fprintf(to, "the same, of hosts never listed\t-\t%.1f\n",
	    percent(f.clean.again, f.clean.n));
	fprintf(to, "connections a day, number\t-\t%.0f\n", f.all.n / p->days);
	fprintf(to, "hosts never listed a day, number\t-\t%.0f\n",
	    f.clean_days / p->days);
	result = ferror(to) ? -1 : 0;
out:
	free(f.hosts);
	traffic_free(t);
	return result;
}
