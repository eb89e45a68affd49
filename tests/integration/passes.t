#!/bin/sh
# SPDX-License-Identifier: ISC
# pass in feed.conf: a host that rblsmtpd let pass is not asked about again for
# a while, and nobody else is let in by that.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
front_rules=$front/rules
all_rules "$front_rules"
# as qmail-smtpd does when the client is gone without a goodbye
echo 'exit 1' >>"$front/bin/smtpd"
conf=$front/feed.conf
echo 'pass = 15m' >"$conf"
printf '203.0.113.77 allow\n' >"$front/hosts"
"$cdb" build "$local_cdb" "$front/hosts" || exit 1
listed="203.0.113.9 203.0.113.10 203.0.113.77
203.0.113.30:127.0.0.2:Error:open.resolver"
# shellcheck disable=SC2086 # words
front_list $listed
front_start_dnsbl
cat >"$front/access" <<'EOT'
203.0.113.5:allow,RBLSMTPD=""
203.0.113.6:deny
:allow
EOT
tcprules "$front/access.cdb" "$front/access.tmp" <"$front/access"
chmod 644 "$front/access.cdb"
front_tcpserver="-x $front/access.cdb"

# connect ADDRESS: leaves the greeting and how many questions it cost
asked=0
connect() {
	greeting=$(front_connect "$1" 2>/dev/null | head -n 1)
	before=$asked
	asked=$(front_queries)
	cost=$((asked - before))
}
in="220 smtpd.test"
# whether the host is a member, once everything was read
passed() {
	front_settle
	ipset -q test rblpass4 "$1"
}
not_passed() {
	front_settle
	! ipset -q test rblpass4 "$1"
}
# left ADDRESS LEAST MOST
left() {
	n=$(front_left "rblpass${4-4}" "$1")
	[ "$n" -ge "$2" ] && [ "$n" -le "$3" ]
}
restart() { # all anew, with a log that has no line yet
	front_clear
	front_start_smtp
	front_start_feed -f "$conf"
}

# ---- with the hook behind rblsmtpd ----

front_behind="$hook -p"
front_start_smtp
front_start_feed -f "$conf"

connect 198.51.100.7
is "$greeting, $cost" "$in, 1" "a clean host: asked about"
ok "has passed" passed 198.51.100.7
ok "for 15 minutes" left 198.51.100.7 880 900
for i in 1 2 3; do
	connect 198.51.100.7
	is "$greeting, $cost" "$in, 0" "it is let in without a question, $i"
done
is "$(front_log | grep -c '^rblcache: 198.51.100.7 pid [0-9]*: allowed (pass)$')" \
    3 "the hook says so"
front_settle
like "$(front_ctl status)" 'let in 3 that the lists let pass a moment ago' \
    "status: who was let in"
like "$(front_ctl status)" 'DNS queries saved today: 3 at least' \
    "status: queries saved"
is "$(front_json '"@{$s->{hook}{today}}{qw(passed pass)}"')" "1 3" "and as JSON"
like "$(front_ctl metrics)" '^rblcache_hook_pass_total 3$' \
    "metrics"

connect 203.0.113.9
is "$greeting, $cost" "220 rblsmtpd.local, 1" "a listed host is refused"
ok "and has not passed" not_passed 203.0.113.9
connect 203.0.113.30
ok "nor one that rblsmtpd refused with an error of the list's" \
    not_passed 203.0.113.30
ok "which is not banned either" eval '! ipset -q test rblcache4 203.0.113.30'
connect 203.0.113.77
is "$greeting, $cost" "$in, 0" "local.cdb allows a listed host"
ok "which was not asked about, so it has not passed" not_passed 203.0.113.77
connect 203.0.113.5
is "$greeting, $cost" "$in, 0" "tcp.smtp.cdb lets one in"
ok "nor has that" not_passed 203.0.113.5
connect 203.0.113.6
is "$greeting" "" "tcp.smtp.cdb denies one"
ok "nor has that, denied" not_passed 203.0.113.6
connect 203.0.113.9
is "$greeting, $cost" "220 rblcache.local, 0" "a banned host is refused"
ok "nor has that, banned" not_passed 203.0.113.9

# banned, and for once not refused
front_connect 203.0.113.10 >/dev/null
front_settle
# shellcheck disable=SC2086 # words
front_list ${listed%% *}
ipset del rblcache4 203.0.113.10
asked=$(front_queries)
connect 203.0.113.10
is "$greeting, $cost" "$in, 1" \
    "a ban that stands, taken out of its set by hand: asked about"
ok "it has not passed while it is banned" not_passed 203.0.113.10

# a listing that comes while there is a pass: seen at another port
front_list 203.0.113.9 198.51.100.7
asked=$(front_queries)
ok "a listing comes: the pass still stands" left 198.51.100.7 800 900
tcpserver -v -RHl0 127.0.0.1 2526 rblsmtpd -r rbl.test "$front/bin/smtpd" \
    >"$front/log.fifo" 2>&1 &
other_pid=$!
front_wait tcpclient -RHl0 -i 198.51.100.7 127.0.0.1 2526 sh -c \
    'printf "QUIT\r\n" >&7; cat <&6 >/dev/null'
front_wait front_has_ended # before the server that says so
kill $other_pid
wait $other_pid 2>/dev/null
ok "a refusal takes it away at once" not_passed 198.51.100.7
ok "and bans" ipset -q test rblcache4 198.51.100.7
# shellcheck disable=SC2086 # words
front_list $listed
asked=$(front_queries)

# a pass begins with the line, not with each of them
front_hold 198.51.100.20
front_read
ok "while it is connected" left 198.51.100.20 880 900
ipset -exist add rblpass4 198.51.100.20 timeout 100
front_say "rblcache: 198.51.100.20 pid $front_pid: passed"
front_read
ok "said twice: no longer than by the first" left 198.51.100.20 80 100
front_say "rblcache: 198.51.100.21 pid $front_pid: passed" \
    "rblcache: 198.51.100.22 pid 99999999: passed" \
    "rblcache: 198.51.100.23 pid 0: passed" \
    "rblcache: 198.51.100.24 pid 99999999999999999999: passed" \
    "rblcache: 198.51.100.25 pid $front_pid: passed." \
    "x rblcache: 198.51.100.20 pid $front_pid: passed" \
    "rblcache: 203.0.113.9 pid $front_pid: passed"
front_read
is "$(front_members rblpass4 | grep -c '198.51.100.2[1-5]\|203.0.113.9')" 0 \
    "lines of a client's own make: nobody pass that is not connected"
front_release QUIT
front_hold 203.0.113.9
front_say "rblcache: 203.0.113.9 pid $front_pid: passed"
front_read
ok "nor one pass that is being refused" \
    eval '! ipset -q test rblpass4 203.0.113.9'
ok "whose ban stands" ipset -q test rblcache4 203.0.113.9
front_release QUIT
front_settle
front_say "rblcache: 198.51.100.26 pid $front_pid: passed"
ok "nor one that was connected" not_passed 198.51.100.26

# what a process was refused for before it passed was no list's
front_say 'tcpserver: pid 90000002 from 198.51.100.27' \
    'rblsmtpd: 198.51.100.27 pid 90000002: 451 forged'
front_read
ok "refused: banned" ipset -q test rblcache4 198.51.100.27
front_say 'rblcache: 198.51.100.27 pid 90000002: passed'
front_read
ok "passed after that: no longer" \
    eval '! ipset -q test rblcache4 198.51.100.27'
front_say 'rblsmtpd: 198.51.100.27 pid 90000002: 451 forged'
front_read
ok "refused after that: not banned" \
    eval '! ipset -q test rblcache4 198.51.100.27'
unlike "$(front_ctl list)" 198.51.100.27 "nor in recent.cdb"
like "$(front_ctl status)" \
    'refused after they passed 1, bans taken back 1$' "status says so"
front_say 'tcpserver: end 90000002 status 256'

# IPv6: not the /64, of which another may be anybody
front_say 'tcpserver: pid 90000001 from 2001:db8:1::7' \
    'rblcache: 2001:db8:1::7 pid 90000001: passed' \
    'tcpserver: end 90000001 status 0'
front_settle
ok "IPv6" left 2001:db8:1::7 880 900 6
is "$(for a in 2001:db8:1::7 2001:db8:1::8; do
    TCPREMOTEIP=$a "$hook" -l '' -k '' sh -c 'echo "${RBLSMTPD-unset}"'
done 2>/dev/null)" "
unset" "IPv6: the hook lets in the host, and not its /64"

# what is done to the set by hand
connect 198.51.100.8
ok "another passes" passed 198.51.100.8
ipset flush rblpass4
connect 198.51.100.8
is "$cost" 1 "flushed: asked about"
ok "and passes again" passed 198.51.100.8
ipset del rblpass4 198.51.100.8
connect 198.51.100.8
is "$cost" 1 "taken out: asked about"
ok "and passes again, taken out" passed 198.51.100.8
ipset destroy rblpass4
connect 198.51.100.8
is "$greeting, $cost" "$in, 1" "destroyed: asked about"
ok "and passes again, in a new set" passed 198.51.100.8

# lines that are read again
connect 198.51.100.11
ok "a pass" passed 198.51.100.11
front_kill_feed KILL
ipset flush rblpass4
sleep 2
front_start_feed -f "$conf"
front_settle
n=$(front_left rblpass4 198.51.100.11)
ok "kill -9: lines read again lengthen no pass: ${n:-none}" \
    test "${n:-0}" -le 898

# and the kernel loses its sets: the state knows of them
front_kill_feed TERM
ipset destroy rblpass4
front_start_feed -f "$conf"
ok "a reboot: it still has its pass" passed 198.51.100.11
connect 198.51.100.11
is "$greeting, $cost" "$in, 0" "and is not asked about"

# off and on
connect 198.51.100.12
ok "before it is switched off" passed 198.51.100.12
: >"$conf"
front_reload_feed
is "$(front_members rblpass4)$(front_members rblpass6)" "" "switched off: nobody has a pass"
connect 198.51.100.12
is "$cost" 1 "all are asked about"
front_settle
is "$(front_members rblpass4)" "" "and nobody passes"
unlike "$(front_ctl status)" rblpass "status knows of no such sets"
echo 'pass = 8s' >"$conf"
front_reload_feed
connect 198.51.100.12
ok "switched on: it passes" passed 198.51.100.12
ok "for as long as it says now" left 198.51.100.12 0 8
ok "no longer than that" \
    front_wait eval '! ipset -q test rblpass4 198.51.100.12'
connect 198.51.100.12
is "$greeting, $cost" "$in, 1" "and is asked about again"

# killed before the line was saved, and started when it is too old
front_settle
front_ctl list >/dev/null # it saves
connect 198.51.100.13
front_settle
front_kill_feed KILL
ipset flush rblpass4
echo 'pass = 1s' >"$conf"
sleep 2
front_start_feed -f "$conf"
ok "kill -9, and late: it has passed too long ago" not_passed 198.51.100.13
front_ctl list >/dev/null
front_kill_feed KILL
front_start_feed -f "$conf"
connect 203.0.113.5
is "$greeting, $cost" "$in, 0" "kill -9: tcp.smtp.cdb lets one in"
ok "it is remembered that the hook says who has passed" not_passed 203.0.113.5

# ---- tcpserver's lines alone ----

front_behind=
echo 'pass = 15m' >"$conf"
restart
asked=$(front_queries)
connect 198.51.100.7
is "$greeting, $cost" "$in, 1" "without -p: a clean host"
ok "nothing shows that rblsmtpd is at work" not_passed 198.51.100.7
connect 203.0.113.9
ok "a listed host has not passed" not_passed 203.0.113.9
connect 198.51.100.7
is "$greeting, $cost" "$in, 1" "rblsmtpd has been seen"
ok "now its end shows that it has passed" passed 198.51.100.7
ok "for 15 minutes, without -p" left 198.51.100.7 880 900
ipset -exist add rblpass4 198.51.100.7 timeout 100
connect 198.51.100.7
is "$greeting, $cost" "$in, 0" "it is let in without a question"
front_settle
ok "a connection without a question is no new pass" left 198.51.100.7 80 100

front_ctl list >/dev/null
front_kill_feed KILL
front_start_feed -f "$conf"
connect 198.51.100.8
ok "kill -9: it is remembered that rblsmtpd is at work" passed 198.51.100.8

connect 203.0.113.9
is "$greeting, $cost" "220 rblcache.local, 0" "banned"
ok "a refusal by the hook ends as well, and is none" not_passed 203.0.113.9
connect 203.0.113.10
ok "nor a refusal by rblsmtpd" not_passed 203.0.113.10
connect 203.0.113.30
ok "nor with an error of the list's" not_passed 203.0.113.30
connect 203.0.113.6
ok "nor a denial" not_passed 203.0.113.6
connect 203.0.113.77
is "$greeting, $cost" "$in, 0" "local.cdb allows"
ok "which is none either" not_passed 203.0.113.77
tcpclient -RHl0 -i 198.51.100.30 127.0.0.1 2525 sh -c \
    'printf "EHLO client.test\r\n" >&7; head -n 2 <&6' >/dev/null
ok "nor one that hangs up" not_passed 198.51.100.30
like "$(front_log | tail -n 2)" '^tcpserver: end [0-9]+ status 256$' \
    "as its status shows"

for lines in \
    'tcpserver: pid 90000001 from 198.51.100.41|rblsmtpd: 198.51.100.41 pid 90000001: 451 temporary RBL lookup error' \
    'tcpserver: pid 90000001 from 198.51.100.41|rblsmtpd: 198.51.100.41 pid 90000001: timeout while waiting for : rbl.test' \
    'tcpserver: pid 90000001 from 198.51.100.41|rblsmtpd:  pid 90000001: 451 Listed' \
    'tcpserver: pid 90000001 from 198.51.100.41|tcpserver: deny 90000001 localhost:127.0.0.1:2525 :198.51.100.41::5000' \
    'tcpserver: pid 90000001 from 198.51.100.41|rblcache: 198.51.100.41 pid 90000001: allowed (local)' \
    'tcpserver: pid 90000001 from 198.51.100.41|rblcache: 198.51.100.41 pid 90000001: 553 go away (local)' \
    'tcpserver: pid 90000001 from 198.51.100.42|tcpserver: end 90000001 status 11|tcpserver: pid 90000001 from 198.51.100.42|tcpserver: pid 90000001 from 198.51.100.43|x' \
    'tcpserver: pid 90000002 from 198.51.100.41|tcpserver: end 90000002 status 0 |tcpserver: pid 90000001 from 198.51.100.42|tcpserver: end 90000001 status 256|x' \
    'spamdyke[90000001]: DENIED_RBL_MATCH from: a to: b origin_ip: 198.51.100.41 origin_rdns: r auth: u encryption: e reason: https://a.test/returnc/pub/|x'; do
	printf '%s|tcpserver: end 90000001 status 0\n' "${lines%|x}" |
		tr '|' '\n' >"$front/lines"
	case $lines in
	spamdyke*) # an error, of one that is connected, as whatever process
		sed -i '1i tcpserver: pid 90000001 from 198.51.100.41' \
		    "$front/lines" ;;
	esac
	# each is at rblsmtpd's port
	sed -i 's/^tcpserver: pid \([0-9]*\) from \(.*\)/&\
tcpserver: ok \1 localhost:127.0.0.1:2525 :\2::5000/' "$front/lines"
	cat "$front/lines" >"$front/log.fifo"
	front_read
	is "$(front_members rblpass4 | grep '198.51.100.4[12]')" "" \
	    "none: $(tr '\n' '|' <"$front/lines")"
done
front_say 'tcpserver: pid 90000001 from 198.51.100.44' \
    'tcpserver: ok 90000001 localhost:127.0.0.1:2525 :198.51.100.44::5000' \
    'rblsmtpd: 198.51.100.44 pid 90000001: greetdelay: 50' \
    'tcpserver: end 90000001 status 0'
front_read
ok "to be kept waiting is no refusal" ipset -q test rblpass4 198.51.100.44
front_say 'rblcache: 198.51.100.44 pid 90000001: passed' \
    'rblcache: 198.51.100.45 pid 90000001: passed'
ok "a line of the hook's about one that has left" not_passed 198.51.100.45
connect 198.51.100.31
ok "does not make the log one with such lines" passed 198.51.100.31

# a POP3 server with the same log, and one whose lines name no port
tcpserver -v -RHl localhost 127.0.0.1 2527 true >"$front/log.fifo" 2>&1 &
other_pid=$!
front_wait tcpclient -RHl0 -i 198.51.100.32 127.0.0.1 2527 true
ok "another server, at whose port no rblsmtpd was seen" not_passed 198.51.100.32
kill $other_pid
wait $other_pid 2>/dev/null
like "$(front_log | grep ' ok .*:198.51.100.32:')" \
    '^tcpserver: ok [0-9]+ localhost:127.0.0.1:2527 ' "has said its port"
front_say 'tcpsvd: info: pid 90000001 from 198.51.100.33' \
    'tcpsvd: info: start 90000001 localhost:127.0.0.1 ::198.51.100.33:51135' \
    'tcpsvd: info: end 90000001 exit 0' \
    's6-tcpserverd: info: accept 198.51.100.34_34237 pid 90000001 count 1/40' \
    's6-tcpserverd: info: end pid 90000001 exitcode 0 count 0/40'
front_read
is "$(front_members rblpass4 | grep '198.51.100.3[34]')" "" \
    "nor at a port that nobody says"

# ---- a connection that lasts ----

# stamped SECONDS-AGO TEXT...: a line of another log
stamped() {
	stamp=$(($(date +%s) + 10 - $1))
	shift
	printf '@40000000%08x00000000 %s\n' "$stamp" "$*"
}
# lasts SECONDS-AGO FOR ADDRESS PID [HOOK-SAYS]
lasts() {
	stamped "$1" "tcpserver: pid $4 from $3"
	stamped "$1" "tcpserver: ok $4 localhost:127.0.0.1:25 :$3::5000"
	[ "${5-}" ] && stamped $(($1 - $2)) "rblcache: $3 pid $4: $5"
	stamped $(($1 - $2)) "tcpserver: end $4 status 0"
}
reads() { # OPTION...: the log, by a feed that has read nothing
	rm -rf "$front/state2"
	mkdir "$front/state2"
	"$feed" -1 -c "$front_rules" -d "$front/state2" -l '' -f "$conf" "$@" \
	    2>>"$front/feed.log"
}
front_settle
front_kill_feed TERM
ipset flush rblpass4
{
	lasts 700 0 198.51.100.60 1
	stamped 700 'tcpserver: pid 2 from 198.51.100.61'
	stamped 700 'tcpserver: ok 2 localhost:127.0.0.1:25 :198.51.100.61::5000'
	stamped 700 'rblsmtpd: 198.51.100.61 pid 2: greetdelay: 0'
	lasts 600 10 198.51.100.62 3
	lasts 600 11 198.51.100.63 4
	lasts 600 590 198.51.100.64 5
} >"$front/lasting"
reads "$front/lasting"
ok "10 s: it has passed" ipset -q test rblpass4 198.51.100.62
ok "since its begin" left 198.51.100.62 250 300
is "$(front_members rblpass4 | grep -c .)" 1 \
    "longer: the list may have given no answer"
ipset flush rblpass4
{
	lasts 600 10 198.51.100.65 1 passed
	lasts 600 11 198.51.100.66 2 passed
	lasts 600 60 198.51.100.67 3 passed
} >"$front/lasting"
reads "$front/lasting"
is "$(front_members rblpass4 | sed 's/ .*//')" 198.51.100.65 \
    "-p: nor is a line an answer that comes after more than 10 s"
ipset flush rblpass4
printf 'pass = 15m\nresolver = 127.0.0.53\nzone = rbl.test\n' >"$conf"
reads "$front/lasting"
is "$(front_members rblpass4)" "" "-1 and a zone that nobody asked: none"
printf 'pass = 15m\n' >"$conf"
ipset destroy
front_start_feed -f "$conf"

# ---- whether the lists answer ----

feed_runs() {
	! front_ctl status | grep -q 'not running'
}
ok "the feed runs" front_wait feed_runs
exits "pass without a zone: status" 1 \
    '^WARNING: pass without a zone: name your lists in feed.conf' front_ctl status
printf 'pass = 15m\nresolver = 127.0.0.53\nzone = rbl.test\n' >"$conf"
front_reload_feed
ok "with one: all is well" front_wait front_ctl status
: >"$conf"
front_reload_feed
exits "no pass, no zone: all is well" 0 '^OK' front_ctl status
echo 'pass = 15m' >"$conf"
front_reload_feed

# ---- without the right to the sets ----

if [ "$FRONT_ROOT" ]; then
	front_behind="$hook -p"
	restart
	front_settle
	front_kill_feed TERM
	ipset destroy
	chmod 755 "$front/log/main"
	chown -R 65534:65534 "$front/state"
	: >"$front/feed.log"
	setpriv --reuid 65534 --regid 65534 --clear-groups \
	    "$front/bin/rblcache-feed" -v -c "$front_rules" -d "$front/state" -l "$local_cdb" \
	    -f "$conf" "$front/log/main" 2>>"$front/feed.log" &
	feed_pid=$!
	asked=$(front_queries)
	connect 198.51.100.7
	connect 203.0.113.9
	front_settle
	ok "no right to the sets: the feed remembers who is refused" \
	    front_wait front_cached 203.0.113.9
	connect 198.51.100.7
	is "$greeting, $cost" "$in, 1" "and nobody passes"
	like "$(cat "$front/feed.log")" 'no right to use ipset' "it says so"
	kill "$feed_pid"
	wait "$feed_pid"
	is "$?" 0 "and ends well"
	feed_pid=
else
	skip "no right to the sets" "this wants root"
fi

# ---- a log that is not tcpserver's ----

: >"$front/plain"
for i in 1 2 3; do
	echo "rblcache: 198.51.100.5$i pid $i: passed"
	echo "rblsmtpd: 198.51.100.6$i pid $i: 451 Listed"
	echo "tcpserver: end $i status 0"
done >"$front/plain"
rm -rf "$front/state"
mkdir "$front/state"
"$feed" -1 -c "$front_rules" -d "$front/state" -l '' -f "$conf" \
    "$front/plain" 2>>"$front/feed.log"
is "$(front_members rblpass4)" "" "without lines of tcpserver's nobody passes"
ok "while bans are as ever" ipset -q test rblcache4 198.51.100.61
done_testing
