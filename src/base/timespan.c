/* SPDX-License-Identifier: ISC */
#include "base/timespan.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int
timespan_parse(const char *text, uint32_t *seconds)
{
	static const char units[] = "smhdw";
	static const uint32_t factor[] = {1, 60, 3600, 86400, 604800};
	const char *unit;
	uint64_t n = 0;

	if (!isdigit((unsigned char)*text))
		return -1;
	for (; isdigit((unsigned char)*text); text++) {
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > TIMESPAN_MAX_S)
			return -1;
	}
	if (*text != 0) {
		unit = strchr(units, *text);
		if (unit == NULL || text[1] != 0)
			return -1;
		n *= factor[unit - units];
	}
	if (n < 1 || n > TIMESPAN_MAX_S)
		return -1;
	*seconds = (uint32_t)n;
	return 0;
}

const char *
timespan_format(uint32_t seconds, char buf[TIMESPAN_SIZE])
{
	uint32_t unit = seconds % 3600 == 0 ? 3600 : seconds % 60 == 0 ? 60 : 1;

	snprintf(buf, TIMESPAN_SIZE, "%" PRIu32 "%c", seconds / unit,
	    unit == 3600 ? 'h'
	    : unit == 60 ? 'm'
			 : 's');
	return buf;
}
