/* SPDX-License-Identifier: ISC */
/*
 * trial: a server with the hook and the feed, in memory: what would they have
 * made of these connections?
 *
 *	connection -> verdict -> refused | asked -> log lines
 *	-> decide -> state -> bans, passes
 *
 * What decides are the hook's and the feed's own modules, given the time of the
 * connection. Not there are the kernel, whose sets have what the feed would
 * have put into them; the disk; local.cdb for the hook; and any delay: what is
 * logged of a connection is known to the next one.
 *
 *	struct trial *t = trial_new(&setup);
 *	switch (trial_connect(t, &connection)) ...
 */
#ifndef TRIAL_H
#define TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "local/guard.h"
#include "log/decide.h"
#include "log/follow.h"
#include "log/rules.h"
#include "state/state.h"

/* How such a server is set up. */
struct trial_setup {
	struct rules *rules; /* may be those of other trials too */
	struct guard *guard; /* NULL: anybody may be banned */
	/* how long a rule of lists bans, whatever it says; 0: as it says */
	uint32_t ban_s;
	uint32_t doubt_s;	      /* as in feed.conf; 0: nobody */
	uint32_t pass_s, pass_most_s; /* likewise; pass_s 0: none */
	bool alarm;		      /* likewise */
	uint32_t cap;		      /* bans a minute; 0: any number */
	unsigned recheck;	      /* of rblcache -r; 0: none */
	uint64_t seed;		      /* of the chance for that */
};

struct trial_connection {
	int64_t time_s; /* unix seconds; of all connections, in order */
	struct addr ip;
	uint64_t pid; /* that of line; not 0 */
	/*
	 * What rblsmtpd logs when it has asked the lists, without a stamp; of
	 * length 0: nothing, for they let the host pass.
	 */
	const char *line;
	size_t len;
};

enum trial_answer {
	TRIAL_ASKED,   /* the lists decide */
	TRIAL_REFUSED, /* from the cache */
	TRIAL_PASSED,  /* no list is asked, since they let it pass before */
	TRIAL_ERROR,   /* errno ENOMEM */
};

struct trial;

/* What setup points to must live as long. NULL with errno ENOMEM. */
struct trial *trial_new(const struct trial_setup *setup)
    __attribute__((warn_unused_result));
void trial_free(struct trial *t);

/* What becomes of a connection, which begins and ends at once. */
enum trial_answer trial_connect(struct trial *t,
    const struct trial_connection *c) __attribute__((warn_unused_result));

/*
 * Takes a line of a log, as the feed does: a trial without its hook. now_s, d
 * and news are as in judge.h. 0, or -1 with errno ENOMEM.
 */
int trial_line(struct trial *t, const struct follow_line *line, int64_t now_s,
    struct decision *d, struct news *news) __attribute__((warn_unused_result));

#endif
