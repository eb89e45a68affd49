/* SPDX-License-Identifier: ISC */
#include "local/local.h"

#include <errno.h>
#include <string.h>

#include "base/cdbread.h"

void
local_key(unsigned char key[LOCAL_KEY_BYTES], const struct net *net)
{
	key[0] = net->bits;
	addr_spread(&net->ip, key + 1);
}

int
local_node_get(struct record *r, struct local_rule *rule, bool *is_rule)
{
	const char *reply;
	size_t len;

	rule->action = (enum local_action)record_get(r, 1);
	rule->net.bits = (uint8_t)record_get(r, 1);
	*is_rule = record_get(r, 1) != 0;
	reply = record_get_bytes(r, REPLY_SIZE - 1, &len);
	if (r->bad || rule->action > LOCAL_DEFER || rule->net.bits > ADDR_BITS)
		return -1;
	memcpy(rule->reply, reply, len);
	rule->reply[len] = 0;
	if (rule->action == LOCAL_DENY || rule->action == LOCAL_DEFER)
		return reply_is_clean(rule->reply) ? 0 : -1;
	return 0;
}

static int
read_lengths(const struct cdbread *c, bool is4, struct local_lengths *lengths)
{
	struct record r = {.bad = true}; /* some other cdb, or a damaged one */
	const unsigned char *bits;

	if (cdbread_find(c, LOCAL_HEADER_KEY, strlen(LOCAL_HEADER_KEY),
		LOCAL_VERSION, &r) == CDBREAD_ERROR)
		return -1;
	bits = record_get_bytes(&r, LOCAL_LENGTHS, &lengths->n);
	if (!is4)
		bits = record_get_bytes(&r, LOCAL_LENGTHS, &lengths->n);
	if (r.bad) {
		errno = EINVAL;
		return -1;
	}
	memcpy(lengths->bits, bits, lengths->n);
	return 0;
}

enum local_answer
local_find(int fd, const struct addr *a, struct local_rule *rule)
{
	struct local_lengths lengths;
	struct cdbread c;
	size_t low = 0;
	size_t high;

	rule->action = LOCAL_NONE;
	if (cdbread_open(&c, fd) != 0 ||
	    read_lengths(&c, addr_is4(a), &lengths) != 0)
		return LOCAL_ERROR;
	high = lengths.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct net net = net_of(a, lengths.bits[middle]);
		unsigned char key[LOCAL_KEY_BYTES];
		enum cdbread_answer answer;
		struct record r;
		bool is_rule;

		local_key(key, &net);
		answer = cdbread_find(&c, key, sizeof key, LOCAL_VERSION, &r);
		if (answer == CDBREAD_ERROR)
			return LOCAL_ERROR;
		if (answer == CDBREAD_ABSENT) {
			high = middle;
			continue;
		}
		errno = EINVAL;
		if (local_node_get(&r, rule, &is_rule) != 0)
			return LOCAL_ERROR;
		low = middle + 1;
	}
	if (rule->action == LOCAL_NONE)
		return LOCAL_ABSENT;
	rule->net = net_of(a, rule->net.bits);
	return LOCAL_FOUND;
}
