#include "settest.h"

#include <ctype.h>
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* the kernel's macros are signed; lengths here are not */
#define ATTR_HEADER ((size_t)NLA_HDRLEN)
#define ATTR_ALIGN(len) (((len) + 3) & ~(size_t)3)

struct message {
	_Alignas(struct nlmsghdr) uint8_t buf[256];
	size_t len;
};

static struct nlattr *
put_attr(struct message *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(void *)(m->buf + m->len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(ATTR_HEADER + len);
	if (len > 0)
		memcpy(m->buf + m->len + ATTR_HEADER, data, len);
	m->len += ATTR_ALIGN(ATTR_HEADER + len);
	return attr;
}

static void
end_nest(struct message *m, struct nlattr *nest)
{
	nest->nla_len =
	    (uint16_t)(m->buf + m->len - (const uint8_t *)(const void *)nest);
}

static void
make_request(struct message *m, const char *set, const struct addr *a)
{
	bool is4 = addr_is4(a);
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)m->buf;
	struct nfgenmsg *family = NLMSG_DATA(header);
	const uint8_t protocol = IPSET_PROTOCOL_MIN;
	struct nlattr *data;
	struct nlattr *ip;

	header->nlmsg_type = NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_TEST;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	family->nfgen_family = is4 ? AF_INET : AF_INET6;
	family->version = NFNETLINK_V0;
	m->len = NLMSG_SPACE(sizeof *family);
	put_attr(m, IPSET_ATTR_PROTOCOL, &protocol, sizeof protocol);
	put_attr(m, IPSET_ATTR_SETNAME, set, strlen(set) + 1);
	data = put_attr(m, IPSET_ATTR_DATA | NLA_F_NESTED, NULL, 0);
	ip = put_attr(m, IPSET_ATTR_IP | NLA_F_NESTED, NULL, 0);
	if (is4)
		put_attr(m, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER,
		    a->b + 12, 4);
	else
		put_attr(
		    m, IPSET_ATTR_IPADDR_IPV6 | NLA_F_NET_BYTEORDER, a->b, 16);
	end_nest(m, ip);
	end_nest(m, data);
	header->nlmsg_len = (uint32_t)m->len;
}

/* The errno (0 or negative) in the kernel's acknowledgement. */
static int
read_reply(int fd, int *error)
{
	_Alignas(struct nlmsghdr) uint8_t buf[1024];
	struct nlmsghdr *header = (void *)buf;
	const struct nlmsgerr *reply = NLMSG_DATA(header);
	ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);

	if (n < 0)
		return -1;
	if ((size_t)n < NLMSG_SPACE(sizeof reply->error) ||
	    header->nlmsg_type != NLMSG_ERROR) {
		errno = EPROTO;
		return -1;
	}
	*error = reply->error;
	return 0;
}

enum settest_answer
settest_ask(const char *set, const struct addr *a)
{
	enum settest_answer answer = SETTEST_ERROR;
	struct message m = {.len = 0};
	int error = 0;
	int fd;
	int saved;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		return SETTEST_ERROR;
	make_request(&m, set, a);
	/* a socket that is not connected sends to port 0, the kernel */
	if (send(fd, m.buf, m.len, MSG_DONTWAIT) < 0 ||
	    read_reply(fd, &error) != 0)
		goto out;
	if (error == 0)
		answer = SETTEST_MEMBER;
	else if (error == -IPSET_ERR_EXIST) /* ip_set_utest: not a member */
		answer = SETTEST_ABSENT;
	else
		errno = error <= -IPSET_ERR_PRIVATE ? EINVAL : -error;
out:
	saved = errno;
	close(fd);
	errno = saved;
	return answer;
}

bool
settest_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IPSET_MAXNAMELEN || name[0] == '-')
		return false;
	for (; *name != 0; name++)
		if (!isalnum((unsigned char)*name) &&
		    strchr("._:-", *name) == NULL)
			return false;
	return true;
}
