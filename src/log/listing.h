/* SPDX-License-Identifier: ISC */
/*
 * listing: does the text of a refusal say that a list has the host?
 *
 * A server asks a list and takes whatever it answers for a listing. But lists
 * also answer to say that they refuse the query, that they have closed, or that
 * they list everybody now. The server logs these texts in the same lines. So
 * what a line means is decided by what its text says, here, for every rule.
 *
 * A phrase is a few words of certain kinds in this order, with nothing but
 * filling words between them and within one sentence: "ordb.org was shut down"
 * is a list, then its end. So "the relay was closed" is no such phrase. Most
 * phrases count whatever else is said. A few are less sure ("quota"), and count
 * only if the text does not name the host.
 *
 * Pure: nothing is kept, nothing is asked.
 */
#ifndef LISTING_H
#define LISTING_H

#include "base/addr.h"
#include "base/slice.h"

enum listing {
	/* the list refuses to answer, or is none any more; or the text is a
	   failed look-up's, or this cache's own: nobody is listed */
	LISTING_NONE,
	/* it may be a list's, or what the admin has written for any answer of a
	   list's, an error answer too */
	LISTING_VAGUE,
	/* it names the host, or is the page of a known list about a listing */
	LISTING_NAMED,
};

/*
 * What the text of a refusal says, with or without a code in front. ip is the
 * host that was refused; NULL: not known, so it is not named. The text may have
 * any bytes and any length; time grows with the length alone.
 */
enum listing listing_read(struct slice text, const struct addr *ip);

#endif
