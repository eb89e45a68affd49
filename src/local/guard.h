/* SPDX-License-Identifier: ISC */
/*
 * guard: whom no log line can ban, whatever it says.
 *
 * The last fence before the ban: the admin's allow list, which is kept up to
 * date with local.cdb, this host's own addresses, and everything that is no
 * host of the public internet.
 *
 *	struct guard g;
 *	guard_open(&g, "/etc/rblcache/local.cdb");
 *	guard_refresh(&g);			before a batch of lines
 *	decide_line(..., &g, ...);
 *
 * One that is all zero knows of no rules and no addresses.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/addr.h"

#define GUARD_OWN_MAX 256
#define GUARD_ERROR_SIZE 4352

struct guard {
	struct addr own[GUARD_OWN_MAX];
	size_t own_n;
	bool ban_private; /* hosts of reserved_is_private as well */
	const char *path; /* of local.cdb; "": there are no rules */
	bool is_open;	  /* false: there is no such file, or error */
	int fd;
	struct stat st;
	int error;	 /* errno of the file, 0 */
	int64_t since_s; /* unix seconds: since when there is that error; 0 */
	char message[GUARD_ERROR_SIZE];
	bool has_trouble; /* the message is to be told */
};

/*
 * Begins with the rules at path ("" for none), which must live as long as g,
 * and the addresses the host has now.
 */
void guard_open(struct guard *g, const char *path);
void guard_close(struct guard *g);

/*
 * Looks whether local.cdb was replaced and opens the new one. A file that does
 * not exist means no rules; one that cannot be read means that anybody might be
 * allowed, so nobody may be banned.
 */
void guard_refresh(struct guard *g);

/* Takes this host's addresses anew. */
void guard_read_addresses(struct guard *g);

/*
 * Remembers one of this host's addresses. An IPv6 one protects its /64, since
 * that is what would be banned. Returns 0, or -1 when the table is full.
 */
int guard_add_own(struct guard *g, const struct addr *a)
    __attribute__((warn_unused_result));

/* What went wrong since the last call, each thing once; NULL: nothing. */
const char *guard_trouble(struct guard *g);

/* Whether the admin's rules allow the address, or cannot be read. */
bool guard_allows(struct guard *g, const struct addr *a);

/*
 * Whether the address must never be banned. When the admin's rules cannot be
 * read, it might be on the allow list: then nobody is banned.
 */
bool guard_never_blocks(struct guard *g, const struct addr *a);

#endif
