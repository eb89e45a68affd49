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

void
reply_with_code(
    char out[REPLY_SIZE], unsigned code, const char *text, size_t len)
{
	if (len > REPLY_TEXT_MAX)
		len = REPLY_TEXT_MAX;
	*out++ = (char)('0' + code / 100 % 10);
	*out++ = (char)('0' + code / 10 % 10);
	*out++ = (char)('0' + code % 10);
	*out++ = ' ';
	for (size_t i = 0; i < len; i++)
		*out++ = reply_clean(text[i]);
	*out = 0;
}

void
reply_make(char out[REPLY_SIZE], unsigned code, const char *text, size_t len)
{
	unsigned own = reply_code(text, len);

	if (own != 0)
		reply_with_code(out, own, text + 4, len - 4);
	else
		reply_with_code(out, code, text, len);
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
