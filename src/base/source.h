/* SPDX-License-Identifier: ISC */
/* source: where an answer about a client came from, and the word for it. */
#ifndef SOURCE_H
#define SOURCE_H

#include "base/slice.h"

enum source {
	SOURCE_NONE,   /* nobody knows the client */
	SOURCE_LOCAL,  /* a rule of the admin's */
	SOURCE_IPSET,  /* a kernel set of bans */
	SOURCE_RECENT, /* recent.cdb */
	SOURCE_PASS,   /* a kernel set of hosts that pass */
	SOURCES,       /* how many there are */
};

/* The word; "" for SOURCE_NONE. */
static inline const char *
source_name(enum source source)
{
	static const char *const names[SOURCES] = {
	    [SOURCE_NONE] = "",
	    [SOURCE_LOCAL] = "local",
	    [SOURCE_IPSET] = "ipset",
	    [SOURCE_RECENT] = "recent",
	    [SOURCE_PASS] = "pass",
	};

	return names[source];
}

/* Takes such a word off the start; SOURCE_NONE: there is none. */
static inline enum source
source_take(struct slice *s)
{
	enum source source = SOURCES - 1;

	while (source != SOURCE_NONE && !slice_skip(s, source_name(source)))
		source--;
	return source;
}

#endif
