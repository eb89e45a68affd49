/* SPDX-License-Identifier: ISC */
#include "client.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const client_commands[CLIENT_STEPS] = {"EHLO client.test\r\n",
    "MAIL FROM:<a@client.test>\r\n", "RCPT TO:<b@smtpd.test>\r\n", "QUIT\r\n"};

int
client_connect(struct in_addr from, const struct sockaddr_in *server)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = from};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	int error;

	if (fd < 0)
		return -1;
	if (setsockopt(
		fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0 &&
	    bind(fd, (struct sockaddr *)&own, sizeof own) == 0 &&
	    (connect(fd, (const struct sockaddr *)server, sizeof *server) ==
		    0 ||
		errno == EINPROGRESS))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}
