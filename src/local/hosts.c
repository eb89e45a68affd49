/* SPDX-License-Identifier: ISC */
#include "local/hosts.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/reply.h"
#include "base/slice.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
skip_blanks(struct slice *s)
{
	while (s->len > 0 && is_blank(*s->p))
		slice_advance(s, 1);
}

/* Takes the next word off s. */
static struct slice
word(struct slice *s)
{
	struct slice w;

	skip_blanks(s);
	w = *s;
	while (s->len > 0 && !is_blank(*s->p))
		slice_advance(s, 1);
	w.len -= s->len;
	return w;
}

/* Cuts blanks and a " # comment" off the end of a text. */
static void
trim_text(struct slice *s)
{
	skip_blanks(s);
	for (size_t i = 0; i < s->len; i++) {
		bool begins = i == 0 || is_blank(s->p[i - 1]);
		bool ends = i + 1 == s->len || is_blank(s->p[i + 1]);

		if (s->p[i] == '#' && begins && ends) {
			s->len = i;
			break;
		}
	}
	while (s->len > 0 && is_blank(s->p[s->len - 1]))
		s->len--;
}

static enum hosts_line
bad(char error[HOSTS_ERROR_SIZE], const char *what, struct slice where)
{
	char shown[64];
	size_t n = where.len < sizeof shown - 1 ? where.len : sizeof shown - 1;

	for (size_t i = 0; i < n; i++)
		shown[i] = reply_clean(where.p[i]);
	shown[n] = 0;
	snprintf(error, HOSTS_ERROR_SIZE, "'%s': %s", shown, what);
	return HOSTS_BAD;
}

static enum hosts_line
bad_prefix(char error[HOSTS_ERROR_SIZE], const char *what, struct slice where,
    const struct net *net)
{
	enum hosts_line answer = bad(error, what, where);
	size_t len = strlen(error);
	char text[NET_STRLEN];

	if (strstr(what, "behind") != NULL)
		snprintf(error + len, HOSTS_ERROR_SIZE - len, "; is it %s?",
		    net_format(net, text));
	return answer;
}

/* A rule of a list that has no text of its own: name the list. */
static void
name_list(struct local_rule *rule, const char *list, struct slice id)
{
	unsigned code = rule->action == LOCAL_DEFER ? REPLY_DEFER : REPLY_DENY;
	char text[REPLY_TEXT_MAX + 1];

	if (id.len > 0)
		snprintf(text, sizeof text, "listed in %s (%.*s)", list,
		    (int)(id.len < 64 ? id.len : 64), id.p);
	else
		snprintf(text, sizeof text, "listed in %s", list);
	reply_make(rule->reply, code, text, strlen(text));
}

static enum hosts_line
set_text(struct local_rule *rule, struct slice text, const char *list,
    char error[HOSTS_ERROR_SIZE])
{
	bool defer = rule->action == LOCAL_DEFER;
	unsigned code = reply_code(text.p, text.len);

	if (rule->action == LOCAL_ALLOW) {
		rule->reply[0] = 0; /* an allowed client is told nothing */
		return HOSTS_RULE;
	}
	if (text.len == 0) {
		name_list(rule, list, text);
		return HOSTS_RULE;
	}
	if (text.len > REPLY_TEXT_MAX + (code != 0 ? 4U : 0U))
		return bad(error, "the text is longer than 200 bytes", text);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < 32 || text.p[i] > 126)
			return bad(error,
			    "the text has a byte that is not printable ASCII",
			    text);
	if (code != 0 && (code < 500) != defer)
		return bad(error,
		    defer ? "defer wants a code from 400 to 499"
			  : "deny wants a code from 500 to 599",
		    text);
	if (code == 0) {
		code = defer ? REPLY_DEFER : REPLY_DENY;
	} else {
		slice_advance(&text, 4);
		skip_blanks(&text);
	}
	reply_with_code(rule->reply, code, text.p, text.len);
	return HOSTS_RULE;
}

/* {"cidr":...,"sblid":...}; {"type":"metadata",...} says nothing. */
static enum hosts_line
parse_json(struct slice s, const char *list, struct local_rule *rule,
    char error[HOSTS_ERROR_SIZE])
{
	enum hosts_line answer = HOSTS_RULE;
	json_error_t json_error;
	json_t *object = json_loadb(s.p, s.len, 0, &json_error);
	const char *cidr = json_string_value(json_object_get(object, "cidr"));
	const char *id = json_string_value(json_object_get(object, "sblid"));
	struct slice name;
	const char *what;

	if (object == NULL) {
		snprintf(error, HOSTS_ERROR_SIZE, "no JSON object: %s",
		    json_error.text);
		return HOSTS_BAD;
	}
	if (cidr == NULL) {
		answer = HOSTS_NOTHING;
		if (json_object_get(object, "type") == NULL)
			answer = bad(error, "no \"cidr\" in it", s);
		goto out;
	}
	what = net_parse(slice_of(cidr), &rule->net);
	if (what != NULL) {
		answer = bad_prefix(error, what, slice_of(cidr), &rule->net);
		goto out;
	}
	rule->action = LOCAL_DENY;
	name = (struct slice){id, id == NULL ? 0 : strlen(id)};
	/* a word, as in the text form: " # " in it would begin a comment */
	name_list(rule, list, word(&name));
out:
	json_decref(object);
	return answer;
}

enum hosts_line
hosts_parse(const char *line, size_t len, const char *list,
    struct local_rule *rule, char error[HOSTS_ERROR_SIZE])
{
	struct slice rest = {line, len};
	struct slice address;
	struct slice action;
	const char *what;

	skip_blanks(&rest);
	if (rest.len == 0 || *rest.p == '#' || *rest.p == ';')
		return HOSTS_NOTHING;
	if (*rest.p == '{')
		return parse_json(rest, list, rule, error);
	address = word(&rest);
	what = net_parse(address, &rule->net);
	if (what != NULL)
		return bad_prefix(error, what, address, &rule->net);
	action = word(&rest);
	rule->action = LOCAL_DENY;
	if (action.len == 0 || *action.p == '#') {
		name_list(rule, list, (struct slice){action.p, 0});
		return HOSTS_RULE;
	}
	if (slice_is(&action, ";")) {
		name_list(rule, list, word(&rest));
		return HOSTS_RULE;
	}
	for (enum local_action a = LOCAL_ALLOW; a <= LOCAL_DEFER; a++)
		if (slice_is(&action, hosts_action_name(a))) {
			rule->action = a;
			trim_text(&rest);
			return set_text(rule, rest, list, error);
		}
	return bad(error, "neither allow, deny nor defer", action);
}

const char *
hosts_action_name(enum local_action action)
{
	static const char *const names[] = {
	    [LOCAL_NONE] = "none",
	    [LOCAL_ALLOW] = "allow",
	    [LOCAL_DENY] = "deny",
	    [LOCAL_DEFER] = "defer",
	};

	return names[action];
}

const char *
hosts_text(const struct local_rule *rule)
{
	unsigned code = reply_code(rule->reply, strlen(rule->reply));
	unsigned usual = rule->action == LOCAL_DEFER ? REPLY_DEFER : REPLY_DENY;

	/* a text that looks like a code of its own needs the one before it */
	if (code != usual ||
	    reply_code(rule->reply + 4, strlen(rule->reply + 4)) != 0)
		return rule->reply;
	return rule->reply + 4;
}
