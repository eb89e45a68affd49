#include "verdict.h"

#include <stdio.h>

#define GENERAL_REPLY                                                          \
	"451 your address was refused here a short while ago because a "       \
	"DNS blocklist lists it; try again later"

static bool
local_decides(const struct verdict_facts *f)
{
	return f->local_asked && f->local != LOCAL_ABSENT;
}

static bool
set_can_tell(const struct verdict_facts *f)
{
	return f->set_asked && f->set != SETTEST_ERROR;
}

static bool
ban_is_live(const struct verdict_facts *f)
{
	return f->recent_asked && f->recent == RECENT_FOUND &&
	       recent_left_s(&f->ban, f->now) > 0;
}

bool
verdict_needs_recent(const struct verdict_facts *f)
{
	return !local_decides(f) &&
	       !(set_can_tell(f) && f->set == SETTEST_ABSENT);
}

static struct verdict
refuse(const char *source, const char *reply, int64_t left_s)
{
	struct verdict v = {VERDICT_REFUSE, source, left_s, ""};

	snprintf(v.reply, sizeof v.reply, "%s", reply);
	return v;
}

struct verdict
verdict_decide(const struct verdict_facts *f)
{
	const struct verdict pass = {VERDICT_PASS, "", VERDICT_NO_TIME, ""};
	const struct verdict allow = {
	    VERDICT_ALLOW, "local", VERDICT_NO_TIME, ""};

	if (local_decides(f)) {
		if (f->local == LOCAL_ERROR)
			return pass;
		if (f->rule.action == LOCAL_ALLOW)
			return allow;
		return refuse("local", f->rule.reply, VERDICT_NO_TIME);
	}
	if (set_can_tell(f)) {
		if (f->set == SETTEST_ABSENT)
			return pass;
		if (ban_is_live(f))
			return refuse("ipset", f->ban.reply,
			    recent_left_s(&f->ban, f->now));
		return refuse("ipset", GENERAL_REPLY, VERDICT_NO_TIME);
	}
	if (ban_is_live(f))
		return refuse(
		    "recent", f->ban.reply, recent_left_s(&f->ban, f->now));
	return pass;
}
