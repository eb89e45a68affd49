/* SPDX-License-Identifier: ISC */
#include "kernel/settest.h"

#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * One question. Attributes begin at multiples of four bytes; a name may have
 * more than one NUL behind it.
 */
struct request {
	struct nlmsghdr header;
	struct nfgenmsg family;
	struct nlattr protocol_attr;
	uint8_t protocol, pad[3];
	struct nlattr set_attr;
	char set[IPSET_MAXNAMELEN];
	struct nlattr data_attr, ip_attr, bytes_attr; /* each holds the next */
	uint8_t bytes[16];			      /* of IPv4 only four */
};

static struct request
make_request(const char *set, const struct addr *a, uint32_t seq)
{
	bool is4 = addr_is4(a);
	uint16_t n = is4 ? 4 : 16;
	struct request r = {
	    .header = {.nlmsg_len = offsetof(struct request, bytes) + n,
		.nlmsg_type = NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_TEST,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.nlmsg_seq = seq},
	    .family = {is4 ? AF_INET : AF_INET6, NFNETLINK_V0, 0},
	    .protocol_attr = {NLA_HDRLEN + 1, IPSET_ATTR_PROTOCOL},
	    .protocol = IPSET_PROTOCOL_MIN,
	    .set_attr = {NLA_HDRLEN + sizeof r.set, IPSET_ATTR_SETNAME},
	    .data_attr = {3 * NLA_HDRLEN + n, IPSET_ATTR_DATA | NLA_F_NESTED},
	    .ip_attr = {2 * NLA_HDRLEN + n, IPSET_ATTR_IP | NLA_F_NESTED},
	    .bytes_attr = {NLA_HDRLEN + n,
		(is4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6) |
		    NLA_F_NET_BYTEORDER},
	};

	memcpy(r.set, set, strnlen(set, sizeof r.set - 1));
	memcpy(r.bytes, a->b + sizeof a->b - n, n);
	return r;
}

/* What the kernel acknowledges the request with: 0 or an errno. */
static int
read_reply(int fd, uint32_t seq)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
		uint8_t rest[1024]; /* the request, attributes */
	} reply;
	ssize_t n = recv(fd, &reply, sizeof reply, MSG_DONTWAIT);

	if (n < 0)
		return errno;
	if ((size_t)n < NLMSG_SPACE(sizeof reply.body.error) ||
	    reply.header.nlmsg_type != NLMSG_ERROR ||
	    reply.header.nlmsg_seq != seq)
		return EPROTO;
	return -reply.body.error;
}

void
settest_ask_all(struct settest tests[], size_t n, const struct addr *a)
{
	uint8_t buf[SETTEST_MOST * sizeof(struct request)];
	size_t len = 0;
	int failed = 0;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	for (uint32_t i = 0; i < n; i++) {
		struct request r = make_request(tests[i].set, a, i);

		memcpy(buf + len, &r, r.header.nlmsg_len);
		len += r.header.nlmsg_len;
	}
	/* a socket that is not connected sends to port 0, the kernel */
	if (fd < 0 || send(fd, buf, len, MSG_DONTWAIT) < 0)
		failed = errno;
	for (uint32_t i = 0; i < n; i++) {
		int error = failed != 0 ? failed : read_reply(fd, i);

		tests[i].answer = error == 0 ? SETTEST_MEMBER
				  /* ip_set_utest: not a member */
				  : error == IPSET_ERR_EXIST ? SETTEST_ABSENT
							     : SETTEST_ERROR;
		tests[i].error = error < IPSET_ERR_PRIVATE ? error : EINVAL;
	}
	if (fd >= 0)
		close(fd);
}

bool
settest_name_ok(const char *name)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
	size_t len = strlen(name);

	return len > 0 && len < IPSET_MAXNAMELEN && *name != '-' &&
	       strspn(name, bytes) == len;
}
