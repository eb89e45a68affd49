/* SPDX-License-Identifier: ISC */
/*
 * jsonget: members of a JSON object that may not be there.
 */
#ifndef JSONGET_H
#define JSONGET_H

#include <jansson.h>
#include <stdint.h>

/* The string, as long as the object lives; NULL: it is none, or not there. */
static inline const char *
jsonget_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The number; 0: it is none, or not there. */
static inline int64_t
jsonget_integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

#endif
