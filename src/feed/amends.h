/* SPDX-License-Identifier: ISC */
/*
 * amends: takes back what a list led to while it listed everybody.
 */
#ifndef AMENDS_H
#define AMENDS_H

#include <stddef.h>
#include <stdint.h>

#include "feed/feed.h"

/*
 * Lifts the bans since since_s (unix seconds) that the i-th zone may have made,
 * and forgets what rules about lists have counted. Not those that an
 * administrator added, nor those of rules that are about no list. How many
 * there were.
 */
size_t amends_make(struct feed *f, size_t i, int64_t since_s);

#endif
