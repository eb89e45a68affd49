#!/bin/sh
# SPDX-License-Identifier: ISC
# The log reader: decisions, bad input, following, restarts.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
mkdir "$front/work" "$front/work/state"
cd "$front/work" || exit 1
recent=$front/work/state/recent.cdb
all_rules "$front/rules"
rules=$front/rules
T=$(printf '\t')
export TZ=UTC

decide() { # LINE...
	printf '%s\n' "$@" | "$feed" -f /dev/null -n -c "$rules" -l "$local_cdb" - 2>err
}

# -n
reply='451 Listed by XBL, see https://check.spamhaus.org/query/ip/203.0.113.9'
is "$(decide "rblsmtpd: 203.0.113.9 pid 7: $reply")" \
    "ban${T}203.0.113.9${T}rblsmtpd${T}86400${T}$reply" "-n prints a ban"
for line in 'rblsmtpd: 203.0.113.9 pid 7: greetdelay: 50' \
    'rblsmtpd: 203.0.113.9 pid 7: [RBL info] text' \
    'rblsmtpd: 203.0.113.9 pid 7: timeout while waiting for : zen.test' \
    'rblsmtpd:  pid 7: 451 text' \
    'rblcache: 203.0.113.9 pid 7: 451 text (ipset, 5s left)' \
    ' rblsmtpd: 203.0.113.9 pid 7: 451 text' \
    'tcpserver: pid 7 from 203.0.113.9'; do
	is "$(decide "$line")" "" "nothing: $line"
done
for text in '451 temporary RBL lookup error' \
    '451 Error: open resolver; https://check.spamhaus.org/returnc/pub/46.38.225.230/' \
    '553 Error: too many queries' '451 see /returnc/vol/' '451 [cached] text' \
    '553 [cached] text'; do
	is "$(decide "rblsmtpd: 203.0.113.9 pid 7: $text")" \
	    "skip${T}203.0.113.9${T}rblsmtpd${T}except" "skip: $text"
done
is "$(decide 'rblsmtpd: mail.example.com pid 7: 451 text')" \
    "skip${T}-${T}rblsmtpd${T}badaddr" "skip: no address"
for ip in 127.0.0.1 10.1.2.3 192.168.1.1 fe80::1 ::1 fd00::1 64:ff9b::808:808; do
	is "$(decide "rblsmtpd: $ip pid 7: 451 text")" \
	    "skip${T}$ip${T}rblsmtpd${T}allowed" "skip: $ip"
done
printf '203.0.113.9 allow\n' | "$cdb" build "$local_cdb" -
is "$(decide 'rblsmtpd: 203.0.113.9 pid 7: 451 text')" \
    "skip${T}203.0.113.9${T}rblsmtpd${T}allowed" "skip: on the allow list"
rm "$local_cdb"
is "$(decide 'rblsmtpd: ::ffff:203.0.113.9 pid 7: 553 text' | cut -f2)" \
    203.0.113.9 "mapped IPv4 as IPv4"
is "$(decide '@4000000066d1f3a50c5e2f1c rblsmtpd: 2001:DB8::0:1 pid 7: 553 text' |
	cut -f2)" 2001:db8::1 "RFC 5952, behind a stamp"
is "$(decide '2026-11-24 07:31:02.123456789 rblsmtpd: 203.0.113.9 pid 7: 553 text' |
	cut -f1)" ban "behind a local stamp"
is "$(printf 'rblsmtpd: 203.0.113.9 pid 7: 451 no line feed' |
	"$feed" -f /dev/null -l '' -n -c "$rules" - | cut -f1)" ban \
    "a last line without line feed"
mkdir nofiles
exits "a directory without files has an end" 0 \
    '^rblcache-feed: nofiles: no rule matches any of 0 lines; ' timeout 10 \
    "$feed" -f /dev/null -l '' -n -c "$rules" nofiles
quoted=
unknown() { # LOG...: -n says that no rule knows it, and succeeds
	is "$("$feed" -f /dev/null -l '' -n -c "$rules" "$@" 2>&1 >printed; echo "exit $?"
	    cat printed)" \
	    "rblcache-feed: $1: no rule matches any of 2 lines; it should have lines that a \
rule in $rules matches (\"rblsmtpd: IP pid N: 451 TEXT\")$quoted
exit 0${2:+
$(printf 'ban\t203.0.113.9\trblsmtpd\t86400\t451 Listed')}" "-n, a log that no rule knows"
}
printf 'new msg 1\nend msg 1\n' >other
quoted='; no line is understood, the first is "new msg 1"'
unknown other
quoted=
printf 'tcpserver: pid 7 from 203.0.113.9\ntcpserver: end 7 status 0\n' >other
unknown other
echo 'rblsmtpd: 203.0.113.9 pid 7: 451 Listed' >known
unknown other known
like "$(: | "$feed" -f /dev/null -l '' -n -c "$root/hooks/log/available/tjsi.rules" \
    -c "$root/hooks/log/available/spamdyke.rules" - 2>&1)" \
    '^rblcache-feed: stdin: no rule .* in [^ ]*/tjsi.rules or another matches' \
    "-n, of several rule files"
for line in '451 Listed' '451 Error: open resolver' 'greetdelay: 50'; do
	echo "rblsmtpd: 203.0.113.9 pid 7: $line"
done >known
is "$("$feed" -f /dev/null -l '' -n -c "$rules" known 2>&1 | cut -f 1 | tr '\n' ' ')" "ban skip " \
    "-n, one that a rule knows: nothing is said"
for line in \
    'CHKUSER rejected sender: from <a@b.test::> remote <h:r:203.0.113.9> rcpt <c@d.test> : invalid sender MX domain' \
    'CHKUSER rejected intrusion: from <a@b.test::> remote <h:r:203.0.113.9> rcpt <c@d.test> : rcpt ignored, session over intrusion threshold' \
    'CHKUSER rejected sender: from <a@b.test|remoteinfo/auth:|chkuser-identify:> remote <helo:h|remotehostname:r|remotehostip:203.0.113.9> rcpt <c@d.test> : invalid sender MX domain' \
    'CHKUSER rejected intrusion: from <a@b.test|remoteinfo/auth:|chkuser-identify:> remote <helo:h|remotehostname:r|remotehostip:203.0.113.9> rcpt <c@d.test> : rcpt ignored, session over intrusion threshold' \
    'rblsmtpd: 203.0.113.9 pid 7: 451 http://www.spamhaus.org/query/bl?ip=203.0.113.9' \
    'rblsmtpd: 203.0.113.9 pid 7: 451 Blocked - see https://www.spamcop.net/bl.shtml?203.0.113.9'; do
	is "$(decide 'tcpserver: pid 7 from 203.0.113.9' "$line" | cut -f1,2)" "ban${T}203.0.113.9" "2013 and today: $line"
done

# bad input
printf '[r]\nmatch = rblsmtpd: (?<ip>.*)\nban = 1d\n' >unanchored
printf '[r]\nmatch = ^a: (?<ip>.*)|b: .*\nban = 1d\n' >halfanchored
printf '[r]\nmatch = ^rblsmtpd: (.*)\nban = 1d\n' >nogroup
printf '[r]\nmatch = ^r(?<ip>\nban = 1d\n' >syntax
printf '[r]\nmatch = ^(?<ip>.*)\nban = 367d\n' >toolong
printf '[r]\nmatch = ^(?<ip>.*)\nban = 0\n' >zero
printf '[r]\nmatch = ^(?<ip>.*)\n' >noban
printf '[r]\nban = 1d\n' >nomatch
printf '[r]\nmatch = ^(?<ip>.*)\nban = 1d\ncolour = red\n' >unknown
printf 'match = ^(?<ip>.*)\n' >nosection
printf '[r]\nnonsense\n' >nonsense
printf '[r]\nmatch = ^(?<ip>.*)\nban = 1d\nban = 2d\n' >twice
printf '[r]\nmatch = ^(?<ip>.*)\nban = 1d\nreply = go away\n' >noreply
: >empty
: >log
try() {
	"$feed" -f /dev/null -l '' -1 -d state -s '' -S '' "$@"
}
exits "rules: not anchored" 100 '^rblcache-feed: unanchored:2: match: .*not anchored' try -c unanchored log
exits "rules: half anchored" 100 '^rblcache-feed: halfanchored:2: .*not anchored' try -c halfanchored log
exits "rules: no group" 100 '^rblcache-feed: nogroup:2: .*no group' try -c nogroup log
exits "rules: syntax" 100 '^rblcache-feed: syntax:2: match: ' try -c syntax log
exits "rules: ban too long" 100 "^rblcache-feed: toolong:3: ban: '367d' is no time from 1s to 366d " try -c toolong log
exits "rules: ban 0" 100 "^rblcache-feed: zero:3: ban: '0' is no time" try -c zero log
exits "rules: no ban" 100 '^rblcache-feed: noban:2: \[r\] has no ban' try -c noban log
exits "rules: no match" 100 '^rblcache-feed: nomatch:2: \[r\] has no match' try -c nomatch log
exits "rules: unknown key" 100 "^rblcache-feed: unknown:4: 'colour': no such key; there are again, ban, count, except, list, match, once, reply, seen, vague\$" try -c unknown log
exits "rules: no section" 100 "^rblcache-feed: nosection:1: " try -c nosection log
exits "rules: nonsense" 100 "^rblcache-feed: nonsense:2: " try -c nonsense log
exits "rules: twice" 100 "^rblcache-feed: twice:4: ban is given twice" try -c twice log
exits "rules: reply" 100 "^rblcache-feed: noreply:4: reply: " try -c noreply log
for value in '3' '3x in 1m' '1 in 1m' '33 in 1m' '3 in' '3 in 0' '-3 in 1m' '3  in 1m'; do
	printf '[r]\nmatch = ^(?<ip>.*)\nban = 1d\ncount = %s\n' "$value" >count
	exits "rules: count = $value" 100 "^rblcache-feed: count:4: count: '$value' is not 'N in TIME'" try -c count log
done
for value in 'x2' '2 up to 1d' 'x1 up to 1d' 'x100 up to 1d' 'x2 up to 99w'; do
	printf '[r]\nmatch = ^(?<ip>.*)\nban = 1d\nagain = %s\n' "$value" >again
	exits "rules: again = $value" 100 "^rblcache-feed: again:4: again: '$value' is not 'xN up to TIME'" try -c again log
done
printf '[r]\nmatch = ^(?<ip>.*)\nban = 1d\nagain = x2 up to 1h\n' >short
exits "rules: again below ban" 100 "^rblcache-feed: short:2: \[r\]: the longest time of again is shorter than ban" try -c short log
printf '[r]\nmatch = ^(?<ip>.*)\nban = 1d\nseen = maybe\n' >seen
exits "rules: seen" 100 "^rblcache-feed: seen:4: seen: 'maybe' is none of" try -c seen log
printf '[r]\nmatch = ^(?<ip>.*)\nban = 1d\nlist = maybe\n' >list
exits "rules: list" 100 "^rblcache-feed: list:4: list: 'maybe' is neither" try -c list log
exits "rules: empty" 100 "^rblcache-feed: empty: no rule" try -c empty log
exits "rules: missing" 100 "^rblcache-feed: none: No such file" try -c none log
exits "log missing" 100 "^rblcache-feed: nolog: No such file" try -c "$rules" nolog
exits "state directory missing" 100 "^rblcache-feed: nodir/lock: No such file" \
    "$feed" -f /dev/null -l '' -1 -c "$rules" -d nodir log
if [ "$FRONT_ROOT" ]; then
	mkdir ro && chmod 555 ro
	as="setpriv --reuid 65534 --regid 65534 --clear-groups"
	exits "state directory not writable" 100 '^rblcache-feed: ro/lock: Permission denied' \
	    $as "$feed" -f /dev/null -l '' -1 -c "$rules" -d ro log
	: >secret && chmod 600 secret
	mkdir nobody && chown 65534 nobody
	exits "log not readable" 100 '^rblcache-feed: secret: Permission denied' \
	    $as "$feed" -f /dev/null -l '' -1 -c "$rules" -d nobody secret
	# no right to use ipset: said once, and recent.cdb does
	printf 'rblsmtpd: 203.0.113.3 pid 7: 451 x\n' >log3
	exits "no right to use ipset" 0 'rblcache[46]: no right to use ipset' \
	    $as "$feed" -f /dev/null -l '' -1 -c "$rules" -d nobody log3
	recent=$front/work/nobody/recent.cdb
	ok "recent.cdb is written all the same" front_cached 203.0.113.3
	recent=$front/work/state/recent.cdb
else
	skip "rights" "root only"
fi
is "$(ls state)" "" "nothing was changed by all that"

# the key that banned whole networks before 0.7: one warning, and as if the line
# were not there
printf '[r]\nmatch = ^(?<ip>[0-9.]+) x$\nban = 1d\nreply = 451 x\n' >gone-not
sed '1a net = 24 after 2 in 1h' gone-not >gone
printf '203.0.113.%s x\n' 3 4 5 >gone.log
warning="rblcache-feed: WARNING: gone:2: net: networks are no longer banned as a whole; this line does nothing, delete it"
dry() {
	"$feed" -n -f /dev/null -l '' "$@" gone.log
}
is "$(dry -c gone 2>gone.said)" "$(dry -c gone-not)" \
    "rules: net, -n: what it would do without"
is "$(cat gone.said)" "$warning" "and a warning"
mkdir gone-state
is "$("$feed" -f /dev/null -l '' -1 -v -s '' -S '' -c gone -d gone-state \
    gone.log 2>&1)" "$warning
$(dry -c gone-not | sed 's/^/rblcache-feed: /')" "rules: net: the same bans"

# a pattern that explodes bans nobody, and is named once
printf '[evil]\nmatch = ^((a+)+)+(?<ip>b)$\nban = 1d\n' >evil
awk 'BEGIN { for (i = 0; i < 3; i++) { for (j = 0; j < 200; j++) printf "a"
    print "bc" } }' >evil.log
is "$(try -c evil evil.log 2>&1)" \
    "rblcache-feed: [evil]: a pattern takes too many steps; such lines ban nobody" \
    "a pattern that takes too many steps"
rm -f state/*

# several matches, longer each time, more than a minute may have
printf '[r]\nmatch = ^r (?<pid>\\d+) (?<ip>\\S+)\nban = 10s\nreply = 451 x\ncount = 2 in 1m\nagain = x3 up to 1m\n' >several
at() { # SECOND...: lines at these seconds of 2026-11-24 12:00
	for s in "$@"; do
		printf '2026-11-24 12:%02d:%02d.000000000 r 7 203.0.113.9\n' $((s / 60)) $((s % 60))
	done
}
is "$(at 0 59 100 120 160 161 200 201 | "$feed" -f /dev/null -l '' -n \
    -c several - | tr '\t' ' ')" \
    "count 203.0.113.9 r 1/2
ban 203.0.113.9 r 10 451 x
count 203.0.113.9 r 1/2
ban 203.0.113.9 r 30 451 x
count 203.0.113.9 r 1/2
ban 203.0.113.9 r 60 451 x
count 203.0.113.9 r 1/2
ban 203.0.113.9 r 60 451 x" "count and again"
is "$(for i in 1 2 3 4 5; do at 0 1; done | "$feed" -f /dev/null -l '' -n -m 2 \
    -c several - |
	cut -f 4 | uniq -c | awk '{ print $1, $2 }' | tail -n 1)" "1 cap" "a cap a minute"
is "$(printf 'rblsmtpd: 10.1.2.3 pid 7: 451 x\nrblsmtpd: 127.0.0.1 pid 7: 451 x\n' |
	"$feed" -f /dev/null -l '' -n -p -c "$rules" - | cut -f 1,2 |
	tr '\t' ' ')" "ban 10.1.2.3
skip 127.0.0.1" "-p: private hosts, but never oneself"
at 0 1 2 3 4 5 >capped
is "$(try -c several -m 1 capped 2>&1)" \
    "rblcache-feed: capped: more than 1 bans in the minute from 2026-11-24 12:00:00; the others are left out" \
    "the cap is told once a minute"
rm -f state/*

# a damaged checkpoint: the one before, and the lines since
printf 'rblsmtpd: 203.0.113.1 pid 7: 451 x\n' >damaged
try -c "$rules" damaged 2>/dev/null
printf 'rblsmtpd: 203.0.113.2 pid 7: 451 x\n' >>damaged
try -c "$rules" damaged 2>/dev/null
printf 'rblsmtpd: 203.0.113.3 pid 7: 451 x\n' >>damaged
printf X | dd of=state/recent.cdb bs=1 seek=2100 conv=notrunc 2>/dev/null
is "$(try -c "$rules" damaged 2>&1)" \
    "rblcache-feed: state/recent.cdb is damaged; starting from state/recent.cdb.old
rblcache-feed: state/recent.cdb.old: bans: 1" "a damaged checkpoint: the one before"
is "$(try -c "$rules" damaged 2>&1)" "rblcache-feed: state/recent.cdb: bans: 3" \
    "and nothing is lost"
for f in state/recent.cdb state/recent.cdb.old; do
	printf X | dd of=$f bs=1 seek=2100 conv=notrunc 2>/dev/null
done
try -c "$rules" damaged 2>/dev/null
is "$(try -c "$rules" damaged 2>&1)" "rblcache-feed: state/recent.cdb: bans: 3" \
    "both damaged: the whole log"
rm -f state/*

# -1: a plain file, twice, then more of it; then rotated by name
now=$(date +%s)
line() { # ADDRESS
	echo "rblsmtpd: $1 pid 7: 451 Listed by TEST, see https://rbl.test/$1"
}
line 203.0.113.1 >log
ok "-1 reads a file" try -v -c "$rules" log
ok "and bans" front_cached 203.0.113.1
is "$(try -v -c "$rules" log 2>&1 | grep -c 'ban')" 1 \
    "again: nothing is read twice (the one is the count of bans)"
line 203.0.113.2 >>log
printf 'rblsmtpd: 203.0.113.3 pid 7: 45' >>log
is "$(try -v -c "$rules" log 2>&1 | grep -c "ban${T}")" 1 "more: read once"
mv log log.1
printf '1 the rest of the line\n' >>log.1
line 203.0.113.4 >log
is "$(try -v -c "$rules" log 2>&1 | grep "ban${T}" | cut -f2 | tr '\n' ' ')" \
    "203.0.113.3 203.0.113.4 " "rotated by name: the rest, then the new file"
for i in 1 2 3 4; do
	ok "banned: 203.0.113.$i" front_cached 203.0.113.$i
done

# an old line is not banned anew, and its time counts from its stamp
rm -rf state/recent.cdb
printf '@40000000%x00000000 %s\n' $((now - 90000 + 10)) "$(line 203.0.113.5)" >old
printf '@40000000%x00000000 %s\n' $((now - 3600 + 10)) "$(line 203.0.113.6)" >>old
ok "-1 with stamps" try -c "$rules" old
ok "an hour ago: banned" front_cached 203.0.113.6
unlike "$(front_cached 203.0.113.5 && echo cached)" cached "25 hours ago: over"
if [ "$front_ipset" ]; then
	ok "with sets" "$feed" -f /dev/null -l '' -1 -d state -c "$rules" old
	left=$(ipset list rblcache4 | sed -n 's/^203.0.113.6 timeout //p')
	ok "the set has the time that is left ($left)" \
	    test "$left" -gt 82700 -a "$left" -le 82800
	ok "not the one that is over" \
	    sh -c '! ipset -q test rblcache4 203.0.113.5'
	line 2001:db8:1:2:3::4 >six
	ok "IPv6" "$feed" -f /dev/null -l '' -1 -d state -c "$rules" six
	ok "IPv6: the /64 is in the set" ipset -q test rblcache6 2001:db8:1:2::9
	like "$(ipset -t list rblcache6)" 'family inet6 .* maxelem 1048576 netmask 64 timeout 86400' \
	    "the IPv6 set has netmask and timeout"
else
	skip "sets" "no ipset here"
fi

# standard input, ended by its end
line 203.0.113.7 | try -c "$rules" -
ok "standard input" front_cached 203.0.113.7

# one at a time
feed_follows() { # it opens its logs when it has the lock
	readlink "/proc/$feed_pid/fd/"* | grep -q inotify
}
: >log
"$feed" -f /dev/null -l '' -c "$rules" -d state -s '' -S '' log 2>err &
feed_pid=$!
front_wait feed_follows
exits "a second feed" 111 'state/lock: another rblcache-feed is at work' try -c "$rules" log

# SIGHUP while it runs
cp "$rules/rblsmtpd.rules" my.rules
kill "$feed_pid"; wait "$feed_pid"
is $? 0 "SIGTERM: exit 0"
"$feed" -f /dev/null -l '' -v -c my.rules -d state -s '' -S '' log 2>err &
feed_pid=$!
front_wait feed_follows
line 198.51.100.1 >>log
front_wait grep -q 198.51.100.1 err
printf '\n[mine]\nmatch = ^mine: (?<pid>\\d+) (?<ip>\\S+)$\nban = 5m\n' >>my.rules
kill -HUP "$feed_pid"
ok "SIGHUP: rules loaded" front_wait grep -q 'rules and settings loaded again' err
echo 'mine: 7 198.51.100.2' >>log
line 198.51.100.3 >>log
ok "SIGHUP: the new rule counts" front_wait grep -q "ban${T}198.51.100.2${T}mine${T}300" err
ok "SIGHUP: no line lost" front_wait grep -q "ban${T}198.51.100.3" err
echo junk >my.rules
kill -HUP "$feed_pid"
ok "SIGHUP with bad rules: said" front_wait grep -q 'my.rules:1: .*the old rules stay' err
line 198.51.100.4 >>log
ok "SIGHUP with bad rules: the old ones stay" front_wait grep -q "ban${T}198.51.100.4" err
kill "$feed_pid"; wait "$feed_pid"
feed_pid=
done_testing
