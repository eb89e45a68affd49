#!/bin/sh
# SPDX-License-Identifier: ISC
# Rechecks (the hook's -r): a ban that outlived its listing ends, one that did
# not is renewed, and both are counted.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
echo 'exit 1' >>"$front/bin/smtpd"
conf=$front/feed.conf
echo 'pass = 15m' >"$conf"
printf '203.0.113.77 allow\n' >"$front/hosts"
"$cdb" build "$local_cdb" "$front/hosts" || exit 1
front_list 203.0.113.9 203.0.113.10 203.0.113.11 203.0.113.12
front_start_dnsbl

in="220 smtpd.test"
# connect ADDRESS: leaves the greeting
connect() {
	greeting=$(front_connect "$1" | head -n 1)
}
free() {
	! banned "$1"
}
banned() {
	front_settle
	is_banned "$1"
}
# by the set, and by recent.cdb
is_banned() {
	front_ctl list >/dev/null # saves
	ipset -q test rblcache4 "$1" && front_cached "$1"
}
not_banned() {
	front_settle
	front_ctl list >/dev/null
	! ipset -q test rblcache4 "$1" && ! front_cached "$1"
}
until_of() { # ADDRESS: unix seconds
	front_ctl -j list | perl -MJSON::PP -e 'local $/;
	    for (@{JSON::PP->new->decode(<STDIN>)}) {
		print $_->{until}, "\n" if $_->{ip} eq "'"$1"'" }'
}
counted() { # NAME REFUSED PASSED
	front_settle
	is "$(front_json '"@{$s->{rechecks}{all}}{qw(refused passed)}"')" \
	    "$2 $3" "$1"
}
# wilson PASSED ALL: "percent low high", by Wilson's formula
wilson() {
	awk -v k="$1" -v n="$2" 'BEGIN {
		p = k / n
		z = 1.96
		m = p + z * z / (2 * n)
		h = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
		printf "%.1f %.1f %.1f", 100 * p,
		    100 * (m - h) / (1 + z * z / n) + 1e-9,
		    100 * (m + h) / (1 + z * z / n) }'
}
line_of() { # PASSED ALL: what status says
	wilson "$1" "$2" >"$front/wilson"
	read -r percent low high <"$front/wilson"
	echo "recheck $1 of $2 were no longer listed: $percent % of the refusals from the cache ($low to $high)"
}
said() {
	front_ctl status | grep '^recheck'
}

# ---- one in four ----

front_behind="$hook -p"
front_start_smtp -r 4
front_start_feed -f "$conf"
for i in 9 10 11 12; do
	connect 203.0.113.$i
done
ok "they are banned" banned 203.0.113.9
is "$(said)" "" "no recheck, no estimate"
before=$(until_of 203.0.113.10)
ipset -exist add rblcache4 203.0.113.10 timeout 1000
front_list 203.0.113.10
sleep 1

# by chance it is none of sixty once in 3e7 times
n=0
greeting=
while [ "$greeting" != "$in" ] && [ $n -lt 60 ]; do
	connect 203.0.113.9
	n=$((n + 1))
done
is "$greeting" "$in" "no longer listed: let in at the ${n}th time"
ok "and its ban is lifted" not_banned 203.0.113.9
ok "it has a pass now" ipset -q test rblpass4 203.0.113.9
counted "counted as outlived" 0 1
connect 203.0.113.9
like "$(front_log | grep '^rblcache: 203.0.113.9 ' | tail -n 1)" \
    'allowed \(pass\)$' "the next time nobody is asked"
ok "the others' bans stand" banned 203.0.113.11

greetings=$(for i in $(seq 60); do
	front_connect 203.0.113.10 | head -n 1
done)
is "$(printf '%s\n' "$greetings" | grep -c '220 rbl')" 60 \
    "still listed: never let in"
n=$(front_log | grep -c '^rblcache: 203.0.113.10 pid [0-9]*: recheck$')
ok "with $n rechecks of 60" test "$n" -gt 0 -a "$n" -lt 40
counted "counted as refused" "$n" 1
ok "its ban stands" banned 203.0.113.10
ok "longer than before" test "$(until_of 203.0.113.10)" -gt "$before"
ok "in the set too" test "$(front_left rblcache4 203.0.113.10)" -gt 86000
is "$(said)" "$(line_of 1 $((n + 1)))" "the estimate in status"
like "$(front_ctl metrics)" "^rblcache_rechecks_total\{result=\"refused\"\} $n\$" \
    "metrics: refused"
like "$(front_ctl metrics)" '^rblcache_rechecks_total\{result="passed"\} 1$' \
    "metrics: passed"

# ---- what decides nothing ----

front_stop_smtp
front_start_smtp -r 1
front_list "203.0.113.11 :127.0.0.2:Error: open resolver" 203.0.113.12
connect 203.0.113.11
is "$greeting" "220 rblsmtpd.local" "an error of the list's"
ok "the ban stands" banned 203.0.113.11
counted "and nothing is counted" "$n" 1
front_hold 203.0.113.12 # it talks to rblsmtpd
front_say "rblcache: 203.0.113.12 pid $front_pid: passed" \
    "rblcache: 203.0.113.11 pid $front_pid: recheck" \
    "rblcache: 203.0.113.11 pid $front_pid: passed" \
    "rblcache: 203.0.113.11 pid 99999999: recheck" \
    "rblcache: 203.0.113.11 pid 99999999: passed"
front_release QUIT
ok "refused, and a line that says it passed: no list refused it" \
    front_wait free 203.0.113.12
connect 203.0.113.12
ok "refused again: banned" front_wait banned 203.0.113.12
ok "lines about one that is not connected" banned 203.0.113.11
counted "one recheck has one result" $((n + 1)) 1
# a rule's refusal is not the cache's
connect 203.0.113.77
counted "who is allowed is not rechecked" $((n + 1)) 1

# a recheck, killed -9, and then the result; of an IPv6 host, whose /64 it is
front_say 'tcpserver: pid 90000000 from 2001:db8:1:2::5' \
    'rblsmtpd: 2001:db8:1:2::5 pid 90000000: 451 Listed' \
    'tcpserver: end 90000000 status 0'
front_read
ok "IPv6: banned" ipset -q test rblcache6 2001:db8:1:2::9
front_say 'tcpserver: pid 90000001 from 2001:db8:1:2::9' \
    'rblcache: 2001:db8:1:2::9 pid 90000001: recheck'
front_read
front_ctl list >/dev/null
front_kill_feed KILL
front_say 'rblcache: 2001:db8:1:2::9 pid 90000001: passed' \
    'rblcache: 2001:db8:1:2::9 pid 90000001: passed' \
    'tcpserver: end 90000001 status 0'
front_start_feed -f "$conf"
counted "killed before the result was known: counted once" $((n + 1)) 2
ok "IPv6: the ban of the /64 is lifted" \
    eval '! ipset -q test rblcache6 2001:db8:1:2::5'
unlike "$(front_ctl list)" '^2001:' "in recent.cdb too"
is "$(front_members rblpass6 | sed 's/ .*//')" 2001:db8:1:2::9 \
    "IPv6: the host alone has a pass"

# what the administrator said is no list's
front_ctl add 203.0.113.19 >/dev/null
connect 203.0.113.19
is "$greeting" "$in" "one that was added by hand is rechecked, too"
ok "and stays banned" banned 203.0.113.19
counted "nothing is counted: by hand" $((n + 1)) 2

# lists that are not well
front_say 'tcpserver: pid 90000002 from 203.0.113.20' \
    'rblsmtpd: 203.0.113.20 pid 90000002: 451 Listed' \
    'tcpserver: end 90000002 status 0'
front_read
cat >"$conf" <<'EOT'
zone = rbl.test text Listed by TEST
zone = unknown.test text Listed by another
resolver = 127.0.0.53
canary = 1s
EOT
front_reload_feed
zone_is() { # NAME STATUS
	front_ctl status | grep -q "$1: $2"
}
ok "a list is silent" front_wait zone_is unknown.test 'gives no answer'
connect 203.0.113.20
is "$greeting" "$in" "a recheck: the lists say nothing of it"
ok "but one of them is silent: the ban stands" banned 203.0.113.20
counted "nothing is counted: silent" $((n + 1)) 2
sed -i '/unknown/d' "$conf"
front_reload_feed
ok "the list is well" front_wait zone_is rbl.test 'well at'
connect 203.0.113.12
counted "well: a refusal counts" $((n + 2)) 2
front_list 127.0.0.1 203.0.113.12
ok "the list is wrong" front_wait zone_is rbl.test 'lists 127.0.0.1'
for i in 20 12; do # some bans have been lifted since
	front_ctl add 203.0.113.$i >/dev/null
	connect 203.0.113.$i
done
is "$greeting" "220 rblsmtpd.local" "a recheck: one is listed"
counted "but by a list that is wrong: nothing is counted" $((n + 2)) 2
ok "nor is one let go" banned 203.0.113.20

# ---- tcpserver's lines alone ----

front_clear
front_list 203.0.113.9 203.0.113.10
front_behind=
: >"$conf"
front_start_smtp -r 1
front_start_feed -f "$conf"
connect 203.0.113.9
connect 203.0.113.10
front_list 203.0.113.10
front_settle
tcpclient -RHl0 -i 203.0.113.9 127.0.0.1 2525 sh -c \
    'printf "EHLO client.test\r\n" >&7; head -n 2 <&6' >/dev/null
ok "without -p: one that hangs up proves nothing" banned 203.0.113.9
counted "nor is it counted" 0 0
before=$(until_of 203.0.113.10)
sleep 1
connect 203.0.113.10
ok "still listed: banned" banned 203.0.113.10
is_longer() {
	[ "$(until_of 203.0.113.10)" -gt "$before" ]
}
ok "for longer than before" front_wait is_longer
connect 203.0.113.9
is "$greeting" "$in" "no longer listed: let in"
ok "and its end lifts the ban" not_banned 203.0.113.9
counted "both are counted" 1 1
is "$(front_members rblpass4)" "" "without pass nobody has one"

# ---- the estimate ----

for share in "0 10" "3 40" "1 1" "40 40" "500 1000"; do
	echo "$share" >"$front/share"
	read -r k all <"$front/share"
	awk -v k="$k" -v n="$all" 'BEGIN {
		for (i = 1; i <= n; i++) {
			ip = "198.18." int(i / 250) "." i % 250 + 1
			print "tcpserver: pid " i " from " ip
			print "rblcache: " ip " pid " i ": recheck"
			print i <= k ? "rblcache: " ip " pid " i ": passed" : \
			    "rblsmtpd: " ip " pid " i ": 451 Listed"
			print "tcpserver: end " i " status 0"
		}}' >"$front/plain"
	rm -rf "$front/other"
	mkdir "$front/other"
	"$feed" -f /dev/null -1 -m 0 -c "$front_rules" -d "$front/other" -l '' \
	    -s '' -S '' \
	    "$front/plain" 2>>"$front/feed.log"
	is "$("$RBLCACHE_BUILD/rblcachectl" -d "$front/other" -s '' -S '' \
	    status | grep '^recheck')" \
	    "$(line_of "$k" "$all")" "$k of $all: Wilson's interval"
done
done_testing
