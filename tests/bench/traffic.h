/* SPDX-License-Identifier: ISC */
/*
 * traffic: the connections that a mail server gets, made up from published
 * figures, so that what different servers make of them can be compared.
 *
 *	params -> crowd.h (hosts, and when each comes) -> connections
 *	                 good mail that was refused comes again --^
 *
 * The same parameters lead to the same connections, but for those that come
 * again. Times are seconds since the start, in the server's time: a simulated
 * day takes 86400 / speed of them.
 *
 *	struct traffic_params p = TRAFFIC_DEFAULTS;
 *	struct traffic *t = traffic_new(&p);
 *	while (traffic_next(t, &c))
 *		if (refused)
 *			traffic_refused(t, &c);
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define TRAFFIC_HOUR_S 3600.0
#define TRAFFIC_DAY_S (24 * TRAFFIC_HOUR_S)
#define TRAFFIC_WEEK_S (7 * TRAFFIC_DAY_S)

/* What each is, and where its figure is from, is in traffic_help. */
struct traffic_params {
	uint64_t seed;
	double days;
	double new_hosts; /* a day */
	double listed;
	double weeks;
	double retrying;
	double late;
	double clustered;
	double neighbours;
	double servers;
	double mails; /* a day */
	double repeats;
	double error_hours;
	double speed;
	double step_s; /* in the server's time */
};

#define TRAFFIC_DEFAULTS                                                       \
	{                                                                      \
		.seed = 1, .days = 38, .new_hosts = 1250, .listed = 0.65,      \
		.weeks = 4, .retrying = 0, .late = 0.05, .clustered = 0.2,     \
		.neighbours = 0.01, .servers = 0.012, .mails = 8,              \
		.repeats = 0.65, .error_hours = 0, .speed = 1, .step_s = 0     \
	}

/* For getopt; and what they mean, a line or more each. */
#define TRAFFIC_OPTIONS "b:c:d:e:E:g:l:L:m:M:n:q:r:s:x:"
extern const char traffic_help[];

/* Takes an option of these. 0, or -1 when it is none or is out of range. */
int traffic_option(struct traffic_params *p, int letter, const char *value)
    __attribute__((warn_unused_result));

enum traffic_kind {
	TRAFFIC_CLEAN,	/* never listed */
	TRAFFIC_BOT,	/* listed, and never to be let in */
	TRAFFIC_SERVER, /* a mail server: listed for a while */
};

struct traffic_host {
	struct addr ip;
	enum traffic_kind kind;
	double good_s; /* when its mail is good mail, from then on */
	double listed_s, unlisted_s; /* from when until when */
};

struct traffic_connection {
	double time_s;
	uint32_t host;
	bool listed;	 /* at that time */
	bool error;	 /* whoever asks is told of an error, of anybody */
	unsigned try;	 /* of this mail; 0: it is its first */
	double mailed_s; /* when that was */
	bool wronged;	 /* it was refused while no list had the host */
};

struct traffic;

/* NULL with errno ENOMEM. */
struct traffic *traffic_new(const struct traffic_params *p)
    __attribute__((warn_unused_result));
void traffic_free(struct traffic *t);

/* Back to the start: the same again. */
void traffic_rewind(struct traffic *t);

/*
 * When the next connection comes; INFINITY: there are no more. It is the next
 * one as long as none that is refused comes again before it.
 */
double traffic_due(const struct traffic *t);

/* The next connection; false: there are no more. */
bool traffic_next(struct traffic *t, struct traffic_connection *c);

/*
 * When a mail that came first at mailed_s is due again after so many tries, as
 * qmail-send 1.03 has it for remote mail: 400 s times their square.
 */
double traffic_due_again(double mailed_s, unsigned tries, double speed);

/*
 * The connection was refused. If it was good mail, it comes again when it is
 * due again, for a week. Returns 0, or -1 with errno ENOMEM.
 */
int traffic_refused(struct traffic *t, const struct traffic_connection *c)
    __attribute__((warn_unused_result));

/* How many there are, at least one; and host n, valid as long as t. */
size_t traffic_hosts(const struct traffic *t);
const struct traffic_host *traffic_host(const struct traffic *t, uint32_t n);

/* What rblsmtpd logs of a host that is refused: "rblsmtpd: IP pid N: 451 TEXT".
 */
#define TRAFFIC_LINE_SIZE 256
const char *traffic_line(const struct traffic_host *h, bool error, uint64_t pid,
    char buf[TRAFFIC_LINE_SIZE]);

#endif
