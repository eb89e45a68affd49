/* SPDX-License-Identifier: ISC */
/*
 * simulate: made-up traffic, and what different servers make of it.
 *
 *	simulate figures		is it like the published figures?
 *	simulate policies -C RULES -F FEED.CONF	the servers compared
 *	simulate table -C RULES			by how long refusals are kept
 *	simulate answers [-C RULES -t SECONDS]	what is done, each time
 *	simulate log			the log of rblsmtpd alone
 *	simulate zone			who is listed, from when until when
 *
 * Simulated time is given to the modules that decide, nothing waits.
 */
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/exits.h"
#include "feed/settings.h"
#include "figures.h"
#include "servers.h"
#include "state/state.h"
#include "traffic.h"

#define TTLS_MAX 16
#define LATE_S (4 * TRAFFIC_HOUR_S)
#define TAI_EPOCH 4611686018427387914LL /* of multilog's stamps */

static const char usage[] =
    "usage: simulate [option ...] figures|policies|table|answers|log|zone\n"
    "  figures   what the traffic is like, beside what is published; of whole\n"
    "            four weeks\n"
    "  policies  what different servers make of it, tab-separated: recipe and\n"
    "            fixed-24h keep a refusal for a day, the second has passes;\n"
    "            fixed-4h: four hours; shipped: as -C and -F have it; "
    "prophet:\n"
    "            knows each change of the list, and asks once a host and once\n"
    "            a change\n"
    "  table     the same, by how long a refusal is kept\n"
    "  answers   what rblcache makes of each connection, without a limit of\n"
    "            bans a minute; or rblsmtpd alone, if there is no -C:\n"
    "            SECONDS IP TRY listed|cached|passed|in\n"
    "  log       what tcpserver -v and rblsmtpd alone would log of it\n"
    "  zone      listed hosts: IP, from and until when, in seconds\n"
    "servers:\n"
    "  -C RULES          rules for rblcache\n"
    "  -F FEED.CONF      its settings, as shipped; none\n"
    "  -t SECONDS[,...]  times to live: 1, 4, 12, 24, 72 h\n"
    "  -p SECONDS        passes: 900, if there are any\n"
    "  -R NUMBER         rblcache -r: 100; 0: none\n"
    "  -w DAYS           that are simulated first, and not counted: 31\n"
    "  -o                refused mail does not come again\n"
    "  -h                this text\n";

static struct {
	struct traffic_params traffic;
	const char *rules, *settings;
	double ttls_s[TTLS_MAX];
	size_t ttls_n;
	double warm_days;
	uint32_t pass_s;
	unsigned recheck;
	bool once; /* refused mail does not come again */
} o = {
    .traffic = TRAFFIC_DEFAULTS,
    .ttls_s = {3600, 4 * 3600, 12 * 3600, 24 * 3600, 72 * 3600},
    .ttls_n = 5,
    .warm_days = 31,
    .pass_s = 900,
    .recheck = 100,
};

static struct rules *rules;

/* ---- a run ---- */

/* Called for each connection, when it has its answer. */
typedef void told(void *user, const struct traffic_host *host,
    const struct traffic_connection *c, const struct server_answer *a);

static struct traffic *
make_traffic(void)
{
	struct traffic *t = traffic_new(&o.traffic);

	if (t == NULL)
		err(EXIT_SYSTEM, NULL);
	return t;
}

static void
run(struct traffic *t, const struct server_setup *setup, double start_s,
    told *tell, void *user)
{
	struct server *server = server_new(setup, traffic_hosts(t));
	struct traffic_connection c;

	if (server == NULL)
		err(EXIT_SYSTEM, NULL);
	traffic_rewind(t);
	while (traffic_next(t, &c)) {
		const struct traffic_host *host = traffic_host(t, c.host);
		struct server_answer a;

		if (c.time_s < start_s)
			continue;
		a = server_connect(server, host, &c);
		if (a.error ||
		    (a.refused && !o.once && traffic_refused(t, &c) != 0))
			err(EXIT_SYSTEM, NULL);
		tell(user, host, &c, &a);
	}
	server_free(server);
}

static void
run_once(const struct server_setup *setup, told *tell, void *user)
{
	struct traffic *t = make_traffic();

	run(t, setup, 0, tell, user);
	traffic_free(t);
}

/* ---- table ---- */

/* Names as in the table. A host is delisted in the days that are counted. */
struct sums {
	double from_s;
	double connections, queries, listed, let_in;
	double good_mails, good_mails_refused, good_mails_late, good_refusals;
	double delisted, delisted_refused;
	bool *is_delisted, *is_refused; /* by host */
};

static void
count_host(double *n, bool *is, uint32_t host)
{
	*n += !is[host];
	is[host] = true;
}

/* It left the list between these times. */
static bool
has_left(const struct traffic_host *host, double from_s, double until_s)
{
	for (size_t i = 0; i < TRAFFIC_LISTED; i++)
		if (host->listed[i].until_s >= from_s &&
		    host->listed[i].until_s <= until_s)
			return true;
	return false;
}

/* This is the first try of a mail at more than LATE_S after it should have been
   let in. */
static bool
becomes_late(const struct traffic_connection *c)
{
	double late_s = c->wronged_s + LATE_S / o.traffic.speed;

	return c->try > 0 && c->tried_s <= late_s && c->time_s > late_s;
}

static void
count(void *user, const struct traffic_host *host,
    const struct traffic_connection *c, const struct server_answer *a)
{
	struct sums *t = user;
	bool delisted = host->kind == TRAFFIC_SERVER &&
			has_left(host, t->from_s, c->time_s);
	bool first = isinf(c->wronged_s);

	if (c->time_s < t->from_s)
		return;
	t->connections++;
	t->queries += a->asked;
	t->listed += c->listed;
	t->let_in += c->listed && !a->refused;
	t->good_mails_late += becomes_late(c);
	if (c->listed || c->spam)
		return;
	t->good_mails += first;
	t->good_mails_refused += first && a->refused;
	t->good_refusals += a->refused;
	if (delisted)
		count_host(&t->delisted, t->is_delisted, c->host);
	if (delisted && a->refused)
		count_host(&t->delisted_refused, t->is_refused, c->host);
}

/*
 * From when on it has to be given the traffic to know all that it would: from
 * the beginning, if it is not known how long it remembers.
 */
static double
start_of(const struct server_setup *setup, double from_s)
{
	switch (setup->kind) {
	case SERVER_PROPHET:
	case SERVER_PROPHET_OF_REFUSALS:
		return 0;
	case SERVER_CACHE:
		if (setup->ttl_s == 0)
			return 0;
		break;
	case SERVER_ALONE:
	case SERVER_RESOLVER:
	case SERVER_RECIPE:
		break;
	}
	return from_s - setup->ttl_s - TRAFFIC_DAY_S / o.traffic.speed;
}

/* One server, in a line. It is compared with all_queries, of rblsmtpd alone. */
static double
write_row(struct traffic *traffic, const char *name,
    const struct server_setup *setup, double all_queries)
{
	size_t hosts = traffic_hosts(traffic);
	struct sums t = {
	    .from_s = o.warm_days * TRAFFIC_DAY_S / o.traffic.speed};

	t.is_delisted = calloc(hosts, sizeof *t.is_delisted);
	t.is_refused = calloc(hosts, sizeof *t.is_refused);
	if (t.is_delisted == NULL || t.is_refused == NULL)
		err(EXIT_SYSTEM, NULL);
	run(traffic, setup, start_of(setup, t.from_s), count, &t);
	if (all_queries == 0)
		all_queries = t.queries;
	printf("%s\t%.0f\t%.0f\t%.0f\t%.2f\t", name, setup->ttl_s,
	    t.connections, t.queries,
	    all_queries > 0 ? 100 * t.queries / all_queries : 0);
	printf("%.0f\t%.0f\t%.0f\t%.0f\t", t.good_mails, t.good_mails_refused,
	    t.good_mails_late, t.good_refusals);
	printf("%.0f\t%.0f\t%.0f\t%.0f\n", t.delisted, t.delisted_refused,
	    t.listed, t.let_in);
	free(t.is_delisted);
	free(t.is_refused);
	return t.queries;
}

static struct server_setup
cache(double ttl_s, struct rules *r, uint32_t pass_s)
{
	return (struct server_setup){.kind = SERVER_CACHE,
	    .ttl_s = ttl_s,
	    .trial = {.rules = r,
		.ban_s = (uint32_t)ttl_s,
		.pass_s = pass_s,
		.pass_most_s = pass_s,
		.alarm = true,
		.cap = STATE_CAP_DEFAULT,
		.recheck = o.recheck,
		.seed = o.traffic.seed}};
}

/* As the rules and settings that are shipped have it. */
static struct server_setup
shipped(void)
{
	char error[SETTINGS_ERROR_SIZE];
	struct settings settings = {0};
	struct server_setup setup;

	if (o.settings != NULL &&
	    settings_load(o.settings, &settings, error) != 0)
		errx(EXIT_USAGE, "%s", error);
	setup = cache(0, rules, settings.pass_s);
	setup.trial.pass_most_s = settings.pass_most_s;
	setup.trial.doubt_s = settings.doubt_s;
	return setup;
}

struct row {
	const char *name;
	struct server_setup setup;
};

/* The first is rblsmtpd alone. */
static void
write_rows(struct traffic *traffic, const struct row *rows, size_t n,
    double *all_queries)
{
	for (size_t i = 0; i < n; i++) {
		double queries = write_row(
		    traffic, rows[i].name, &rows[i].setup, *all_queries);

		if (rows[i].setup.kind == SERVER_ALONE)
			*all_queries = queries;
	}
}

static struct traffic *
begin_rows(void)
{
	if (rules == NULL)
		errx(EXIT_USAGE, "-C is wanted");
	if (o.warm_days >= o.traffic.days)
		errx(EXIT_USAGE, "-w leaves nothing of -d");
	puts("server\tttl_s\tconnections\tqueries\tqueries_left_percent\t"
	     "good_mails\tgood_mails_refused\tgood_mails_late\t"
	     "good_refusals\t"
	     "delisted_hosts\tdelisted_hosts_refused\t"
	     "listed\tlet_in_while_listed");
	return make_traffic();
}

static void
write_policies(void)
{
	struct traffic *traffic = begin_rows();
	const double day_s = TRAFFIC_DAY_S / o.traffic.speed;
	const struct row rows[] = {
	    {"alone", {.kind = SERVER_ALONE}},
	    {"resolver", {.kind = SERVER_RESOLVER, .speed = o.traffic.speed}},
	    {"recipe", {.kind = SERVER_RECIPE, .ttl_s = day_s}},
	    {"fixed-4h", cache(day_s / 6, rules, 0)},
	    {"fixed-24h", cache(day_s, rules, o.pass_s)},
	    {"shipped", shipped()},
	    {"prophet", {.kind = SERVER_PROPHET}},
	};
	double all = 0;

	write_rows(traffic, rows, sizeof rows / sizeof *rows, &all);
	traffic_free(traffic);
}

static void
write_table(void)
{
	struct traffic *traffic = begin_rows();
	const struct row rows[] = {
	    {"rblsmtpd alone", {.kind = SERVER_ALONE}},
	    {"resolver", {.kind = SERVER_RESOLVER, .speed = o.traffic.speed}},
	    {"prophet of refusals", {.kind = SERVER_PROPHET_OF_REFUSALS}},
	    {"prophet", {.kind = SERVER_PROPHET}},
	};
	double all = 0;

	write_rows(traffic, rows, sizeof rows / sizeof *rows, &all);
	for (size_t i = 0; i < o.ttls_n; i++) {
		double ttl_s = o.ttls_s[i];
		const struct row each[] = {
		    {"recipe of 2013", {.kind = SERVER_RECIPE, .ttl_s = ttl_s}},
		    {"rblcache", cache(ttl_s, rules, 0)},
		    {"with passes", cache(ttl_s, rules, o.pass_s)},
		};

		write_rows(traffic, each, sizeof each / sizeof *each, &all);
	}
	traffic_free(traffic);
}

/* ---- the others ---- */

static const char *
ip_of(const struct traffic_host *host)
{
	static char ip[ADDR_STRLEN];

	return addr_format(&host->ip, ip);
}

static void
write_answer(void *user, const struct traffic_host *host,
    const struct traffic_connection *c, const struct server_answer *a)
{
	(void)user;
	printf("%.6f\t%s\t%u\t%s\n", c->time_s, ip_of(host), c->try,
	    a->asked	 ? a->refused ? "listed" : "in"
	    : a->refused ? "cached"
			 : "passed");
}

static void
write_answers(void)
{
	struct server_setup setup = cache(o.ttls_s[0], rules, o.pass_s);

	/* where time runs fast, each minute has more bans than in life */
	setup.trial.cap = 0;
	if (rules == NULL)
		setup.kind = SERVER_ALONE;
	run_once(&setup, write_answer, NULL);
}

static void
write_log_of(void *user, const struct traffic_host *host,
    const struct traffic_connection *c, const struct server_answer *a)
{
	uint64_t *pid = user;
	char line[TRAFFIC_LINE_SIZE];
	char stamp[32];

	++*pid;
	snprintf(stamp, sizeof stamp, "@%016llx%08x",
	    TAI_EPOCH + SERVER_EPOCH + (long long)c->time_s, 0U);
	printf("%s tcpserver: pid %llu from %s\n", stamp,
	    (unsigned long long)*pid, ip_of(host));
	if (a->refused)
		printf("%s %s\n", stamp,
		    traffic_line(host, c->answer, *pid, line));
	printf("%s tcpserver: end %llu status 0\n", stamp,
	    (unsigned long long)*pid);
}

static void
write_log(void)
{
	const struct server_setup alone = {.kind = SERVER_ALONE};
	uint64_t pid = 0;

	run_once(&alone, write_log_of, &pid);
}

static void
write_zone(void)
{
	struct traffic *t = make_traffic();

	for (uint32_t i = 0; i < traffic_hosts(t); i++) {
		const struct traffic_host *h = traffic_host(t, i);

		for (size_t j = 0; j < TRAFFIC_LISTED; j++)
			if (h->listed[j].from_s < INFINITY)
				printf("%s\t%.6f\t%.6f\n", ip_of(h),
				    h->listed[j].from_s, h->listed[j].until_s);
	}
	traffic_free(t);
}

static void
write_figures(void)
{
	if (o.traffic.days != 28 * floor(o.traffic.days / 28))
		errx(EXIT_USAGE, "figures: whole four weeks are wanted");
	if (figures_write(stdout, &o.traffic) != 0)
		err(EXIT_SYSTEM, NULL);
}

/* ---- options ---- */

__attribute__((noreturn)) static void
die_usage(int letter, const char *value)
{
	errx(EXIT_USAGE, "option -%c: '%s' is out of range; -h says more",
	    letter, value);
}

static double
number(int letter, const char *text, double least, double most)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end != 0 || !(n >= least && n <= most))
		die_usage(letter, text);
	return n;
}

static void
read_ttls(char *list)
{
	o.ttls_n = 0;
	for (char *each = strtok(list, ","); each != NULL;
	     each = strtok(NULL, ",")) {
		if (o.ttls_n == TTLS_MAX)
			errx(EXIT_USAGE, "option -t: more than %d", TTLS_MAX);
		o.ttls_s[o.ttls_n++] = floor(number('t', each, 1, 1e7));
	}
	if (o.ttls_n == 0)
		die_usage('t', "");
}

static void
read_options(int argc, char **argv)
{
	int c;

	while (
	    (c = getopt(argc, argv, "+hoC:F:t:p:R:w:" TRAFFIC_OPTIONS)) != -1) {
		switch (c) {
		case 'h':
			fputs(usage, stdout);
			traffic_help(stdout);
			exit(fflush(stdout) == 0 ? 0 : EXIT_SYSTEM);
		case 'o':
			o.once = true;
			break;
		case 'C':
			o.rules = optarg;
			break;
		case 'F':
			o.settings = optarg;
			break;
		case 't':
			read_ttls(optarg);
			break;
		case 'p':
			o.pass_s =
			    (uint32_t)number(c, optarg, 0, TRAFFIC_DAY_S);
			break;
		case 'R':
			o.recheck = (unsigned)number(c, optarg, 0, 1e9);
			break;
		case 'w':
			o.warm_days = number(c, optarg, 0, 1000);
			break;
		case '?':
			exit(EXIT_USAGE);
		default:
			if (traffic_option(&o.traffic, c, optarg) != 0)
				die_usage(c, optarg);
		}
	}
}

static struct rules *
load(const char *path)
{
	char error[RULES_ERROR_SIZE];
	struct rules *r;

	if (path == NULL)
		return NULL;
	r = rules_load(&path, 1, error);
	if (r == NULL)
		errx(EXIT_USAGE, "%s", error);
	return r;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} commands[] = {
	    {"figures", write_figures},
	    {"policies", write_policies},
	    {"table", write_table},
	    {"answers", write_answers},
	    {"log", write_log},
	    {"zone", write_zone},
	};
	size_t i = 0;

	read_options(argc, argv);
	while (
	    i < sizeof commands / sizeof *commands &&
	    (optind != argc - 1 || strcmp(commands[i].name, argv[optind]) != 0))
		i++;
	if (i == sizeof commands / sizeof *commands) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	rules = load(o.rules);
	commands[i].run();
	rules_free(rules);
	if (fflush(stdout) != 0 || ferror(stdout))
		err(EXIT_SYSTEM, NULL);
	return 0;
}
