/* SPDX-License-Identifier: ISC */
#include "feed/canary.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

#define TIMEOUT_MS 2000 /* twice that for the second try */
#define TRIES 2
/* an answer of 512 bytes has 29 */
#define ADDRESSES_MAX 32

enum question { FIRST, FIRST_TEXT, SECOND, QUESTIONS };

static const struct {
	const char *host;
	int type;
} questions[QUESTIONS] = {
    [FIRST] = {"1.0.0.127", ns_t_a},
    [FIRST_TEXT] = {"1.0.0.127", ns_t_txt},
    [SECOND] = {"2.0.0.127", ns_t_a},
};

/* Zeroed, it is one that did not come. */
struct answer {
	bool is_there, is_listing;
	struct ares_addrttl addresses[ADDRESSES_MAX]; /* none for TXT */
	int n;
};

/* The three questions to a zone. */
struct round {
	int64_t asked_ms, due_ms;
	size_t open; /* questions that still wait for their answer */
	bool is_asking;
	struct wait {
		struct round *round;
		enum question question;
	} waits[QUESTIONS];
	struct answer answers[QUESTIONS];
};

struct canary {
	struct zones *zones;
	int64_t interval_ms;
	canary_taken *taken;
	void *user;
	ares_channel channel;
	struct pollfd sockets[CANARY_FDS_MAX];
	size_t sockets_n;
	struct round rounds[ZONES_MAX];
};

/* ---- what answers mean ---- */

/* How long the addresses are kept; c-ares says it of no other record. */
static uint32_t
ttl_of(const struct answer *a)
{
	uint32_t ttl_s = 0;

	for (int i = 0; i < a->n; i++)
		if ((uint32_t)a->addresses[i].ttl > ttl_s)
			ttl_s = (uint32_t)a->addresses[i].ttl;
	return ttl_s;
}

/* Whether an address is none with which a list answers; says so in found. */
static bool
is_odd(const struct answer *a, struct zones_found *found)
{
	for (int i = 0; i < a->n; i++) {
		uint32_t ip = ntohl(a->addresses[i].ipaddr.s_addr);
		char text[INET_ADDRSTRLEN];
		bool is_code = ip >> 8 == 0x7fffff;

		if (ip >> 24 == 127 && !is_code)
			continue;
		inet_ntop(AF_INET, &a->addresses[i].ipaddr, text, sizeof text);
		snprintf(found->why, sizeof found->why,
		    is_code ? "answers with the error code %s"
			    : "answers with %s, which is not in 127/8",
		    text);
		found->ttl_s = ttl_of(a);
		return true;
	}
	return false;
}

/*
 * What is wrong is wrong whatever else did not come. The TTL of a TXT record is
 * not known, so it is taken for the longest; a list keeps a host's two records
 * equally long, so the A record's will do for both. A list that lists nobody
 * refuses nobody either: what of it lasts is only that hosts seem to be clean.
 */
static struct zones_found
judge(const struct answer answers[QUESTIONS])
{
	const struct answer *first = &answers[FIRST];
	const struct answer *text = &answers[FIRST_TEXT];
	const struct answer *second = &answers[SECOND];
	struct zones_found found = {
	    .verdict = ZONES_WRONG, .ttl_s = ZONES_TTL_MAX_S};

	if (is_odd(first, &found) || is_odd(second, &found))
		return found;
	if (first->is_listing) {
		found.ttl_s = ttl_of(first);
		snprintf(found.why, sizeof found.why, "lists 127.0.0.1");
	} else if (text->is_listing) {
		snprintf(
		    found.why, sizeof found.why, "has a text for 127.0.0.1");
	} else if (second->is_there && !second->is_listing) {
		found.is_dead = true;
		found.ttl_s = ZONES_CACHE_S;
		snprintf(
		    found.why, sizeof found.why, "does not list 127.0.0.2");
	} else if (first->is_there && text->is_there && second->is_there) {
		found = (struct zones_found){.verdict = ZONES_WELL};
	} else {
		found = (struct zones_found){.verdict = ZONES_SILENT};
	}
	return found;
}

/* ---- questions ---- */

/* Without a reply it is c-ares that does not ask (a name in .onion). */
static struct answer *
end_wait(const struct wait *w, int status, bool has_reply)
{
	struct answer *a = &w->round->answers[w->question];

	w->round->open--;
	a->is_there =
	    has_reply && (status == ARES_ENOTFOUND || status == ARES_ENODATA);
	return a;
}

/* Since 1.31; what is below the #else is deprecated by 1.34. */
#ifdef ARES_OPT_QUERY_CACHE

static void
read_answer(
    struct answer *a, ares_dns_rec_type_t type, const ares_dns_record_t *reply)
{
	size_t n = ares_dns_record_rr_cnt(reply, ARES_SECTION_ANSWER);

	for (size_t i = 0; i < n; i++) {
		const ares_dns_rr_t *rr =
		    ares_dns_record_rr_get_const(reply, ARES_SECTION_ANSWER, i);

		if (ares_dns_rr_get_type(rr) != type ||
		    ares_dns_rr_get_class(rr) != ARES_CLASS_IN)
			continue;
		a->is_listing = true;
		if (type == ARES_REC_TYPE_A && a->n < ADDRESSES_MAX)
			a->addresses[a->n++] = (struct ares_addrttl){
			    *ares_dns_rr_get_addr(rr, ARES_RR_A_ADDR),
			    (int)ares_dns_rr_get_ttl(rr)};
	}
	/* also NODATA: an alias that leads to no such record */
	a->is_there = true;
}

static void
take_answer(void *arg, ares_status_t status, size_t timeouts,
    const ares_dns_record_t *reply)
{
	const struct wait *w = arg;
	struct answer *a = end_wait(w, (int)status, reply != NULL);

	(void)timeouts;
	if (status == ARES_SUCCESS)
		read_answer(
		    a, (ares_dns_rec_type_t)questions[w->question].type, reply);
}

static void
send_question(ares_channel channel, const char *name, int type, struct wait *w)
{
	ares_query_dnsrec(channel, name, ARES_CLASS_IN,
	    (ares_dns_rec_type_t)type, take_answer, w, NULL);
}

#else

static void
read_answer(struct answer *a, int type, const unsigned char *bytes, int len)
{
	int status;

	if (type == ns_t_a) {
		a->n = ADDRESSES_MAX;
		status =
		    ares_parse_a_reply(bytes, len, NULL, a->addresses, &a->n);
		if (status != ARES_SUCCESS)
			a->n = 0;
		a->is_listing = a->n > 0;
	} else {
		struct ares_txt_reply *texts = NULL;

		status = ares_parse_txt_reply(bytes, len, &texts);
		a->is_listing = texts != NULL;
		if (texts != NULL)
			ares_free_data(texts);
	}
	/* NODATA: an alias that leads to no such record */
	a->is_there = status == ARES_SUCCESS || status == ARES_ENODATA;
}

static void
take_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	const struct wait *w = arg;
	struct answer *a = end_wait(w, status, bytes != NULL);

	(void)timeouts;
	if (status == ARES_SUCCESS)
		read_answer(a, questions[w->question].type, bytes, len);
}

static void
send_question(ares_channel channel, const char *name, int type, struct wait *w)
{
	ares_query(channel, name, ns_c_in, type, take_answer, w);
}

#endif

/* c-ares may answer before it returns. */
static void
ask(struct canary *c, size_t i, int64_t now_ms)
{
	struct round *r = &c->rounds[i];

	memset(r->answers, 0, sizeof r->answers);
	r->is_asking = true;
	r->asked_ms = now_ms;
	r->open = QUESTIONS;
	for (int q = 0; q < QUESTIONS; q++) {
		char name[sizeof "1.0.0.127." + ZONES_NAME_MAX];

		snprintf(name, sizeof name, "%s.%s", questions[q].host,
		    c->zones->list[i].name);
		send_question(
		    c->channel, name, questions[q].type, &r->waits[q]);
	}
}

static void
end_round(struct canary *c, size_t i, int64_t now_s)
{
	struct zone *z = &c->zones->list[i];
	struct round *r = &c->rounds[i];
	struct zones_found found = judge(r->answers);
	enum zones_change change = zones_take(z, &found, now_s);
	int64_t interval_ms = c->interval_ms;

	if ((z->silent || zones_is_distrusted(z)) &&
	    interval_ms > CANARY_AGAIN_MS)
		interval_ms = CANARY_AGAIN_MS;
	r->is_asking = false;
	r->due_ms = r->asked_ms + interval_ms;
	c->taken(c->user, i, change);
}

/* ---- the loop ---- */

/* c-ares tells of every socket what it waits for there; in the end nothing. */
static void
note_socket(void *arg, ares_socket_t fd, int reads, int writes)
{
	struct canary *c = arg;
	short events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
	size_t i = 0;

	while (i < c->sockets_n && c->sockets[i].fd != fd)
		i++;
	if (i == CANARY_FDS_MAX)
		return; /* as one whose answer does not come */
	if (i == c->sockets_n)
		c->sockets_n++;
	c->sockets[i] = events != 0 ? (struct pollfd){fd, events, 0}
				    : c->sockets[--c->sockets_n];
}

size_t
canary_fds(const struct canary *c, struct pollfd fds[CANARY_FDS_MAX])
{
	memcpy(fds, c->sockets, c->sockets_n * sizeof *fds);
	return c->sockets_n;
}

int64_t
canary_wait_ms(const struct canary *c, int64_t now_ms)
{
	int64_t wait_ms = INT64_MAX;
	struct timeval left;

	if (ares_timeout(c->channel, NULL, &left) != NULL)
		wait_ms =
		    (int64_t)left.tv_sec * 1000 + (left.tv_usec + 999) / 1000;
	for (size_t i = 0; i < c->zones->n; i++) {
		const struct round *r = &c->rounds[i];

		if (r->is_asking)
			continue;
		if (r->due_ms <= now_ms)
			return 0;
		if (r->due_ms - now_ms < wait_ms)
			wait_ms = r->due_ms - now_ms;
	}
	return wait_ms;
}

void
canary_serve(struct canary *c, int64_t now_ms, int64_t now_s)
{
	struct pollfd fds[CANARY_FDS_MAX];
	size_t n = canary_fds(c, fds);

	if (poll(fds, n, 0) > 0)
		for (size_t i = 0; i < n; i++)
			ares_process_fd(c->channel,
			    fds[i].revents & ~POLLOUT ? fds[i].fd
						      : ARES_SOCKET_BAD,
			    fds[i].revents & POLLOUT ? fds[i].fd
						     : ARES_SOCKET_BAD);
	/* what was waited for long enough */
	ares_process_fd(c->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	for (size_t i = 0; i < c->zones->n; i++)
		if (!c->rounds[i].is_asking && c->rounds[i].due_ms <= now_ms)
			ask(c, i, now_ms);
	for (size_t i = 0; i < c->zones->n; i++)
		if (c->rounds[i].is_asking && c->rounds[i].open == 0)
			end_round(c, i, now_s);
}

void
canary_ask_soon(struct canary *c)
{
	for (size_t i = 0; i < c->zones->n; i++) {
		struct round *r = &c->rounds[i];

		if (r->due_ms > r->asked_ms + CANARY_SOON_MS)
			r->due_ms = r->asked_ms + CANARY_SOON_MS;
	}
}

/* ---- start ---- */

static bool
is_port(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && *end == 0 && n >= 1 &&
	       n <= UINT16_MAX;
}

/* c-ares takes 127 for 127.255.255.255, and port 65589 for 53. */
static bool
is_resolver(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	struct addr a;

	if (addr_parse(text, strlen(text), &a) == 0)
		return true;
	if (colon == NULL || !is_port(colon + 1))
		return false;
	if (len > 2 && text[0] == '[' && text[len - 1] == ']')
		return addr_parse(text + 1, len - 2, &a) == 0 && !addr_is4(&a);
	return addr_parse(text, len, &a) == 0 && addr_is4(&a);
}

/*
 * Later versions of c-ares keep answers, and close a socket at which a
 * malformed one arrives, whatever else was to come there. So there is no cache,
 * and every question has a socket of its own.
 */
static int
open_channel(struct canary *c, const char *resolver)
{
	ares_channel *channel = &c->channel;
	struct ares_options options = {
	    .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
	    .timeout = TIMEOUT_MS,
	    .tries = TRIES,
	    /* none, so that it does not look for this host's own */
	    .ndomains = 0,
	    .sock_state_cb = note_socket,
	    .sock_state_cb_data = c,
	};
	int set = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		  ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB;
	int status = ares_library_init(ARES_LIB_INIT_ALL); /* is counted */

	if (status != ARES_SUCCESS)
		return status;
#ifdef ARES_OPT_QUERY_CACHE
	options.qcache_max_ttl = 0;
	options.udp_max_queries = 1;
	set |= ARES_OPT_QUERY_CACHE | ARES_OPT_UDP_MAX_QUERIES;
#endif
	status = ares_init_options(channel, &options, set);
	if (status == ARES_SUCCESS && *resolver != 0) {
		status = ares_set_servers_ports_csv(*channel, resolver);
		if (status != ARES_SUCCESS)
			ares_destroy(*channel);
	}
	if (status != ARES_SUCCESS)
		ares_library_cleanup();
	return status;
}

struct canary *
canary_open(struct zones *zones, const char *resolver, uint32_t interval_s,
    canary_taken *taken, void *user, char error[CANARY_ERROR_SIZE])
{
	struct canary *c;
	int status;

	if (*resolver != 0 && !is_resolver(resolver)) {
		snprintf(error, CANARY_ERROR_SIZE,
		    "'%.64s' is no resolver (127.0.0.1, 127.0.0.1:5353, "
		    "[::1]:53)",
		    resolver);
		errno = EINVAL;
		return NULL;
	}
	c = calloc(1, sizeof *c);
	if (c == NULL) {
		snprintf(error, CANARY_ERROR_SIZE, "%s", strerror(errno));
		return NULL;
	}
	status = open_channel(c, resolver);
	if (status != ARES_SUCCESS) {
		snprintf(error, CANARY_ERROR_SIZE, "c-ares: %s",
		    ares_strerror(status));
		free(c);
		errno = status == ARES_ENOMEM ? ENOMEM : EIO;
		return NULL;
	}
	c->zones = zones;
	c->interval_ms = (int64_t)interval_s * 1000;
	c->taken = taken;
	c->user = user;
	for (size_t i = 0; i < ZONES_MAX; i++)
		for (int q = 0; q < QUESTIONS; q++)
			c->rounds[i].waits[q] =
			    (struct wait){&c->rounds[i], (enum question)q};
	return c;
}

void
canary_close(struct canary *c)
{
	if (c == NULL)
		return;
	ares_destroy(c->channel); /* answers all that waits */
	ares_library_cleanup();
	free(c);
}
