/* SPDX-License-Identifier: ISC */
/*
 * traffic: the connections that a mail server gets, made up from published
 * figures, so that what different servers make of them can be compared.
 *
 *	params -> crowd.h (hosts, and when each comes) -> connections
 *	                      mail that was refused comes again --^
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
#include <stdio.h>

#include "base/addr.h"

#define TRAFFIC_HOUR_S 3600.0
#define TRAFFIC_DAY_S (24 * TRAFFIC_HOUR_S)
#define TRAFFIC_WEEK_S (7 * TRAFFIC_DAY_S)

/* How often each listed host comes: no law meets all that is published. */
enum traffic_fit {
	TRAFFIC_USUAL, /* as often in each of its weeks as was seen in a week */
	TRAFFIC_S2,    /* as often in all as was seen in four weeks */
};

/* What the list tells in the hours of trouble. */
enum traffic_trouble {
	TRAFFIC_ERROR,	   /* an error, with a text that says so */
	TRAFFIC_EVERYBODY, /* that it lists the host, whoever it is */
	TRAFFIC_NOBODY,	   /* that it does not */
};

/* What each is, and where its figure is from: traffic_help. */
struct traffic_params {
	uint64_t seed;
	enum traffic_fit fit;
	double days;
	double new_hosts; /* a day */
	double listed;
	double weeks;
	double retrying;
	double hammering;
	double late;
	double clustered;
	double neighbours;
	double leaving, returning;
	double servers;
	double mails; /* a day */
	double known, hacked, pooled;
	double repeats;
	double trouble_hours;
	enum traffic_trouble trouble;
	double speed;
	double step_s; /* in the server's time */
};

#define TRAFFIC_DEFAULTS                                                       \
	{                                                                      \
		.seed = 1, .days = 38, .new_hosts = 1250, .listed = 0.65,      \
		.weeks = 4, .late = 0.05, .clustered = 0.2,                    \
		.neighbours = 0.01, .leaving = 0.13, .returning = 0.45,        \
		.servers = 0.012, .mails = 8, .known = 0.5, .hacked = 0.5,     \
		.repeats = 0.8, .speed = 1                                     \
	}

/* For getopt. */
#define TRAFFIC_OPTIONS "b:c:d:e:E:f:g:H:k:K:l:L:m:M:n:P:q:r:s:T:u:U:x:"

/* Writes what each option means, a line or more, and what cannot be chosen. */
void traffic_help(FILE *to);

/* Takes an option of these. 0, or -1 when it is none or is out of range. */
int traffic_option(struct traffic_params *p, int letter, const char *value)
    __attribute__((warn_unused_result));

enum traffic_kind {
	TRAFFIC_CLEAN,	/* never listed */
	TRAFFIC_BOT,	/* listed, and never to be let in */
	TRAFFIC_SERVER, /* a mail server: listed for a while */
};

struct traffic_span {
	double from_s, until_s;
};

#define TRAFFIC_LISTED 2 /* one that has left may come back once */

struct traffic_host {
	struct addr ip;
	enum traffic_kind kind;
	/* when the list has it, in order; INFINITY, INFINITY: never */
	struct traffic_span listed[TRAFFIC_LISTED];
	/* those that share its mail, by number; 0: it is in no pool */
	uint32_t pool, pool_n;
	bool pool_wanders; /* any of them tries again */
};

/* Whether the list has it at that time. */
bool traffic_listed(const struct traffic_host *h, double time_s);

enum traffic_answer {
	TRAFFIC_NOT_LISTED,
	TRAFFIC_IS_LISTED,
	TRAFFIC_HAS_ERROR,
};

struct traffic_connection {
	double time_s;
	uint32_t host;
	bool spam;
	bool listed;		    /* at that time */
	enum traffic_answer answer; /* to whoever asks the list */
	/* of this mail */
	uint64_t mail;	  /* its number */
	unsigned try;	  /* 0: it is its first */
	double mailed_s;  /* when that was */
	double tried_s;	  /* when the try before was; 0 if there was none */
	double wronged_s; /* when it was first refused while no list had its
			     host; INFINITY: never */
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
 * The connection was refused. If it was no spam, it comes again when it is due
 * again, for a week; from another host perhaps, if its own is in a pool.
 * Returns 0, or -1 with errno ENOMEM.
 */
int traffic_refused(struct traffic *t, const struct traffic_connection *c)
    __attribute__((warn_unused_result));

/* How many there are, at least one; and host n, valid as long as t. */
size_t traffic_hosts(const struct traffic *t);
const struct traffic_host *traffic_host(const struct traffic *t, uint32_t n);

/* What rblsmtpd logs of a host that is refused by such an answer of the list:
   "rblsmtpd: IP pid N: 451 TEXT". */
#define TRAFFIC_LINE_SIZE 256
const char *traffic_line(const struct traffic_host *h,
    enum traffic_answer answer, uint64_t pid, char buf[TRAFFIC_LINE_SIZE]);

#endif
