/* SPDX-License-Identifier: ISC */
/*
 * verdict: what the hook does with a client, decided from what the sources say.
 *
 * Everything fails open. The order is: the admin's own rules; the kernel set of
 * the bans; where that cannot tell, the checkpoint; the set of the hosts that
 * pass. So who is banned never passes. When the admin's rules cannot be read
 * the client might be on the allow list, so the cache decides nothing.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ban.h"
#include "base/source.h"
#include "kernel/settest.h"
#include "local/local.h"

/* What each source said. Zero: it was not asked, and knows nobody. */
struct verdict_facts {
	enum local_answer local;
	struct local_rule rule; /* when local is LOCAL_FOUND */
	bool set_asked;
	enum settest_answer set, pass;
	enum ban_answer recent;
	struct ban ban; /* when recent is BAN_FOUND */
	int64_t now;	/* unix seconds, when recent is BAN_FOUND */
	bool recheck;	/* this time a banned host is checked again */
};

enum verdict_kind {
	VERDICT_UNKNOWN, /* not known: the next program, nothing changed */
	VERDICT_ALLOW,	 /* the next program, with RBLSMTPD set empty */
	VERDICT_REFUSE,	 /* with reply */
	VERDICT_RECHECK, /* banned, but this time the lists are asked */
};

#define VERDICT_NO_TIME (-1)

struct verdict {
	enum verdict_kind kind;
	enum source source;
	int64_t left_s;		/* seconds, or VERDICT_NO_TIME: not known */
	char reply[REPLY_SIZE]; /* "CCC TEXT" */
};

/* Pure: decides from the facts alone. */
struct verdict verdict_decide(const struct verdict_facts *facts);

/*
 * Whether the checkpoint has to be asked at all: no look-up is made for a
 * client that the admin's rules or the set have already decided on, nor for
 * the reply to a banned one that is not refused this time.
 */
bool verdict_needs_recent(const struct verdict_facts *facts);

/*
 * What the hook logs of it: "451 TEXT (ipset, 86391s left)", "allowed (pass)";
 * "not known", "recheck". The text is in buf, or a constant.
 */
#define VERDICT_TEXT_SIZE (REPLY_SIZE + 48)
const char *verdict_format(
    const struct verdict *v, char buf[VERDICT_TEXT_SIZE]);

/* Whether the cache has refused or allowed, and not a rule of the admin's. */
bool verdict_is_cached(const struct verdict *v);

#endif
