#include "decide.h"

#include <stdio.h>
#include <string.h>

#include "seen.h"
#include "stamp.h"

void
decide_skip(struct decision *d, enum decide_why why)
{
	d->kind = DECIDE_SKIP;
	d->why = why;
}

const char *
decide_why_name(enum decide_why why)
{
	static const char *const names[DECIDE_WHYS] = {
	    [DECIDE_AMBIGUOUS] = "ambiguous",
	    [DECIDE_ALLOWED] = "allowed",
	    [DECIDE_EXCEPT] = "except",
	    [DECIDE_BADADDR] = "badaddr",
	    [DECIDE_UNSEEN] = "unseen",
	    [DECIDE_CAP] = "cap",
	};

	return names[why];
}

void
decide_line(struct decision *d, struct rules *rules, const struct guard *guard,
    const char *line, size_t len, int64_t unstamped_s)
{
	struct rules_match m;
	size_t stamp;

	d->kind = DECIDE_NOTHING;
	d->rule = NULL;
	d->has_ip = false;
	d->time = unstamped_s;
	stamp = stamp_parse(line, len, unstamped_s, &d->time);
	d->message = line + stamp;
	d->message_len = len - stamp;
	switch (rules_apply(rules, d->message, d->message_len, &m)) {
	case RULES_NONE:
		return;
	case RULES_GAVE_UP:
		d->rule = m.rule;
		return;
	case RULES_EXCEPT:
		d->rule = m.rule;
		d->has_ip = addr_parse(m.ip, m.ip_len, &d->ip) == 0;
		decide_skip(d, DECIDE_EXCEPT);
		return;
	case RULES_AMBIGUOUS:
		/* any address in it may be planted, so none is named */
		d->rule = m.rule;
		decide_skip(d, DECIDE_AMBIGUOUS);
		return;
	case RULES_BAN:
		break;
	}
	d->rule = m.rule;
	d->has_ip = addr_parse(m.ip, m.ip_len, &d->ip) == 0;
	if (!d->has_ip) {
		decide_skip(d, DECIDE_BADADDR);
		return;
	}
	if (guard_never_blocks(guard, &d->ip)) {
		decide_skip(d, DECIDE_ALLOWED);
		return;
	}
	d->kind = DECIDE_BAN;
	d->pid = seen_pid(m.pid, m.pid_len);
	d->ban_s = m.rule->ban_s;
	memcpy(d->reply, m.reply, sizeof d->reply);
}

const char *
decide_format(const struct decision *d, char buf[DECIDE_TEXT_SIZE])
{
	char ip[ADDR_STRLEN] = "-";

	if (d->has_ip)
		addr_format(&d->ip, ip);
	switch (d->kind) {
	case DECIDE_NOTHING:
		buf[0] = 0;
		break;
	case DECIDE_BAN:
		snprintf(buf, DECIDE_TEXT_SIZE, "ban\t%s\t%s\t%lu\t%s", ip,
		    d->rule->name, (unsigned long)d->ban_s, d->reply);
		break;
	case DECIDE_COUNT:
		snprintf(buf, DECIDE_TEXT_SIZE, "count\t%s\t%s\t%u/%u", ip,
		    d->rule->name, d->count, d->rule->count);
		break;
	case DECIDE_SKIP:
		snprintf(buf, DECIDE_TEXT_SIZE, "skip\t%s\t%s\t%s", ip,
		    d->rule->name, decide_why_name(d->why));
		break;
	}
	return buf;
}
