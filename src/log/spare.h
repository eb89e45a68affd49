/* SPDX-License-Identifier: ISC */
/*
 * spare: rule files that are there but not in use. A directory of rule files has
 * them in a folder "available", from where an administrator links those of the
 * programs that he has. When a line comes that only a spare file knows, he should
 * be told which.
 */
#ifndef SPARE_H
#define SPARE_H

#include "log/message.h"

#define SPARE_FOLDER "available"

struct spare;

/*
 * The spare files of these paths, as they were given to rules_load: of each that is
 * a directory, those of DIR/available that have no namesake in DIR. A file that does
 * not load is left out: nothing depends on it before it is linked. The answer is to
 * be freed with spare_free. NULL: there is none, or no memory.
 */
struct spare *spare_load(const char *const *paths, size_t n)
    __attribute__((warn_unused_result));

void spare_free(struct spare *spare);

/*
 * What to tell about the file that would ban by this line, in one of its
 * readings: "FILE would match lines of this log; ...". It stays valid as long as the
 * spare files. NULL: no file would. spare may be NULL.
 */
const char *spare_look(struct spare *spare, const struct message *line);

#endif
