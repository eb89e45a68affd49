/* SPDX-License-Identifier: ISC */
/*
 * metrics: the status in Prometheus' text format (exposition formats, version
 * 0.0.4).
 */
#ifndef METRICS_H
#define METRICS_H

#include <jansson.h>
#include <stdio.h>

/* Writes them; errors are the stream's. */
void metrics_write(FILE *to, const json_t *status);

/*
 * Writes them to rblcache.prom in a textfile directory of node_exporter, whole
 * or not at all. Returns 0, or -1 with errno.
 */
int metrics_save(const char *dir, const json_t *status)
    __attribute__((warn_unused_result));

#endif
