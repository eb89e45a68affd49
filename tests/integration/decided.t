#!/bin/sh
# SPDX-License-Identifier: ISC
# tcp.smtp.cdb refuses a client by RBLSMTPD: rblsmtpd logs this as it logs a
# listing, but no list has the client. It is not banned, and gets in as soon as the
# entry is taken out.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log
front_prepare

# tcp_rules LINE...: what tcp.smtp.cdb says from now on
tcp_rules() {
	printf '%s\n' "$@" ':allow' |
		tcprules "$front/tcp.cdb" "$front/tcp.tmp" || exit 1
	chmod 644 "$front/tcp.cdb"
}
# lines ADDRESS: the names of those who wrote of it, in order
lines() {
	front_log | sed -n "s/^\([a-z]*\): .*$1 pid [0-9]*: \(.*\)/\1 \2/p"
}

front_list 203.0.113.9
front_start_dnsbl
tcp_rules '203.0.113.66:allow,RBLSMTPD="-go away"' \
    '203.0.113.67:allow,RBLSMTPD="come later",RELAYCLIENT=""' \
    '203.0.113.68:allow,RBLSMTPD=""' '203.0.113.69:allow,RELAYCLIENT=""'
front_tcpserver="-x $front/tcp.cdb"
front_start_smtp
front_start_feed

like "$(front_connect 203.0.113.66)" '^553 go away$' "-text: refused"
like "$(front_connect 203.0.113.67)" '^451 come later$' "text: deferred"
like "$(front_connect 203.0.113.68)" '^220 smtpd.test' "empty: let in"
like "$(front_connect 203.0.113.69)" '^220 smtpd.test' "RELAYCLIENT: let in"
like "$(front_connect 203.0.113.9)" '^451 Listed by TEST' "a list has this one"
front_settle
is "$(lines 203.0.113.66)" "rblcache decided by RBLSMTPD
rblsmtpd 553 go away" "the hook says so, in front of rblsmtpd"
is "$(lines 203.0.113.67)" "rblcache decided by RBLSMTPD
rblsmtpd 451 come later" "and so it does of the other"
is "$(lines 203.0.113.68)$(lines 203.0.113.69)" "" "nothing is said of those let in"
is "$(lines 203.0.113.9)" "rblsmtpd 451 Listed by TEST, see https://rbl.test/query/ip/203.0.113.9" \
    "nor of one that the lists are asked about"
log=$(cat "$front/feed.log")
like "$log" 'skip.203.0.113.66.rblsmtpd.decided' "-text: nobody is banned"
like "$log" 'skip.203.0.113.67.rblsmtpd.decided' "text: nobody is banned"
is "$(front_ctl list | cut -f 1)" 203.0.113.9 "the one of the list is"
is "$(front_json '$s->{hook}{all}{decided}')" 2 "both are counted"

tcp_rules
like "$(front_connect 203.0.113.66)" '^220 smtpd.test' \
    "without the entry it gets in"
like "$(front_connect 203.0.113.67)" '^220 smtpd.test' "and the other one"

# kill -9 between the two lines
front_say 'tcpserver: pid 99999 from 203.0.113.70' \
    'rblcache: 203.0.113.70 pid 99999: decided by RBLSMTPD'
front_read
front_kill_feed KILL
front_start_feed
front_wait front_ctl status
front_say 'rblsmtpd: 203.0.113.70 pid 99999: 553 go away' \
    'tcpserver: end 99999 status 0'
front_settle
is "$(front_ctl list | cut -f 1)" 203.0.113.9 "kill -9 in between: the same"

# the lists are asked about the host again
front_list 203.0.113.9 203.0.113.66
front_connect 203.0.113.66 >/dev/null
ok "a listing of it bans it" front_wait front_cached 203.0.113.66
done_testing
