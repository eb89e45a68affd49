/* SPDX-License-Identifier: ISC */
/*
 * intern: strings that many bans share, kept once each.
 *
 * A busy server has a million bans and a handful of listing texts.
 */
#ifndef INTERN_H
#define INTERN_H

#include <stdint.h>

#define INTERN_NONE UINT32_MAX

struct intern;

struct intern *intern_new(void);
void intern_free(struct intern *t);

/*
 * A number for the string, the same one for the same string; intern_drop gives
 * it back. INTERN_NONE when there is no memory.
 */
uint32_t intern_keep(struct intern *t, const char *text)
    __attribute__((warn_unused_result));
void intern_drop(struct intern *t, uint32_t id);

/* The string of a kept number; valid until that number is dropped. */
const char *intern_get(const struct intern *t, uint32_t id);

#endif
