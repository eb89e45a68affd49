/* SPDX-License-Identifier: ISC */
/* notify: what arrives at a socket, a path or an abstract name. */
#include "../unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "feed/notify.h"

/* Listens at a name, of which '@' stands for a 0. */
static int
listen_at(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0 && len < sizeof at.sun_path);
	memcpy(at.sun_path, name, len);
	if (name[0] == '@')
		at.sun_path[0] = 0;
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	    0);
	return fd;
}

static void
assert_hears(int fd, const char *message)
{
	char buf[64];
	ssize_t n = recv(fd, buf, sizeof buf, 0);

	assert_int_equal(n, strlen(message));
	assert_memory_equal(buf, message, n);
	assert_int_equal(recv(fd, buf, sizeof buf, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
at_a_path(void **unused)
{
	char dir[64];
	char path[80];
	int fd;

	(void)unused;
	snprintf(path, sizeof path, "%s/notify", unit_directory(dir));
	fd = listen_at(path);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_send("READY=1");
	assert_hears(fd, "READY=1");
	notify_send("STOPPING=1");
	assert_hears(fd, "STOPPING=1");
	close(fd);
	/* nobody listens any more: no error, no signal */
	notify_send("READY=1");
	unit_remove(dir);
}

static void
at_an_abstract_name(void **unused)
{
	char name[64];
	int fd;

	(void)unused;
	snprintf(name, sizeof name, "@rblcache-unit/%ld", (long)getpid());
	fd = listen_at(name);
	setenv("NOTIFY_SOCKET", name, 1);
	notify_send("READY=1");
	assert_hears(fd, "READY=1");
	close(fd);
}

static void
at_nothing(void **unused)
{
	static const char *const names[] = {"", "@", "/", "relative",
	    "vsock:2:1234",
	    "/a-name-that-is-longer-than-an-address-of-a-unix-socket-may-be/"
	    "a-name-that-is-longer-than-an-address-of-a-unix-socket-may-be"};

	(void)unused;
	for (size_t i = 0; i < COUNT(names); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		notify_send("READY=1");
	}
	unsetenv("NOTIFY_SOCKET");
	notify_send("READY=1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(at_a_path),
	    cmocka_unit_test(at_an_abstract_name),
	    cmocka_unit_test(at_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
