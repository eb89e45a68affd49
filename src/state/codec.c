/* SPDX-License-Identifier: ISC */
#include "state/codec.h"

#include <string.h>

#include "base/ban.h"
#include "base/plain.h"
#include "state/connections.h"
#include "state/counts.h"
#include "state/doubts.h"
#include "state/repeats.h"
#include "state/visits.h"

/* ---- keys ---- */

static void
key_begin(struct codec_key *key, char kind)
{
	key->b[0] = (unsigned char)kind;
	key->len = 1;
}

static void
key_add(struct codec_key *key, const void *p, size_t len)
{
	memcpy(key->b + key->len, p, len);
	key->len += len;
}

static void
key_number(struct codec_key *key, uint64_t n)
{
	for (int i = 0; i < 8; i++)
		key->b[key->len++] = (unsigned char)(n >> 8 * i);
}

static uint64_t
number_of(const unsigned char *p)
{
	uint64_t n = 0;

	for (int i = 8; i-- > 0;)
		n = n << 8 | p[i];
	return n;
}

/* A rule's name, the len bytes at the end of a key. */
static int
take_name(char name[BAN_RULE_SIZE], const unsigned char *p, size_t len)
{
	if (len == 0 || len >= BAN_RULE_SIZE || memchr(p, 0, len) != NULL)
		return -1;
	memset(name, 0, BAN_RULE_SIZE);
	memcpy(name, p, len);
	plain_text(name);
	return 0;
}

static void
key_host(struct codec_key *key, char kind, const struct counts_key *host)
{
	key_begin(key, kind);
	addr_spread(&host->ip, key->b + key->len);
	key->len += ADDR_SPREAD_BYTES;
	key_add(key, host->rule, strlen(host->rule));
}

static int
take_host(struct counts_key *host, const unsigned char *key, size_t klen)
{
	const size_t head = 1 + ADDR_SPREAD_BYTES;

	if (klen < head)
		return -1;
	memcpy(host->ip.b, key + 1, ADDR_SPREAD_BYTES);
	addr_spread(&host->ip, host->ip.b);
	return take_name(host->rule, key + head, klen - head);
}

/* Whether there are fields that earlier versions did not write. */
static bool
has_more(const struct record *r)
{
	return !r->bad && r->at < r->len;
}

/* A time that can be reckoned with. */
static bool
is_time(int64_t time_s)
{
	return time_s >= 0 && time_s <= INT64_MAX - UINT32_MAX;
}

/* ---- bans ---- */

void
codec_put_ban(struct record *r, const struct ban *ban)
{
	record_begin(r, BAN_VERSION);
	record_put_bytes(r, ban->ip.b, sizeof ban->ip.b);
	record_put(r, 8, (uint64_t)ban->since);
	record_put(r, 8, (uint64_t)ban->until);
	record_put(r, 4, ban->refused);
	record_put_bytes(r, ban->rule, strlen(ban->rule));
	record_put_bytes(r, ban->reply, strlen(ban->reply));
}

static int
next_ban(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	struct ban ban;

	if (*at >= bans_count(s->bans))
		return 0;
	bans_nth(s->bans, (*at)++, &ban);
	key->len = BAN_KEY_BYTES;
	ban_key(key->b, &ban.ip);
	codec_put_ban(r, &ban);
	return 1;
}

static int
take_ban(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	struct ban ban;

	(void)key;
	(void)klen;
	return ban_get(r, &ban) == 0 ? bans_put(s->bans, &ban) : -1;
}

/* ---- counts ---- */

static int
next_count(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	const struct counts_entry *e = lru_next(s->counts, at);

	if (e == NULL)
		return 0;
	key_host(key, 'c', &e->key);
	record_put(r, 4, e->window_s);
	record_put(r, 4, e->n);
	for (uint32_t i = 0; i < e->n; i++)
		record_put(r, 4, e->times_s[i]);
	return 1;
}

static int
take_count(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	struct counts_entry read = {0};
	struct counts_entry *e;

	read.window_s = (uint32_t)record_get(r, 4);
	read.n = (uint32_t)record_get(r, 4);
	if (read.n == 0 || read.n >= RULES_COUNT_MAX ||
	    take_host(&read.key, key, klen) != 0)
		return -1;
	for (uint32_t i = 0; i < read.n; i++)
		read.times_s[i] = (uint32_t)record_get(r, 4);
	if (r->bad || lru_find(s->counts, &read.key) != NULL)
		return -1;
	e = lru_put(s->counts, &read.key);
	if (e == NULL)
		return -1;
	*e = read;
	return 0;
}

/* ---- past ---- */

static int
next_past(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	const struct repeats_entry *e = lru_next(s->repeats, at);

	if (e == NULL)
		return 0;
	key_host(key, 'p', &e->key);
	record_put(r, 8, (uint64_t)e->until_s);
	record_put(r, 4, e->max_s);
	record_put(r, 4, e->n);
	return 1;
}

static int
take_past(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	struct repeats_entry read = {0};
	struct repeats_entry *e;

	read.until_s = (int64_t)record_get(r, 8);
	read.max_s = (uint32_t)record_get(r, 4);
	read.n = (uint32_t)record_get(r, 4);
	if (r->bad || !is_time(read.until_s) ||
	    take_host(&read.key, key, klen) != 0 ||
	    lru_find(s->repeats, &read.key) != NULL)
		return -1;
	e = lru_put(s->repeats, &read.key);
	if (e == NULL)
		return -1;
	*e = read;
	return 0;
}

/* ---- seen ---- */

static int
next_seen(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	struct connections_entry e;

	if (!connections_next(s->connections, at, &e))
		return 0;
	key_begin(key, 's');
	key_number(key, e.key.log);
	key_number(key, e.key.pid);
	record_put_bytes(r, e.ip.b, sizeof e.ip.b);
	record_put(r, 4, e.marks);
	record_put(r, 8, (uint64_t)e.begin_s);
	record_put(r, 2, e.port);
	return 1;
}

static int
take_seen(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	struct connections_entry read = {0};
	const void *ip;
	size_t len;

	if (klen != 1 + 8 + 8)
		return -1;
	read.key.log = number_of(key + 1);
	read.key.pid = number_of(key + 9);
	ip = record_get_bytes(r, sizeof read.ip.b, &len);
	read.marks = r->version < 4 ? 0 : (uint32_t)record_get(r, 4);
	if (has_more(r)) {
		read.begin_s = (int64_t)record_get(r, 8);
		read.port = (uint16_t)record_get(r, 2);
	}
	if (r->bad || len != sizeof read.ip.b || !is_time(read.begin_s))
		return -1;
	memcpy(read.ip.b, ip, len);
	return connections_put(s->connections, &read);
}

/* ---- visits ---- */

static int
next_visit(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	const struct visits_entry *e = lru_next(s->visits, at);

	if (e == NULL)
		return 0;
	key_begin(key, 'v');
	key_number(key, e->key.log);
	addr_spread(&e->key.ip, key->b + key->len);
	key->len += ADDR_SPREAD_BYTES;
	for (int i = 0; i < VISITS_KINDS; i++)
		record_put(r, 4, e->minutes[i]);
	return 1;
}

static int
take_visit(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	struct visits_entry read = {0};
	struct visits_entry *e;

	if (klen != 1 + 8 + ADDR_SPREAD_BYTES)
		return -1;
	read.key.log = number_of(key + 1);
	memcpy(read.key.ip.b, key + 9, ADDR_SPREAD_BYTES);
	addr_spread(&read.key.ip, read.key.ip.b);
	for (int i = 0; i < VISITS_KINDS; i++)
		read.minutes[i] = (uint32_t)record_get(r, 4);
	if (r->bad || lru_find(s->visits, &read.key) != NULL)
		return -1;
	e = lru_put(s->visits, &read.key);
	if (e == NULL)
		return -1;
	*e = read;
	return 0;
}

/* ---- doubts ---- */

static int
next_doubt(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	const struct doubts_entry *e = lru_next(s->doubts, at);

	if (e == NULL)
		return 0;
	key_begin(key, 'h');
	addr_spread(&e->ip, key->b + key->len);
	key->len += ADDR_SPREAD_BYTES;
	record_put(r, 4, e->since_s);
	record_put(r, 4, e->asked_s);
	record_put(r, 4, e->last_s);
	record_put(r, 4, e->keep_s);
	record_put(r, 4, e->pass_s);
	record_put(r, 1, e->answers);
	record_put(r, 1, e->refusals);
	record_put(r, 1, e->uses);
	record_put(r, 1, e->is_listed);
	return 1;
}

static int
take_doubt(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	struct doubts_entry read = {0};
	struct doubts_entry *e;

	if (klen != 1 + ADDR_SPREAD_BYTES)
		return -1;
	memcpy(read.ip.b, key + 1, ADDR_SPREAD_BYTES);
	addr_spread(&read.ip, read.ip.b);
	read.since_s = (uint32_t)record_get(r, 4);
	read.asked_s = (uint32_t)record_get(r, 4);
	read.last_s = (uint32_t)record_get(r, 4);
	read.keep_s = (uint32_t)record_get(r, 4);
	read.pass_s = (uint32_t)record_get(r, 4);
	read.answers = (uint8_t)record_get(r, 1);
	read.refusals = (uint8_t)record_get(r, 1);
	read.uses = (uint8_t)record_get(r, 1);
	read.is_listed = record_get(r, 1) != 0;
	if (r->bad || read.answers == 0 || read.since_s > read.asked_s ||
	    lru_find(s->doubts, &read.ip) != NULL)
		return -1;
	e = lru_put(s->doubts, &read.ip);
	if (e == NULL)
		return -1;
	*e = read;
	return 0;
}

/* ---- zones ---- */

/* By the name that may be read: a key is nobody's business. */
static int
next_zone(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	const struct zone *z = &s->zones.list[*at];

	if (*at >= s->zones.n)
		return 0;
	++*at;
	key_begin(key, 'z');
	key_add(key, z->shown, strlen(z->shown));
	record_put(r, 8, (uint64_t)z->well_s);
	record_put(r, 8, (uint64_t)z->from_s);
	record_put(r, 8, (uint64_t)z->to_s);
	record_put(r, 8, (uint64_t)z->better_s);
	record_put(r, 4, z->ttl_s);
	record_put(r, 1, z->silent);
	record_put_bytes(r, z->why, strlen(z->why));
	return 1;
}

/* Of a zone that is not asked any more, nothing is kept. */
static int
take_zone(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	struct zone read = {0};
	const void *why;
	size_t len;

	read.well_s = (int64_t)record_get(r, 8);
	read.from_s = (int64_t)record_get(r, 8);
	read.to_s = (int64_t)record_get(r, 8);
	read.better_s = (int64_t)record_get(r, 8);
	read.ttl_s = (uint32_t)record_get(r, 4);
	read.silent = record_get(r, 1) != 0;
	why = record_get_bytes(r, ZONES_WHY_SIZE - 1, &len);
	if (r->bad || !is_time(read.well_s) || !is_time(read.from_s) ||
	    !is_time(read.to_s) || !is_time(read.better_s))
		return -1;
	memcpy(read.why, why, len);
	plain_text(read.why);
	for (size_t i = 0; i < s->zones.n; i++) {
		struct zone *z = &s->zones.list[i];

		if (strlen(z->shown) != klen - 1 ||
		    memcmp(z->shown, key + 1, klen - 1) != 0)
			continue;
		memcpy(read.name, z->name, sizeof read.name);
		memcpy(read.shown, z->shown, sizeof read.shown);
		memcpy(read.text, z->text, sizeof read.text);
		*z = read;
	}
	return 0;
}

/* ---- tallies ---- */

/* So many reasons are in each record; those since stand at its end, in order. */
#define FIRST_WHYS 8
_Static_assert(HOOKLOG_KINDS == 11,
    "a new one goes to the end of its enum, and of the record");

/* What the hook says, in the order of the record. */
static const enum hooklog_kind day_kinds[] = {
    HOOKLOG_LOCAL,
    HOOKLOG_IPSET,
    HOOKLOG_RECENT,
    HOOKLOG_OTHER, /* 0: refusals of networks, before 0.7 */
    HOOKLOG_WOULD,
    HOOKLOG_ALLOWED,
    HOOKLOG_PASS,
    HOOKLOG_RECHECK,
    HOOKLOG_PASSED,
    HOOKLOG_NO_RIGHT,
    HOOKLOG_TROUBLE,
};
#define DAY_KINDS (sizeof day_kinds / sizeof *day_kinds)

static void
put_numbers(struct record *r, const struct tally_numbers *n)
{
	record_put(r, 8, n->bans);
	record_put(r, 8, n->counts);
	for (int i = 0; i < FIRST_WHYS; i++)
		record_put(r, 8, n->skips[i]);
}

static void
get_numbers(struct record *r, struct tally_numbers *n)
{
	n->bans = record_get(r, 8);
	n->counts = record_get(r, 8);
	for (int i = 0; i < FIRST_WHYS; i++)
		n->skips[i] = record_get(r, 8);
}

/* A number that earlier versions did not write; 0 in their records. */
static uint64_t
get_newer(struct record *r)
{
	return r->at == r->len ? 0 : record_get(r, 8);
}

static void
put_later_whys(struct record *r, const struct tally *tally)
{
	for (int i = FIRST_WHYS; i < DECIDE_WHYS; i++) {
		record_put(r, 8, tally->all.skips[i]);
		record_put(r, 8, tally->today.skips[i]);
	}
}

/* A version that knows fewer has written fewer. */
static void
get_later_whys(struct record *r, struct tally *tally)
{
	for (int i = FIRST_WHYS; i < DECIDE_WHYS && r->at < r->len; i++) {
		tally->all.skips[i] = record_get(r, 8);
		tally->today.skips[i] = record_get(r, 8);
	}
}

static int
next_tally(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	const struct tally *tally = &s->tallies.list[*at];

	if (*at >= s->tallies.n)
		return 0;
	++*at;
	key_begin(key, 't');
	key_add(key, tally->rule, strlen(tally->rule));
	put_numbers(r, &tally->all);
	put_numbers(r, &tally->today);
	put_later_whys(r, tally);
	return 1;
}

static int
take_tally(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	char name[BAN_RULE_SIZE];
	struct tally *tally;

	if (r->version < 4)
		return 0;
	if (take_name(name, key + 1, klen - 1) != 0)
		return -1;
	tally = tallies_of(&s->tallies, name);
	if (tally == NULL)
		return -1;
	get_numbers(r, &tally->all);
	get_numbers(r, &tally->today);
	get_later_whys(r, tally);
	return r->bad ? -1 : 0;
}

static void
put_rechecks(struct record *r, const struct tallies_rechecks *n)
{
	record_put(r, 8, n->refused);
	record_put(r, 8, n->passed);
}

static void
get_rechecks(struct record *r, struct tallies_rechecks *n)
{
	n->refused = record_get(r, 8);
	n->passed = record_get(r, 8);
}

static void
put_hook(struct record *r, const struct tallies_hook *hook, int kind)
{
	record_put(r, 8, hook->all[kind]);
	record_put(r, 8, hook->today[kind]);
	record_put(r, 8, (uint64_t)hook->last_s[kind]);
}

/* The day, and what the hook said. */
static int
next_day(
    const struct state *s, size_t *at, struct codec_key *key, struct record *r)
{
	const struct tallies_hook *hook = &s->tallies.hook;

	if (*at > 0)
		return 0;
	++*at;
	key_begin(key, 'd');
	record_put(r, 8, (uint64_t)s->tallies.day_from);
	record_put(r, 8, (uint64_t)s->tallies.day_to);
	for (size_t i = 0; i < DAY_KINDS; i++) {
		if (day_kinds[i] != HOOKLOG_OTHER) {
			put_hook(r, hook, day_kinds[i]);
			continue;
		}
		for (int field = 0; field < 3; field++)
			record_put(r, 8, 0);
	}
	put_rechecks(r, &s->tallies.all);
	put_rechecks(r, &s->tallies.today);
	put_hook(r, hook, HOOKLOG_DECIDED);
	return 1;
}

static int
take_day(
    struct state *s, const unsigned char *key, size_t klen, struct record *r)
{
	struct tallies_hook *hook = &s->tallies.hook;

	(void)key;
	if (r->version < 4)
		return 0;
	if (klen != 1)
		return -1;
	s->tallies.day_from = (int64_t)record_get(r, 8);
	s->tallies.day_to = (int64_t)record_get(r, 8);
	for (size_t i = 0; i < DAY_KINDS; i++) {
		uint64_t all = record_get(r, 8);
		uint64_t today = record_get(r, 8);
		int64_t last_s = (int64_t)record_get(r, 8);

		if (day_kinds[i] == HOOKLOG_OTHER)
			continue;
		hook->all[day_kinds[i]] = all;
		hook->today[day_kinds[i]] = today;
		hook->last_s[day_kinds[i]] = last_s;
	}
	get_rechecks(r, &s->tallies.all);
	get_rechecks(r, &s->tallies.today);
	hook->all[HOOKLOG_DECIDED] = get_newer(r);
	hook->today[HOOKLOG_DECIDED] = get_newer(r);
	hook->last_s[HOOKLOG_DECIDED] = (int64_t)get_newer(r);
	return r->bad ? -1 : 0;
}

/* ---- logs ---- */

static void
put_torn(struct record *r, const struct state_log *log)
{
	const struct torn *t = &log->torn;

	record_put(r, 1,
	    (uint64_t)t->goes_on | (uint64_t)t->stamped << 1 |
		(uint64_t)log->shows_hook << 2);
	record_put(r, 2, t->open);
	record_put(r, 1, t->lines);
	record_put(r, 1, t->others);
	record_put(r, 8, (uint64_t)t->time_s);
	record_put(r, 8, t->rests);
	record_put(r, 8, t->torn);
	record_put(r, 8, (uint64_t)t->lost_at_s);
	record_put(r, 2, t->lost_s);
	record_put(r, 2, t->lost_before_s);
	record_put(r, 8, log->late);
	record_put(r, 8, log->recovered);
	record_put(r, 8, (uint64_t)log->unshown_s);
}

/* Not there in what 0.6 wrote. */
static int
get_torn(struct record *r, struct state_log *log)
{
	struct torn *t = &log->torn;
	uint64_t flags;

	flags = record_get(r, 1);
	t->goes_on = (flags & 1) != 0;
	t->stamped = (flags & 2) != 0;
	log->shows_hook = (flags & 4) != 0;
	t->open = (uint32_t)record_get(r, 2);
	t->lines = (uint32_t)record_get(r, 1);
	t->others = (uint32_t)record_get(r, 1);
	t->time_s = (int64_t)record_get(r, 8);
	t->rests = record_get(r, 8);
	t->torn = record_get(r, 8);
	t->lost_at_s = (int64_t)record_get(r, 8);
	t->lost_s = (uint32_t)record_get(r, 2);
	t->lost_before_s = (uint32_t)record_get(r, 2);
	log->late = record_get(r, 8);
	log->recovered = record_get(r, 8);
	log->unshown_s = (int64_t)record_get(r, 8);
	return is_time(t->time_s) && is_time(t->lost_at_s) &&
		       is_time(log->unshown_s) && t->lines <= TORN_LINES &&
		       t->others < TORN_LINES && t->open <= TORN_OPEN_MAX
		   ? 0
		   : -1;
}

static void
log_record(const struct state_log *log, struct codec_key *key, struct record *r)
{
	key_begin(key, 'l');
	key_add(key, log->path, strlen(log->path));
	record_put(r, 8, log->position.ino);
	record_put(r, 8, log->position.offset);
	record_put(r, 8, log->position.head_hash);
	record_put(r, 4, log->position.head_len);
	record_put(r, 8, (uint64_t)log->time_s);
	record_put(r, 8, log->lines);
	record_put(r, 1, log->shows_tcpserver);
	record_put(r, 1, log->ports[0] != 0); /* rblsmtpd, before 0.7 */
	record_put(r, 1, log->shows_passed);
	record_put(r, 8, (uint64_t)log->minute);
	record_put(r, 4, log->minute_bans);
	alarm_put(r, &log->alarm);
	put_torn(r, log);
	for (size_t i = 0; i < STATE_PORTS; i++)
		record_put(r, 2, log->ports[i]);
	record_put_bytes(r, log->position.done, strlen(log->position.done));
}

/* What those before 0.7 have not. */
static int
get_newer_of_log(struct record *r, struct state_log *log)
{
	const void *name;
	size_t len;

	if (!has_more(r)) {
		alarm_forget_shares(&log->alarm);
		return 0;
	}
	if (get_torn(r, log) != 0)
		return -1;
	for (size_t i = 0; i < STATE_PORTS; i++)
		log->ports[i] = (uint16_t)record_get(r, 2);
	name = record_get_bytes(r, sizeof log->position.done - 1, &len);
	if (name != NULL)
		memcpy(log->position.done, name, len);
	return 0;
}

static int
take_log(struct state_log *logs, size_t n, const unsigned char *key,
    size_t klen, struct record *r)
{
	struct state_log read = {.has_position = true};

	read.position.ino = record_get(r, 8);
	read.position.offset = record_get(r, 8);
	read.position.head_hash = record_get(r, 8);
	read.position.head_len = (uint32_t)record_get(r, 4);
	read.time_s = (int64_t)record_get(r, 8);
	read.lines = record_get(r, 8);
	read.shows_tcpserver = record_get(r, 1) != 0;
	if (r->version >= 4) {
		(void)record_get(r, 1);
		read.shows_passed = record_get(r, 1) != 0;
	}
	read.minute = (int64_t)record_get(r, 8);
	read.minute_bans = (uint32_t)record_get(r, 4);
	if (r->version >= 4 &&
	    (alarm_get(r, &read.alarm) != 0 || get_newer_of_log(r, &read) != 0))
		return -1;
	/* those of earlier versions did, too */
	read.shows_hook |= read.shows_passed;
	if (r->bad || klen < 1 || klen > PATH_MAX)
		return -1;
	memcpy(read.path, key + 1, klen - 1);
	for (size_t i = 0; i < n; i++)
		if (strcmp(logs[i].path, read.path) == 0) {
			read.id = logs[i].id;
			read.is_behind = logs[i].is_behind;
			logs[i] = read;
		}
	return 0;
}

/* ---- all ---- */

static const struct {
	char letter;
	int (*next)(const struct state *, size_t *, struct codec_key *,
	    struct record *);
	int (*take)(
	    struct state *, const unsigned char *, size_t, struct record *);
} kinds[] = {
    {'b', next_ban, take_ban},
    {'c', next_count, take_count},
    {'p', next_past, take_past},
    {'s', next_seen, take_seen},
    {'v', next_visit, take_visit},
    {'h', next_doubt, take_doubt},
    {'z', next_zone, take_zone},
    {'t', next_tally, take_tally},
    {'d', next_day, take_day},
};
#define KINDS (sizeof kinds / sizeof *kinds)

int
codec_next(const struct state *s, const struct state_log *logs, size_t n,
    struct codec_at *at, struct codec_key *key, struct record *r)
{
	record_begin(r, BAN_VERSION);
	while (at->kind < KINDS) {
		if (kinds[at->kind].next(s, &at->at, key, r) != 0)
			return 1;
		*at = (struct codec_at){at->kind + 1, 0};
	}
	while (at->at < n) {
		const struct state_log *log = &logs[at->at++];

		if (!log->has_position)
			continue;
		log_record(log, key, r);
		return 1;
	}
	return 0;
}

/* The place among the kinds; KINDS: none of them. */
static size_t
kind_of(const unsigned char *key, size_t klen)
{
	size_t i = 0;

	while (i < KINDS && (klen == 0 || kinds[i].letter != (char)key[0]))
		i++;
	return i;
}

static bool
is_log(const unsigned char *key, size_t klen)
{
	return klen > 0 && key[0] == 'l';
}

/* Networks; see codec.h. */
static bool
is_gone(const unsigned char *key, size_t klen)
{
	return klen > 0 && (key[0] == 'n' || key[0] == 'q' || key[0] == 'N');
}

bool
codec_knows(const unsigned char *key, size_t klen, uint8_t version)
{
	return ban_knows(version) && (is_log(key, klen) || is_gone(key, klen) ||
					 kind_of(key, klen) < KINDS);
}

int
codec_take(struct state *s, struct state_log *logs, size_t n,
    const unsigned char *key, size_t klen, struct record *r)
{
	size_t kind = kind_of(key, klen);

	if (is_log(key, klen))
		return take_log(logs, n, key, klen, r);
	if (is_gone(key, klen))
		return 0;
	return kind < KINDS ? kinds[kind].take(s, key, klen, r) : -1;
}
