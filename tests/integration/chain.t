#!/bin/sh
# SPDX-License-Identifier: ISC
# The main job through the real tcpserver, rblsmtpd, multilog and rbldnsd.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log

front_prepare
printf '203.0.113.66 deny 554 go away\n203.0.113.67 defer later\n203.0.113.77 allow\n' \
    >"$front/hosts"
"$cdb" build "$local_cdb" "$front/hosts" || exit 1
front_list 203.0.113.9 203.0.113.77 198.18.0.0/16
front_start_dnsbl
front_start_smtp
front_start_feed

text='451 Listed by TEST, see https://rbl.test/query/ip/203.0.113.9'
like "$(front_connect 203.0.113.9)" '^220 rblsmtpd.local$' \
    "a listed host is refused by rblsmtpd first"
is "$(front_queries)" 1 "which asked the list once"
ok "the feed has seen it" front_wait front_cached 203.0.113.9

is "$(front_connect 203.0.113.9)" "220 rblcache.local
250 rblcache.local
250 rblcache.local
$text
221 rblcache.local" "then by rblcache, with the list's words"
is "$(front_queries)" 1 "without a question"

like "$(front_connect 198.51.100.7)" '^220 smtpd.test$' \
    "a clean host reaches the smtpd"
is "$(front_queries)" 2 "after a question"
like "$(front_connect 203.0.113.66)" '^554 go away$' "local deny"
like "$(front_connect 203.0.113.67)" '^451 later$' "local defer"
like "$(front_connect 203.0.113.77)" '^220 smtpd.test$' \
    "local allow beats the list"
is "$(front_queries)" 2 "no question for any of them"

log=$(cat "$front/log/main/current")
if [ "$front_ipset" ]; then
	like "$log" " rblcache: 203.0.113.9 pid [0-9]+: $text \(ipset, 8[0-9]+s left\)$" \
	    "the hook's line names the source and the time left"
else
	skip "the hook's line" "no ipset here"
fi
like "$log" ' rblcache: 203.0.113.66 pid [0-9]+: 554 go away \(local\)$' \
    "and for local rules the source"

# a burst of new hosts at once
for i in 1 2 3 4 5 6 7 8 9 10; do
	front_connect 198.18.5.$i >/dev/null &
	burst="${burst-} $!"
done
# shellcheck disable=SC2086
wait $burst
ok "a burst: the last one is known" front_wait front_cached 198.18.5.10
before=$(front_queries)
said=$(for i in 1 2 3 4 5 6 7 8 9 10; do front_connect 198.18.5.$i; done)
is "$(printf '%s\n' "$said" | grep -c '^220 rblcache')" 10 \
    "a burst: all ten are refused from the cache"
is "$(front_queries)" "$before" "a burst: without a question"

# killed without warning, the set emptied, started again
kill -9 "$feed_pid"
wait "$feed_pid" 2>/dev/null
[ -z "$front_ipset" ] || ipset flush rblcache4
front_connect 198.18.7.7 >/dev/null # refused while nobody reads
front_start_feed
ok "after kill -9 the feed catches up" front_wait front_cached 198.18.7.7
like "$(front_connect 203.0.113.9)" '^220 rblcache.local$' \
    "after kill -9 the old ban stands"
if [ "$front_ipset" ]; then
	ok "the kernel set is filled again" ipset -q test rblcache4 203.0.113.9
	ipset del rblcache4 203.0.113.9
	like "$(front_connect 203.0.113.9)" '^220 rblsmtpd.local$' \
	    "what the admin deletes from the set is asked about again"
	ok "and is banned anew when it is refused anew" \
	    front_wait ipset -q test rblcache4 203.0.113.9
	ipset destroy rblcache4
	like "$(front_connect 203.0.113.9)" '^220 rblcache.local$' \
	    "without the set recent.cdb decides"
	front_connect 198.18.8.8 >/dev/null
	ok "a destroyed set is made anew and filled" \
	    front_wait ipset -q test rblcache4 203.0.113.9
	ok "with the new host" front_wait ipset -q test rblcache4 198.18.8.8
else
	skip "kernel set" "no ipset here"
fi

# SIGTERM: a last checkpoint, exit 0
front_connect 198.18.9.9 >/dev/null
front_read
kill "$feed_pid"
wait "$feed_pid"
is $? 0 "SIGTERM ends the feed with 0"
ok "its last checkpoint has the last line" front_cached 198.18.9.9
feed_pid=

# everything broken: mail flows as if rblcache were not there
printf junk >"$recent"
printf junk >"$local_cdb"
like "$(front_connect 203.0.113.9)" '^220 rblsmtpd.local$' \
    "broken files: a listed host meets rblsmtpd"
like "$(front_connect 198.51.100.7)" '^220 smtpd.test$' \
    "broken files: a clean host reaches the smtpd"
rm "$recent" "$local_cdb"
[ -z "$front_ipset" ] || ipset destroy
like "$(front_connect 198.51.100.7)" '^220 smtpd.test$' \
    "no files, no set: a clean host reaches the smtpd"
done_testing
