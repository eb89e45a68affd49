/*
 * crowd: the hosts of traffic.h, and when each of them comes of its own.
 */
#ifndef CROWD_H
#define CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "traffic.h"

struct crowd_visit {
	double time_s;
	uint32_t host;
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
