/* SPDX-License-Identifier: ISC */
#include "base/plain.h"

void
plain_text(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p != 0; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			*p = p[1] = '?';
	}
}
