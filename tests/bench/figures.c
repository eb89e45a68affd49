/* SPDX-License-Identifier: ISC */
#include "figures.h"

#include <math.h>
#include <stdlib.h>

#include "crowd.h"

#define MANY 10 /* the published mean and median are of hosts above */
#define MONTH_S (30 * TRAFFIC_DAY_S)

/* What was seen of a host. */
struct seen {
	unsigned in_week, in_four; /* refusals */
	int refused_day, day,
	    week;	/* of the last refusal, connection; from 1 */
	double first_s; /* the first refusal; 0: none so far */
};

/* Of connections: how many, and how many repeat a host of the same time. */
struct repeats {
	double n, again;
};

/* Hosts by how often they were refused in a time, all such times together. */
struct spread {
	double in[CROWD_BUCKETS], hosts, tries;
};

struct figures {
	const struct traffic_params *p;
	struct seen *hosts;
	size_t hosts_n;
	struct repeats refused, clean, clean_week, all;
	double listed, clean_days;
	struct spread week, four;
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
	struct seen *h = &f->hosts[c->host];
	bool again = h->day == day;
	int week = 1 + (day - 1) / 7;

	count(&f->all, again);
	if (host->kind == TRAFFIC_CLEAN) {
		count(&f->clean, again);
		count(&f->clean_week, h->week == week);
		f->clean_days += !again;
	}
	h->day = day;
	h->week = week;
	f->listed += c->listed;
	if (!c->listed)
		return;
	count(&f->refused, h->refused_day == day);
	h->refused_day = day;
	if (h->first_s == 0)
		h->first_s = c->time_s;
	h->in_week++;
	h->in_four++;
}

static void
spread(struct spread *s, unsigned n)
{
	const struct crowd_bucket *buckets = crowd_buckets[TRAFFIC_USUAL];
	size_t b = 0;

	if (n == 0)
		return;
	while (b < CROWD_BUCKETS - 1 && n > buckets[b].most)
		b++;
	s->in[b]++;
	s->hosts++;
	s->tries += n;
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
		unsigned n = f->hosts[i].in_week;

		f->hosts[i].in_week = 0;
		spread(&f->week, n);
		if (n > MANY)
			f->many[f->many_n++] = n;
	}
	return 0;
}

static void
end_four_weeks(struct figures *f)
{
	for (size_t i = 0; i < f->hosts_n; i++) {
		spread(&f->four, f->hosts[i].in_four);
		f->hosts[i].in_four = 0;
	}
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
write_many(FILE *to, const struct figures *f)
{
	double many = 0;

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
write_tries(FILE *to, const struct figures *f)
{
	const struct crowd_bucket *week = crowd_buckets[TRAFFIC_USUAL];
	/* in the CBL, and all that were refused; above 10 all are one there */
	static const char *const four[] = {
	    "56-60", "17-18", "7.4-8.3", "4.1-4.7", "8-9.3", "3.7-4.2"};
	const size_t last = sizeof four / sizeof *four - 1;

	for (size_t i = 0; i < CROWD_BUCKETS; i++)
		fprintf(to,
		    "hosts refused %u to %u times in a week\t%.1f\t%.1f\n",
		    week[i].least, week[i].most, week[i].percent,
		    percent(f->week.in[i], f->week.hosts));
	fprintf(to, "repeats among a week's refusals\t59\t%.1f\n",
	    percent(f->week.tries - f->week.hosts, f->week.tries));
	write_many(to, f);
	for (size_t i = 0; i < last; i++)
		fprintf(to,
		    "hosts refused %u to %u times in four weeks\t%s\t%.1f\n",
		    week[i].least, week[i].most, four[i],
		    percent(f->four.in[i], f->four.hosts));
	fprintf(to, "hosts refused more often in four weeks\t%s\t%.1f\n",
	    four[last],
	    percent(f->four.in[last] + f->four.in[last + 1], f->four.hosts));
}

/* Those of the hosts that are asked for, in percent of those that may be. */
struct share {
	double n, of;
};

static void
write_hosts(FILE *to, const struct figures *f, const struct traffic *t)
{
	struct share left = {0}, back = {0}, known = {0};
	const double month_s = MONTH_S / f->p->speed;

	for (uint32_t i = 0; i < traffic_hosts(t); i++) {
		const struct traffic_host *h = traffic_host(t, i);
		double first_s = f->hosts[i].first_s;
		bool leaves = isfinite(h->listed[0].until_s);

		if (h->kind == TRAFFIC_CLEAN)
			continue;
		if (h->kind == TRAFFIC_SERVER) {
			known.of++;
			known.n += isfinite(h->listed[0].from_s);
		} else if (first_s > 0 && first_s < h->listed[0].until_s) {
			left.of++;
			left.n += h->listed[0].until_s < first_s + month_s;
		}
		back.of += leaves;
		back.n += leaves && isfinite(h->listed[1].from_s);
	}
	fprintf(to, "listed hosts that leave within 30 days\t13\t%.1f\n",
	    percent(left.n, left.of));
	fprintf(to, "hosts that come back, of those that leave\t45\t%.1f\n",
	    percent(back.n, back.of));
	fprintf(to, "servers that sent mail before\t-\t%.1f\n",
	    percent(known.n, known.of));
}

static void
write_connections(FILE *to, const struct figures *f)
{
	fprintf(to, "repeats among a day's refusals\t27 or more\t%.1f\n",
	    percent(f->refused.again, f->refused.n));
	fprintf(to, "connections of listed hosts\t40-90\t%.1f\n",
	    percent(f->listed, f->all.n));
	fprintf(to, "repeats among a day's connections\t59-75\t%.1f\n",
	    percent(f->all.again, f->all.n));
	fprintf(to, "the same, of hosts never listed\t-\t%.1f\n",
	    percent(f->clean.again, f->clean.n));
	fprintf(to, "the same, of hosts never listed, in a week\t93-95\t%.1f\n",
	    percent(f->clean_week.again, f->clean_week.n));
	fprintf(
	    to, "connections a day, number\t-\t%.0f\n", f->all.n / f->p->days);
	fprintf(to, "hosts never listed a day, number\t-\t%.0f\n",
	    f->clean_days / f->p->days);
}

/* Goes through the traffic, as rblsmtpd alone has it. 0, or -1 with errno. */
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
			if (week % 4 == 0)
				end_four_weeks(f);
		}
		take(f, traffic_host(t, c.host), &c, day + 1);
		if (c.listed && traffic_refused(t, &c) != 0)
			return -1;
	}
	end_four_weeks(f);
	return end_week(f);
}

int
figures_write(FILE *to, const struct traffic_params *p)
{
	struct traffic *t = traffic_new(p);
	struct figures f = {.p = p};
	int result = -1;

	if (t == NULL)
		return -1;
	f.hosts_n = traffic_hosts(t);
	f.hosts = calloc(f.hosts_n, sizeof *f.hosts);
	if (f.hosts != NULL && watch(&f, t, TRAFFIC_DAY_S / p->speed) == 0) {
		write_tries(to, &f);
		write_connections(to, &f);
		write_hosts(to, &f, t);
		result = ferror(to) ? -1 : 0;
	}
	free(f.hosts);
	free(f.many);
	traffic_free(t);
	return result;
}
