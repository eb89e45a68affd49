#!/bin/sh
# SPDX-License-Identifier: ISC
# A set of our name that somebody made: one that is of no use is named, with what
# is wrong and what to do, and a full one is said to be full.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
cp "$RBLCACHE_BUILD/rblcachectl" "$front/bin"
mkdir "$front/work" "$front/work/state"
cd "$front/work" || exit 1
: >log

ctl() {
	"$front/bin/rblcachectl" -d state -l '' "$@"
}
answers() { # a warning is an answer
	ctl status >status
	[ $? -le 1 ]
}
follow() {
	"$feed" -f /dev/null -m 0 -c "$root/hooks/log" -d state -l '' log 2>err &
	feed_pid=$!
	front_wait answers
}
stop() {
	kill "$feed_pid"
	wait "$feed_pid"
	feed_pid=
}
# replace SET: by the one named other, while the feed runs
replace() {
	ipset rename "$1" old
	ipset rename other "$1"
	ipset destroy old
}
# found WHEN: what is wrong with $set is said everywhere, and can be mended
found() {
	exits "$kind, $1: a warning" 1 \
	    "^WARNING: set $set: this set has $wrong; destroy it, and the feed makes a new one\$" \
	    ctl status
	like "$(cat err)" "^rblcache-feed: $set: this set has $wrong; destroy it" \
	    "$kind, $1: said"
	ipset destroy "$set"
	exits "$kind, $1: destroyed, and used again" 0 . ctl add "$host"
	exits "$kind, $1: all is well" 0 '^OK$' ctl status
}

kinds=0
while IFS='|' read -r set host wrong kind; do
	# shellcheck disable=SC2086 # words
	if ! ipset -q create other $kind; then
		echo "# $kind: not with this kernel"
		continue
	fi
	kinds=$((kinds + 1))
	ipset rename other "$set"
	follow
	found "when the feed starts"
	# shellcheck disable=SC2086
	ipset create other $kind
	: >err
	replace "$set"
	kill -HUP "$feed_pid"
	ok "$kind: seen" front_wait grep -q "$set: this set" err
	exits "$kind: not done" 111 "a set is not: $set: this set has" \
	    ctl add "$host"
	found "meanwhile"
	stop
	ipset destroy
done <<'EOT'
rblcache4|203.0.113.1|no timeout|hash:ip
rblcache4|203.0.113.1|the family inet6|hash:ip family inet6 timeout 600
rblcache4|203.0.113.1|the netmask 24|hash:ip netmask 24 timeout 600
rblcache4|203.0.113.1|the type bitmap:ip|bitmap:ip range 203.0.113.0/24 timeout 600
rblcache4|203.0.113.1|the type hash:ip,port|hash:ip,port timeout 600
rblcache4|203.0.113.1|the type list:set|list:set timeout 600
rblcache6|2001:db8::1|the family inet|hash:ip timeout 600
rblcache6|2001:db8::1|no netmask 64|hash:ip family inet6 timeout 600
rblcache6|2001:db8::1|the netmask 48|hash:ip family inet6 netmask 48 timeout 600
rblcache6|2001:db8::1|the type hash:net|hash:net family inet6 timeout 600
EOT
ok "kinds: $kinds" [ $kinds -ge 5 ]

# the set of the passes: a netmask would let neighbours pass
printf 'pass = 15m\n' >feed.conf
ipset create rblpass6 hash:ip family inet6 netmask 64 timeout 600
"$feed" -f feed.conf -m 0 -c "$root/hooks/log" -d state -l '' log 2>err &
feed_pid=$!
front_wait answers
exits "a set of passes" 1 'set rblpass6: this set has the netmask 64; destroy it' \
    ctl status
stop
ipset destroy

# how full
ipset create rblcache4 hash:ip timeout 600 maxelem 64 hashsize 64
rm -r state
mkdir state
follow
size=0
while read -r want pattern; do
	while [ $size -lt "$want" ]; do
		size=$((size + 1))
		ipset add rblcache4 203.0.113.$size
	done
	exits "$want of 64" "$( [ "$pattern" = OK ] && echo 0 || echo 1)" \
	    "^$pattern\$" ctl status
done <<'EOT'
57 OK
58 WARNING: set rblcache4 is nearly full
63 WARNING: set rblcache4 is nearly full
64 WARNING: set rblcache4 is full
EOT
stop
done_testing
