/* SPDX-License-Identifier: ISC */
#include "base/ban.h"

#include <errno.h>
#include <string.h>

#include "base/cdbread.h"

void
ban_key(unsigned char key[BAN_KEY_BYTES], const struct addr *a)
{
	struct addr net = addr_ban_key(a);

	key[0] = 'b';
	addr_spread(&net, key + 1);
}

bool
ban_knows(uint8_t version)
{
	return version >= BAN_OLDEST && version <= BAN_VERSION;
}

static void
get_string(struct record *r, char *to, size_t size)
{
	size_t len;
	const void *p = record_get_bytes(r, size - 1, &len);

	if (p != NULL)
		memcpy(to, p, len);
	to[len] = 0;
}

int
ban_get(struct record *r, struct ban *ban)
{
	size_t len;
	const void *ip = record_get_bytes(r, sizeof ban->ip.b, &len);

	if (len != sizeof ban->ip.b)
		return -1;
	memcpy(ban->ip.b, ip, sizeof ban->ip.b);
	ban->since = (int64_t)record_get(r, 8);
	ban->until = (int64_t)record_get(r, 8);
	ban->refused = r->version < 4 ? 0 : (uint32_t)record_get(r, 4);
	get_string(r, ban->rule, sizeof ban->rule);
	for (char *p = ban->rule; *p != 0; p++)
		*p = reply_clean(*p);
	get_string(r, ban->reply, sizeof ban->reply);
	return !r->bad && reply_is_clean(ban->reply) ? 0 : -1;
}

uint32_t
ban_left_s(const struct ban *ban, int64_t now)
{
	int64_t from = now > ban->since ? now : ban->since;

	if (ban->until <= from || ban->since > now + BAN_AHEAD_S)
		return 0;
	return ban->until - from > UINT32_MAX ? UINT32_MAX
					      : (uint32_t)(ban->until - from);
}

enum ban_answer
ban_find(int fd, const struct addr *a, struct ban *ban)
{
	unsigned char key[BAN_KEY_BYTES];
	enum cdbread_answer answer;
	struct cdbread c;
	struct record r;

	if (cdbread_open(&c, fd) != 0)
		return BAN_ERROR;
	ban_key(key, a);
	answer = cdbread_find(&c, key, sizeof key, RECORD_ANY, &r);
	if (answer == CDBREAD_ABSENT)
		return BAN_ABSENT;
	if (answer == CDBREAD_ERROR)
		return BAN_ERROR;
	errno = ENOTSUP;
	if (!ban_knows(r.version))
		return BAN_ERROR;
	errno = EINVAL;
	return ban_get(&r, ban) == 0 ? BAN_FOUND : BAN_ERROR;
}
