/* SPDX-License-Identifier: ISC */
/*
 * health: what a monitor makes of the status.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include <jansson.h>

/* The exit codes of monitoring plugins. */
enum health {
	HEALTH_OK,
	HEALTH_WARNING,	 /* it works, but not as it should */
	HEALTH_CRITICAL, /* no new host is remembered */
};

/*
 * Judges a status (an object that the feed or rblcachectl made). problems, an
 * array, gets a string for each problem.
 */
enum health health_judge(const json_t *status, json_t *problems);

/* "OK", "WARNING", "CRITICAL" */
const char *health_name(enum health h);

#endif
