#include "cdbread.h"

#include <cdb.h>
#include <errno.h>

enum cdbread_answer
cdbread_find(int fd, const void *key, size_t klen, unsigned char version,
    struct record *r)
{
	unsigned dlen;
	int found;

	errno = 0;
	found = cdb_seek(fd, key, (unsigned)klen, &dlen);
	if (found == 0)
		return CDBREAD_ABSENT;
	if (found < 0 || dlen > sizeof r->buf)
		goto broken;
	if (cdb_bread(fd, r->buf, (int)dlen) != 0)
		goto broken;
	r->len = dlen;
	if (record_open(r, key, klen, version) == 0)
		return CDBREAD_FOUND;
	errno = EINVAL;
broken:
	/* libcdb says EIO for a file that ends too early */
	if (errno == 0 || errno == EIO)
		errno = EINVAL;
	return CDBREAD_ERROR;
}
