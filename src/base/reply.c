/* SPDX-License-Identifier: ISC */
#include "base/reply.h"

#include <ctype.h>
#include <string.h>

unsigned
reply_code(const char *text, size_t len)
{
	if (len < 4 || (text[0] != '4' && text[0] != '5') ||
	    !isdigit((unsigned char)text[1]) ||
	    !isdigit((unsigned char)text[2]) || text[3] != ' ')
		return 0;
	return (unsigned)(text[0] - '0') * 100 +
	       (unsigned)(text[1] - '0') * 10 + (unsigned)(text[2] - '0');
}

char
reply_clean(char c)
{
	if (c < 32 || c > 126)
		return '?';
	return c;
}

bool
reply_is_clean(const char *text)
{
	size_t len = strlen(text);

	if (reply_code(text, len) == 0 || len >= REPLY_SIZE)
		return false;
	for (; *text != 0; text++)
		if (reply_clean(*text) != *text)
			return false;
	return true;
}

bool
reply_is_temporary(const char *reply)
{
	return reply[0] == '4';
}
