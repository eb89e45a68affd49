#!/bin/sh
# SPDX-License-Identifier: ISC
# kill -9 at any instant: the feed that was killed some hundred times ends in
# the state of one that never was: the same bans, with the same times, reasons
# and rules, the same counts, connections and tallies, the same place. Several
# rounds, each with a log of its own that rotates while it is read.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
cd "$front" || exit 1
rules=$front/rules
cp -r "$root/hooks/log" "$rules"
cat >"$rules/rcpt.rules" <<'EOT'
[rcpt]
match = ^CHKUSER rejected rcpt: from <.*> remote <.*:(?<ip>\d+\.\d+\.\d+\.\d+)> rcpt <.*> : not existing recipient$
count = 3 in 5s
again = x2 up to 1h
ban   = 1m
EOT
printf 'doubt = 12h\npass = 1s to 7d\n' >feed.conf
[ "${RBLCACHE_LONG-}" ] && rounds=5 || rounds=1
kills=60

# Connections for three seconds: some hosts come again with another text, some
# lines are long enough for multilog to cut, some have no ban in them.
connections() { # SEED
	awk -v seed="$1" 'BEGIN { srand(seed); for (i = 0; i < 7000; i++) {
	ip = sprintf("198.18.%d.%d", int(rand() * 20), int(rand() * 256))
	if (i % 50 == 1)
		ip = sprintf("198.18.200.%d", i % 9)
	print "tcpserver: pid " i " from " ip
	print "tcpserver: ok " i " mx:192.0.2.1:25 :" ip "::" 1024 + i
	if (i % 13 == 0)
		print "rblcache: " ip " pid " i ": decided by RBLSMTPD"
	if (i % 3 == 0)
		printf "rblsmtpd: %s pid %d: 451 Listed by T%d, see https://rbl.test/%s\n", ip, i, i % 7, ip
	if (i % 50 == 1) {
		printf "CHKUSER rejected rcpt: from <"
		for (j = 0; j < 600; j++) printf "longer"
		print "> remote <h:r:" ip "> rcpt <x> : not existing recipient"
	}
	if (i % 11 == 0)
		print "CHKUSER rejected sender: from <a" i "::> remote <h:r:" ip "> rcpt <c> : invalid sender MX domain"
	if (i % 100 == 50) { # torn by another
		print "CHKUSER rejected rcpt: from <a::> remote <h:r:" ip "> rcpt <tcpserver: status: 1/40"
		print "rblsmtpd: " ip " pid " i ": 451 forged"
		print "x> : not existing recipient"
	}
	if (i % 9 == 3 && i % 50 != 1) # so it was no list
		print "rblcache: " ip " pid " i ": passed"
	if (i % 9 == 4)
		print "rblcache: " ip " pid " i ": 451 Listed (ipset, 9s left)"
	if (i % 9 == 5)
		print "rblcache: " ip " pid " i ": allowed (pass)"
	if (i % 18 == 3)
		print "rblsmtpd: " ip " pid " i ": 451 forged"
	if (i % 100 != 99)
		print "tcpserver: end " i " status 0"
	if (i % 40 == 0) { fflush(); system("sleep 0.015") }
	} }'
}

# In a shell of its own, whose pid is the feed's then.
read_log() { # STATE OPTION...: the rest of it
	state=$1
	shift
	[ "$front_ipset" ] && set -- -s "${state}4" -S "${state}6" "$@"
	[ "$front_ipset" ] || set -- -s '' -S '' "$@"
	exec "$feed" -f feed.conf "$@" -m 0 -c "$rules" -d "$state" -l '' \
	    log2 2>>err
}

records() { # as text, sorted; the newline of a record is none of its bytes
	cdb -d "$1/recent.cdb" | od -An -v -tx1 -w1 | tr -d ' \n' |
		sed 's/0a2b/\n&/g' | LC_ALL=C sort
}
kind() { # LETTER FILE: how many records begin with it
	grep -cE "^(0a)?2b(3[0-9])+2c(3[0-9])+3a$1" "$2"
}
members() { # SET
	ipset list "$1" | sed '1,/^Members/d' | cut -d' ' -f1 | sort
}

one_round() { # NUMBER
	rm -rf log2 killed whole
	mkdir killed whole
	connections "$1" | multilog t s4096 n10000 ./log2 &
	writer=$!
	front_wait test -e log2/current
	n=0
	while [ "$n" -lt "$kills" ]; do
		n=$((n + 1))
		read_log killed &
		feed_pid=$!
		# 0 to 99 ms, now and then long enough for several checkpoints
		case $((n % 25)) in
		0) sleep 0.5 ;;
		*) sleep "0.0$(((n + $1) * 37 % 100))" ;;
		esac
		kill -9 "$feed_pid"
		wait "$feed_pid" 2>/dev/null
		feed_pid=
	done
	wait "$writer"
	(read_log killed -1)
	(read_log whole -1)
	records killed >killed.txt
	records whole >whole.txt
	is "$(diff killed.txt whole.txt | head -n 6)" "" \
	    "round $1: $kills kills, the same in all of $(wc -l <whole.txt | tr -d ' ') records"
	# on a busy machine none may have lived until it had its socket
	is "$(find killed -mindepth 1 ! -name control ! -name lock \
	    ! -name recent.cdb ! -name recent.cdb.old)" "" \
	    "round $1: nothing left beside, but the socket of one that was killed"
	if [ "$front_ipset" ]; then
		members killed4 >killed.set
		members whole4 >whole.set
		is "$(cmp killed.set whole.set 2>&1)" "" \
		    "round $1: and of $(wc -l <whole.set | tr -d ' ') members of the set"
		ipset destroy
	else
		skip "round $1: the set" "no ipset here"
	fi
}

: >err
round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	one_round "$round"
done
for kind in 62:1000:bans 63:5:counts 70:5:past 73:10:connections 76:100:visits 68:1000:hosts 74:2:tallies 6c:1:logs; do
	IFS=: read -r letter least name <<-EOT
	$kind
	EOT
	n=$(kind "$letter" whole.txt)
	ok "there are $name to compare ($n)" test "$n" -ge "$least"
done
unlike "$(cat err)" 'missing|damaged' "nothing missed, nothing damaged"
done_testing
