/* SPDX-License-Identifier: ISC */
/*
 * lift: takes bans back, from the state and from the kernel sets.
 *
 * feed_flush_sets then sends the kernel what was collected for it.
 */
#ifndef LIFT_H
#define LIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct feed;

/* The ban around an address. Whether there was one in the state. */
bool lift_host(struct feed *f, const struct addr *a);

/*
 * All bans, from the state alone: to empty the sets whole (livesets_empty) is
 * faster. How many.
 */
size_t lift_all(struct feed *f);

/* Those of a rule that began at since_s (unix seconds) or later. How many. */
size_t lift_rule(struct feed *f, const char *rule, int64_t since_s);

/*
 * Those since since_s that the i-th zone may have made; and forgets what rules
 * about lists have counted. Not those that an administrator added, nor those of
 * rules that are about no list. How many.
 */
size_t lift_zone(struct feed *f, size_t i, int64_t since_s);

#endif
