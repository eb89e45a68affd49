/* SPDX-License-Identifier: ISC */
#include "log/position.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

void
position_set_head(struct position *p, const char *head, size_t n)
{
	p->head_len = (uint32_t)(p->offset < n ? p->offset : n);
	p->head_hash = hash_fnv64(HASH_FNV64, head, p->head_len);
}

bool
position_is_in(const struct position *p, int fd, bool as_copy)
{
	char head[POSITION_HEAD_BYTES];
	struct stat st;

	if (fstat(fd, &st) != 0 || p->head_len > sizeof head)
		return false;
	if (as_copy ? p->head_len == 0 : st.st_ino != p->ino)
		return false;
	return pread(fd, head, p->head_len, 0) == (ssize_t)p->head_len &&
	       hash_fnv64(HASH_FNV64, head, p->head_len) == p->head_hash;
}
