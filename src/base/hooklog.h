/* SPDX-License-Identifier: ISC */
/*
 * hooklog: what the hook says in the log that the feed reads.
 *
 *	rblcache: 203.0.113.9 pid 7344: 451 TEXT (ipset, 86391s left)
 *	rblcache: 203.0.113.9 pid 7344: would refuse: 451 TEXT (local)
 *	rblcache: 203.0.113.9 pid 7344: allowed (pass)
 *	rblcache: 203.0.113.9 pid 7344: recheck
 *	rblcache: 203.0.113.9 pid 7344: passed
 *	rblcache: 203.0.113.9 pid 7344: decided by RBLSMTPD
 *	rblcache: 203.0.113.9 pid 7344: set NAME: no right to read it (...)
 *
 * These lines count what was saved; nobody is banned by them. The words stand
 * here alone: the hook writes with them, what stands for it in a trial too, and
 * hooklog_line reads them. hooklog.c is not part of the hook.
 */
#ifndef HOOKLOG_H
#define HOOKLOG_H

#include <stdint.h>

#include "base/addr.h"
#include "base/slice.h"

#define HOOKLOG_SAYS_NAME "rblcache: "
#define HOOKLOG_SAYS_PID " pid "
/* how a line begins, to be printed with a text and an unsigned long long */
#define HOOKLOG_SAYS_WHO HOOKLOG_SAYS_NAME "%s" HOOKLOG_SAYS_PID "%llu: "
#define HOOKLOG_SAYS_WOULD "would refuse: " /* before the text of a refusal */
#define HOOKLOG_SAYS_LEFT "s left"
#define HOOKLOG_SAYS_ALLOWED "allowed ("
#define HOOKLOG_SAYS_UNKNOWN "not known"
#define HOOKLOG_SAYS_RECHECK "recheck"
#define HOOKLOG_SAYS_PASSED "passed"
#define HOOKLOG_SAYS_DECIDED "decided by RBLSMTPD"
#define HOOKLOG_SAYS_NO_RIGHT "no right to read it (cap_net_admin)"

enum hooklog_kind {
	HOOKLOG_LOCAL,	  /* refused by a rule of the admin's */
	HOOKLOG_IPSET,	  /* refused by a kernel set */
	HOOKLOG_RECENT,	  /* refused by recent.cdb */
	HOOKLOG_WOULD,	  /* would have refused, under -n */
	HOOKLOG_ALLOWED,  /* allowed, which -v tells: no list was asked */
	HOOKLOG_PASS,	  /* allowed by a pass: no list was asked */
	HOOKLOG_RECHECK,  /* known, and let go on to the lists nevertheless */
	HOOKLOG_PASSED,	  /* has come behind rblsmtpd, under -p */
	HOOKLOG_NO_RIGHT, /* could not read the set for want of a capability */
	HOOKLOG_TROUBLE,  /* another look-up that failed */
	HOOKLOG_DECIDED,  /* not looked up: tcp.smtp.cdb has it refused */
	HOOKLOG_KINDS,	  /* how many there are */
	HOOKLOG_OTHER =
	    HOOKLOG_KINDS, /* no line of the hook's, or "not known" */
};

struct hooklog {
	enum hooklog_kind kind;
	struct addr ip; /* this and pid but for HOOKLOG_OTHER */
	uint64_t pid;	/* 0: too large */
	/* of a refusal: what the client was told, in message */
	struct slice reply;
};

/* What a message (a line behind its stamp) says. */
struct hooklog hooklog_line(struct slice message);

#endif
