/* SPDX-License-Identifier: ISC */
#include "hook/verdict.h"

#include <stdio.h>

#include "base/hooklog.h"

#define GENERAL_REPLY                                                          \
	"451 your address was refused here a short while ago because a "       \
	"DNS blocklist lists it; try again later"

bool
verdict_needs_recent(const struct verdict_facts *f)
{
	return f->local == LOCAL_ABSENT &&
	       !(f->set_asked && f->set == SETTEST_ABSENT);
}

bool
verdict_is_cached(const struct verdict *v)
{
	return v->source != SOURCE_NONE && v->source != SOURCE_LOCAL;
}

static struct verdict
refuse(enum source source, const char *reply, int64_t left_s)
{
	struct verdict v = {VERDICT_REFUSE, source, left_s, ""};

	snprintf(v.reply, sizeof v.reply, "%s", reply);
	return v;
}

static struct verdict
pass(enum verdict_kind kind, enum source source)
{
	struct verdict v = {kind, source, VERDICT_NO_TIME, ""};

	return v;
}

struct verdict
verdict_decide(const struct verdict_facts *f)
{
	bool member = f->set_asked && f->set == SETTEST_MEMBER;
	uint32_t left_s = f->recent == BAN_FOUND && verdict_needs_recent(f)
			      ? ban_left_s(&f->ban, f->now)
			      : 0;

	if (f->local == LOCAL_ERROR)
		return pass(VERDICT_UNKNOWN, SOURCE_NONE);
	if (f->local == LOCAL_FOUND && f->rule.action == LOCAL_ALLOW)
		return pass(VERDICT_ALLOW, SOURCE_LOCAL);
	if (f->local == LOCAL_FOUND)
		return refuse(SOURCE_LOCAL, f->rule.reply, VERDICT_NO_TIME);
	if (left_s > 0)
		return refuse(member ? SOURCE_IPSET : SOURCE_RECENT,
		    f->ban.reply, left_s);
	if (member)
		return refuse(SOURCE_IPSET, GENERAL_REPLY, VERDICT_NO_TIME);
	if (f->pass == SETTEST_MEMBER)
		return pass(VERDICT_ALLOW, SOURCE_PASS);
	return pass(VERDICT_UNKNOWN, SOURCE_NONE);
}

const char *
verdict_format(const struct verdict *v, char buf[VERDICT_TEXT_SIZE])
{
	const char *source = source_name(v->source);

	switch (v->kind) {
	case VERDICT_UNKNOWN:
		snprintf(buf, VERDICT_TEXT_SIZE, HOOKLOG_SAYS_UNKNOWN);
		break;
	case VERDICT_ALLOW:
		snprintf(
		    buf, VERDICT_TEXT_SIZE, HOOKLOG_SAYS_ALLOWED "%s)", source);
		break;
	case VERDICT_REFUSE:
		if (v->left_s == VERDICT_NO_TIME)
			snprintf(buf, VERDICT_TEXT_SIZE, "%s (%s)", v->reply,
			    source);
		else
			snprintf(buf, VERDICT_TEXT_SIZE,
			    "%s (%s, %lld" HOOKLOG_SAYS_LEFT ")", v->reply,
			    source, (long long)v->left_s);
		break;
	}
	return buf;
}
