/* SPDX-License-Identifier: ISC */
/*
 * crowd: the hosts of traffic.h, and when each of them comes of its own.
 */
#ifndef CROWD_H
#define CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "traffic.h"

/*
 * How many times listed hosts tried in a week, in percent of the hosts that
 * did; traffic_help says where from. They make 99.9.
 */
#define CROWD_BUCKETS 7
extern const struct crowd_bucket {
	unsigned least, most;
	double percent;
} crowd_buckets[CROWD_BUCKETS];

struct crowd_visit {
	double time_s;
	uint32_t host;
	uint32_t try;	 /* of its mail, from 0 */
	double mailed_s; /* when that came first */
};

struct crowd {
	struct traffic_host *hosts;
	size_t hosts_n, hosts_cap;
	struct crowd_visit *visits; /* in order of time */
	size_t visits_n, visits_cap;
};

/* 0, or -1 with errno ENOMEM and nothing to free. */
int crowd_make(struct crowd *c, const struct traffic_params *p)
    __attribute__((warn_unused_result));
void crowd_free(struct crowd *c);

#endif
