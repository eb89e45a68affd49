#!/bin/sh
# SPDX-License-Identifier: ISC
# rblcachectl replay: a log with known numbers, worked out by hand below.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
export TZ=UTC
ctl=$RBLCACHE_BUILD/rblcachectl
rules=$root/hooks/log
no_cdb=$scratch/none.cdb
: >"$scratch/said"

start=$(date -d '2026-11-24 00:00' +%s)
h=3600
pid=100
at() { # SECONDS TEXT
	printf '%s\t%s\n' "$1" "$2" >>"$scratch/lines"
}
# listed, clean ADDRESS SECONDS...: one connection each
listed() {
	address=$1
	shift
	for t; do
		pid=$((pid + 1))
		at "$t" "tcpserver: pid $pid from $address"
		at "$t" "rblsmtpd: $address pid $pid: ${reply:-451 Listed}"
		at $((t + 2)) "tcpserver: end $pid status 0"
	done
}
clean() {
	address=$1
	shift
	for t; do
		pid=$((pid + 1))
		at "$t" "tcpserver: pid $pid from $address"
		at "$t" "tcpserver: ok $pid mx.test:192.0.2.1:25 :$address::4711"
		at $((t + 2)) "tcpserver: end $pid status 0"
	done
}
# in order of time, with multilog's stamps
stamped() {
	sort -s -n "$scratch/lines" | awk -F '\t' -v start="$start" '{
		printf "@40000000%08x00000000 %s\n", start + 10 + $1, $2 }'
}
replay() { # of rblcachectl, whatever it says is kept
	"$ctl" -l "$no_cdb" "$@" >"$scratch/out" 2>&1
	status=$?
	cat "$scratch/out" >>"$scratch/said"
	cat "$scratch/out"
	return $status
}
# numbers LOG...: CONNECTIONS HOSTS REFUSED, and a line a trial: ban, pass, queries,
# outdated, its hosts, let in
numbers() {
	replay -j replay -c "$rules" "$@" | perl -MJSON::PP -e 'local $/;
	    my $n = JSON::PP->new->decode(<STDIN>);
	    print "$n->{connections} $n->{hosts} $n->{refused}\n";
	    print join(" ", $_->{ban} / 3600, @$_{qw(pass queries outdated
		outdated_hosts let_in)}), "\n" for @{$n->{trials}};'
}
count_of() { # NAME LOG...
	count_name=$1
	shift
	replay -j replay -c "$rules" "$@" |
		sed -n "s/^  \"$count_name\": \(.*\),\$/\1/p"
}

# ---- the log ----

# Asked about		1h 4h 12h 24h 72h
#	0		 x  x  x   x   x
#	30 minutes
#	2 hours		 x
#	5 hours		 x  x
#	13 hours	 x  x  x
#	25 hours	 x  x  x   x	12 hours later to the second
# is			 5  4  3   2   1 times, of 6
listed 203.0.113.1 0 1800 $((2 * h)) $((5 * h)) $((13 * h)) $((25 * h))

# Leaves the list after an hour: outdated is what is refused from then on.
#	1 hour		 x  x  x   x   x
#	3 hours		 x  o  o   o   o
#	4 1/2 hours	 x  o  o   o   o
#	20 hours	 x  x  x   o   o
# is			 4  2  2   1   1 times, of 4; outdated 0 2 2 3 3
listed 198.51.100.2 $h
clean 198.51.100.2 $((3 * h)) $((4 * h + 1800)) $((20 * h))

# Good until it is listed, at 6:45.
#	6:00 6:05 6:10 6:20 6:36	asked; with passes of 15 minutes 6:00,
#					6:20 and 6:36
#	6:45 6:50 7:00			6:45; with passes 7:00, and the others
#					are let in
# is 6 times of 8, with passes 4
clean 198.51.100.3 $((6 * h)) $((6 * h + 300)) $((6 * h + 600)) \
    $((6 * h + 1200)) $((6 * h + 2160))
listed 198.51.100.3 $((6 * h + 2700)) $((6 * h + 3000)) $((7 * h))

# Two at the same time, and a process number that comes again; what a client
# wrote about others counts for nothing. 203.0.113.5 twice, asked once, and
# 203.0.113.4 once: 2 times, of 3.
at $((8 * h)) 'tcpserver: pid 90 from 203.0.113.4'
at $((8 * h + 1)) 'tcpserver: pid 91 from 203.0.113.5'
at $((8 * h + 2)) 'rblsmtpd: 203.0.113.99 pid 90: 451 Listed'
at $((8 * h + 2)) 'rblsmtpd: 203.0.113.4 pid 91: 451 Listed'
at $((8 * h + 2)) 'rblsmtpd: 203.0.113.4 pid 99: 451 Listed'
at $((8 * h + 3)) 'rblsmtpd: 203.0.113.5 pid 91: 451 Listed'
at $((8 * h + 4)) 'tcpserver: end 91 status 0'
at $((8 * h + 5)) 'tcpserver: end 90 status 0'
at $((8 * h + 6)) 'tcpserver: pid 90 from 203.0.113.5'
at $((8 * h + 7)) 'rblsmtpd: 203.0.113.5 pid 90: 451 Listed'
at $((8 * h + 8)) 'tcpserver: end 90 status 0'
# none
at $((8 * h + 9)) 'tcpserver: pid 92 from 203.0.113.5'
at $((8 * h + 9)) 'tcpserver: deny 92 mx.test:192.0.2.1:25 :203.0.113.5::4711'
at $((8 * h + 9)) 'tcpserver: end 92 status 25600'

# The list's error answers: 2 times, of 2.
reply='451 Error: open resolver; https://check.spamhaus.org/returnc/pub/'
listed 203.0.113.6 $((9 * h)) $((9 * h + 60))
reply=
stamped >"$scratch/log"

# 6 + 4 + 8 + 3 + 2 connections, of 6 hosts; refused 6 + 1 + 3 + 2.
# Queries 5+4+6+2+2 4+2+6+2+2 3+2+6+2+2 2+1+6+2+2 1+1+6+2+2; with passes two
# fewer.
wanted='23 6 12
1 0 19 0 0 0
4 0 16 2 1 0
12 0 15 2 1 0
24 0 13 3 1 0
72 0 12 3 1 0
1 900 17 0 0 2
4 900 14 2 1 2
12 900 13 2 1 2
24 900 11 3 1 2
72 900 10 3 1 2'
is "$(numbers "$scratch/log")" "$wanted" "the numbers"
is "$(count_of errors "$scratch/log")" 2 "the error answers"
is "$(count_of first "$scratch/log") $(count_of last "$scratch/log")" \
    "$start $((start + 25 * h))" "from when to when"

# ---- for people ----

table='1h - 19 82.6 0 0 0
4h - 16 69.6 2 1 0
12h - 15 65.2 2 1 0
24h - 13 56.5 3 1 0
72h - 12 52.2 3 1 0
1h 15m 17 73.9 0 0 2
4h 15m 14 60.9 2 1 2
12h 15m 13 56.5 2 1 2
24h 15m 11 47.8 3 1 2
72h 15m 10 43.5 3 1 2'
said=$(replay replay -c "$rules" "$scratch/log")
is "$?" 0 "exit status"
is "$(echo "$said" | grep '^[1-9][0-9]*h ' | tr -s ' ')" "$table" "the table"
is "$(echo "$said" | head -n 2)" "2026-11-24 00:00:00 to 2026-11-25 01:00:00
connections 23, hosts 6, refused by the lists 12 (52.2 %)" "above it"
like "$said" '^Error answers of a list: 2; ' "and below it"
unlike "$said" 'in use|left out|No l|without a time|Trouble' \
    "nothing that does not apply"
is "$(echo "$said" | awk 'length > 80')" "" "within 80 columns"

# ---- the ways to read it ----

split -n l/3 "$scratch/log" "$scratch/part."
mkdir "$scratch/multilog"
i=0
for part in aa ab; do
	i=$((i + 1))
	name=@400000006a000000$(printf %08d $i).s
	mv "$scratch/part.$part" "$scratch/multilog/$name"
	touch -d "2026-11-2$((3 + i)) 02:00" "$scratch/multilog/$name"
done
mv "$scratch/part.ac" "$scratch/multilog/current"
is "$(numbers "$scratch/multilog")" "$wanted" "a directory of multilog's"
is "$(numbers - <"$scratch/log")" "$wanted" "standard input"
is "$({
	head -n 20 "$scratch/log"
	sleep 0.2
	tail -n +21 "$scratch/log"
} | numbers -)" "$wanted" "a pipe that makes one wait"
perl -MPOSIX -pe 's/^\@40000000([0-9a-f]{8})0{8}/
    strftime("%Y-%m-%d_%H:%M:%S.00000", gmtime(hex($1) - 10))/e' \
    "$scratch/log" >"$scratch/svlogd"
like "$(head -n 1 "$scratch/svlogd")" '^2026-11-24_00:00:00\.' "svlogd -tt"
is "$(numbers "$scratch/svlogd")" "$wanted" "its stamps"
printf %s "$(sed '$d' "$scratch/log")" >"$scratch/cut" # up to a refusal
is "$(numbers "$scratch/cut")" "$wanted" "no line feed at the end"
is "$(numbers -p 5m "$scratch/log" | sed -n '7p')" "1 300 19 0 0 0" \
    "passes of five minutes save nothing"

# ---- other logs ----

# Refusals alone: 6, 1, 3, 2, two errors, and those three of a client's, which
# nobody can tell from others then. Queries 5..1 + 1 + 1 + 1 + 2, and for what
# the client wrote 203.0.113.4 once and 203.0.113.99 once.
grep -v tcpserver "$scratch/log" >"$scratch/quiet"
is "$(numbers "$scratch/quiet" | cut -d ' ' -f 1-4)" '17 7 15
1 0 12 0
4 0 11 0
12 0 10 0
24 0 9 0
72 0 8 0
1 900 12 0
4 900 11 0
12 900 10 0
24 900 9 0
72 900 8 0' "a log without lines of tcpserver"
like "$(replay replay -c "$rules" "$scratch/quiet")" \
    '^No line of tcpserver -v: only refusals are known' "and it is said"

# Everybody passes: of 23 six come again within 15 minutes of a question, four
# times 198.51.100.3, .5 and .6 once each.
grep -v 451 "$scratch/log" >"$scratch/good"
is "$(numbers "$scratch/good" | sed -n '1,2p;7p')" '23 6 0
1 0 23 0 0 0
1 900 17 0 0 0' "a log without refusals"
like "$(replay replay -c "$rules" "$scratch/good")" \
    '^No list refused anybody, or no rule' "and it is said"

# the first comes from the cache the second time: then nothing is different
sed 's/rblsmtpd: 203.0.113.1 pid 102: 451 Listed/rblcache: 203.0.113.1 pid 102: 451 Listed (ipset, 9s left)/
s/tcpserver: ok 108 .*/rblcache: 198.51.100.2 pid 108: passed/' \
    "$scratch/log" >"$scratch/cached"
is "$(grep -c rblcache: "$scratch/cached")" 2 "a log with lines of the hook"
is "$(numbers "$scratch/cached")" "$wanted" "the same numbers"
is "$(count_of cached "$scratch/cached")" 1 "one of the cache"
like "$(replay replay -c "$rules" "$scratch/cached")" \
    '^Refusals by a cache in use already: 1; ' "and it is said"

{
	cat "$scratch/log"
	at=$((start + 10 + 26 * h))
	for line in 'tcpserver: pid 1 from 203.0.113.7' \
	    'rblcache: 203.0.113.7 pid 1: 553 go away (local)' \
	    'tcpserver: end 1 status 0' 'tcpserver: pid 2 from 203.0.113.8' \
	    'rblcache: 203.0.113.8 pid 2: allowed (local)' \
	    'tcpserver: end 2 status 0'; do
		printf '@40000000%08x00000000 %s\n' $at "$line"
	done
} >"$scratch/local"
is "$(numbers "$scratch/local")" "$wanted" "whom the own rules decide on: none"
is "$(count_of local "$scratch/local")" 2 "but they are counted"

sed 's/^[^ ]* //' "$scratch/log" >"$scratch/bare"
exits "a log without stamps" 100 'bare: no line has a time' "$ctl" \
    -l "$no_cdb" replay -c "$rules" "$scratch/bare"
head -n 4 "$scratch/log" >>"$scratch/bare"
is "$(count_of unstamped "$scratch/bare")" 23 "a few stamps are enough"
like "$(replay replay -c "$rules" "$scratch/bare")" \
    '^Connections without a time: 23; ' "and it is said"

like "$(head -n 12 "$scratch/log" | replay replay -c "$rules" -)" \
    '^The log is short' "a log shorter than the longest time"
{
	cat "$scratch/log"
	printf '@40000000%08x00000000 tcpserver: pid 9 from 203.0.113.9\n' \
	    $((start + 10 + 72 * 3600))
} >"$scratch/long"
unlike "$(replay replay -c "$rules" "$scratch/long")" 'The log is short' \
    "a log as long as that"

# ---- the allow list ----

echo '203.0.113.1 allow' >"$scratch/hosts"
"$RBLCACHE_BUILD/rblcache-cdb" build "$scratch/local.cdb" "$scratch/hosts"
is "$("$ctl" -j -l "$scratch/local.cdb" replay -c "$rules" "$scratch/log" |
    grep queries | tr -dc '0-9\n' | paste -s -d ' ')" \
    '20 18 18 17 17 18 16 16 15 15' "an allowed host is asked about every time"
printf 'damaged' >"$scratch/bad.cdb"
exits "a damaged allow list" 100 'bad.cdb: it is damaged, or no cdb of' "$ctl" -l "$scratch/bad.cdb" \
    replay -c "$rules" "$scratch/log"

# ---- it only reads ----

tree() {
	(cd "$scratch" && find multilog log local.cdb hosts -printf \
	    '%p %s %m %u %g %T@ %C@\n' -type f -exec sha256sum {} \;)
}
before=$(tree)
replay -l "$scratch/local.cdb" replay -c "$rules" "$scratch/multilog" >/dev/null
is "$(tree)" "$before" "no file is changed"
if strace -o /dev/null true 2>/dev/null; then
	strace -f -o "$scratch/trace" -e trace=%file,%desc,connect,kill \
	    "$ctl" -l "$scratch/local.cdb" replay -c "$rules" \
	    "$scratch/multilog" >/dev/null
	ok "opened for reading" grep -q '"current", O_RDONLY' \
	    "$scratch/trace"
	is "$(grep -E 'O_WRONLY|O_RDWR|O_CREAT|O_TRUNC' "$scratch/trace")" "" \
	    "and nothing for writing"
	is "$(grep -E ' (creat|unlink|rename|r?mk?dir|mknod|f?ch|f?truncate|s?y?m?link|utim|f?set|f?remove|connect|kill)[a-z0-9]*\(' \
	    "$scratch/trace")" "" "nor is anything else touched or told"
else
	skip "it opens nothing for writing" "no strace here"
fi
if [ "$(id -u)" = 0 ]; then
	cp "$ctl" "$scratch/ctl"
	cp -R "$rules" "$scratch/rules"
	chmod -R go+rX "$scratch"
	is "$(setpriv --reuid 65534 --regid 65534 --clear-groups "$scratch/ctl" \
	    -l "$no_cdb" replay -c "$scratch/rules" "$scratch/multilog" |
	    grep '^[1-9][0-9]*h ' | tr -s ' ')" "$table" "any user may"
else
	skip "any user may" "this is one"
fi

# ---- what is wrong ----

run() {
	exits "$1" "$2" "$3" "$ctl" -l "$no_cdb" replay "$4" "$5" "$6"
}
run "no such log" 100 'nolog: No such file' -c "$rules" "$scratch/nolog"
exits "no such rules" 100 'norules: No such file' "$ctl" replay \
    -c "$scratch/norules" "$scratch/log"
sed '/^match/a net = 24 after 8 in 1h' "$rules/rblsmtpd.rules" >"$scratch/gone.rules"
"$ctl" -l "$no_cdb" replay -c "$scratch/gone.rules" "$scratch/log" \
    2>"$scratch/gone.said" >"$scratch/gone"
like "$(cat "$scratch/gone.said")" \
    '^rblcachectl: WARNING: .*/gone.rules:[0-9]+: net: networks are no longer banned' \
    "a key that is gone: a warning"
is "$(cat "$scratch/gone")" \
    "$("$ctl" -l "$no_cdb" replay -c "$rules/rblsmtpd.rules" "$scratch/log")" \
    "and the numbers are those without"
echo '@400000006a00000000000000 rblcache: 203.0.113.9 pid 9: 451 x (local)' \
    >"$scratch/other"
exits "nothing but own rules" 100 'own rules decided on all 1 connections' \
    "$ctl" -l "$no_cdb" replay -c "$rules" "$scratch/other"
echo 'new msg 1' >"$scratch/other"
exits "another log" 100 'other: no connection in 1 lines; it should have lines of .*tcpserver: pid N from IP' \
    "$ctl" -l "$no_cdb" replay -c "$rules" "$scratch/other"
exits "an empty directory" 100 'no connection in 0 lines' \
    "$ctl" -l "$no_cdb" replay -c "$rules" \
    "$(mkdir "$scratch/empty" && echo "$scratch/empty")"
if [ -c /dev/full ]; then
	exits "no room for what it says" 111 'standard output' \
	    sh -c '"$@" >/dev/full' - "$ctl" -l "$no_cdb" replay -c "$rules" \
	    "$scratch/log"
fi
is "$(grep -E '203\.0\.|198\.51\.' "$scratch/said")" "" \
    "it has named no address"
ok "and has said something" test -s "$scratch/said"
done_testing
