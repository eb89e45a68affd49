#!/bin/sh
# SPDX-License-Identifier: ISC
# rblcachectl and the feed's socket: what is asked is what the hook would say,
# what is told stays, also after kill -9, and nobody at the socket keeps the
# feed from its log.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
mkdir "$front/work" "$front/work/state"
cd "$front/work" || exit 1
recent=$front/work/state/recent.cdb
rules=$root/hooks/log/rblsmtpd.rules
export TZ=UTC
[ "$front_ipset" ] || sets="-s '' -S ''"
cp "$RBLCACHE_BUILD/rblcachectl" "$front/bin"
chmod 755 "$front/work" "$front/work/state"

ctl() {
	eval "\"$front/bin/rblcachectl\" -d state -l \"$local_cdb\" ${sets-}" '"$@"'
}
line() { # ADDRESS [SECONDS AGO] [TEXT]
	printf '@40000000%08x00000000 rblsmtpd: %s pid 7: 451 %s\n' \
	    $(($(date +%s) + 10 - ${2:-0})) "$1" "${3-Listed by TEST, see /$1}"
}
answers() { # a warning is an answer
	ctl status >status
	[ $? -le 1 ]
}
follow() { # [OPTION]
	eval "\"$feed\" -f /dev/null ${1--m 0} -c \"$rules\" -d state" \
	    "-l \"$local_cdb\" ${sets-} log 2>>err &"
	feed_pid=$!
	front_wait answers
}
stop() { # SIGNAL
	kill "-$1" "$feed_pid"
	wait "$feed_pid" 2>/dev/null
	feed_pid=
}
answer() { # ADDRESS: the hook's, of recent.cdb alone or with the sets
	eval "TCPREMOTEIP=$1 \"$hook\" -nv -l \"$local_cdb\" -k \"$recent\" ${2-${sets-}}" \
	    'true' 2>&1 | sed 's/^rblcache: [^ ]* pid [0-9]*: //'
}
# banned ADDRESS yes|no: by the set, by recent.cdb, and by the feed's own count
banned() {
	if [ "$2" = yes ]; then want='would refuse'; else want='not known'; fi
	answer "$1" | grep -q "$want" &&
		answer "$1" "-s '' -S ''" | grep -q "$want" &&
		ctl test "$1" | grep -q "$([ "$2" = yes ] && echo refused ||
		echo 'not known')"
}
json() { # PERL EXPRESSION on $s, the JSON on standard input
	perl -MJSON::PP -e 'local $/; my $s = JSON::PP->new->decode(<STDIN>);
	    my $got = '"$1"'; print "$got\n"'
}

cat >hosts <<'EOT'
192.0.2.0/24   allow
203.0.113.66   deny   553 go away
2001:db8:7::/48 defer later
EOT
"$cdb" build "$local_cdb" hosts
{
	line 203.0.113.9 100
	line 203.0.113.10 50
	line 192.0.2.7 40
	line 2001:db8:1:2::5 30
	line 203.0.113.11 20 'Error: open resolver; https://check.test/returnc/pub/'
} >log

# It waits 4 s, and a busy machine takes longer; but not half a minute, as what
# changes something does.
waits_shortly() { # NAME SECONDS
	if [ "$2" -gt 6 ] && [ "$2" -lt 25 ]; then
		undecided "$1: it does not wait long" "it took $2 s"
	else
		ok "$1: it does not wait long ($2 s)" test "$2" -le 6
	fi
}

# ---- what takes a while goes on beside the rest ----

mkdir hung gone
cat >hung.pl <<'EOT'
# A feed that hangs, and so many who ask that the queue is full.
use IO::Socket::UNIX;
use Socket;
my $listener = IO::Socket::UNIX->new(Local => "hung/control", Listen => 1);
my @keep;
for (1 .. 9) {
	socket my $s, AF_UNIX, SOCK_STREAM, 0;
	IO::Handle::blocking($s, 0);
	connect $s, sockaddr_un("hung/control") or last;
	push @keep, $s;
}
my $since = time;
system "timeout 60 @ARGV -d hung status >hung.out 2>hung.err; echo \$? >>hung.out";
print "took ", time - $since, "\n";
EOT
perl hung.pl "$front/bin/rblcachectl" >hung.took &
hung_pid=$!
line 203.0.113.9 >gone/log
"$feed" -f /dev/null -c "$rules" -d gone -l '' -s '' -S '' gone/log 2>gone/err &
gone_pid=$!
front_wait test -s gone/recent.cdb
mv gone/log gone/away

# ---- without a feed ----

exits "no feed: status is critical" 2 '^CRITICAL: rblcache-feed is not running' \
    ctl status
echo junk >"$recent"
exits "no feed, and recent.cdb is damaged: critical as well" 2 \
    '^CRITICAL: rblcache-feed is not running; state/recent.cdb: it is damaged' \
    eval 'ctl status 2>/dev/null'
rm "$recent"
exits "no feed: nothing can be changed" 111 'no rblcache-feed runs on state' \
    ctl del 203.0.113.9
exits "no feed, no recent.cdb: an empty list" 0 '^$' ctl list
exits "and rblsmtpd would be asked" 0 'not known here' ctl test 203.0.113.9
like "$(ctl metrics)" '^rblcache_up 0$' "metrics: down"
if [ "$front_ipset" ]; then
	like "$(ctl status)" '^sets +rblcache4: no such set$' "no set: status"
	like "$(ctl test 203.0.113.9)" '^note +rblcache4: no such set$' \
	    "no set: test"
fi
echo junk >state/recent.cdb
exits "a damaged recent.cdb: no list" 111 'state/recent.cdb: it is damaged' ctl list
rm state/recent.cdb

# ---- status, list, test ----

follow
out=$(ctl status)
is $? 0 "status: exit 0"
is "$(printf '%s\n' "$out" | head -n 1)" OK "status: OK"
like "$out" '^log +log: read to its end, newest line [0-9]+s ago' "the log"
like "$out" '^bans +3 hold now' "three bans hold"
[ ! "$front_ipset" ] || like "$out" \
    '^sets +rblcache4: 2 of [0-9]+$' "how full the sets are"
like "$out" ' rblsmtpd 3, today [0-9]+ new, left out: allowed 1, except 1$' \
    "by rule, with what was left out and why"
ok "one screen" test "$(printf '%s\n' "$out" | wc -l)" -lt 24
is "$(ctl list | cut -f 1,3,4)" "203.0.113.9	rblsmtpd	451 Listed by TEST, see /203.0.113.9
203.0.113.10	rblsmtpd	451 Listed by TEST, see /203.0.113.10
2001:db8:1:2::/64	rblsmtpd	451 Listed by TEST, see /2001:db8:1:2::5" \
    "list: who is banned, in order of address"
is "$(ctl -j list | json 'join " ", map { $_->{ip} . "=" . ($_->{until} -
    $_->{since}) } @$s')" \
    "203.0.113.9=86400 203.0.113.10=86400 2001:db8:1:2::/64=86400" "list -j"
is "$(ctl -j list | json '"$s->[0]{rule}: $s->[0]{reply}"')" \
    "rblsmtpd: 451 Listed by TEST, see /203.0.113.9" "with rule and reply"
for ip in 203.0.113.9 203.0.113.1 203.0.113.66 192.0.2.200 2001:db8:1:2::77 \
    2001:db8:1:3::77 2001:db8:7:8::1 ::ffff:203.0.113.10; do
	said=$(answer "$ip")
	case $said in
	'would refuse: '*)
		said=${said#would refuse: }
		like "$(ctl test "$ip")" "is refused: ${said%% (*}\$" \
		    "test $ip: refused, as by the hook"
		like "$(ctl test "$ip")" "^to keep  \".* allow\" in .*/hosts" \
		    "and how to undo it" ;;
	allowed*)
		like "$(ctl test "$ip")" 'is allowed: ' \
		    "test $ip: allowed, as by the hook" ;;
	*)
		like "$(ctl test "$ip")" 'is not known here' \
		    "test $ip: not known, as to the hook" ;;
	esac
done
out=$(ctl test 203.0.113.9)
like "$out" '^rule +rblsmtpd, by the log line of 20' "the rule and the line"
like "$out" '^until +20.* 23h 5[0-9]m left$' "and for how long still"
like "$out" '^to lift  rblcachectl del 203.0.113.9$' "and how to lift it"
unlike "$(ctl test 203.0.113.66)" '^to lift' "what is no ban cannot be lifted"
like "$(ctl test 203.0.113.66)" '^source +local.cdb, .* 203.0.113.66/32$' \
    "the source and the prefix"
like "$(ctl test 2001:db8:7:8::1)" '2001:db8:7::/48$' "of IPv6 too"
is "$(ctl -j test 2001:db8:1:2::77 | json '"$s->{answer} $s->{prefix} " .
    "$s->{ban}{rule} " . ($s->{ban}{until} - $s->{ban}{since})')" \
    "refuse 2001:db8:1:2::/64 rblsmtpd 86400" "test -j"
is "$(ctl -j status | json '"$s->{health}{level} $s->{bans}{live} " .
    "$s->{logs}[0]{lines}"')" "OK 3 5" "status -j"

# ---- what the hook says ----

answer 203.0.113.9 >/dev/null # only to have it run
{
	for n in 1 2 3; do
		echo "rblcache: 203.0.113.9 pid $n: 451 x (ipset, 99s left)"
	done
	echo "rblcache: 203.0.113.9 pid 4: 451 x (recent, 99s left)"
	echo "rblcache: 203.0.113.66 pid 5: 553 go away (local)"
	echo "rblcache: 203.0.113.9 pid 6: would refuse: 451 x (ipset, 9s left)"
} | while read -r said; do
	printf '@40000000%08x00000000 %s\n' $(($(date +%s) + 10)) "$said"
done >>log
front_wait eval 'ctl status | grep -q "saved today: 5 at least"'
out=$(ctl status)
like "$out" 'today refused 5 without .*sets 3, recent.cdb 1, local.cdb 1' \
    "refusals answered from the cache today"
like "$out" 'DNS queries saved today: 5 at least' "queries saved"
like "$out" 'would have refused 1, ' "what the hook's -n spared"
is "$(ctl status | head -n 1)" OK "all is well"
printf '@40000000%08x00000000 %s\n' $(($(date +%s) + 11)) \
    'rblcache: 203.0.113.9 pid 7: set rblcache4: no right to read it (cap_net_admin)' \
    >>log
front_wait eval '! ctl status >/dev/null'
exits "a hook without its capability: a warning" 1 \
    '^WARNING: the hook has no right' ctl status

# ---- del, add ----

exits "del" 0 '^203.0.113.9 is no longer banned' ctl del 203.0.113.9
ok "at once: not in the set, not in recent.cdb" banned 203.0.113.9 no
exits "del of nobody" 0 '^203.0.113.9 was not banned' ctl del 203.0.113.9
exits "del takes the /64" 0 '^2001:db8:1:2::/64 is no longer banned' \
    ctl del 2001:db8:1:2::77
exits "add" 0 '^203.0.113.20 is refused until .*: 451 bad 100%$' \
    ctl add 203.0.113.20 -t 2h bad 100%
ok "at once: in the set and in recent.cdb" banned 203.0.113.20 yes
like "$(answer 203.0.113.20)" '451 bad 100% \(.*, (7200|719[0-9])s left\)' \
    "with its text, for its time"
exits "add with a code" 0 ': 553 no$' ctl add 203.0.113.21 553 no
like "$(answer 203.0.113.21)" '(86400|863[0-9][0-9])s left' "for a day"
exits "add, for a shorter time" 0 . ctl add 203.0.113.20 -t 1h
like "$(answer 203.0.113.20)" '(3600|359[0-9])s left' "is what it says"
like "$(ctl test 203.0.113.20)" '^rule +added by hand, 20' "test: by hand"
like "$(ctl status)" ' rblcachectl 2, today [1-9] new$' "status: by hand"
is "$(ctl -j add 203.0.113.22 -t 3 | json '$s->{banned}')" 203.0.113.22 "add -j"
is "$(ctl -j del 203.0.113.23 | json '"$s->{lifted} $s->{was_banned}"')" \
    "203.0.113.23 0" "del -j"
for ip in 192.0.2.7 127.0.0.1 10.0.0.1 ::1; do
	exits "add $ip: never" 100 'is never banned' ctl add "$ip"
done
is "$(ctl -j test 203.0.113.20 | json '$s->{ban}{in_force}')" 1 \
    "test -j: the ban is in force"
unlike "$(ctl test 203.0.113.20)" 'in force' "test: nothing is said of that"
echo '203.0.113.20 allow' | "$cdb" build "$front/allow.cdb" -
out=$(ctl -l "$front/allow.cdb" test 203.0.113.20)
like "$out" '^203.0.113.20 is allowed' "test: allowed, though it is banned"
is "$(echo "$out" | sed -n 3,4p)" \
    "ban      this one is not in force: your own rules come first
$(ctl test 203.0.113.20 | grep '^rule')" "the ban below is not in force"
is "$(ctl -j -l "$front/allow.cdb" test 203.0.113.20 |
	json '"$s->{answer} $s->{ban}{in_force}"')" "allow 0" "test -j says so too"
for n in 1 2 3 4 5; do # a kill right behind the answer
	ctl add "203.0.113.3$n" >/dev/null
	stop KILL
	follow
	banned "203.0.113.3$n" yes || break
	ctl del "203.0.113.3$n" >/dev/null
	stop KILL
	follow
	banned "203.0.113.3$n" no && banned 203.0.113.9 no &&
		banned 203.0.113.20 yes || break
done
is "$n" 5 "kill -9 right after add and del: both stay, five times"
like "$(ctl status)" 'today refused 5 without' "and so do the counts of today"
ok "a ban that is over" front_wait eval \
    'ctl test 203.0.113.22 | grep -q "^until *it is over$"'
unlike "$(ctl -s '' -S '' list)" '^203.0.113.22	' "is none of the list"
if [ "$front_ipset" ]; then
	ipset -exist add rblcache4 203.0.113.22 timeout 600
	like "$(ctl list)" '^203.0.113.22	20.*	-	-$' \
	    "nor its rule that of an entry made later"
fi
old_has() {
	TCPREMOTEIP=$1 "$hook" -nv -l '' -k "$recent.old" -s '' -S '' true 2>&1 |
		grep -q 'would refuse'
}
ctl del 203.0.113.20 >/dev/null
ok "the old copy still has it" old_has 203.0.113.20
ok "but follows" front_wait eval '! old_has 203.0.113.20'
ctl add 203.0.113.20 -t 1h >/dev/null
ok "and with an added one" front_wait old_has 203.0.113.20
rm state/recent.cdb # as a damaged one
stop KILL
follow
ok "from the old copy: still as told" banned 203.0.113.9 no
line 203.0.113.9 >>log
ok "refused anew by a list: banned anew" front_wait banned 203.0.113.9 yes

if [ "$front_ipset" ]; then
	ipset add rblcache4 203.0.113.40 timeout 600
	like "$(ctl list)" '^203.0.113.40	20.*	-	-$' \
	    "list: also what somebody put into the set"
	exits "del: that too" 0 'is no longer banned' ctl del 203.0.113.40
	ok "it is gone" eval 'answer 203.0.113.40 | grep -q "not known"'
	ipset del rblcache4 203.0.113.10
	unlike "$(ctl list)" '^203.0.113.10	' \
	    "list: not what somebody took out of the set"
	like "$(ctl test 203.0.113.10)" 'somebody took it out' "test says so"
	like "$(ctl test 203.0.113.10)" '^ban +this one is not in force$' \
	    "and what that means"
	ipset -q create rblpass4 hash:ip timeout 600
	ipset add rblpass4 203.0.113.41
	out=$(ctl test 203.0.113.41)
	like "$out" '^203.0.113.41 is allowed: ' "test: who passed is allowed"
	like "$out" '^source +the kernel set rblpass4, as 203.0.113.41/32$' \
	    "by which set"
	# more than the library prints at once, in the order of their hashes
	perl -e 'for my $i (0 .. 29) { print "198.18.$i.$_\n" for 1 .. 99 }' \
	    >many
	sed 's/^/add rblcache4 /' many | ipset restore
	ctl list | cut -f 1 | grep '^198' >listed
	ok "list: very many, in order" cmp many listed
	ipset add rblcache6 2001:db8:5:5::
else
	skip "what an administrator does to the set" "no ipset here"
fi

# ---- forget, flush ----

ctl forget rblsmtpd >/dev/null
line 203.0.113.50 3000 >>log
line 203.0.113.51 60 >>log
front_wait banned 203.0.113.51 yes
exits "forget since" 0 '^bans lifted: 1$' ctl forget rblsmtpd since \
    "$(date -d '10 minutes ago' '+%Y-%m-%d %H:%M')"
ok "younger: gone" banned 203.0.113.51 no
ok "older: stays" banned 203.0.113.50 yes
ok "of another rule: stays" banned 203.0.113.20 yes
exits "forget: all of a rule" 0 '^bans lifted: [1-9][0-9]*$' ctl forget rblsmtpd
ok "gone" banned 203.0.113.50 no
stop KILL
follow
ok "after a kill, too" banned 203.0.113.50 no
ok "and the other rule's stays" banned 203.0.113.20 yes
exits "forget: no such rule" 100 'no rule of this name' ctl forget rblsmtp
exits "flush" 0 '^bans lifted: [1-9][0-9]*$' ctl flush
is "$(ctl list)" "" "nobody is banned, whoever did it"
ok "not in the set either" banned 203.0.113.20 no
stop TERM

# ---- an alarm, and its end by the administrator ----

mkdir alarm
perl -e 'my $t = time - 2100;
	sub at { printf "\@40000000%08x00000000 %s\n", $t + 10, $_[0] }
	for (1 .. 34) { at("tcpserver: pid 99 from 203.0.113.1"); $t += 60 }
	for (1 .. 40) { at("tcpserver: pid $_ from 198.51.100.$_");
		at("rblsmtpd: 198.51.100.$_ pid $_: 451 Listed") }' >alarm/log
mkdir alarm/state
echo 'alarm = yes' >alarm/feed.conf
actl() {
	"$front/bin/rblcachectl" -d alarm/state -l "$local_cdb" -s '' -S '' "$@"
}
watch() {
	"$feed" -c "$rules" -f alarm/feed.conf -d alarm/state -l "$local_cdb" \
	    -s '' -S '' alarm/log 2>>alarm/err &
	feed_pid=$!
	front_wait eval 'actl -j status >/dev/null; [ $? -le 1 ]'
}
watch
exits "more bans than usual: a warning" 1 \
    '^WARNING: alarm/log: no new bans: 31 new bans in 1 min, usual 0, limit 30$' \
    actl status
like "$(cat alarm/err)" 'log: alarm: 31 .* forget RULE since [-0-9]* [:0-9]*$' \
    "which the feed says as well"
echo 'alarm = no' >alarm/feed.conf
kill -HUP "$feed_pid"
front_wait grep -q 'settings loaded again' alarm/err
exits "alarm = no ends it" 0 '^OK$' actl status
stop KILL
echo 'alarm = yes' >alarm/feed.conf
rm -r alarm/state/*
watch
stop TERM
echo 'alarm = no' >alarm/feed.conf
watch
exits "also at the start" 0 '^OK$' actl status
stop TERM
ok "the socket is gone" test ! -e state/control
exits "list without the feed" 0 '^$' ctl list
line 203.0.113.60 >>log
follow
front_wait banned 203.0.113.60 yes
stop TERM
like "$(ctl list)" '^203.0.113.60	' "list without the feed: the ban"
like "$(ctl test 203.0.113.60)" 'is refused' "test without the feed"
ok "export without the feed" eval \
    'ctl export rbldnsd | grep -q "^203.0.113.60 :127.0.0.2:Listed"'
like "$(ctl status)" '^bans +1 hold now' "status without the feed: from recent.cdb"

# ---- who may ----

follow
as() { # UID:GID:GROUP COMMAND...
	ids=$1
	shift
	perl -e 'my ($uid, $gid, $group) = split ":", shift;
	    ($), $() = ("$gid $group", $gid); ($<, $>) = ($uid, $uid);
	    exec @ARGV' -- "$ids" "$@"
}
is "$(stat -c %a state/control)" 666 "everybody may ask"
if [ "$FRONT_ROOT" ]; then
	other() { # COMMAND...
		as 65534:65534:65534 "$front/bin/rblcachectl" \
		    -d "$front/work/state" -l "$local_cdb" "$@"
	}
	for change in 'del 203.0.113.60' 'add 203.0.113.62' flush \
	    'forget rblsmtpd'; do
		# shellcheck disable=SC2086 # words
		exits "another user: no $change" 111 \
		    '^rblcachectl: only root and the group root may .* use sudo' \
		    other $change
	done
	ok "and none of it was done" banned 203.0.113.60 yes
	other status >other.said
	is "$?" "$(ctl status >/dev/null; echo $?)" "but the status"
	like "$(cat other.said)" '^feed +running since .*, pid '"$feed_pid", \
	    "which is the feed's"
	is "$(other -j status | json '$s->{feed}{pid}')" "$feed_pid" "in JSON"
	line 203.0.113.63 >>log
	ok "which is no old one" front_wait eval \
	    '[ "$(other -j status | json "\$s->{bans}{live}")" = 2 ]'
	ctl del 203.0.113.63 >/dev/null
	like "$(other metrics)" '^rblcache_up 1$' "metrics"
	other list >other.said 2>other.err
	is "$?" 0 "and the list"
	like "$(cat other.said)" '^203.0.113.60	' "from recent.cdb"
	if [ "$front_ipset" ]; then
		like "$(cat other.err)" 'no right to read the kernel sets' \
		    "which is said"
		ipset add rblcache4 203.0.113.61 timeout 600
		out=$(other test 203.0.113.61)
		like "$out" '^203.0.113.61 is refused' \
		    "test: the feed looks into the set for him"
		unlike "$out" '^note' "with nothing to be noted"
		ctl del 203.0.113.61 >/dev/null
		# a feed that wants no such set empties it when it starts
		ipset add rblpass4 203.0.113.41
		like "$(other test 203.0.113.41)" 'is allowed' \
		    "and into the other"
	else
		skip "a user without a right to read the sets" "no ipset here"
	fi
	lines_read() {
		ctl -j status | json '$s->{logs}[0]{lines}'
	}
	lines=$(lines_read)
	line 203.0.113.63 >>log
	front_wait eval '[ "$(lines_read)" -gt "$lines" ]'
	like "$(other list 2>/dev/null)" '^203.0.113.63	' \
	    "a list waits for recent.cdb, which is about to be written"
	exits "the feed's group may" 0 'is no longer banned' as 65534:0:65534 \
	    "$front/bin/rblcachectl" -d "$front/work/state" del 203.0.113.60
	exits "who is in it, too" 0 'was not banned' as 65534:65534:0 \
	    "$front/bin/rblcachectl" -d "$front/work/state" del 203.0.113.60
	chmod 700 state
	exits "a directory that is not for all: unknown" 3 \
	    '^UNKNOWN: .*/control: Permission denied .*0755' other status
	is "$(other -j status | json '$s->{health}{level}')" UNKNOWN "in JSON"
	exits "nor metrics" 100 'Permission denied' other metrics
	chmod 755 state
	chmod 660 state/control
	exits "the socket of a feed of 0.5: unknown, and what to do" 3 \
	    '^UNKNOWN: .*/control: Permission denied .a feed of version 0.5' \
	    other status
	chmod 666 state/control
else
	skip "other users" "not root"
fi

# ---- a reload that fails ----

mkdir reload
cp "$rules" reload/a.rules
echo 'drop = after 20' >reload/conf
: >reload/log
"$feed" -c reload/a.rules -f reload/conf -d reload -l '' -s '' -S '' \
    reload/log 2>reload/err &
reload_pid=$!
reload_ctl() {
	"$front/bin/rblcachectl" -d reload -s '' -S '' "$@"
}
front_wait eval 'reload_ctl status >/dev/null'
reloaded() { # PATTERN: of what the feed says
	kill -HUP "$reload_pid"
	front_wait eval 'tail -n 1 reload/err | grep -q -e "'"$1"'"'
}
like "$(reload_ctl metrics)" '^rblcache_reload_ok 1$' "metrics: as it was loaded"
printf 'canary = 5m\ndrop = 20\n' >reload/conf
reloaded 'old settings stay'
exits "a broken feed.conf at SIGHUP: a warning, with its line and since when" 1 \
    "^WARNING: reload failed .20.*, so the old rules and settings stay: reload/conf:2: drop: '20' " \
    reload_ctl status
like "$(reload_ctl metrics)" '^rblcache_reload_ok 0$' "in the metrics, too"
since=$(reload_ctl -j status | json '$s->{reload_error}{since}')
ok "and in JSON" test "$since" -gt 1700000000
echo 'drop = after 20' >reload/conf
echo 'match = x' >>reload/a.rules
sleep 1
reloaded 'old rules stay'
exits "then a broken rule: that one" 1 '^WARNING: .*: reload/a.rules:[0-9]+: ' \
    reload_ctl status
is "$(reload_ctl -j status | json '$s->{reload_error}{since}')" "$since" \
    "since it was loaded last"
cp "$rules" reload/a.rules
reloaded 'loaded again'
exits "a good one ends it" 0 '^OK$' reload_ctl status
is "$(reload_ctl -j status | json '$s->{reload_error} // "none"')" none "in JSON"
sed '/^\[/a net = 24 after 8 in 1h' "$rules" >reload/a.rules
reloaded 'loaded again'
exits "a key that is gone: a warning until the line is" 1 \
    '^WARNING: reload/a.rules:[0-9]+: net: networks are no longer banned' \
    reload_ctl status
is "$(grep -c "WARNING: $(reload_ctl -j status |
    json '$s->{rules_warning}')" reload/err)" 1 "said once, and in JSON"
cp "$rules" reload/a.rules
sleep 1
reloaded 'loaded again'
exits "then there is none" 0 '^OK$' reload_ctl status
kill "$reload_pid"
wait "$reload_pid"

# ---- keys of lists ----

mkdir keys
key=ab3defghijklmnopqrstuvwx12
short=dnsbl4711key
printf '%s\n' "zone = $key.zen.dq.test.net text test" "resolver = 127.0.0.1" \
    "zone = $short.short.test.net" "canary = 1s" >keys/conf
line 203.0.113.9 5 "Listed, see $key.zen.dq.test.net" >keys/log
line 203.0.113.10 4 "Error: at $short.short.test.net" >>keys/log
line 203.0.113.11 3 "Listed by $short.short.test.net" >>keys/log
"$feed" -c "$rules" -f keys/conf -d keys -l '' -s '' -S '' keys/log 2>keys/err &
keys_pid=$!
keys_ctl() {
	"$front/bin/rblcachectl" -d keys -s '' -S '' "$@"
}
front_wait test -s keys/recent.cdb
front_wait eval 'keys_ctl status | grep -q "gives no answer"'
echo "zone = $key.zen dq" >keys/conf
kill -HUP "$keys_pid"
front_wait grep -q 'old settings stay' keys/err
{
	keys_ctl status
	keys_ctl -j status
	keys_ctl metrics
	keys_ctl list
	keys_ctl -j list
	keys_ctl export rbldnsd
	for ip in 203.0.113.9 203.0.113.11; do
		keys_ctl test "$ip"
		keys_ctl -j test "$ip"
	done
	keys_ctl del 203.0.113.9 # for a recent.cdb.old
} >keys/said
kill "$keys_pid"
wait "$keys_pid"
like "$(cat keys/said)" 'Listed by KEY.short.test.net' "a key is masked"
ok "and nowhere to be read" eval \
    '! grep -aiq -e "$key" -e "$short" keys/said keys/err keys/recent.cdb*'
is "$(find keys -perm -4 -name 'recent.cdb*' | sort | tr '\n' ' ')" \
    'keys/recent.cdb keys/recent.cdb.old ' "in what everybody may read"

# ---- a feed that hangs ----

# hung_as WHO COMMAND...: leaves what it says, how it ends, how long it takes
hung_as() {
	hung=$1.$(echo "$*" | tr -dc a-z)
	hung_since=$(date +%s)
	"$@" >"$hung.out" 2>"$hung.err"
	echo $? >"$hung.code"
	echo $(($(date +%s) - hung_since)) >"$hung.took"
}
hung_said() { # WHO COMMAND...
	hung=$1.$(echo "$*" | tr -dc a-z)
	out=$(cat "$hung.out")
	waits_shortly "$*" "$(cat "$hung.took")"
}
ctl add 203.0.113.60 >/dev/null
whos=ctl
[ ! "$FRONT_ROOT" ] || whos='ctl other'
kill -STOP "$feed_pid"
hung_pids=
for who in $whos; do
	for what in status '-j status' metrics list 'test 203.0.113.60'; do
		# shellcheck disable=SC2086 # words
		hung_as $who $what &
		hung_pids="$hung_pids $!"
	done
done
# shellcheck disable=SC2086 # words
wait $hung_pids
kill -CONT "$feed_pid"
for who in $whos; do
	hung_said $who status
	like "$out" \
	    "^CRITICAL: the feed \\(pid $feed_pid\\) does not answer: it hangs" \
	    "a feed that hangs: critical"
	is "$(cat "$hung.code" "$hung.err")" 2 "on standard output"
	like "$out" '^bans +[0-9]+ hold now' "with what it saved"
	hung_said $who -j status
	like "$out" '"level": "CRITICAL"' "in JSON"
	hung_said $who metrics
	like "$(cat "$hung.code") $out" '^rblcache_up 0$' "metrics: it is not up"
	hung_said $who list
	like "$out" '^203.0.113.60	' "the list"
	like "$(cat "$hung.code" "$hung.err")" \
	    'does not answer within 4 s; so this is what it saved' \
	    "is that of recent.cdb, which is said"
	is "$(cat "$hung.code")" 0 "and no error"
	hung_said $who test 203.0.113.60
	like "$(cat "$hung.code") $out" '^0 203.0.113.60 is refused' "test"
done
[ ! "$FRONT_ROOT" ] || [ ! "$front_ipset" ] || like "$out" \
    '^note     the feed: ' "which notes that it could not ask"
ok "it goes on: all is as before" front_wait answers

# ---- at the socket ----

cat >crowd.pl <<'EOT'
# Clients that send nothing, half a line, junk, too much, or never read.
use IO::Socket::UNIX;
my @keep;
$SIG{PIPE} = 'IGNORE';
my @lines = ("", "{\"command\": \"sta", "\0\xff\xfe" x 500, "x" x 9000,
    "{\"command\": \"status\"}\n", "{}\n", "\n", "[" x 4000 . "\n",
    "{\"command\": \"save\"}\n" x 3);
my $end = time + 3;
my $n = 0;
while (time < $end) {
	my $s = IO::Socket::UNIX->new(Peer => "state/control") or next;
	$s->blocking(0);
	syswrite $s, $lines[$n++ % @lines];
	push @keep, $s;
	shift @keep if @keep > 500;
}
print "$n\n";
EOT
# Of several users, each of which asks as fast as it can, and never reads; then
# how long others had to wait: root, and a user who is none of them.
cat >users.pl <<'EOT'
use IO::Socket::UNIX;
use Time::HiRes "time";
$SIG{PIPE} = 'IGNORE';
my ($ctl, $state) = @ARGV;
my @crowd;
my @lines = ("", "{\"command\": \"sta", "{\"command\": \"status\"}\n",
    "{\"command\": \"test\", \"ip\": \"203.0.113.9\"}\n",
    "{\"command\": \"save\"}\n");
sub become {
	($), $() = ("$_[0] $_[0]", $_[0]);
	($<, $>) = ($_[0], $_[0]);
}
for my $uid (20001 .. 20010) {
	my $pid = fork;
	push @crowd, $pid and next if $pid;
	become($uid);
	alarm 300; # if nobody is left to stop it
	my @keep;
	for (my $n = 0;; $n++) {
		my $s = IO::Socket::UNIX->new(Peer => "$state/control") or next;
		$s->blocking(0);
		syswrite $s, $lines[$n % @lines];
		push @keep, $s;
		shift @keep if @keep > 90;
	}
}
sub longest { # UID COMMAND...
	my ($uid, $worst, $failed) = (shift, 0, 0);
	for (1 .. 10) {
		my $from = time;
		my $pid = fork;
		if (!$pid) {
			become($uid);
			open STDOUT, '>', '/dev/null';
			exec $ctl, '-d', $state, @_;
		}
		waitpid $pid, 0;
		$failed++ if $? >> 8 > 1;
		$worst = time - $from if time - $from > $worst;
	}
	return sprintf "%d failed, %.2f s at most", $failed, $worst;
}
print "status: ", longest(0, 'status'), "\n";
print "add: ", longest(0, 'add', '203.0.113.99'), "\n";
print "user: ", longest(65534, 'status'), "\n";
kill 'KILL', @crowd;
EOT
if [ "$FRONT_ROOT" ]; then
	perl users.pl "$front/bin/rblcachectl" "$front/work/state" >users.said &
	users_pid=$!
	read_meanwhile=0
	while kill -0 "$users_pid" 2>/dev/null; do
		read_meanwhile=$((read_meanwhile + 1))
		line "198.51.100.$((read_meanwhile % 200))" >>log
		front_wait eval \
		    "answer 198.51.100.$((read_meanwhile % 200)) '-s \"\" -S \"\"' |
		    grep -q 'would refuse'" || break
	done
	wait "$users_pid"
	said=$(sed -n 's/^status: //p' users.said)
	like "$said" '^0 failed' "ten users crowd the socket: root's status ($said)"
	said=$(sed -n 's/^add: //p' users.said)
	like "$said" '^0 failed' "and what root tells ($said)"
	said=$(sed -n 's/^user: //p' users.said)
	like "$said" '^0 failed' "and the status of another user ($said)"
	ok "and the log is read meanwhile ($read_meanwhile lines, each saved)" \
	    test "$read_meanwhile" -gt 2
	ctl forget rblsmtpd >/dev/null
else
	skip "several users who crowd the socket" "not root"
fi
perl crowd.pl >crowd.n &
crowd_pid=$!
served=0
tries=0
while kill -0 "$crowd_pid" 2>/dev/null && [ "$tries" -lt 200 ]; do
	tries=$((tries + 1))
	line "203.0.113.$((100 + tries % 50))" >>log
	ctl list >/dev/null && served=$((served + 1))
	front_wait eval "answer 203.0.113.$((100 + tries % 50)) '-k \"\"' |
	    grep -q 'would refuse'" || break
done
wait "$crowd_pid"
if [ "$front_ipset" ]; then
	ok "a crowd at the socket ($(cat crowd.n)): the log is read meanwhile ($tries lines)" \
	    test "$tries" -gt 3
fi
ok "status is answered afterwards" front_wait answers
ok "and the feed still lives" kill -0 "$feed_pid"
sockets() {
	find "/proc/$feed_pid/fd" -lname 'socket:*' | wc -l
}
ok "no connection is left" front_wait eval '[ "$(sockets)" -le 3 ]'

# The child that writes recent.cdb has the connections open as well.
cat >writing.pl <<'EOT'
use IO::Socket::UNIX;
my ($feed) = @ARGV;
my $pid = 0;
$SIG{ALRM} = sub { kill 'CONT', $pid if $pid; print "hangs\n"; exit };
alarm 10;
sub client { IO::Socket::UNIX->new(Peer => "state/control") or die "$!\n" }
sub add {
	my $s = client();
	syswrite $s, qq({"command": "add", "ip": "203.0.113.$_[0]", ) .
	    qq("seconds": 600, "reply": "451 x"}\n);
	return $s;
}
sub child { # stopped; 0: it was too fast
	for (1 .. 20000) {
		open my $f, '<', "/proc/$feed/task/$feed/children" or return 0;
		my ($found) = (<$f> // '') =~ /^(\d+)/ or next;
		return kill('STOP', $found) ? $found : 0;
	}
	return 0;
}
for (1 .. 100) {
	my $silent = client();
	my $rude = client();
	select undef, undef, undef, 0.05;
	my $first = add(90);
	$pid = child() or <$first>, next;
	close $silent; # its place is the second's
	syswrite $rude, 'x' x 9000;
	print sysread($rude, my $buf, 1) ? "answered\n" : "told\n";
	my $second = add(91);
	select undef, undef, undef, 0.3;
	kill 'CONT', $pid;
	print map { /"banned":"(.*?)"/ ? "$1\n" : "no answer\n" }
	    scalar <$first>, scalar <$second>;
	exit;
}
print "never seen\n";
EOT
out=$(perl writing.pl "$feed_pid" | tr '\n' ' ')
case $out in
"never seen "*) undecided "clients while recent.cdb is written" "too fast to see" ;;
*)
	is "$out" "told 203.0.113.90 203.0.113.91 " \
	    "while recent.cdb is written: one told that it is over, and two answered" ;;
esac

# ---- sets that somebody made ----

if [ "$front_ipset" ]; then
	other_set() { # TYPE OPTION...
		stop TERM
		ipset destroy rblcache4
		ipset create rblcache4 "$@"
	}
	other_set hash:ip timeout 600 maxelem 1 hashsize 64
	ipset add rblcache4 198.51.100.1
	follow
	exits "add to a set that is full: not done" 111 \
	    'a set is not: rblcache4: it did not take' ctl add 203.0.113.92
	other_set hash:net timeout 600
	ipset add rblcache4 198.51.100.0/24
	follow
	exits "del of one whose network is in the set: not done" 111 \
	    'a set is not: rblcache4: another entry' ctl del 198.51.100.7
	other_set hash:ip
	follow
	exits "a set without a timeout: a warning" 1 \
	    '^WARNING: set rblcache4: this set has no timeout' ctl status
	stop TERM
	ipset destroy rblcache4
	follow
else
	skip "sets that somebody made" "no ipset here"
fi

# ---- a disk that is full ----

stop TERM
cat >fulldisk <<'EOT'
mkdir full && mount -t tmpfs -o size=64k none full || exit 77
"$feed" -f /dev/null -m 0 -c "$rules" -d full -l '' -s '' -S '' \
    log 2>/dev/null &
pid=$!
i=0
while [ ! -s full/recent.cdb ] && [ $((i += 1)) -lt 3000 ]; do sleep 0.02; done
sleep 0.3
dd if=/dev/zero of=full/filler bs=1k 2>/dev/null
"$ctl" -d full -l '' -s '' -S '' add 203.0.113.70
echo $?
"$ctl" -d full -l '' -s '' -S '' status | head -n 1
"$ctl" -d full -l '' -s '' -S '' metrics full
echo $?
rm full/filler
"$ctl" -d full -l '' -s '' -S '' add 203.0.113.71
echo $?
kill $pid
wait $pid
EOT
out=$(export feed rules ctl="$front/bin/rblcachectl"; unshare -m sh fulldisk 2>&1)
case $out in
*denied*) skip "a full disk" "mounting a tmpfs is not allowed here" ;;
*)
	like "$out" 'done, but not saved: full/recent.cdb: No space left' \
	    "a full disk: told that it may not last"
	like "$out" '^WARNING: full/recent.cdb: No space left' "status, too"
	is "$(printf '%s\n' "$out" | sed -n '/^[0-9]*$/p' | tr '\n' ' ')" \
	    "111 111 0 " "as an error; and room again, none"
	like "$out" '^rblcachectl: full: No space left' "metrics: no half file" ;;
esac

# ---- other things that go wrong ----

if [ "$front_ipset" ]; then
	ipset destroy rblcache4
	ipset create rblcache4 hash:ip # without a timeout
	line 203.0.113.72 >>log
	cp "$local_cdb" kept.cdb
	echo junk >"$local_cdb"
	follow '-m 1'
	ok "status: a damaged local.cdb" front_wait eval \
	    'ctl status | grep -q "^WARNING.*local.cdb: .*nobody is banned since 20"'
	cp kept.cdb "$local_cdb"
	exits "a set that will not do: told" 111 \
	    'recent.cdb is changed, but a set is not: rblcache4: .* no timeout' \
	    ctl add 203.0.113.71
	out=$(ctl status)
	like "$out" '^said +20.*local.cdb: ' "status: what the feed said"
	like "$out" '^ +20.* rblcache4: this set has no timeout' "all of it"
	line 203.0.113.73 >>log
	line 203.0.113.74 >>log
	ok "status: bans were left out" front_wait eval \
	    'ctl status | grep -q "^WARNING: log: more bans a minute than -m"'
	for change in 'add 203.0.113.74' 'del 203.0.113.77' 'forget rblsmtpd' \
	    flush; do
		# in one step, so that the feed does not come between
		ipset create plain hash:ip
		ipset swap plain rblcache4
		ipset destroy plain
		kill -HUP "$feed_pid"
		front_wait eval '! ctl add 203.0.113.75'
		ipset destroy rblcache4
		# shellcheck disable=SC2086 # words
		exits "mended: $change finds it so" 0 . ctl $change
		[ "$change" = flush ] || ok "with what was told before" \
		    banned 203.0.113.75 yes
	done
	stop TERM
else
	skip "other things that go wrong" "no ipset here"
fi

# ---- metrics ----

follow
ctl metrics >metrics
like "$(cat metrics)" '^rblcache_up 1$' "metrics: up"
like "$(cat metrics)" '^rblcache_bans\{rule="rblsmtpd"\} [0-9]+$' "bans by rule"
like "$(cat metrics)" '^rblcache_refused_total\{source="ipset"\} 3$' "refusals"
promtool=$(dirname "$RBLCACHE_BUILD")/promtool/usr/bin/promtool
if [ -x "$promtool" ]; then
	exits "promtool finds nothing" 0 '^$' "$promtool" check metrics <metrics
	is "$("$promtool" check metrics <metrics 2>&1)" "" "promtool: clean"
else
	skip "promtool" "it could not be had"
fi
mkdir -p textfile taken/rblcache.prom
ln -s "$front/work/hosts" textfile/.rblcache.prom.new
exits "metrics DIR" 0 '^$' eval '(umask 077; ctl metrics textfile)'
ok "the file is whole" grep -q '^rblcache_up 1$' textfile/rblcache.prom
is "$(stat -c %a textfile/rblcache.prom)" 644 "for node_exporter to read"
is "$(ls -A textfile)" rblcache.prom "nothing beside it"
like "$(head -n 1 hosts)" '^192.0.2.0/24 +allow' "and no link was followed"
exits "a file that cannot be replaced" 100 'taken: ' ctl metrics taken
is "$(ls -A taken)" rblcache.prom "leaves nothing there"
exits "no room for the answer" 111 'standard output: No space' \
    eval 'ctl metrics >/dev/full'
exits "no such directory" 100 'nowhere: No such file' ctl metrics nowhere

# ---- export ----

if [ "$front_ipset" ]; then
	ctl flush >/dev/null
	ctl add 203.0.113.80 'costs $5, see $' >/dev/null
	ctl add 2001:db8:9:9::1 =mc2 >/dev/null
	ctl add 203.0.113.82 =mc2 >/dev/null
	ipset add rblcache4 203.0.113.83
	front_list 198.51.100.99
	ctl export rbldnsd >"$front/bl/cached"
	chmod 644 "$front/bl/cached"
	rbldnsd_zones="cached.test:combined:cached"
	front_start_dnsbl
	like "$(cat "$front/rbldnsd.log")" 'cached' "rbldnsd loads the zone"
	unlike "$(cat "$front/rbldnsd.log")" 'invalid|error' "without a complaint"
	asks() { # ADDRESS: what rblsmtpd says of it
		TCPREMOTEIP=$1 rblsmtpd -t 0 -r cached.test echo nobody \
		    2>/dev/null | tr -d '\r'
	}
	is "$(asks 203.0.113.80)" "451 costs \$5, see \$" \
	    "any mail server can ask for it, in the ban's words"
	is "$(asks 203.0.113.82)" "451 =mc2" "whatever these are"
	is "$(asks 203.0.113.83)" "451 listed" "also what somebody put into the set"
	is "$(asks 203.0.113.81)" nobody "and for nobody else"
	is "$(asks 127.0.0.2)" "451 test" "RFC 5782's test entry"
	is "$(asks 127.0.0.1)" nobody "and its counterpart"
	# rblsmtpd asks for IPv4 alone
	like "$(cat "$front/bl/cached")" \
	    '^2001:db8:9:9::/64 :127.0.0.2:==mc2$' "IPv6"
	like "$(cat "$front/rbldnsd.log")" 'cached:ip6trie: ents=2 ' \
	    "is loaded too"
else
	skip "export" "no ipset here"
fi

# ---- what took a while ----

wait "$hung_pid"
like "$(cat hung.out)" \
    '^CRITICAL: the feed does not answer: too many wait for it$' \
    "a feed that hangs, and many who ask: critical, on standard output"
is "$(tail -n 1 hung.out)" 2 "and so is the exit status"
is "$(cat hung.err)" "" "with nothing else said"
waits_shortly "then too" "$(sed -n 's/^took //p' hung.took)"
gone_status() {
	"$front/bin/rblcachectl" -d gone -l '' -s '' -S '' status
}
exits "a log that is gone: critical" 2 \
    '^CRITICAL: gone/log is not read: No such file' gone_status
is "$(grep -c 'gone/log: No such file' gone/err)" 1 "and said, once"
mv gone/away gone/log
line 203.0.113.10 >>gone/log
ok "it is back: all is well" front_wait eval 'gone_status >/dev/null'
ok "and read" front_wait eval \
    '"$front/bin/rblcachectl" -d gone -l "" -s "" -S "" list | grep -q 203.0.113.10'
if [ "$FRONT_ROOT" ]; then # which is a user like others, but for the sets
	chown 65534 gone/log
	chmod 600 gone/log
	stop_gone() {
		kill "$gone_pid"
		wait "$gone_pid"
	}
	mkdir gone/dir
	line 203.0.113.11 >gone/dir/current
	stop_gone
	"$feed" -f /dev/null -c "$rules" -d gone -l '' -s '' -S '' \
	    gone/dir 2>gone/err &
	gone_pid=$!
	front_wait eval 'gone_status >/dev/null'
	chown 65534 gone/dir
	chmod 700 gone/dir
	ok "a directory that may no longer be read: critical" front_wait eval \
	    'gone_status | grep -q "^CRITICAL: gone/dir is not read: Perm"'
	chmod 755 gone/dir
	ok "and again" front_wait eval 'gone_status >/dev/null'
fi
kill "$gone_pid"
wait "$gone_pid"

exits "a log that is named twice" 100 'log: this log is named twice' \
    "$feed" -f /dev/null -l '' -n -c "$rules" log ./log
stop TERM
unlike "$(cat err)" 'recent.cdb[^ ]* is damaged|missing' "the feed complained of nothing else"
done_testing
