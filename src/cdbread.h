/*
 * cdbread: one record of a cdb, by seek and read.
 *
 * The file is never mapped: under softlimit -m a map of a large cdb fails,
 * and a map dies of SIGBUS when somebody truncates the file. A look-up is
 * about five system calls, whatever the size of the file.
 */
#ifndef CDBREAD_H
#define CDBREAD_H

#include <stddef.h>

#include "record.h"

enum cdbread_answer { CDBREAD_FOUND, CDBREAD_ABSENT, CDBREAD_ERROR };

/*
 * Looks key up in the cdb open for reading at fd and, when FOUND, leaves r
 * ready for record_get. Moves fd's offset. ERROR with errno: that of read(2),
 * or EINVAL when the file is no intact cdb, the record is larger than
 * RECORD_MAX, or its check sum or version is wrong.
 */
enum cdbread_answer cdbread_find(int fd, const void *key, size_t klen,
    unsigned char version, struct record *r)
    __attribute__((warn_unused_result));

#endif
