/* SPDX-License-Identifier: ISC */
/*
 * nets: which whole networks are banned, since many of their hosts were refused
 * ("net = 24 after 8 in 1h").
 *
 * Spam that comes from many hosts of one network, each seen once or twice, is
 * not stopped by bans of hosts. Three tables, each bounded (lru.h): what has
 * had a line longest ago leaves first.
 *
 *	counts	(network, rule)	its hosts that were refused lately
 *	passes	network		when a host of it was last not refused
 *	bans	network		since when and until when it is banned
 *
 * One host that may send mail weighs more than many that may not: a network
 * with a pass is not banned. No clock: times are unix seconds that the caller
 * got from the log. Whether lines are read twice, or late, changes nothing: a
 * host counts with its newest line, and a ban is never shortened.
 * Every operation takes constant time.
 *
 *	nets_refused(nets, rule, &a, time_s, &guard, bans, &n);
 *	nets_passed(nets, &lengths, &a, time_s, lifted, &n);
 */
#ifndef NETS_H
#define NETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/recent.h"
#include "local/guard.h"
#include "log/rules.h"
#include "state/counts.h"

#define NETS_MAX 65536
#define NETS_PASS_S 86400
#define NETS_AROUND_MAX RULES_NET_LENGTHS /* networks around one address */

struct nets;

/* A network. */
struct nets_prefix {
	struct addr net; /* masked */
	uint32_t bits;	 /* of 128 */
};

struct nets_count_key {
	struct nets_prefix prefix;
	char rule[RECENT_RULE_SIZE]; /* zero to its end */
};

struct nets_count {
	struct nets_count_key key;
	uint32_t window_s;
	uint32_t n; /* 1 .. RULES_COUNT_MAX */
	uint32_t times_s[RULES_COUNT_MAX];
	/*
	 * Half of an address each: the first 64 bits where those tell the
	 * hosts apart (an IPv6 network above a /64), else the others.
	 */
	uint64_t hosts[RULES_COUNT_MAX];
};

struct nets_pass {
	struct nets_prefix prefix;
	uint32_t time_s;
};

struct nets_ban {
	struct nets_prefix prefix;
	char rule[RECENT_RULE_SIZE]; /* zero to its end */
	uint32_t since, until;	     /* no longer banned from then on */
};

/* Tables of at most max entries, or NULL with errno. */
struct nets *nets_new(size_t max) __attribute__((warn_unused_result));
void nets_free(struct nets *nets);

/*
 * Takes note that a rule refused a host at time_s. The networks that are banned
 * by that, or banned for longer, are put into bans, *bans_n of them: those of
 * which this is a host that had not been refused within the rule's time, when
 * the hosts of that time are enough now or the rule has banned the network
 * already; unless
 *
 *	- a host of it passed less than NETS_PASS_S ago, or
 *	- the guard protects something in it (NULL: nothing).
 *
 * The ban lasts for the shorter of that time and the rule's ban. Returns 0, or
 * -1 with errno ENOMEM: some may be missing then.
 */
int nets_refused(struct nets *nets, const struct rules_rule *rule,
    const struct addr *a, int64_t time_s, const struct guard *guard,
    struct nets_ban bans[RULES_NETS_MAX], size_t *bans_n)
    __attribute__((warn_unused_result));

/*
 * Takes note that a host passed at time_s, for its networks of the lengths that
 * rules use now. Bans around it end: they are removed, and put into lifted,
 * *lifted_n of them. Returns 0, or -1 with errno ENOMEM: then they are as well,
 * but it may be forgotten.
 */
int nets_passed(struct nets *nets, const struct rules_lengths *lengths,
    const struct addr *a, int64_t time_s,
    struct nets_ban lifted[NETS_AROUND_MAX], size_t *lifted_n)
    __attribute__((warn_unused_result));

/* The bans around an address, whether or not their time is over. */
size_t nets_find(struct nets *nets, const struct addr *a,
    struct nets_ban bans[NETS_AROUND_MAX]);

/* Removes the bans around an address; they are put into lifted. */
size_t nets_lift(struct nets *nets, const struct addr *a,
    struct nets_ban lifted[NETS_AROUND_MAX]);

/*
 * Removes each ban that goes, which must change none itself. How many there
 * were.
 */
typedef bool nets_goes(void *user, const struct nets_ban *ban);
size_t nets_remove_if(struct nets *nets, nets_goes *goes, void *user);

/*
 * Forgets the hosts of a banned network that its rule has counted, or one more
 * of them would bring a lifted ban back.
 */
void nets_forget_hosts(struct nets *nets, const struct nets_ban *ban);

/* Forgets all that a rule has counted; bans stay. */
void nets_forget_rule(struct nets *nets, const char *rule);

/* No longer counts the host under a rule, as if it had not been refused. */
void nets_forget(struct nets *nets, const char *rule, const struct addr *a);

/* The bans that hold at now; of a rule, or NULL for all. Looks at each. */
size_t nets_count_bans(const struct nets *nets, const char *rule, int64_t now);

/* How many seconds of a ban are left at now; see recent_left_s. */
uint32_t nets_left_s(const struct nets_ban *ban, int64_t now);

/*
 * Forgets what can no longer matter to a line of now_s or later, as far as it
 * is next to leave.
 */
void nets_expire(struct nets *nets, int64_t now_s);

/*
 * The entries of a table, the one that leaves next first: starts with *at = 0;
 * NULL at the end.
 */
const struct nets_count *nets_next_count(const struct nets *nets, size_t *at);
const struct nets_pass *nets_next_pass(const struct nets *nets, size_t *at);
const struct nets_ban *nets_next_ban(const struct nets *nets, size_t *at);

/*
 * Puts an entry that is not in its table as the one that leaves it last.
 * Returns 0, or -1 when it is in the table, is malformed or, with errno, out of
 * memory.
 */
int nets_put_count(struct nets *nets, const struct nets_count *entry)
    __attribute__((warn_unused_result));
int nets_put_pass(struct nets *nets, const struct nets_pass *entry)
    __attribute__((warn_unused_result));
int nets_put_ban(struct nets *nets, const struct nets_ban *entry)
    __attribute__((warn_unused_result));

#endif
