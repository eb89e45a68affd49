#!/bin/sh
# SPDX-License-Identifier: ISC
# net in a rule: when many hosts of a network are refused, all of it is; and
# what prevents and what ends that.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
front_rules=$front/smtpd.rules
net='net = 24 after 4 in 1h, 56 after 3 in 1h'
{ cat "$root/hooks/log/rblsmtpd.rules"; echo "$net"; } >"$front_rules"
conf=$front/feed.conf
: >"$conf"
printf '198.18.4.200 allow\n' >"$front/hosts"
"$cdb" build "$local_cdb" "$front/hosts" || exit 1
ip -6 route add local 2001:db8::/32 dev lo
# of each network 1 to 9 are listed, and 50 is not
for n in 0 1 2 3 4 5 6 7 8 9 10 11 12; do
	for i in 1 2 3 4 5 6 7 8 9; do
		listed="${listed-} 198.18.$n.$i"
	done
done
# shellcheck disable=SC2086 # words
front_list $listed
front_start_dnsbl
front_behind="$hook -p"

in="220 smtpd.test"
by_hook="220 rblcache.local"
# connect ADDRESS...: leaves the last greeting and what it cost in questions
asked=0
connect() {
	for address; do
		before=$asked
		greeting=$(front_connect "$address" | head -n 1)
		asked=$(front_queries)
		cost=$((asked - before))
	done
}
# hosts NETWORK HOST...: they are refused
hosts() {
	hosts_of=$1
	shift
	for host; do
		front_connect "198.18.$hosts_of.$host" >/dev/null
	done
	front_settle
	asked=$(front_queries)
}
banned() { # NETWORK
	front_settle
	[ -n "$(front_left rblnet4 "198.18.$1.0/24")" ]
}
not_banned() {
	! banned "$1"
}
# refused NETWORK SECONDS-AGO HOST...: the same as lines of an earlier time
refused() {
	refused_net=$1
	refused_at=$(($(date +%s) + 10 - $2))
	shift 2
	for host; do
		address=198.18.$refused_net.$host
		printf '@40000000%08x00000000 %s\n' \
		    $refused_at "tcpserver: pid 9 from $address" \
		    $refused_at "rblsmtpd: $address pid 9: 451 Listed" \
		    $refused_at "tcpserver: end 9 status 0"
	done
}
nets_now() {
	front_json '$s->{nets}{live}'
}

front_start_smtp
front_start_feed -f "$conf"

# ---- four hosts ----

hosts 1 1 2 3
ok "three hosts: no ban of the network" not_banned 1
for i in 1 2; do # not by the hook, which knows them
	for h in 1 2 3; do
		front_say "tcpserver: pid 90000001 from 198.18.1.$h" \
		    "rblsmtpd: 198.18.1.$h pid 90000001: 451 Listed" \
		    'tcpserver: end 90000001 status 0'
	done
done
ok "the same ones again and again: none either" not_banned 1
connect 198.18.1.50
is "$greeting, $cost" "$in, 1" "another host is asked about"
hosts 2 1 2 3 4
ok "four hosts: banned" banned 2
n=$(front_left rblnet4 198.18.2.0/24)
ok "for an hour: $n" test "$n" -gt 3580 -a "$n" -le 3600
connect 198.18.2.50
is "$greeting, $cost" "$by_hook, 0" \
    "the fifth, never seen: refused, without a question"
like "$(front_log)" '^rblcache: 198.18.2.50 pid [0-9]+: 451 .* \(net\)$' \
    "its network is named as the source"
ok "it is not banned itself" eval '! ipset -q test rblcache4 198.18.2.50'
connect 198.18.3.50
is "$greeting, $cost" "$in, 1" "the network beside it is asked about"
front_settle
is "$(nets_now)" 1 "status counts the networks"
like "$(front_ctl status)" '^ +networks: 1$' "and shows how many"
like "$(front_ctl status)" '^hook .*networks 1\)' "and what the hook did by it"
like "$(front_ctl test 198.18.2.51)" '^source +the kernel set rblnet4$' \
    "test: by which set"
like "$(front_ctl test 198.18.2.51)" '^to lift +rblcachectl del 198.18.2.51$' \
    "and how to lift it"
like "$(front_ctl list)" '^198.18.2.0/24	20[^	]*	rblsmtpd	-$' \
    "list has the network"
is "$(front_ctl list | grep '^198.18.2' | head -n 1 | cut -f 1)" 198.18.2.0/24 \
    "in front of its hosts"
is "$(front_ctl -j list | perl -MJSON::PP -e 'local $/;
    for (@{JSON::PP->new->decode(<STDIN>)}) {
	next if $_->{ip} ne "198.18.2.0/24";
	my $left = $_->{until} - time;
	print "$_->{source} $_->{rule} ", $_->{reply} // "none", " ",
	    $left > 3500 && $left <= 3600 ? "hour" : $left }')" \
    "ipset rblsmtpd none hour" "and list -j"
like "$(front_ctl export rbldnsd)" '^198.18.2.0/24 :127.0.0.2:listed$' \
    "export has the network"
ipset -exist add rblnet4 198.18.2.0/24 timeout 100
front_say 'tcpserver: pid 90000001 from 198.18.2.7' \
    'rblsmtpd: 198.18.2.7 pid 90000001: 451 Listed' \
    'tcpserver: end 90000001 status 0'
front_settle
ok "one more host renews the ban" \
    test "$(front_left rblnet4 198.18.2.0/24)" -gt 3500

# ---- what prevents it ----

hosts 4 1 2 3 4 5
ok "a host that is allowed lives there" not_banned 4
connect 198.18.5.50
is "$greeting" "$in" "one passes"
hosts 5 1 2 3 4 5
ok "and protects its network" not_banned 5
front_say 'tcpserver: pid 90000001 from 198.18.6.50' \
    'rblcache: 198.18.6.51 pid 90000001: passed' \
    'rblcache: 198.18.6.50 pid 90000002: passed' \
    'tcpserver: end 90000001 status 0' \
    'rblcache: 198.18.6.50 pid 90000001: passed'
hosts 6 1 2 3 4
ok "a line about one that is not connected protects none" banned 6
ip addr add 198.18.7.99/32 dev lo
kill -HUP "$feed_pid"
front_wait grep -q 'loaded again' "$front/feed.log"
hosts 7 1 2 3 4 5
ok "an address of this host protects its network" not_banned 7
ip addr del 198.18.7.99/32 dev lo
refused 8 4000 1 2 3 >"$front/earlier"
refused 8 0 4 >>"$front/earlier"
refused 9 3000 1 2 3 >>"$front/earlier"
refused 9 0 4 >>"$front/earlier"
"$feed" -n -c "$front_rules" -l '' -f "$conf" "$front/earlier" \
    >"$front/decided"
is "$(grep '^net' "$front/decided")" "net	198.18.9.0/24	rblsmtpd	3600" \
    "hosts within the time count, and others not"

# ---- what ends it ----

refuse_again() { # NETWORK HOST: a host that is new to it
	front_say "tcpserver: pid 90000001 from 198.18.$1.$2" \
	    "rblsmtpd: 198.18.$1.$2 pid 90000001: 451 Listed" \
	    'tcpserver: end 90000001 status 0'
}
is "$(front_ctl del 198.18.2.60)" "198.18.2.60 is no longer banned; if a list refuses it again, it is banned again
198.18.2.0/24 is no longer banned, as a network" "del of a host in it"
ok "takes the network out" not_banned 2
unlike "$(front_ctl list)" '^198.18.2.0/24' "and of recent.cdb"
ok "its hosts stay banned" ipset -q test rblcache4 198.18.2.1
connect 198.18.2.50
is "$greeting, $cost" "$in, 1" "others are asked about"
hosts 0 1 2 3 4
ok "another network" banned 0
is "$(front_ctl del 198.18.0.60 | tail -n 1)" \
    "198.18.0.0/24 is no longer banned, as a network" "is lifted"
refuse_again 0 61
ok "one host more does not bring it back" not_banned 0
for i in 62 63 64; do
	refuse_again 0 $i
done
ok "but so many" banned 0
is "$(front_ctl forget rblsmtpd since @$(($(date +%s) + 60)))" \
    "bans lifted: 0" "forget since a time to come"
ok "lifts no network" banned 0
like "$(front_ctl forget rblsmtpd)" \
    '^bans lifted: [1-9][0-9]*, and of networks: 2$' "forget RULE"
is "$(front_members rblnet4)" "" "lifts its networks"
hosts 0 1 2 3 4
ok "again" banned 0
ipset add rblnet4 198.18.30.0/24 timeout 600
like "$(front_ctl flush)" '^bans lifted: 4, and of networks: 1$' "flush"
is "$(front_members rblnet4)" "" "lifts all, also what somebody put there"
is "$(nets_now)" 0 "also as the feed knows it"

hosts 8 1 2 3 4
ok "and again" banned 8
front_stop_smtp
front_start_smtp -r 1
connect 198.18.8.50
is "$greeting, $cost" "$in, 1" "a recheck of a host in it, which passes"
ok "takes the network out, too" not_banned 8
hosts 8 5 6 7 8
ok "and protects it" not_banned 8
front_stop_smtp
front_start_smtp

# ---- killed ----

hosts 9 1 2 3 4
ok "before kill -9" banned 9
front_ctl list >/dev/null # saves
hosts 10 1 2
front_ctl list >/dev/null
front_kill_feed KILL
ipset destroy
# by recent.cdb; and the next two are refused while nobody reads
for i in 3 4; do
	front_connect 198.18.10.$i >/dev/null
done
front_start_feed -f "$conf"
ok "kill -9: filled again" banned 9
ok "and what was counted before counts" banned 10
is "$(nets_now)" 2 "both are known"
front_kill_feed KILL
front_start_feed -f "$conf"
front_settle
is "$(front_members rblnet4 | sed 's/ .*//' | tr '\n' ' ')$(nets_now)" \
    "198.18.10.0/24 198.18.9.0/24 2" "kill -9 once more: the same"
hosts 5 6 7 8 9
ok "a pass of before protects still" not_banned 5
ipset destroy rblnet4
hosts 12 1 2 3 4
ok "destroyed: made anew" banned 12
ok "and filled" banned 9

# ---- IPv6 ----

refused6() {
	for address; do
		front_say "tcpserver: pid 90000001 from $address" \
		    "rblsmtpd: $address pid 90000001: 451 Listed" \
		    'tcpserver: end 90000001 status 0'
	done
	front_settle
}
refused6 2001:db8:0:100::1 2001:db8:0:100::2 2001:db8:0:100::3 \
    2001:db8:0:101::1
is "$(front_members rblnet6)" "" "IPv6: hosts of a /64 are one"
refused6 2001:db8:0:1ff::1
like "$(front_members rblnet6)" '^2001:db8:0:100::/56 timeout 3[56][0-9][0-9]' \
    "IPv6: three of a /56"
is "$(TCPREMOTEIP=2001:db8:0:180::9 "$hook" -t 0 -l '' -k '' true 2>&1 |
    grep -c '(net)')" 1 "IPv6: a fourth is refused"
is "$(front_ctl del 2001:db8:0:180::9 | tail -n 1)" \
    "2001:db8:0:100::/56 is no longer banned, as a network" "IPv6: del"
is "$(front_members rblnet6)" "" "IPv6: it is gone"

# ---- without the rule ----

sed -i '/^net/d' "$front_rules"
front_reload_feed
is "$(front_members rblnet4)$(front_members rblnet6)" "" \
    "no rule about networks any more: the sets are empty"
connect 198.18.9.50
is "$greeting, $cost" "$in, 1" "its hosts are asked about"
unlike "$(front_ctl status)" rblnet "status knows of no such sets"
hosts 11 1 2 3 4
is "$(front_members rblnet4)" "" "no network comes"
done_testing
