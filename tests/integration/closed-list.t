#!/bin/sh
# SPDX-License-Identifier: ISC
# Lists that have closed, refuse the query or list everybody: rblsmtpd refuses
# every client with their words, and nobody is banned.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log
front_prepare

# says TEXT: the list's answer about every host from now on
says() {
	printf '%s\n' '$SOA 3600 ns.rbl.test. hostmaster.rbl.test. 1 600 300 86400 300' \
	    '$NS 3600 ns.rbl.test' ":127.0.0.2:$1" 203.0.113.0/24 >"$front/bl/bl.zone"
	[ "${rbldnsd_pid-}" ] || return 0
	front_reloads=$(grep -c 'zones reloaded' "$front/rbldnsd.log")
	kill -HUP "$rbldnsd_pid"
	front_wait front_reloaded
}

says closed
front_start_dnsbl
front_start_smtp
front_start_feed
n=0
while read -r text; do
	n=$((n + 1))
	says "$text"
	like "$(front_connect "203.0.113.$n")" "^451 ${text%% *} " "refused: $text"
done <<'EOT'
ordb.org was shut down on December 18, 2006. Please remove from your mailserver.
The IP $ is Blacklisted by x.test. This zone has been deprecated for about two years.
127.0.0.1 -> Query Refused. See http://uribl.com/refused.shtml
everything is answered "listed" now
Error: open resolver; https://check.spamhaus.org/returnc/pub/46.38.225.230/
EOT
front_settle
is "$(front_ctl list)" "" "nobody is banned"
is "$(grep -c "skip.203.0.113.[1-5].rblsmtpd.except" "$front/feed.log")" 5 \
    "each is left out, and why is said"

says 'Open relay. Once it is closed, ask us to remove it: https://rbl.test/$'
front_connect 203.0.113.9 >/dev/null
ok "a text about the host bans it" front_wait front_cached 203.0.113.9
done_testing
