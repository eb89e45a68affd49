/* SPDX-License-Identifier: ISC */
#include "log/wording.h"

#include <ctype.h>
#include <strings.h>

#include "base/reply.h"

/* ---- words ---- */

/* Kinds of words; a word may be of several. */
enum {
	FILL = 1 << 0,
	DASH = 1 << 1, /* nothing but punctuation */
	PREP = 1 << 2,
	FROM = 1 << 3,
	LIST = 1 << 4, /* what a list calls itself; also any domain name */
	SERVICE = 1 << 5,
	OVER = 1 << 6, /* what becomes of lists, and of hosts too */
	DEAD = 1 << 7, /* what becomes of lists alone */
	LONGER = 1 << 8,
	KEPT = 1 << 9, /* no longer ... */
	STOP = 1 << 10,
	NOT = 1 << 11,
	USE = 1 << 12,
	SERVER = 1 << 13,
	QUERY = 1 << 14,
	REFUSED = 1 << 15,
	TOO_MANY = 1 << 16,
	RATE = 1 << 17,
	ASKER = 1 << 18, /* what only the server that asks is told of */
	KEY = 1 << 19,
	INVALID = 1 << 20,
	LISTED = 1 << 21,
	EVERYBODY = 1 << 22,
	ALL = 1 << 23,
	HOSTS = 1 << 24,
	REMOVE = 1 << 25,
};

#define WORD_MAX 15

/* In order. */
static const struct word {
	char text[WORD_MAX + 1];
	unsigned kinds;
} words[] = {
    {"a", FILL},
    {"abandoned", DEAD},
    {"active", KEPT},
    {"address", HOSTS},
    {"addresses", HOSTS},
    {"ahbl", LIST},
    {"all", ALL},
    {"already", FILL},
    {"an", FILL},
    {"answered", FILL},
    {"answering", FILL},
    {"any", ALL},
    {"are", FILL},
    {"as", FILL},
    {"available", KEPT},
    {"avoid", STOP},
    {"be", FILL},
    {"been", FILL},
    {"being", FILL},
    {"bl", LIST},
    {"blacklist", LIST},
    {"blacklisted", LISTED},
    {"blacklists", LIST | LISTED},
    {"blocked", REFUSED | TOO_MANY},
    {"blocking", TOO_MANY},
    {"blocklist", LIST},
    {"blocklists", LIST},
    {"cease", STOP},
    {"ceased", OVER},
    {"closed", OVER},
    {"closing", OVER},
    {"config", SERVER},
    {"configuration", SERVER},
    {"currently", FILL},
    {"daily", FILL},
    {"database", LIST},
    {"dead", OVER},
    {"decommissioned", DEAD},
    {"defunct", DEAD},
    {"delete", STOP},
    {"denied", REFUSED},
    {"deprecated", DEAD},
    {"disable", STOP},
    {"disabled", OVER},
    {"disallowed", REFUSED},
    {"discontinue", STOP},
    {"discontinued", DEAD},
    {"dns", FILL},
    {"dnsbl", LIST},
    {"dnsbls", LIST},
    {"don't", NOT},
    {"dont", NOT},
    {"down", OVER},
    {"dsbl", LIST},
    {"empty", OVER},
    {"ended", OVER},
    {"entire", ALL},
    {"every", ALL},
    {"everybody", EVERYBODY},
    {"everyone", EVERYBODY},
    {"everything", EVERYBODY},
    {"exceeded", REFUSED | TOO_MANY},
    {"excessive", TOO_MANY},
    {"exist", KEPT},
    {"exists", KEPT},
    {"expired", OVER | INVALID},
    {"for", PREP},
    {"forbidden", REFUSED},
    {"free", FILL},
    {"from", FROM},
    {"functional", KEPT},
    {"gone", OVER},
    {"had", FILL},
    {"has", FILL},
    {"have", FILL},
    {"host", HOSTS},
    {"hosts", HOSTS},
    {"in", PREP},
    {"inactive", OVER},
    {"internet", HOSTS},
    {"invalid", INVALID},
    {"ip", HOSTS},
    {"ips", HOSTS},
    {"is", FILL},
    {"it", FILL},
    {"its", FILL},
    {"key", KEY},
    {"licence", KEY},
    {"license", KEY},
    {"limit", REFUSED},
    {"limited", REFUSED},
    {"limits", REFUSED},
    {"list", LIST | LISTED},
    {"listed", LISTED},
    {"listing", LISTED},
    {"lists", LIST | LISTED},
    {"long", FILL},
    {"longer", OVER | LONGER | NOT},
    {"lookup", QUERY},
    {"lookups", QUERY},
    {"mail", SERVER},
    {"mailserver", SERVER},
    {"mailservers", SERVER},
    {"maintained", KEPT},
    {"many", TOO_MANY},
    {"maximum", FILL},
    {"missing", INVALID},
    {"mta", SERVER},
    {"nameserver", ASKER},
    {"nameservers", ASKER},
    {"never", NOT},
    {"njabl", LIST},
    {"no", FILL},
    {"not", NOT},
    {"now", FILL},
    {"number", FILL},
    {"obsolete", DEAD},
    {"of", PREP},
    {"officially", FILL},
    {"offline", OVER},
    {"on", PREP},
    {"operated", KEPT},
    {"operating", KEPT},
    {"operation", KEPT},
    {"operational", KEPT},
    {"ordb", LIST},
    {"our", FILL},
    {"out", LONGER},
    {"over", TOO_MANY},
    {"permanently", FILL},
    {"positive", LISTED},
    {"positives", LISTED},
    {"provided", KEPT},
    {"published", KEPT},
    {"queries", QUERY | HOSTS},
    {"query", USE | QUERY | HOSTS},
    {"querying", USE},
    {"quota", ASKER},
    {"rate", FILL | RATE},
    {"rate-limit", ASKER},
    {"rate-limited", ASKER},
    {"rbl", LIST},
    {"rbls", LIST},
    {"refused", REFUSED | TOO_MANY},
    {"refuses", TOO_MANY},
    {"refusing", TOO_MANY},
    {"registration", KEY},
    {"rejected", REFUSED},
    {"remove", REMOVE},
    {"required", INVALID},
    {"resolver", ASKER},
    {"resolvers", ASKER},
    {"retired", DEAD},
    {"returned", FILL},
    {"server", SERVER},
    {"servers", SERVER},
    {"service", SERVICE | KEPT},
    {"settings", SERVER},
    {"setup", SERVER},
    {"shut", OVER},
    {"shutdown", DEAD},
    {"stop", STOP},
    {"subscription", KEY},
    {"supported", KEPT},
    {"suspended", OVER},
    {"temporarily", FILL},
    {"terminated", OVER},
    {"that", FILL},
    {"the", FILL},
    {"these", FILL},
    {"this", FILL},
    {"throttled", REFUSED},
    {"to", PREP},
    {"unknown", INVALID},
    {"unmaintained", DEAD},
    {"updated", KEPT},
    {"use", KEPT | USE},
    {"using", USE},
    {"volume", FILL},
    {"was", FILL},
    {"were", FILL},
    {"whole", ALL},
    {"will", FILL},
    {"working", KEPT},
    {"world", EVERYBODY},
    {"your", FILL},
    {"zone", LIST},
    {"zones", LIST},
};

/* By halves; not bsearch(3), whose calls took half of the time for a text. */
static unsigned
look_up(const char text[WORD_MAX + 1])
{
	size_t low = 0;
	size_t high = sizeof words / sizeof *words;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = memcmp(text, words[middle].text, WORD_MAX + 1);

		if (order == 0)
			return words[middle].kinds;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

/* "relays.example.org": letters at the end, and nothing of a URL in it */
static bool
is_domain(struct slice s)
{
	size_t letters = 0;
	size_t dots = 0;

	for (; s.len > 0; slice_advance(&s, 1)) {
		unsigned char c = (unsigned char)*s.p;

		if (!isalnum(c) && c != '.' && c != '-')
			return false;
		letters = isalpha(c) ? letters + 1 : 0;
		dots += c == '.';
	}
	return dots > 0 && letters >= 2;
}

static unsigned
kinds_of(struct slice s)
{
	char text[WORD_MAX + 1] = {0};
	unsigned kinds = 0;

	if (s.len == 0)
		return DASH;
	if (s.len <= WORD_MAX) {
		for (size_t i = 0; i < s.len; i++)
			text[i] = (char)tolower((unsigned char)s.p[i]);
		kinds = look_up(text);
	}
	return kinds == 0 && is_domain(s) ? LIST : kinds;
}

/*
 * Takes a word off the start, without the punctuation around it. Returns the
 * byte that ends a part of a sentence there; 0: none does.
 */
static char
take_word(struct slice *s, struct slice *word)
{
	char end = 0;
	size_t n = 0;

	while (s->len > 0 && *s->p == ' ')
		slice_advance(s, 1);
	while (n < s->len && s->p[n] != ' ')
		n++;
	*word = (struct slice){s->p, n};
	slice_advance(s, n);
	while (word->len > 0 && !isalnum((unsigned char)*word->p))
		slice_advance(word, 1);
	for (; word->len > 0; word->len--) {
		char c = word->p[word->len - 1];

		if (isalnum((unsigned char)c))
			break;
		if (strchr(".,;!?):", c) != NULL && end != '.')
			end = c == ':' ? ':' : '.';
	}
	return end;
}

/* ---- phrases ---- */

#define PHRASE_MAX 3

static const struct phrase {
	unsigned kinds[PHRASE_MAX]; /* one after the other; 0: no more */
	unsigned fill;		    /* what may stand between them */
	bool always;		    /* also if the text names the host */
} phrases[] = {
    /* "ordb.org was shut down", "this zone has been deprecated" */
    {{LIST, OVER | DEAD}, FILL | DASH, true},
    /* "the service has ended"; "NJABL: deprecated", "XYZ was shut down" */
    {{SERVICE, OVER}, FILL, false},
    {{DEAD}, 0, false},
    {{OVER, OVER}, 0, false},
    /* "XYZ is no longer in service", "out of service" */
    {{LONGER, KEPT}, FILL | PREP, false},
    /* "stop using relays.example.org", "discontinue use of this list" */
    {{STOP, LIST}, FILL | USE | PREP, true},
    {{NOT, USE, LIST}, FILL, true},
    /* "remove this list", "please remove from your mailserver" */
    {{REMOVE, LIST}, FILL, true},
    {{REMOVE, FROM, SERVER}, FILL, true},
    /* "query refused", "excessive queries", "refusing your queries" */
    {{QUERY, REFUSED}, FILL | DASH, true},
    {{TOO_MANY, QUERY}, FILL | PREP, true},
    /* "rate limited", "over quota", "blocked: public resolver" */
    {{RATE, REFUSED}, 0, false},
    {{ASKER}, 0, false},
    /* "invalid key", "registration required" */
    {{INVALID, KEY}, FILL, false},
    {{KEY, INVALID}, FILL, false},
    /* "everybody is listed", "listed to everybody" */
    {{EVERYBODY, LISTED}, FILL, true},
    {{LISTED, EVERYBODY}, FILL | PREP, true},
    /* "all addresses are listed", "listing the whole internet" */
    {{ALL, HOSTS, LISTED}, FILL | HOSTS, false},
    {{LISTED, ALL, HOSTS}, FILL | PREP, true},
};
#define PHRASES (sizeof phrases / sizeof *phrases)

/* How many words of the phrase there are with this one. */
static unsigned
go_on(const struct phrase *p, unsigned there, unsigned kinds)
{
	if ((kinds & p->kinds[there]) != 0)
		return there + 1;
	if (there > 0 && (kinds & p->fill) != 0)
		return there;
	return (kinds & p->kinds[0]) != 0;
}

enum said {
	SAYS_NOTHING,
	SAYS_PERHAPS, /* counts only if the text does not name the host */
	SAYS_CLEARLY,
};

/* The kinds with which phrases begin. */
#define STARTS                                                                 \
	(LIST | SERVICE | DEAD | OVER | LONGER | STOP | NOT | REMOVE | QUERY | \
	    TOO_MANY | RATE | ASKER | INVALID | KEY | EVERYBODY | LISTED |     \
	    ALL)

static enum said
read_phrases(struct slice s)
{
	unsigned there[PHRASES] = {0};
	enum said said = SAYS_NOTHING;
	bool begun = false;

	while (s.len > 0) {
		struct slice word;
		char end = take_word(&s, &word);
		unsigned kinds = kinds_of(word);

		if (!begun && (kinds & STARTS) == 0)
			continue;
		begun = false;
		for (size_t i = 0; i < PHRASES; i++) {
			const struct phrase *p = &phrases[i];

			there[i] = go_on(p, there[i], kinds);
			if (there[i] == PHRASE_MAX || p->kinds[there[i]] == 0) {
				if (p->always)
					return SAYS_CLEARLY;
				said = SAYS_PERHAPS;
				there[i] = 0;
			}
			if (end == '.' || (end == ':' && (p->fill & DASH) == 0))
				there[i] = 0;
			begun |= there[i] > 0;
		}
	}
	return said;
}

/* ---- texts ---- */

static bool
has(struct slice s, const char *text)
{
	return memmem(s.p, s.len, text, strlen(text)) != NULL;
}

static bool
begins(struct slice s, const char *text)
{
	size_t n = strlen(text);

	return s.len >= n && strncasecmp(s.p, text, n) == 0;
}

static bool
is_error(struct slice s)
{
	return begins(s, "error:") || begins(s, "error ") ||
	       /* of rblsmtpd -c, and of the hook with -e */
	       begins(s, "temporary rbl lookup error") ||
	       begins(s, "[cached]") ||
	       /* Spamhaus's error codes, and its page about them */
	       has(s, "/returnc/") || has(s, "127.255.255.");
}

/* Where lists say why they have a host; not every text has its address. */
static bool
has_known_page(struct slice s)
{
	static const char *const pages[] = {
	    "spamhaus.org/query/",
	    "spamhaus.org/sbl/",
	    "spamhaus.org/pbl/",
	    "spamcop.net/bl.shtml?",
	    "barracudanetworks.com/reputation/?",
	    "barracudacentral.org/lookups",
	    "abuseat.org/lookup",
	    "sorbs.net/lookup",
	    "uceprotect.net/rblcheck",
	    "psbl.org/listing",
	    "dronebl.org/lookup",
	    "spamrats.com/lookup",
	    "blocklist.de/en/view",
	};

	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		if (has(s, pages[i]))
			return true;
	return false;
}

static bool
is_of_address(char c)
{
	return isxdigit((unsigned char)c) || c == '.' || c == ':';
}

static bool
is_address(const char *p, size_t len, const struct addr *ip)
{
	struct addr found;

	return addr_parse(p, len, &found) == 0 &&
	       memcmp(&found, ip, sizeof found) == 0;
}

/* Whether a part of the text is that IPv6 address, in whatever form. */
static bool
has_ip6(struct slice s, const struct addr *ip)
{
	while (s.len > 0) {
		const char *from = s.p;
		size_t n = 0;

		while (n < s.len && is_of_address(s.p[n]))
			n++;
		slice_advance(&s, n > 0 ? n : 1);
		while (n > 0 && from[n - 1] == '.')
			n--;
		if (n > 1 && from[n - 1] == ':' && from[n - 2] != ':')
			n--;
		if (is_address(from, n, ip))
			return true;
	}
	return false;
}

/* The same of IPv4, which has one form; not within a longer one. */
static bool
has_ip4(struct slice s, const char *ip)
{
	const size_t len = strlen(ip);
	const char *at;

	while ((at = memmem(s.p, s.len, ip, len)) != NULL) {
		size_t before = (size_t)(at - s.p);
		struct slice rest = {at + len, s.len - before - len};
		bool inside = before > 0 &&
			      (isdigit((unsigned char)at[-1]) || at[-1] == '.');

		if (rest.len > 0 && *rest.p == '.')
			slice_advance(&rest, 1);
		inside |= rest.len > 0 && isdigit((unsigned char)*rest.p);
		if (!inside)
			return true;
		slice_advance(&s, before + 1);
	}
	return false;
}

bool
wording_names_host(struct slice text, const struct addr *ip)
{
	char host[ADDR_STRLEN];

	if (text.len == 0)
		return false;
	if (has_known_page(text))
		return true;
	return addr_is4(ip) ? has_ip4(text, addr_format(ip, host))
			    : has_ip6(text, ip);
}

bool
wording_is_no_listing(struct slice text, const struct addr *ip)
{
	enum said said;

	if (text.len == 0)
		return false;
	if (reply_code(text.p, text.len) != 0)
		slice_advance(&text, 4);
	while (text.len > 0 && *text.p == ' ')
		slice_advance(&text, 1);
	if (is_error(text))
		return true;
	said = read_phrases(text);
	return said == SAYS_CLEARLY ||
	       (said == SAYS_PERHAPS &&
		   (ip == NULL || !wording_names_host(text, ip)));
}
