/* SPDX-License-Identifier: ISC */
#include "state/alarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

#define MINUTE_S 60
#define WHOLE 1000000U /* a share of 100 % */
#define SPREADS 6
#define CHANCES 4
#define WAVE 3 /* times the usual spam: no fault of a list */
#define BANS_MIN 30
#define REFUSALS_MIN 30
#define CONNECTIONS_MIN 20 /* fewer have no share */
#define SHARES_MIN 20	   /* fewer do not say what is usual */
#define CALM_MINUTES 5

/* ---- what is usual ---- */

static uint32_t
square_root(uint64_t n)
{
	uint64_t root = 0;

	for (uint64_t bit = 1ULL << 31; bit != 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= n)
			root += bit;
	return (uint32_t)root;
}

static uint32_t
max_of(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The values are left in another order, and changed. */
static struct alarm_range
range_of(uint32_t *values, size_t n, size_t min)
{
	struct alarm_range range = {.is_known = n >= min};

	if (!range.is_known)
		return range;
	qsort(values, n, sizeof *values, compare);
	range.median = values[n / 2];
	for (size_t i = 0; i < n; i++)
		values[i] = values[i] > range.median ? values[i] - range.median
						     : range.median - values[i];
	qsort(values, n, sizeof *values, compare);
	range.spread = (uint32_t)(values[n / 2] * 14826ULL / 10000);
	return range;
}

/* Several minutes as one. */
struct sum {
	uint32_t connections, refusals;
};

static void
add(struct sum *sum, const struct alarm_minute *m)
{
	sum->connections += m->connections;
	sum->refusals += m->refusals;
}

static void
take_off(struct sum *sum, const struct alarm_minute *m)
{
	sum->connections -= m->connections;
	sum->refusals -= m->refusals;
}

static bool
has_share(const struct sum *sum)
{
	return sum->connections >= CONNECTIONS_MIN;
}

/* The refusal may stand in another minute than its connection. */
static uint32_t
share_of(const struct sum *sum)
{
	if (sum->refusals == 0)
		return 0;
	if (sum->refusals >= sum->connections)
		return WHOLE;
	return (uint32_t)((uint64_t)sum->refusals * WHOLE / sum->connections);
}

/* The i-th closed minute, the oldest being 0. */
static const struct alarm_minute *
repeats_at(const struct alarm *b, size_t i)
{
	return &b->past[(b->first + i) % ALARM_MINUTES];
}

/* The shares of every so many minutes in a row. */
static struct alarm_range
shares(const struct alarm *b, size_t minutes)
{
	uint32_t values[ALARM_MINUTES];
	struct sum sum = {0};
	size_t n = 0;

	for (size_t i = 0; i < b->past_n; i++) {
		add(&sum, repeats_at(b, i));
		if (i >= minutes)
			take_off(&sum, repeats_at(b, i - minutes));
		if (i + 1 >= minutes && has_share(&sum))
			values[n++] = share_of(&sum);
	}
	return range_of(values, n, SHARES_MIN);
}

static void
find_usual(struct alarm *b)
{
	uint32_t values[ALARM_MINUTES];

	for (size_t i = 0; i < b->past_n; i++)
		values[i] = b->past[i].bans;
	b->bans = range_of(values, b->past_n, ALARM_ARMED);
	b->share = b->window_share = (struct alarm_range){0};
	if (!b->bans.is_known)
		return;
	b->share = shares(b, 1);
	b->window_share = shares(b, ALARM_WINDOW);
}

static uint32_t
bans_limit(const struct alarm *b)
{
	uint32_t m = b->bans.median;
	uint32_t s = max_of(b->bans.spread, square_root(m));

	return max_of(BANS_MIN, WAVE * m + SPREADS * s);
}

/* The share that so much more spam would make. */
static uint32_t
wave_share(uint32_t share)
{
	uint64_t m = share;

	return (uint32_t)(WAVE * m * WHOLE / (WHOLE + (WAVE - 1) * m));
}

/* Of however many connections; cheap. */
static uint32_t
lowest_share_limit(const struct alarm_range *range)
{
	return max_of(
	    max_of(WHOLE / 2, range->median + SPREADS * range->spread),
	    wave_share(range->median));
}

static uint32_t
share_limit(const struct alarm_range *range, uint32_t connections)
{
	uint64_t w = wave_share(range->median);

	return max_of(lowest_share_limit(range),
	    (uint32_t)w + CHANCES * square_root(w * (WHOLE - w) / connections));
}

/* ---- minutes ---- */

static struct alarm_minute *
minute_at(struct alarm *b, int64_t minute)
{
	return &b->recent[(uint64_t)minute % ALARM_WINDOW];
}

static struct sum
window(const struct alarm *b)
{
	struct sum sum = {0};

	for (size_t i = 0; i < ALARM_WINDOW; i++)
		add(&sum, &b->recent[i]);
	return sum;
}

static void
forget_recent(struct alarm *b)
{
	memset(b->recent, 0, sizeof b->recent);
	b->calm = 0;
}

static void
forget_past(struct alarm *b)
{
	b->past_n = 0;
	b->first = 0;
}

static void
remember(struct alarm *b, const struct alarm_minute *m)
{
	if (b->past_n < ALARM_MINUTES) {
		b->past[b->past_n++] = *m;
		return;
	}
	b->past[b->first] = *m;
	b->first = (b->first + 1) % ALARM_MINUTES;
}

/* Nearer to what is usual than to the limit. */
static bool
is_well(const struct alarm_range *range, const struct sum *sum)
{
	uint32_t limit = share_limit(range, sum->connections);

	return share_of(sum) <= (range->median + limit) / 2;
}

/*
 * Hosts that are not banned come again and are to be banned each time, so of
 * bans any number up to the limit is well.
 */
static bool
is_calm(const struct alarm *b, const struct alarm_minute *m)
{
	struct sum sum = {0};

	add(&sum, m);
	return m->bans <= bans_limit(b) &&
	       (!b->share.is_known || !has_share(&sum) ||
		   is_well(&b->share, &sum));
}

/* A few minutes with few connections each are looked at together. */
static bool
is_over(const struct alarm *b)
{
	struct sum sum = window(b);

	if (b->calm < CALM_MINUTES)
		return false;
	if (!b->window_share.is_known)
		return true;
	return has_share(&sum) && is_well(&b->window_share, &sum);
}

static void
close_minute(struct alarm *b)
{
	const struct alarm_minute *m = minute_at(b, b->minute);

	if (!alarm_is_on(b)) {
		remember(b, m);
		return;
	}
	if (!is_calm(b, m)) {
		forget_recent(b);
		return;
	}
	b->calm++;
	if (is_over(b)) {
		b->alarm.ended_s = (b->minute + 1) * MINUTE_S;
		forget_recent(b);
	}
}

static void
open_minute(struct alarm *b, int64_t minute)
{
	b->minute = minute;
	*minute_at(b, minute) = (struct alarm_minute){0};
}

/* The minute of a line; closes those before. */
static struct alarm_minute *
minute_of(struct alarm *b, int64_t time_s)
{
	int64_t minute = time_s / MINUTE_S;
	int64_t ahead = minute - b->minute;

	if (ahead < -(BAN_AHEAD_S / MINUTE_S))
		*b = (struct alarm){.minute = minute};
	if (ahead <= 0)
		return minute_at(b, b->minute);
	close_minute(b);
	if (ahead > ALARM_WINDOW) {
		forget_recent(b);
		if (ahead > ALARM_MINUTES && !alarm_is_on(b))
			forget_past(b);
	} else
		while (b->minute + 1 < minute) {
			open_minute(b, b->minute + 1);
			close_minute(b);
		}
	open_minute(b, minute);
	find_usual(b);
	return minute_at(b, minute);
}

static void
count(uint16_t *n)
{
	if (*n < UINT16_MAX)
		++*n;
}

/* ---- the alarm ---- */

/* Whether this minute is half way from the usual to what tripped, or above. */
static bool
belongs(const struct alarm_alarm *alarm, const struct alarm_minute *m)
{
	struct sum sum = {0};

	if (alarm->measure == ALARM_BANS)
		return m->bans > (alarm->usual + alarm->seen) / 2;
	add(&sum, m);
	return share_of(&(struct sum){alarm->of, alarm->seen}) / 2 +
		   alarm->usual / 2 <
	       share_of(&sum);
}

static void
trip(struct alarm *b, int64_t time_s, struct alarm_alarm alarm)
{
	int64_t from = b->minute;

	while (from > b->minute - (ALARM_WINDOW - 1) &&
	       belongs(&alarm, minute_at(b, from - 1)))
		from--;
	/* it may have begun late in the minute before */
	alarm.from_s = (from - 1) * MINUTE_S;
	alarm.tripped_s = time_s;
	b->alarm = alarm;
	b->calm = 0;
}

/* Begins the alarm when so many minutes' sum is above the limit. */
static void
check_share(struct alarm *b, int64_t time_s, const struct alarm_range *range,
    const struct sum *sum, uint32_t minutes)
{
	struct alarm_alarm alarm = {
	    .measure = ALARM_SHARE,
	    .minutes = minutes,
	    .seen = sum->refusals,
	    .of = sum->connections,
	    .usual = range->median,
	};

	if (!range->is_known || sum->refusals < REFUSALS_MIN ||
	    !has_share(sum) || share_of(sum) <= lowest_share_limit(range))
		return;
	alarm.limit = share_limit(range, sum->connections);
	if (share_of(sum) > alarm.limit)
		trip(b, time_s, alarm);
}

void
alarm_time(struct alarm *b, int64_t time_s)
{
	(void)minute_of(b, time_s);
}

void
alarm_connection(struct alarm *b, int64_t time_s)
{
	count(&minute_of(b, time_s)->connections);
}

void
alarm_refusal(struct alarm *b, int64_t time_s)
{
	struct alarm_minute *m = minute_of(b, time_s);
	struct sum sum = {0};

	/* a share of so many is the same at the end of the minute */
	if (m->connections < UINT16_MAX)
		count(&m->refusals);
	if (alarm_is_on(b))
		return;
	add(&sum, m);
	check_share(b, time_s, &b->share, &sum, 1);
	if (alarm_is_on(b) || !b->window_share.is_known)
		return;
	sum = window(b);
	check_share(b, time_s, &b->window_share, &sum, ALARM_WINDOW);
}

bool
alarm_ban(struct alarm *b, int64_t time_s)
{
	struct alarm_minute *m = minute_of(b, time_s);
	uint32_t limit;

	count(&m->bans);
	if (alarm_is_on(b))
		return false;
	if (!b->bans.is_known || m->bans <= BANS_MIN)
		return true;
	limit = bans_limit(b);
	if (m->bans <= limit)
		return true;
	trip(b, time_s,
	    (struct alarm_alarm){.measure = ALARM_BANS,
		.minutes = 1,
		.seen = m->bans,
		.usual = b->bans.median,
		.limit = limit});
	return false;
}

void
alarm_end(struct alarm *b, int64_t time_s)
{
	if (!alarm_is_on(b))
		return;
	b->alarm.ended_s = time_s;
	forget_recent(b);
	forget_past(b);
	find_usual(b);
}

bool
alarm_is_on(const struct alarm *b)
{
	return b->alarm.measure != ALARM_NONE && b->alarm.ended_s == 0;
}

/* ---- text ---- */

static uint32_t
percent(uint32_t share)
{
	return (share + WHOLE / 200) / (WHOLE / 100);
}

const char *
alarm_why(const struct alarm *b, char buf[ALARM_TEXT_SIZE])
{
	const struct alarm_alarm *alarm = &b->alarm;

	buf[0] = 0;
	switch (alarm->measure) {
	case ALARM_NONE:
		break;
	case ALARM_SHARE:
		snprintf(buf, ALARM_TEXT_SIZE,
		    "refused %" PRIu32 " %% of %" PRIu32 " hosts in %" PRIu32
		    " min, usual %" PRIu32 " %%, limit %" PRIu32 " %%",
		    percent(share_of(&(struct sum){alarm->of, alarm->seen})),
		    alarm->of, alarm->minutes, percent(alarm->usual),
		    percent(alarm->limit));
		break;
	case ALARM_BANS:
		snprintf(buf, ALARM_TEXT_SIZE,
		    "%" PRIu32 " new bans in %" PRIu32 " min, usual %" PRIu32
		    ", limit %" PRIu32,
		    alarm->seen, alarm->minutes, alarm->usual, alarm->limit);
		break;
	}
	return buf;
}

const char *
alarm_usual(const struct alarm *b, char buf[ALARM_TEXT_SIZE])
{
	char share[ALARM_TEXT_SIZE / 2] = "";
	struct sum sum = {0};

	if (!b->bans.is_known) {
		snprintf(buf, ALARM_TEXT_SIZE,
		    "not known yet, %" PRIu32 " of %d minutes", b->past_n,
		    ALARM_ARMED);
		return buf;
	}
	for (size_t i = b->past_n - ALARM_WINDOW; i < b->past_n; i++)
		add(&sum, repeats_at(b, i));
	if (b->window_share.is_known && has_share(&sum))
		snprintf(share, sizeof share,
		    "refused %" PRIu32 " %%, limit %" PRIu32 " %%; ",
		    percent(b->window_share.median),
		    percent(share_limit(&b->window_share, sum.connections)));
	snprintf(buf, ALARM_TEXT_SIZE,
	    "%snew bans a minute %" PRIu32 ", limit %" PRIu32, share,
	    b->bans.median, bans_limit(b));
	return buf;
}

/* ---- the checkpoint ---- */

static void
forget_shares_of(struct alarm_minute *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		m[i].connections = m[i].refusals = 0;
}

void
alarm_forget_shares(struct alarm *b)
{
	forget_shares_of(b->recent, ALARM_WINDOW);
	forget_shares_of(b->past, ALARM_MINUTES);
	find_usual(b);
}

static void
put_minutes(struct record *r, const struct alarm_minute *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		record_put(r, 2, m[i].connections);
		record_put(r, 2, m[i].refusals);
		record_put(r, 2, m[i].bans);
	}
}

static void
get_minutes(struct record *r, struct alarm_minute *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		m[i].connections = (uint16_t)record_get(r, 2);
		m[i].refusals = (uint16_t)record_get(r, 2);
		m[i].bans = (uint16_t)record_get(r, 2);
	}
}

void
alarm_put(struct record *r, const struct alarm *b)
{
	const struct alarm_alarm *alarm = &b->alarm;

	record_put(r, 8, (uint64_t)b->minute);
	put_minutes(r, b->recent, ALARM_WINDOW);
	put_minutes(r, b->past, ALARM_MINUTES);
	record_put(r, 2, b->past_n);
	record_put(r, 2, b->first);
	record_put(r, 2, b->calm);
	record_put(r, 1, alarm->measure);
	record_put(r, 8, (uint64_t)alarm->from_s);
	record_put(r, 8, (uint64_t)alarm->tripped_s);
	record_put(r, 8, (uint64_t)alarm->ended_s);
	record_put(r, 2, alarm->minutes);
	record_put(r, 4, alarm->seen);
	record_put(r, 4, alarm->of);
	record_put(r, 4, alarm->usual);
	record_put(r, 4, alarm->limit);
}

int
alarm_get(struct record *r, struct alarm *b)
{
	struct alarm_alarm *alarm = &b->alarm;
	uint64_t measure;

	b->minute = (int64_t)record_get(r, 8);
	get_minutes(r, b->recent, ALARM_WINDOW);
	get_minutes(r, b->past, ALARM_MINUTES);
	b->past_n = (uint32_t)record_get(r, 2);
	b->first = (uint32_t)record_get(r, 2);
	b->calm = (uint32_t)record_get(r, 2);
	measure = record_get(r, 1);
	alarm->from_s = (int64_t)record_get(r, 8);
	alarm->tripped_s = (int64_t)record_get(r, 8);
	alarm->ended_s = (int64_t)record_get(r, 8);
	alarm->minutes = (uint32_t)record_get(r, 2);
	alarm->seen = (uint32_t)record_get(r, 4);
	alarm->of = (uint32_t)record_get(r, 4);
	alarm->usual = (uint32_t)record_get(r, 4);
	alarm->limit = (uint32_t)record_get(r, 4);
	if (r->bad || b->past_n > ALARM_MINUTES || b->first >= ALARM_MINUTES ||
	    measure > ALARM_BANS || b->minute > INT64_MAX / MINUTE_S ||
	    b->minute < INT64_MIN / MINUTE_S)
		return -1;
	alarm->measure = (enum alarm_measure)measure;
	find_usual(b);
	return 0;
}
