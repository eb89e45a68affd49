#!/bin/sh
# SPDX-License-Identifier: ISC
# hosts-max in feed.conf: how many bans there are at most, which leave first, and
# the room in the sets.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
conf=$front/feed.conf
log=$front/log/main

start() {
	"$feed" -f "$conf" -m 0 -c "$front_rules" -d "$front/state" -l '' "$log" \
	    2>>"$front/feed.log" &
	feed_pid=$!
	front_wait answers
}
answers() {
	front_ctl -j status | grep -q '"pid"'
}
# refused N SECONDS: 203.0.113.N, so long ago
refused() {
	printf '@40000000%08x00000000 rblsmtpd: 203.0.113.%s pid 7: 451 Listed\n' \
	    $(($(date +%s) + 10 - $2)) "$1" >>"$log"
}
set_has() { # N...: exactly these of rblcache4
	[ "$(front_members rblcache4 | sed 's/^203.0.113.//; s/ .*//' | tr '\n' ' ')" \
	    = "$* " ]
}
room() { # SET
	ipset -t list "$1" | sed -n 's/.* maxelem \([0-9]*\).*/\1/p'
}
said() {
	grep -c 'this set has room for' "$front/feed.log"
}

printf 'hosts-max = 3\npass = 15m\ndrop = after 20\n' >"$conf"
: >"$log"
start
for set in rblcache4 rblcache6 rblpass4 rbldrop6; do
	is "$(room $set)" 3 "$set: room for so many"
done
is "$(front_json '$s->{bans}{max}')" 3 "status: max"
refused 1 300
refused 2 600
refused 3 100
ok "as many as there may be" front_wait set_has 1 2 3
refused 4 200
ok "the one that ends first leaves, from the set too" front_wait set_has 1 3 4
refused 5 3000
ok "or the new one makes room for the next" front_wait set_has 3 4 5
refused 6 10
ok "which ends last" front_wait set_has 3 4 6
like "$(front_ctl list)" 203.0.113.6 "list has it"
is "$(front_ctl list | wc -l)" 3 "and no more"
front_kill_feed TERM
ipset destroy
start
ok "after a start the same" set_has 3 4 6
is "$(said)" 0 "nothing to say"

# more
sed -i 's/^hosts.*/hosts-max = 5/' "$conf"
front_reload_feed
ok "more than the sets have room for: said" front_wait grep -q \
    'rblcache4: this set has room for 3 hosts, less than hosts-max (5); destroy' \
    "$front/feed.log"
is "$(room rblcache4)" 3 "the set stays"
ipset destroy rblcache4
kill -HUP "$feed_pid"
ok "destroyed: made anew, and filled" front_wait set_has 3 4 6
is "$(room rblcache4)" 5 "with more room"
refused 7 20
refused 8 30
ok "five" front_wait set_has 3 4 6 7 8
refused 9 5
ok "and no more" front_wait set_has 3 6 7 8 9

# fewer
sed -i 's/^hosts.*/hosts-max = 2/' "$conf"
front_reload_feed
front_ctl add 203.0.113.99 -t 2d >/dev/null
is "$(front_json '$s->{bans}{live}')" 2 "fewer: the others are forgotten"
front_kill_feed KILL
ipset destroy
start
ok "kill -9: those two" front_wait set_has 9 99

# without the setting
: >"$conf"
front_kill_feed TERM
ipset destroy
start
is "$(room rblcache4)" 1048576 "without the setting: a million"
is "$(front_json '$s->{bans}{max}')" 1048576 "of bans too"
front_kill_feed TERM
ipset destroy
ipset create rblcache4 hash:ip timeout 600 maxelem 65536
start
ok "a small set that somebody made: said" front_wait grep -q \
    'rblcache4: this set has room for 65536 hosts' "$front/feed.log"
ok "and used" set_has 9 99
exits "a number that is none" 100 "feed.conf:1: hosts-max: 'many' is no number" \
    sh -c "echo 'hosts-max = many' >'$conf'; exec '$feed' -n -f '$conf' -c '$front_rules' '$log'"
done_testing
