#!/bin/sh
# SPDX-License-Identifier: ISC
# A log of which no line is understood: -n says so, the feed's own log, the status
# and the metrics, until a line is.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
tap_scratch
root=$(cd "$here/../.." && pwd)
feed=$RBLCACHE_BUILD/rblcache-feed
cd "$scratch" || exit 1
export TZ=UTC
mkdir state
trap '[ -z "${feed_pid-}" ] || kill "$feed_pid"; wait; rm -rf "$scratch"' EXIT

lines() { # NUMBER: with a stamp that nobody knows
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
	    printf "24/11/26 07:31:02\t\033[31mrblsmtpd: 203.0.113.9 pid %d: 451 Listed by zone abcdefghijklmnopqrstuvwxyz1.dq.example.test\n", i }'
}
ctl() {
	"$RBLCACHE_BUILD/rblcachectl" -d state -l '' -s '' -S '' "$@"
}
first='24/11/26 07:31:02\?\?\[31mrblsmtpd: 203.0.113.9 pid 0: 451 Listed by zone KEY.dq'
none="none of 1000 lines is understood; the first: \"${first}[^\"]*\"\$"

# ---- -n ----

dry() {
	"$feed" -n -f /dev/null -l '' -c "$root/hooks/log" "$@" 2>&1
}
lines 999 >log
like "$(dry log)" "^rblcache-feed: log: no rule matches any of 999 lines; .*; no line is understood, the first is \"$first" \
    "-n: the first line is quoted"
lines 3000 >log
like "$(dry log)" "no rule matches any of 1000 lines; .*the first is \"$first" \
    "-n: after 1000 lines"
is "$(dry log | wc -l)" 1 "and once"
{ head -c 5000 /dev/zero | tr '\0' x; echo; } >log
like "$(dry log)" 'the first is "x{100,128}\.\.\."$' "-n: a long line is cut"
{ lines 1500; echo 'Nov 24 07:31:02 mx CHKUSER accepted sender: from <a> remote <b:c:192.0.2.7> rcpt <> : x'; } |
	tail -n 1000 >log
unlike "$(dry log)" 'the first is' "-n: one line is understood, though no rule matches"

# ---- the feed ----

has() { # PATTERN
	ctl status >status
	grep -Eq "$1" status
}
: >log
"$feed" -f /dev/null -l '' -s '' -S '' -c "$root/hooks/log" -d state log 2>err &
feed_pid=$!
ok "it runs" front_wait has '^OK'
lines 999 >>log
ok "999 lines" front_wait eval 'ctl -j status | grep -q "\"lines\": *999,"'
ok "are too few to be sure" has '^OK'
is "$(ctl metrics | grep -c 'log_understood{.*} 1$')" 1 "metrics: understood"
lines 1 >>log
ok "1000 lines: a WARNING" front_wait has "^WARNING: log: no line of it is understood; the first: \"$first"
ctl status >/dev/null
is $? 1 "as the exit status says"
like "$(cat err)" "^rblcache-feed: log: $none" "the feed says it"
is "$(ctl metrics | grep -c 'log_understood{.*} 0$')" 1 "metrics: not understood"
lines 2000 >>log
ok "3000 lines" front_wait eval 'ctl -j status | grep -q "\"lines\": *3000,"'
is "$(grep -c understood err)" 1 "the feed says it once"
echo 'tcpserver: status: 1/40' >>log
ok "a line that is understood ends it" front_wait has '^OK'
done_testing
