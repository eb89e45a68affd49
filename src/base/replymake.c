/* SPDX-License-Identifier: ISC */
/* The part of reply.h that makes replies, which the hook does not. */
#include "base/reply.h"

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
