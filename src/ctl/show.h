/* SPDX-License-Identifier: ISC */
/*
 * show: the status on one screen, for people.
 */
#ifndef SHOW_H
#define SHOW_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/health.h"

/* Writes it; errors are the stream's. */
void show_status(
    FILE *to, const json_t *status, enum health health, const json_t *problems);

#define SHOW_SPAN_SIZE 32

/* Seconds as "23h 59m", in the two largest units. */
const char *show_span(int64_t seconds, char buf[SHOW_SPAN_SIZE]);

#endif
