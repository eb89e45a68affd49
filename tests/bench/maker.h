/* SPDX-License-Identifier: ISC */
/*
 * maker: a crowd (crowd.h) while it is made. Times are simulated seconds from the
 * start. What says "0, or -1" has errno ENOMEM then.
 */
#ifndef MAKER_H
#define MAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "chance.h"
#include "crowd.h"

struct maker {
	struct crowd *crowd;
	const struct traffic_params *p;
	struct chance chance;
	double often; /* of the hosts come often enough */
	double again; /* tries of listed servers' mail, if refused */
	uint32_t networks, others; /* places that were given away */
	uint32_t neighbours;	   /* clean hosts in networks, one in each */
};

/* Adds a host that is never listed. Its number, or -1. */
long maker_host(struct maker *m, uint32_t ip)
    __attribute__((warn_unused_result));

/* Whether it is in the days that are made. */
bool maker_in_days(const struct maker *m, double time_s);

/* Adds a visit, if it is in these days. 0, or -1. */
int maker_visit(struct maker *m, uint32_t host, double time_s, bool spam)
    __attribute__((warn_unused_result));

#define MAKER_PLACES 255 /* in a network; the last is for a clean host */

/* The address of a place in one of the networks with many listed
   hosts; and a new one anywhere else. */
uint32_t maker_place_in(uint32_t network, unsigned place);
uint32_t maker_place(struct maker *m);

/* Adds all hosts that are listed at some time, and their visits. 0, or -1. */
int maker_listed(struct maker *m) __attribute__((warn_unused_result));

#endif
