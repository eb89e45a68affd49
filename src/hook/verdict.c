/* SPDX-License-Identifier: ISC */
#include "hook/verdict.h"

#include <stdio.h>
#include <string.h>

#include "base/hooklog.h"

#define GENERAL_REPLY                                                          \
	"451 your address was refused here a short while ago because a "       \
	"DNS blocklist lists it; try again later"

static bool
is_member(const struct verdict_facts *f)
{
	return f->set_asked && f->set == SETTEST_MEMBER;
}

bool
verdict_needs_recent(const struct verdict_facts *f)
{
	return f->local == LOCAL_ABSENT &&
	       !(f->set_asked && f->set == SETTEST_ABSENT) &&
	       !(f->recheck && is_member(f));
}

bool
verdict_is_cached(const struct verdict *v)
{
	return v->source != SOURCE_NONE && v->source != SOURCE_LOCAL;
}

static struct verdict
make(enum verdict_kind kind, enum source source, int64_t left_s,
    const char *reply)
{
	struct verdict v = {kind, source, left_s, ""};

	memcpy(v.reply, reply, strlen(reply) + 1);
	return v;
}

struct verdict
verdict_decide(const struct verdict_facts *f)
{
	enum source banned = is_member(f) ? SOURCE_IPSET : SOURCE_RECENT;
	enum verdict_kind kind = f->recheck ? VERDICT_RECHECK : VERDICT_REFUSE;
	uint32_t left_s = f->recent == BAN_FOUND && verdict_needs_recent(f)
			      ? ban_left_s(&f->ban, f->now)
			      : 0;

	if (f->local == LOCAL_ERROR)
		return make(VERDICT_UNKNOWN, SOURCE_NONE, VERDICT_NO_TIME, "");
	if (f->local == LOCAL_FOUND && f->rule.action == LOCAL_ALLOW)
		return make(VERDICT_ALLOW, SOURCE_LOCAL, VERDICT_NO_TIME, "");
	if (f->local == LOCAL_FOUND)
		return make(VERDICT_REFUSE, SOURCE_LOCAL, VERDICT_NO_TIME,
		    f->rule.reply);
	if (left_s > 0)
		return make(kind, banned, left_s, f->ban.reply);
	if (is_member(f))
		return make(kind, banned, VERDICT_NO_TIME, GENERAL_REPLY);
	if (f->pass == SETTEST_MEMBER)
		return make(VERDICT_ALLOW, SOURCE_PASS, VERDICT_NO_TIME, "");
	return make(VERDICT_UNKNOWN, SOURCE_NONE, VERDICT_NO_TIME, "");
}

const char *
verdict_format(const struct verdict *v, char buf[VERDICT_TEXT_SIZE])
{
	const char *source = source_name(v->source);

	if (v->kind == VERDICT_UNKNOWN)
		return HOOKLOG_SAYS_UNKNOWN;
	if (v->kind == VERDICT_RECHECK)
		return HOOKLOG_SAYS_RECHECK;
	if (v->kind == VERDICT_ALLOW)
		snprintf(
		    buf, VERDICT_TEXT_SIZE, HOOKLOG_SAYS_ALLOWED "%s)", source);
	else if (v->left_s == VERDICT_NO_TIME)
		snprintf(buf, VERDICT_TEXT_SIZE, "%s (%s)", v->reply, source);
	else
		snprintf(buf, VERDICT_TEXT_SIZE,
		    "%s (%s, %lld" HOOKLOG_SAYS_LEFT ")", v->reply, source,
		    (long long)v->left_s);
	return buf;
}
