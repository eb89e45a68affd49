#include "stamp.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define TAI64N_LEN 26
#define TAI64_UNIX_EPOCH 4611686018427387914ULL

static size_t
parse_tai64n(const char *line, size_t len, int64_t *unix_s)
{
	uint64_t seconds = 0;

	if (len < TAI64N_LEN || line[0] != '@' || line[TAI64N_LEN - 1] != ' ')
		return 0;
	for (size_t i = 1; i < TAI64N_LEN - 1; i++) {
		char c = line[i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else
			return 0;
		if (i <= 16)
			seconds = seconds << 4 | digit;
	}
	if (seconds < TAI64_UNIX_EPOCH || seconds >> 32 > 0x40000000U + 0xffU)
		return 0;
	*unix_s = (int64_t)(seconds - TAI64_UNIX_EPOCH);
	return TAI64N_LEN;
}

/* Whether text has the shape of pattern, where 0 stands for any digit. */
static bool
has_shape(const char *text, const char *pattern)
{
	for (; *pattern != 0; pattern++, text++)
		if (*pattern == '0' ? !isdigit((unsigned char)*text)
				    : *text != *pattern)
			return false;
	return true;
}

static int
number(const char *text, size_t len)
{
	int n = 0;

	while (len-- > 0)
		n = n * 10 + (*text++ - '0');
	return n;
}

static size_t
parse_local(const char *line, size_t len, int64_t *unix_s)
{
	static const char *const shapes[] = {
	    "0000-00-00 00:00:00.000000000 ", "0000-00-00 00:00:00.000 "};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		size_t n = strlen(shapes[i]);
		struct tm tm;
		time_t t;

		if (len < n || !has_shape(line, shapes[i]))
			continue;
		tm = (struct tm){
		    .tm_year = number(line, 4) - 1900,
		    .tm_mon = number(line + 5, 2) - 1,
		    .tm_mday = number(line + 8, 2),
		    .tm_hour = number(line + 11, 2),
		    .tm_min = number(line + 14, 2),
		    .tm_sec = number(line + 17, 2),
		    .tm_isdst = -1,
		};
		t = mktime(&tm);
		if (t < 0 || tm.tm_mon != number(line + 5, 2) - 1)
			return 0;
		*unix_s = t;
		return n;
	}
	return 0;
}

size_t
stamp_parse(const char *line, size_t len, int64_t *unix_s)
{
	if (len > 0 && line[0] == '@')
		return parse_tai64n(line, len, unix_s);
	return parse_local(line, len, unix_s);
}
