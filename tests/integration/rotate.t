#!/bin/sh
# SPDX-License-Identifier: ISC
# multilog rotating every few milliseconds: each line read exactly once, also
# by a feed that is killed all the time.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
cd "$front" || exit 1
rules=$root/hooks/log/rblsmtpd.rules

lines() { # FIRST LAST: one ban each, every hundredth line slept upon
	awk -v a="$1" -v b="$2" 'BEGIN { for (i = a; i < b; i++) {
		printf "tcpserver: pid %d from 198.18.%d.%d\n", i, i / 256, i % 256
		printf "rblsmtpd: 198.18.%d.%d pid %d: 451 Listed by TEST, see https://rbl.test/%d\n", i / 256, i % 256, i, i
		if (i % 100 == 0) { fflush(); system("sleep 0.01") }
	} }'
}
banned() {
	sed -n 's/.*ban	\([^	]*\)	.*/\1/p' "$@"
}

# all at once, then read
lines 0 3000 | multilog t s4096 n1000 ./all
"$feed" -f /dev/null -l '' -1 -v -m 0 -c "$rules" -d state -s '' -S '' all 2>err
is "$(banned err | sort -u | wc -l | tr -d ' ')" 3000 \
    "a directory of rotated files: every ban"
is "$(banned err | wc -l | tr -d ' ')" 3000 "and each once"
is "$(banned err | sort -c -t. -k3,3n -k4,4n 2>&1)" "" "in order"
lines 3000 3500 | multilog t s4096 n1000 ./all
"$feed" -f /dev/null -l '' -1 -v -m 0 -c "$rules" -d state -s '' -S '' all 2>err
is "$(banned err | wc -l | tr -d ' ')" 500 "the next run: what has come since"

# while it is written
rm -rf state/*
lines 0 3000 | multilog t s4096 n1000 ./live &
writer=$!
front_wait test -e live/current
"$feed" -f /dev/null -l '' -v -m 0 -c "$rules" -d state -s '' -S '' live 2>err &
feed_pid=$!
wait "$writer"
ok "following: the last line" front_wait grep -q 198.18.11.183 err
kill "$feed_pid"
wait "$feed_pid"
is "$(banned err | wc -l | tr -d ' ')" 3000 "following: each ban once"
unlike "$(cat err)" missing "following: nothing missed"

# a million lines at full speed, a rotation every few milliseconds or less; every
# day a tenth of them
rm -rf state/*
[ "${RBLCACHE_LONG-}" ] && hosts=200000 || hosts=20000
many() {
	awk -v n="$hosts" 'BEGIN { for (i = 0; i < n; i++) {
		ip = "198." 18 + int(i / 65536) "." int(i / 256) % 256 "." i % 256
		print "tcpserver: status: 1/40"
		print "tcpserver: pid " i + 1 " from " ip
		print "tcpserver: ok " i + 1 " :::25 :" ip "::35799"
		print i % 5 ? "rblsmtpd: " ip " pid " i + 1 ": 451 Listed" : "qmail-smtpd: connection accepted"
		print "tcpserver: end " i + 1 " status 0"
	} }'
}
many | awk '/Listed/ { print $2 }' >expected
mkdir many
"$feed" -f /dev/null -v -m 0 -c "$rules" -d state -l '' -s '' -S '' many 2>err &
feed_pid=$!
# all files stay: a reader may have to wait for a processor
many | multilog t s16384 n5000 ./many &
writer=$!
wait "$writer"
ok "$((5 * hosts)) lines at once: the last one" \
    front_wait grep -q "$(tail -n 1 expected)" err
kill "$feed_pid"
wait "$feed_pid"
banned err >got
is "$(cmp got expected 2>&1)" "" \
    "at once: each of $(wc -l <expected | tr -d ' ') bans once, in order, no other"
is "$(grep missing err)" "" "at once: nothing missed"

# killed again and again
rm -rf state/*
lines 0 3000 | multilog t s4096 n1000 ./killed &
writer=$!
front_wait test -e killed/current
: >err
for i in 1 2 3 4 5 6 7 8 9 10; do
	"$feed" -f /dev/null -l '' -v -m 0 -c "$rules" -d state -s '' -S '' \
	    killed 2>>err &
	feed_pid=$!
	sleep 0.0$((i * 7 % 10))3
	kill -9 "$feed_pid"
	wait "$feed_pid" 2>/dev/null
done
wait "$writer"
"$feed" -f /dev/null -l '' -1 -v -m 0 -c "$rules" -d state -s '' -S '' \
    killed 2>>err
feed_pid=
is "$(banned err | sort -u | wc -l | tr -d ' ')" 3000 \
    "killed ten times: every ban was seen"
like "$("$feed" -f /dev/null -l '' -1 -m 0 -c "$rules" -d state -s '' -S '' \
    killed 2>&1)" \
    'bans: 3000$' "and all are in the checkpoint"

# deleted before they could be read
lines 0 200 | multilog t s4096 n4 ./lost
"$feed" -f /dev/null -l '' -1 -m 0 -c "$rules" -d state -s '' -S '' \
    lost 2>/dev/null
lines 200 2000 | multilog t s4096 n4 ./lost
like "$("$feed" -f /dev/null -l '' -1 -m 0 -c "$rules" -d state -s '' -S '' \
    lost 2>&1)" \
    'lost: files were deleted or truncated before they could be read; lines from 20.* to 20.* may be missing' \
    "files deleted in the meantime: said, with the time"
done_testing
