/* SPDX-License-Identifier: ISC */
/*
 * ask: sends the running feed a request and waits for the answer.
 */
#ifndef ASK_H
#define ASK_H

#include <jansson.h>

#include "request.h"

enum ask_answer {
	ASK_ANSWERED,
	ASK_NOBODY, /* no feed runs on this STATEDIR */
	ASK_ERROR,  /* errno; EACCES: neither root nor in the feed's group */
};

/*
 * Asks the feed whose STATEDIR this is. With ANSWERED, *object is a JSON object
 * for the caller to own. Waits half a minute at most (ETIMEDOUT).
 */
enum ask_answer ask_feed(const char *statedir, const struct request *r,
    json_t **object) __attribute__((warn_unused_result));

#endif
