/* SPDX-License-Identifier: ISC */
/*
 * crowd: the hosts of traffic.h, and when each of them comes of its own.
 */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic.h"

/*
 * How many times listed hosts tried, in percent of the hosts that did;
 * traffic_help says where from, and of how long. They make 100 about.
 */
#define CROWD_BUCKETS 7
struct crowd_bucket {
	unsigned least, most;
	double percent;
};
/* by enum traffic_fit: of a week, and of four */
extern const struct crowd_bucket crowd_buckets[2][CROWD_BUCKETS];

struct crowd_visit {
	double time_s;
	uint32_t host;
	bool spam;
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
