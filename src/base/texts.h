/* SPDX-License-Identifier: ISC */
/*
 * texts: strings that many bans share, kept once each.
 *
 * A busy server has a million bans and a handful of listing texts.
 */
#ifndef TEXTS_H
#define TEXTS_H

#include <stdint.h>

#define TEXTS_NONE UINT32_MAX

struct texts;

struct texts *texts_new(void);
void texts_free(struct texts *t);

/*
 * A number for the string, the same one for the same string; texts_drop gives
 * it back. TEXTS_NONE when there is no memory.
 */
uint32_t texts_keep(struct texts *t, const char *text)
    __attribute__((warn_unused_result));
void texts_drop(struct texts *t, uint32_t id);

/* The string of a kept number; valid until that number is dropped. */
const char *texts_get(const struct texts *t, uint32_t id);

#endif
