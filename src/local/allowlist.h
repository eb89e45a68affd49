/* SPDX-License-Identifier: ISC */
/*
 * allowlist: what the guard knows, kept up to date: the admin's rules in
 * local.cdb and this host's own addresses.
 *
 *	struct allowlist l;
 *	allowlist_open(&l, "/etc/rblcache/local.cdb");
 *	allowlist_refresh(&l);			before a batch of lines
 *	decide_line(..., &l.guard, ...);
 */
#ifndef ALLOWLIST_H
#define ALLOWLIST_H

#include <sys/stat.h>

#include "local/guard.h"

#define ALLOWLIST_ERROR_SIZE 4352

struct allowlist {
	struct guard guard;
	const char *path; /* "": there are no rules */
	int fd;		  /* -1: there is no such file, or error */
	int error;	  /* errno of the file, 0 */
	int64_t since_s;  /* unix seconds: since when there is that error; 0 */
	struct stat st;
	char message[ALLOWLIST_ERROR_SIZE];
	bool told;
};

/*
 * Begins with the rules at path ("" for none), which must live as long as l,
 * and the addresses the host has now. l must not move afterwards: its guard
 * points to it.
 */
void allowlist_open(struct allowlist *l, const char *path);
void allowlist_close(struct allowlist *l);

/*
 * Looks whether local.cdb was replaced and opens the new one. A file that does
 * not exist means no rules; one that cannot be read means that anybody might be
 * allowed, so the guard lets nobody be banned.
 */
void allowlist_refresh(struct allowlist *l);

/* Takes this host's addresses anew. */
void allowlist_read_addresses(struct allowlist *l);

/* What went wrong since the last call, each thing once; NULL: nothing. */
const char *allowlist_trouble(struct allowlist *l);

#endif
