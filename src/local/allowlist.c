/* SPDX-License-Identifier: ISC */
#include "local/allowlist.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cdbread.h"

/* Remembers an error of the file, to be told when it is another one. */
static void
note_error(struct allowlist *l, int error)
{
	if (l->error == error)
		return;
	l->error = error;
	l->since_s = error == 0 ? 0 : time(NULL);
	l->told = error == 0;
	snprintf(l->message, sizeof l->message,
	    "%s: %s; nobody is banned until it can be read", l->path,
	    cdbread_error_text(error));
}

static enum local_answer
ask(void *user, const struct addr *a, struct local_rule *rule)
{
	struct allowlist *l = user;
	enum local_answer answer;

	if (l->fd < 0)
		return l->error == 0 ? LOCAL_ABSENT : LOCAL_ERROR;
	answer = local_find(l->fd, a, rule);
	if (answer == LOCAL_ERROR)
		note_error(l, errno);
	return answer;
}

void
allowlist_open(struct allowlist *l, const char *path)
{
	*l = (struct allowlist){.path = path, .fd = -1, .told = true};
	l->guard.ask_local = ask;
	l->guard.user = l;
	allowlist_read_addresses(l);
	allowlist_refresh(l);
}

void
allowlist_close(struct allowlist *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void
allowlist_refresh(struct allowlist *l)
{
	struct stat st;

	if (*l->path == 0)
		return;
	if (stat(l->path, &st) == 0 && l->fd >= 0 &&
	    st.st_ino == l->st.st_ino && st.st_dev == l->st.st_dev &&
	    st.st_mtim.tv_sec == l->st.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == l->st.st_mtim.tv_nsec)
		return;
	allowlist_close(l);
	l->fd = open(l->path, O_RDONLY | O_CLOEXEC);
	if (l->fd < 0) {
		note_error(l, errno == ENOENT ? 0 : errno);
	} else if (fstat(l->fd, &l->st) != 0) {
		note_error(l, errno);
		allowlist_close(l);
	} else {
		note_error(l, 0);
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
allowlist_read_addresses(struct allowlist *l)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) != 0) {
		snprintf(l->message, sizeof l->message, "own addresses: %s",
		    strerror(errno));
		l->told = false;
		return;
	}
	l->guard.own_n = 0;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		const void *bytes = address_bytes(i->ifa_addr);
		char text[ADDR_STRLEN];
		struct addr a;

		if (bytes == NULL ||
		    inet_ntop(i->ifa_addr->sa_family, bytes, text,
			sizeof text) == NULL ||
		    addr_parse(text, strlen(text), &a) != 0)
			continue;
		if (guard_add_own(&l->guard, &a) != 0) {
			snprintf(l->message, sizeof l->message,
			    "more than %d own addresses; the others are not "
			    "protected",
			    GUARD_OWN_MAX);
			l->told = false;
			break;
		}
	}
	freeifaddrs(list);
}

const char *
allowlist_trouble(struct allowlist *l)
{
	if (l->told)
		return NULL;
	l->told = true;
	return l->message;
}
