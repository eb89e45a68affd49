#!/bin/sh
# SPDX-License-Identifier: ISC
# Nobody answers for the list, and feed.conf names no zone: rblsmtpd lets everybody
# in after a while, which shows that nobody was asked. So nobody passes, and no
# recheck lifts a ban.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
conf=$front/feed.conf
echo 'pass = 15m' >"$conf"
front_behind="$hook -p"
front_list 203.0.113.9
front_start_dnsbl
front_start_smtp -r 1
front_start_feed -f "$conf"
front_connect 203.0.113.9 >/dev/null
front_settle
ok "a listed host is banned" ipset -q test rblcache4 203.0.113.9

# seconds ADDRESS: from the begin of its connection to what -p says
seconds() {
	find "$front/log/main" -name '@*' -o -name current | sort | xargs cat |
		perl -e '
	my $ip = shift;
	while (<STDIN>) {
		my ($s, $line) = /^\@40000000([0-9a-f]{8})\S+ (.*)/ or next;
		$from = hex $s if $line =~ /^tcpserver: pid \d+ from \Q$ip\E$/;
		$to = hex $s if $line =~ /^rblcache: \Q$ip\E pid \d+: passed$/;
	}
	print $to - $from, "\n"' "$1"
}

kill "$rbldnsd_pid"
wait "$rbldnsd_pid" 2>/dev/null
rbldnsd_pid=
for ip in 203.0.113.9 198.51.100.7; do
	front_connect "$ip" >"$front/said.$ip" &
	eval "client_$(echo "$ip" | tr . _)=\$!"
done
# shellcheck disable=SC2154 # by eval
wait "$client_203_0_113_9" "$client_198_51_100_7"
for ip in 203.0.113.9 198.51.100.7; do
	like "$(cat "$front/said.$ip")" '^220 smtpd\.test' "no answer: $ip gets in"
	n=$(seconds "$ip")
	ok "no answer: rblsmtpd has waited for more than 10 s: $n" test "$n" -gt 10
done
front_settle
ok "no answer: so the clean host has not passed" \
    eval '! ipset -q test rblpass4 198.51.100.7'
ok "no answer: the recheck has lifted no ban" ipset -q test rblcache4 203.0.113.9
is "$(front_json '"@{$s->{rechecks}{all}}{qw(passed refused)}"')" "0 0" \
    "no answer: it is none in the statistics"

# the list answers again, and has nobody
front_list 192.0.2.1
front_start_dnsbl
for ip in 203.0.113.9 198.51.100.7; do
	front_connect "$ip" >/dev/null
done
front_settle
ok "an answer: the clean host has passed" ipset -q test rblpass4 198.51.100.7
ok "an answer: the recheck has lifted the ban" \
    eval '! ipset -q test rblcache4 203.0.113.9'
done_testing
