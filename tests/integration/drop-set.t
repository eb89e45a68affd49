#!/bin/sh
# SPDX-License-Identifier: ISC
# drop in feed.conf: who is refused again and again within a ban goes into the
# sets for a firewall, and leaves them with the ban, or after a day.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
conf=$front/feed.conf
echo 'drop = after 3' >"$conf"
printf '203.0.113.66 deny go away\n' >"$front/hosts"
"$cdb" build "$local_cdb" "$front/hosts" || exit 1
front_list 203.0.113.0/24
front_start_dnsbl
front_behind="$hook -p"

# connect ADDRESS [TIMES]
connect() {
	for _ in $(seq "${2-1}"); do
		front_connect "$1" >/dev/null
	done
}
ban() { # ADDRESS: rblsmtpd refuses it
	connect "$1"
	front_settle
	ipset -q test rblcache4 "$1" || front_fail "$1 is not banned"
}
dropped() {
	front_settle
	ipset -q test "rbldrop${2-4}" "$1"
}
not_dropped() {
	front_settle
	! ipset -q test "rbldrop${2-4}" "$1"
}
# whether it has as long there as its ban
as_long() {
	n=$(front_left rbldrop4 "$1")
	m=$(front_left rblcache4 "$1")
	[ -n "$n" ] && [ "$n" -ge $((m - 1)) ] && [ "$n" -le $((m + 1)) ]
}
a=203.0.113.9
b=203.0.113.10
c=203.0.113.11

front_start_smtp
front_start_feed -f "$conf"
ban $a
connect $a 2
ok "twice refused: not dropped" not_dropped $a
connect $a
ok "three times: dropped" dropped $a
ok "for as long as it is banned" as_long $a
ipset -exist add rblcache4 $a timeout 1000
ipset -exist add rbldrop4 $a timeout 1000
connect $a
ok "once more: it stays" dropped $a
is "$(front_members rbldrop4 | sed 's/ .*//')" $a "and nobody else"
connect 203.0.113.66 5
ok "refusals by a rule of one's own do not count" not_dropped 203.0.113.66
like "$(front_ctl status)" '^ +rbldrop4: 1 of ' "status has the set"

# lines about one that is not connected
ban $b
front_hold $a
for pid in 99999999 "$front_pid" 0; do
	front_say "rblcache: $b pid $pid: 451 x (ipset)" \
	    "rblcache: $b pid $pid: 451 x (recent, 9s left)" \
	    "rblcache: $b pid $pid: 451 x (ipset, 9s left)"
done
front_read
front_release QUIT
ok "lines about one that is not connected do not count" not_dropped $b
front_say "tcpserver: pid 90000001 from $b" \
    "rblcache: $b pid 90000001: would refuse: 451 x (ipset)" \
    "rblcache: $b pid 90000001: recheck" \
    "rblcache: $b pid 90000001: 451 x (local)" \
    "rblcache: $b pid 90000001: not known" \
    "tcpserver: end 90000001 status 0"
ok "nor others of the hook's" not_dropped $b
connect $b 2
ok "two that are real" not_dropped $b
connect $b
ok "and the third" dropped $b

# a ban that is renewed goes on
ban $c
connect $c 2
tcpserver -v -RHl0 127.0.0.1 2526 rblsmtpd -r rbl.test "$front/bin/smtpd" \
    >"$front/log.fifo" 2>&1 &
other_pid=$!
renew() { # ADDRESS: refused at a port without the hook
	front_wait tcpclient -RHl0 -i "$1" 127.0.0.1 2526 sh -c \
	    'printf "QUIT\r\n" >&7; cat <&6 >/dev/null'
	front_settle
}
renew $c
ok "refused by rblsmtpd besides: not the hook's" not_dropped $c
connect $c
ok "a renewed ban: the refusals before count" dropped $c
connect $c 2
ipset -exist add rbldrop4 $c timeout 1000
renew $c
ok "renewed: dropped for longer" as_long $c
ok "which is long" test "$(front_left rbldrop4 $c)" -gt 86000
kill $other_pid
wait $other_pid 2>/dev/null

# taken out with the ban
front_ctl del $a >/dev/null
ok "del" not_dropped $a
ok "the others stay" dropped $b
ban $a
connect $a 2
ok "banned anew: the refusals before do not count" not_dropped $a
connect $a
ok "but three new ones do" dropped $a
front_ctl forget rblsmtpd >/dev/null
is "$(front_members rbldrop4)" "" "forget"
ban $a
connect $a 3
ok "dropped again" dropped $a
front_ctl flush >/dev/null
is "$(front_members rbldrop4)" "" "flush"
ban $a
connect $a 3
ok "dropped again after that" dropped $a
front_stop_smtp
front_list 203.0.113.10 203.0.113.11
front_start_smtp -r 1
connect $a
ok "a recheck that it passes" not_dropped $a
ok "lifts the ban" eval '! ipset -q test rblcache4 $a'
front_stop_smtp
front_start_smtp

# filled again
ban $b
ban $c
connect $b 3
connect $c 2
ok "one is dropped" dropped $b
front_kill_feed TERM
ipset destroy
front_start_feed -f "$conf"
ok "a new feed fills the set" dropped $b
ok "for as long as the ban" as_long $b
ok "and not with others" not_dropped $c
front_kill_feed KILL
ipset destroy
connect $c # by recent.cdb
front_start_feed -f "$conf"
ok "kill -9: filled" dropped $b
ok "and what was in the log meanwhile counts" dropped $c
ipset destroy rbldrop4
front_ctl add 203.0.113.12 >/dev/null
connect 203.0.113.12 3
ok "destroyed: made anew, for the next" dropped 203.0.113.12
front_ctl add 203.0.113.12 -t 1h >/dev/null
ok "added again, for a shorter time: not dropped" not_dropped 203.0.113.12
ok "but banned" ipset -q test rblcache4 203.0.113.12
ok "and filled" dropped $b
ipset del rbldrop4 $b
connect $b
ok "what was taken out by hand stays out" not_dropped $b

# IPv6, as a /64
front_ctl add 2001:db8:1:2::5 >/dev/null
for i in 1 2 3; do
	ok "IPv6: not yet, $i" not_dropped 2001:db8:1:2::5 6
	front_say "tcpserver: pid 90000001 from 2001:db8:1:2::$i" \
	    "rblcache: 2001:db8:1:2::$i pid 90000001: 451 x (ipset, 9s left)" \
	    "tcpserver: end 90000001 status 0"
done
ok "IPv6: hosts of a /64, together" dropped 2001:db8:1:2::5 6
front_ctl del 2001:db8:1:2::77 >/dev/null
ok "IPv6: taken out with the ban" not_dropped 2001:db8:1:2::5 6

# other numbers
: >"$conf"
front_reload_feed
is "$(front_members rbldrop4)$(front_members rbldrop6)" "" "switched off: empty"
connect $c
front_settle
is "$(front_members rbldrop4)" "" "and nobody comes"
unlike "$(front_ctl status)" rbldrop "status knows of no such sets"
front_ctl add 203.0.113.13 >/dev/null
connect 203.0.113.13 2
front_settle
echo 'drop = after 3' >"$conf"
front_reload_feed
ok "switched on: those who have come so often are dropped" dropped $c
ok "and others not" not_dropped 203.0.113.13
echo 'drop = after 2' >"$conf"
front_reload_feed
ok "fewer times will do: these too" dropped 203.0.113.13

# a ban of weeks: dropped for a day, and again after as many refusals
front_clear
front_list 203.0.113.9
sed 's/^ban .*/ban = 40d/' "$root/hooks/log/rblsmtpd.rules" >"$front/long.rules"
front_rules=$front/long.rules
echo 'drop = after 3' >"$conf"
front_start_smtp
front_start_feed -f "$conf"
a_day() {
	n=$(front_left rbldrop4 "$1")
	[ -n "$n" ] && [ "$n" -le 86400 ] && [ "$n" -gt 86000 ]
}
ban $a
connect $a 3
ok "a ban of 40 days: dropped" dropped $a
ok "for a day" a_day $a
ipset del rbldrop4 $a # as when the day is over
connect $a 2
ok "two refusals more: not again" not_dropped $a
connect $a
ok "three: dropped again" dropped $a
front_kill_feed TERM
ipset destroy
front_start_feed -f "$conf"
ok "a new feed fills the set" dropped $a
ok "for a day, too" a_day $a

# an earlier ban
front_clear
sed 's/^ban .*/ban = 8s/' "$root/hooks/log/rblsmtpd.rules" >"$front/short.rules"
front_rules=$front/short.rules
echo 'drop = after 3' >"$conf"
front_start_smtp
front_start_feed -f "$conf"
over() {
	! ipset -q test rblcache4 $a
}
ban $a
connect $a 2
front_settle
is "$(front_log | grep -c "^rblcache: $a pid [0-9]*: 451 ")" 2 \
    "a ban of eight seconds: refused twice"
front_wait over
sleep 1
ban $a
connect $a 2
is "$(front_log | grep -c "^rblcache: $a pid [0-9]*: 451 ")" 4 \
    "in the next one twice again"
ok "refusals of an earlier ban do not count" not_dropped $a
connect $a
ok "the third does" dropped $a
ok "and leaves the set in time" \
    front_wait eval '! ipset -q test rbldrop4 $a'
done_testing
