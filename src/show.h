/*
 * show: the status on one screen, for people.
 */
#ifndef SHOW_H
#define SHOW_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "health.h"

/* Writes it; errors are the stream's. */
void show_status(
    FILE *to, const json_t *status, enum health health, const json_t *problems);

/* Local time as "2026-11-25 14:30:05". */
#define SHOW_TIME_SIZE 32
const char *show_time(int64_t time_s, char buf[SHOW_TIME_SIZE]);

/* Seconds as "23h 59m", in the two largest units. */
const char *show_span(int64_t seconds, char buf[SHOW_TIME_SIZE]);

#endif
