/* SPDX-License-Identifier: ISC */
/* dryrun: -n, which prints what each line would do and touches nothing. */
#ifndef DRYRUN_H
#define DRYRUN_H

#include "feed/feed.h"

/* Reads the logs, which are open, to their ends. The exit code. */
int dryrun_print(struct feed *f);

#endif
