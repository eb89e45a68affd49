#!/bin/sh
# kill -9 at any instant: the feed that was killed some hundred times ends in
# the state of one that never was: the same bans, with the same times, reasons
# and rules.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
cd "$front" || exit 1
rules=$root/hooks/log
kills=${KILLS-200}

# connections for ten seconds: some hosts come again with another text, some
# lines are long enough for multilog to cut, some have no ban in them
awk 'BEGIN { srand(7); for (i = 0; i < 20000; i++) {
	ip = sprintf("198.18.%d.%d", int(rand() * 20), int(rand() * 256))
	print "tcpserver: pid " i " from " ip
	if (i % 3 == 0)
		printf "rblsmtpd: %s pid %d: 451 Listed by T%d, see https://rbl.test/%s\n", ip, i, i % 7, ip
	if (i % 50 == 1) {
		printf "CHKUSER rejected rcpt: from <"
		for (j = 0; j < 600; j++) printf "longer"
		print "> remote <h:r:" ip "> rcpt <x> : not existing recipient"
	}
	if (i % 11 == 0)
		print "CHKUSER rejected sender: from <a" i "::> remote <h:r:" ip "> rcpt <c> : invalid sender MX domain"
	print "tcpserver: end " i " status 0"
	if (i % 40 == 0) { fflush(); system("sleep 0.015") }
} }' | multilog t s4096 n10000 ./log2 &
writer=$!
front_wait 5 test -e log2/current

mkdir killed whole
n=0
while [ "$n" -lt "$kills" ]; do
	n=$((n + 1))
	"$feed" -c "$rules" -d killed -l '' -s '' -S '' log2 2>>err &
	feed_pid=$!
	# 0 to 99 ms, and now and then long enough for several checkpoints
	case $((n % 25)) in
	0) sleep 0.5 ;;
	*) sleep "0.0$((n * 37 % 100))" ;;
	esac
	kill -9 "$feed_pid"
	wait "$feed_pid" 2>/dev/null
	feed_pid=
done
wait "$writer"
"$feed" -1 -c "$rules" -d killed -l '' -s '' -S '' log2 2>>err
"$feed" -1 -c "$rules" -d whole -l '' -s '' -S '' log2 2>>err

bans() { # the records of bans as text, sorted
	cdb -d "$1/recent.cdb" | od -An -v -tx1 -w1 | tr -d ' \n' |
		sed 's/2b31372c/\n&/g' | grep '^2b31372c' |
		LC_ALL=C sort
}
bans killed >killed.txt
bans whole >whole.txt
count=$(wc -l <whole.txt | tr -d ' ')
ok "there are bans to compare ($count)" test "$count" -gt 2000
is "$(diff killed.txt whole.txt | head -n 6)" "" \
    "$n kills: the same bans, times, reasons and rules"
unlike "$(cat err)" 'missing|damaged' "nothing missed, nothing damaged"
is "$(ls killed)" "lock
recent.cdb" "nothing left beside"
done_testing
