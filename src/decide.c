#include "decide.h"

#include <stdio.h>
#include <string.h>

#include "stamp.h"

static void
skip(struct decision *d, const char *why)
{
	d->kind = DECIDE_SKIP;
	d->why = why;
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
	switch (rules_apply(rules, line + stamp, len - stamp, &m)) {
	case RULES_NONE:
		return;
	case RULES_GAVE_UP:
		d->rule = m.rule;
		return;
	case RULES_EXCEPT:
		d->rule = m.rule;
		d->has_ip = addr_parse(m.ip, m.ip_len, &d->ip) == 0;
		skip(d, "except");
		return;
	case RULES_AMBIGUOUS:
		/* any address in it may be planted, so none is named */
		d->rule = m.rule;
		skip(d, "ambiguous");
		return;
	case RULES_BAN:
		break;
	}
	d->rule = m.rule;
	d->has_ip = addr_parse(m.ip, m.ip_len, &d->ip) == 0;
	if (!d->has_ip) {
		skip(d, "badaddr");
		return;
	}
	if (guard_never_blocks(guard, &d->ip)) {
		skip(d, "allowed");
		return;
	}
	d->kind = DECIDE_BAN;
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
	case DECIDE_SKIP:
		snprintf(buf, DECIDE_TEXT_SIZE, "skip\t%s\t%s\t%s", ip,
		    d->rule->name, d->why);
		break;
	}
	return buf;
}
