/* SPDX-License-Identifier: ISC */
#include "hook/verdict.h"

#include <stdio.h>
#include <string.h>

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
	return v->kind != VERDICT_UNKNOWN && strcmp(v->source, "local") != 0;
}

static struct verdict
refuse(const char *source, const char *reply, int64_t left_s)
{
	struct verdict v = {VERDICT_REFUSE, source, left_s, ""};

	snprintf(v.reply, sizeof v.reply, "%s", reply);
	return v;
}

static struct verdict
pass(enum verdict_kind kind, const char *source)
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
		return pass(VERDICT_UNKNOWN, "");
	if (f->local == LOCAL_FOUND && f->rule.action == LOCAL_ALLOW)
		return pass(VERDICT_ALLOW, "local");
	if (f->local == LOCAL_FOUND)
		return refuse("local", f->rule.reply, VERDICT_NO_TIME);
	if (left_s > 0)
		return refuse(
		    member ? "ipset" : "recent", f->ban.reply, left_s);
	if (member)
		return refuse("ipset", GENERAL_REPLY, VERDICT_NO_TIME);
	if (f->pass == SETTEST_MEMBER)
		return pass(VERDICT_ALLOW, "pass");
	return pass(VERDICT_UNKNOWN, "");
}

const char *
verdict_format(const struct verdict *v, char buf[VERDICT_TEXT_SIZE])
{
	switch (v->kind) {
	case VERDICT_UNKNOWN:
		snprintf(buf, VERDICT_TEXT_SIZE, "not known");
		break;
	case VERDICT_ALLOW:
		snprintf(buf, VERDICT_TEXT_SIZE, "allowed (%s)", v->source);
		break;
	case VERDICT_REFUSE:
		if (v->left_s == VERDICT_NO_TIME)
			snprintf(buf, VERDICT_TEXT_SIZE, "%s (%s)", v->reply,
			    v->source);
		else
			snprintf(buf, VERDICT_TEXT_SIZE, "%s (%s, %llds left)",
			    v->reply, v->source, (long long)v->left_s);
		break;
	}
	return buf;
}
