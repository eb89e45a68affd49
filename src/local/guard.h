/* SPDX-License-Identifier: ISC */
/*
 * guard: whom no log line can ban, whatever it says.
 *
 * The last fence before the ban: the admin's allow list, this host's own
 * addresses, and everything that is no host of the public internet.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "local/local.h"

#define GUARD_OWN_MAX 256

struct guard {
	struct addr own[GUARD_OWN_MAX];
	size_t own_n;
	bool ban_private; /* hosts of reserved_is_private as well */
	/*
	 * Looks an address up in the admin's rules; NULL: there are none.
	 * A source of the allow list, so that this module opens no file.
	 */
	enum local_answer (*ask_local)(
	    void *user, const struct addr *a, struct local_rule *rule);
	void *user;
};

/*
 * Remembers one of this host's addresses. An IPv6 one protects its /64, since
 * that is what would be banned. Returns 0, or -1 when the table is full.
 */
int guard_add_own(struct guard *g, const struct addr *a)
    __attribute__((warn_unused_result));

/* Whether the admin's rules allow the address, or cannot be read. */
bool guard_allows(const struct guard *g, const struct addr *a);

/*
 * Whether the address must never be banned. When the admin's rules cannot be
 * read, it might be on the allow list: then nobody is banned.
 */
bool guard_never_blocks(const struct guard *g, const struct addr *a);

#endif
