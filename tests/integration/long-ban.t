#!/bin/sh
# SPDX-License-Identifier: ISC
# Bans that are longer than the kernel can count: put with its longest time, and
# renewed while they last, but not where somebody took one out.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
preload=$(dpkg -L libfaketime | grep 'libfaketime\.so\.1$')
[ "$preload" ] || skip_all "no libfaketime here"
most=2147483 # seconds
day=86400

clock() { # DAYS that the feed thinks have passed
	echo "+$(($1 * day))" >"$front/clock.new"
	mv "$front/clock.new" "$front/clock"
}
start() {
	env FAKETIME_FMT=%s FAKETIME_TIMESTAMP_FILE="$front/clock" \
	    FAKETIME_NO_CACHE=1 NO_FAKE_STAT=1 LD_PRELOAD="$preload" \
	    "$feed" -f /dev/null -m 0 -c "$front/long.rules" -d "$front/state" \
	    -l '' "$front/log/long" 2>>"$front/feed.log" &
	feed_pid=$!
	front_wait front_ctl status
}
# at SECONDS MEMBER: whether the kernel gives it so long, or a minute less
at() {
	left=$(front_left "rblcache$( [ "${2#*:}" = "$2" ] && echo 4 || echo 6)" "$2")
	[ -n "$left" ] && [ "$left" -le "$1" ] && [ "$left" -gt $(($1 - 60)) ]
}
# What the kernel's time has become, in so many days.
worn() { # SET MEMBER
	ipset -exist add "$1" "$2" timeout 1000
}
# Has the feed look at the sets.
look() {
	front_reload_feed
	front_ctl status >/dev/null # it has sent all
}

# no list's, which wants doubt for more than a day
sed 's/^ban .*/ban = 40d\nlist = no/' "$root/hooks/log/rblsmtpd.rules" \
    >"$front/long.rules"
a=203.0.113.9
b=203.0.113.10
c=203.0.113.11
d=203.0.113.12
e=203.0.113.13
net=2001:db8:1:2::
for ip in $a $b ${net}5; do
	printf '@40000000%08x00000000 rblsmtpd: %s pid 7: 451 Listed by TEST\n' \
	    $(($(date +%s) + 10)) $ip
done >"$front/log/long"
clock 0
start
for ip in $a $b $net; do
	ok "$ip: banned, as long as the kernel can" front_wait at $most $ip
done
exits "add: a year" 0 '' front_ctl add $c -t 366d
ok "the kernel's most for it" at $most $c
front_ctl add $d -t 24d >/dev/null
ok "less is put as it is" at $((24 * day)) $d
ipset add rblcache4 $e timeout $((9 * day))

# people see the ban's own time
front_wait front_cached $a
when() { # DAYS: the date then
	date -d "+$1 days" +%F
}
like "$(front_ctl test $a)" "until +$(when 40) .*, (39d|40d)" "test: the ban's time"
like "$(front_ctl list)" "${c}[[:space:]]$(when 366) " "list: the ban's time"
like "$(TCPREMOTEIP=$a "$RBLCACHE_BUILD/rblcache" -n -v -l '' -k "$recent" true 2>&1)" \
    '\(ipset, 345[56][0-9]{3}s left\)' "the hook: the ban's time"

ipset del rblcache4 $b
for ip in $a $c $d; do
	worn rblcache4 $ip
done
worn rblcache6 $net
clock 12
look
ok "after 12 days: not yet" at 1000 $a
clock 13
look
for ip in $a $net; do
	ok "after 13 days: $ip renewed, 27 days left" at $most $ip
done
ok "and the one of a year" at $most $c
ok "a short one too, with what it has left" at $((11 * day)) $d
ok "nobody comes back who was taken out by hand" \
    eval '! ipset -q test rblcache4 $b'
ok "and what was put by hand has its own time" at $((9 * day)) $e
worn rblcache4 $a
clock 25
look
ok "12 days later: not yet" at 1000 $a
clock 26
look
ok "13 days later: 14 days left" at $((14 * day)) $a
worn rblcache4 $a
worn rblcache4 $c
clock 39
look
ok "after 39 days: the last day" at $day $a
ok "the one of a year again" at $most $c
clock 41
ipset del rblcache4 $a
ipset destroy rblcache6
look
ok "over: not put again" eval '! ipset -q test rblcache4 $a && \
    ! ipset -q test rblcache6 $net'
front_kill_feed TERM
ipset destroy
start
ok "a new feed puts what is left" at $most $c
front_kill_feed TERM
done_testing
