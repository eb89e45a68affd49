/* SPDX-License-Identifier: ISC */
/*
 * lookup: asks the three sources about a client, in the hook's way.
 *
 *	struct verdict_facts f = {.now = time(NULL)};
 *	lookup_set(&f, set4, set6, &a);
 *	lookup_local(&f, path, &a);
 *	lookup_recent(&f, path, &a);
 *	verdict_decide(&f);
 *
 * Each fills in its part of the facts and returns 0, or the errno of a source
 * that cannot tell; the verdict is right all the same. A source that an empty
 * name switches off is not asked.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "base/addr.h"
#include "hook/verdict.h"

/*
 * The kernel sets of a's family, both at once: that of the bans, and that of
 * the hosts that pass (paths.h); none when the first is switched off. The errno
 * is that of the first, ENOENT: there is no such set; EPERM: no CAP_NET_ADMIN;
 * else see settest.h. What stops the first stops the other, but for ENOENT, and
 * if that one does not exist it knows nobody. Opens no file.
 */
int lookup_set(struct verdict_facts *f, const char *set4, const char *set6,
    const struct addr *a);

/*
 * The cdb at path. A file that does not exist is a source that knows nobody: no
 * rules were written, or no feed has run yet. EINVAL: it is damaged.
 */
int lookup_local(
    struct verdict_facts *f, const char *path, const struct addr *a);

/* The same; not asked either when the others have decided already. */
int lookup_recent(
    struct verdict_facts *f, const char *path, const struct addr *a);

#endif
