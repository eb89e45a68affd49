/* SPDX-License-Identifier: ISC */
#include "local/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cdbread.h"
#include "local/local.h"
#include "local/reserved.h"

/* ---- local.cdb and own addresses ---- */

static bool
same(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int
guard_add_own(struct guard *g, const struct addr *a)
{
	struct addr key = addr_ban_key(a);

	for (size_t i = 0; i < g->own_n; i++)
		if (same(&g->own[i], &key))
			return 0;
	if (g->own_n == GUARD_OWN_MAX)
		return -1;
	g->own[g->own_n++] = key;
	return 0;
}

/* Remembers an error of the file, to be told when it is another one. */
static void
note_error(struct guard *g, int error)
{
	if (g->error == error)
		return;
	g->error = error;
	g->since_s = error == 0 ? 0 : time(NULL);
	g->has_trouble = error != 0;
	snprintf(g->message, sizeof g->message,
	    "%s: %s; nobody is banned until it can be read", g->path,
	    cdbread_error_text(error));
}

void
guard_open(struct guard *g, const char *path)
{
	*g = (struct guard){.path = path};
	guard_read_addresses(g);
	guard_refresh(g);
}

void
guard_close(struct guard *g)
{
	if (g->is_open)
		close(g->fd);
	g->is_open = false;
}

void
guard_refresh(struct guard *g)
{
	struct stat st;

	if (*g->path == 0)
		return;
	if (stat(g->path, &st) == 0 && g->is_open &&
	    st.st_ino == g->st.st_ino && st.st_dev == g->st.st_dev &&
	    st.st_mtim.tv_sec == g->st.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == g->st.st_mtim.tv_nsec)
		return;
	guard_close(g);
	g->fd = cdbread_file(g->path);
	g->is_open = g->fd >= 0;
	if (!g->is_open) {
		note_error(g, errno == ENOENT ? 0 : errno);
	} else if (fstat(g->fd, &g->st) != 0) {
		note_error(g, errno);
		guard_close(g);
	} else {
		note_error(g, 0);
	}
}

static const void *
address_bytes(const struct sockaddr *sa)
{
	if (sa == NULL)
		return NULL;
	if (sa->sa_family == AF_INET)
		return &((const struct sockaddr_in *)(const void *)sa)
			    ->sin_addr;
	if (sa->sa_family == AF_INET6)
		return &((const struct sockaddr_in6 *)(const void *)sa)
			    ->sin6_addr;
	return NULL;
}

void
guard_read_addresses(struct guard *g)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) != 0) {
		snprintf(g->message, sizeof g->message, "own addresses: %s",
		    strerror(errno));
		g->has_trouble = true;
		return;
	}
	g->own_n = 0;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		const void *bytes = address_bytes(i->ifa_addr);
		char text[ADDR_STRLEN];
		struct addr a;

		if (bytes == NULL ||
		    inet_ntop(i->ifa_addr->sa_family, bytes, text,
			sizeof text) == NULL ||
		    addr_parse(text, strlen(text), &a) != 0)
			continue;
		if (guard_add_own(g, &a) != 0) {
			snprintf(g->message, sizeof g->message,
			    "more than %d own addresses; the others are not "
			    "protected",
			    GUARD_OWN_MAX);
			g->has_trouble = true;
			break;
		}
	}
	freeifaddrs(list);
}

const char *
guard_trouble(struct guard *g)
{
	if (!g->has_trouble)
		return NULL;
	g->has_trouble = false;
	return g->message;
}

/* ---- questions ---- */

bool
guard_allows(struct guard *g, const struct addr *a)
{
	struct local_rule rule;

	if (!g->is_open)
		return g->error != 0;
	switch (local_find(g->fd, a, &rule)) {
	case LOCAL_FOUND:
		return rule.action == LOCAL_ALLOW;
	case LOCAL_ABSENT:
		return false;
	case LOCAL_ERROR:
		break;
	}
	note_error(g, errno);
	return true;
}

bool
guard_never_blocks(struct guard *g, const struct addr *a)
{
	struct addr key = addr_ban_key(a);

	if (reserved_is_any(a) && !(g->ban_private && reserved_is_private(a)))
		return true;
	for (size_t i = 0; i < g->own_n; i++)
		if (same(&g->own[i], &key))
			return true;
	return guard_allows(g, a);
}
