/* SPDX-License-Identifier: ISC */
/*
 * request: what rblcachectl asks of the feed, as a line of JSON.
 *
 *	{"command": "add", "ip": "203.0.113.9", "seconds": 86400,
 *	 "reply": "451 text"}
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/ban.h"
#include "base/reply.h"

#define REQUEST_ERROR_SIZE 256

enum request_command {
	REQUEST_STATUS,
	REQUEST_ADD, /* ip, seconds, reply */
	REQUEST_DEL, /* ip */
	REQUEST_FLUSH,
	REQUEST_FORGET, /* rule, since */
	REQUEST_TEST,	/* ip: is it in the kernel set? */
	/*
	 * Answered when recent.cdb has what is known now; to those who only
	 * read perhaps before that.
	 */
	REQUEST_SAVE,
};

struct request {
	enum request_command command;
	struct addr ip;
	uint32_t seconds; /* 1 .. TIMESPAN_MAX_S */
	int64_t since;	  /* unix seconds */
	char rule[BAN_RULE_SIZE];
	char reply[REPLY_SIZE];
};

/*
 * Reads the len bytes of a line. Returns 0, or -1 with what is wrong in error;
 * also for anything that the command does not take.
 */
int request_parse(struct request *r, const char *line, size_t len,
    char error[REQUEST_ERROR_SIZE]) __attribute__((warn_unused_result));

/* Whether it changes something; else it only reads. */
bool request_changes(const struct request *r);

/* The line for it, without a line feed, to be freed; NULL: ENOMEM. */
char *request_format(const struct request *r)
    __attribute__((warn_unused_result));

#endif
