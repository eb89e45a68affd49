#!/bin/sh
# SPDX-License-Identifier: ISC
# -e: the hook sets RBLSMTPD and rblsmtpd talks; the feed must not count that.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log

front_prepare
printf '203.0.113.66 deny go away\n' >"$front/hosts"
"$cdb" build "$local_cdb" "$front/hosts" || exit 1
front_list 203.0.113.9
front_start_dnsbl
front_start_smtp -e
front_start_feed
front_connect 203.0.113.9 >/dev/null
ok "a listed host is known" front_wait front_cached 203.0.113.9
said=$(front_connect 203.0.113.9)
like "$said" '^220 rblsmtpd.local$' "then rblsmtpd talks"
like "$said" '^451 \[cached\] Listed by TEST' "with the mark before the text"
is "$(front_queries)" 1 "without a question"
like "$(front_connect 203.0.113.66)" '^553 \[cached\] go away$' \
    "a deny becomes rblsmtpd's 553"
front_connect 203.0.113.9 >/dev/null
front_wait grep -q 'skip.*203.0.113.66.*except' "$front/feed.log"
log=$(cat "$front/feed.log")
is "$(printf '%s\n' "$log" | grep -c 'ban.*203.0.113.9')" 1 \
    "the feed counts the listing once"
like "$log" 'skip.203.0.113.9.rblsmtpd.except' \
    "and passes over what came from the cache"
done_testing
