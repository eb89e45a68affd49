/* SPDX-License-Identifier: ISC */
/*
 * wording: does the text of a refusal say that a list has the host?
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
#ifndef WORDING_H
#define WORDING_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/slice.h"

/*
 * Whether the text says that nobody is listed: the list refuses to answer, or is
 * none any more, or lists everybody; or the text is a failed look-up's, or this
 * cache's own. A code may stand in front. ip is the host that was refused; NULL:
 * not known. The text may have any bytes and any length; time grows with the
 * length alone.
 */
bool wording_is_no_listing(struct slice text, const struct addr *ip);

/*
 * Whether the text names the host, or the page of a known list about a listing.
 * Other texts may be what the admin has written for any answer of a list's, an
 * error answer too. The same holds for text and time.
 */
bool wording_names_host(struct slice text, const struct addr *ip);

#endif
