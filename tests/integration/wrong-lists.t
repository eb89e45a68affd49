#!/bin/sh
# SPDX-License-Identifier: ISC
# A DNS blocklist that goes mad while mail flows, through the real programs: it
# lists everybody, nobody, answers errors or nothing at all. Nobody does
# anything about it, and when it is well again no clean host is left in the
# cache. Then what the log alone shows, and keys in the names of lists.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
export TZ=UTC
cd "$front" || exit 1
T=$(printf '\t')

cleanup() {
	for pid in ${mail_pid-} ${tcpserver_pids-}; do
		kill "$pid" 2>/dev/null
	done
	exec 9>&-
	front_cleanup
}
trap cleanup EXIT

# ---- the list ----

# zone NAME KIND TEXT [ADDRESS...]: what it says from now on. Never as long as
# before, since rbldnsd looks at the size and the second.
zone() {
	zone_name=$1
	zone_kind=$2
	zone_text=$3
	shift 3
	padding=${padding-}x
	{
		echo '$SOA 3600 ns.test. hostmaster.test. 1 600 300 86400 300'
		echo '$TTL 1'
		echo "# $padding"
		case $zone_kind in
		well) printf '%s\n' ":127.0.0.2:$zone_text" 127.0.0.2 "$@" ;;
		wild) printf '%s\n' ":127.0.0.2:$zone_text" 0.0.0.0/0 ;;
		dead) printf '%s\n' ":127.0.0.2:$zone_text" 192.0.2.1 ;;
		code) echo ':127.255.255.254:Error: open resolver; https://check.spamhaus.org/returnc/pub/$'
			echo 0.0.0.0/0 ;;
		esac
	} >"bl/$zone_name"
	[ "${rbldnsd_pid-}" ] || return 0
	front_reloads=$(grep -c 'zones reloaded' rbldnsd.log)
	kill -HUP "$rbldnsd_pid"
	front_wait front_reloaded || front_fail "rbldnsd does not reload"
}
a_text='Listed by TEST, see https://a.test/query/ip/$'
b_text='Listed by B, see https://b.test/query/ip/$'
a_is() { # KIND
	zone a "$1" "$a_text" 203.0.113.0/25
}

# ---- the mail ----

# serve PORT LOG 'HOOK OPTIONS' ZONE...
serve() {
	serve_port=$1
	serve_log=$2
	serve_hook=$3
	shift 3
	serve_zones=
	for z in "$@"; do serve_zones="$serve_zones -r $z"; done
	eval "set -- $serve_hook"
	# shellcheck disable=SC2086 # words
	tcpserver -v -R -H -l localhost -c 100 $mail_user 127.0.0.1 \
	    "$serve_port" "$hook" -l '' "$@" rblsmtpd $serve_zones \
	    "$hook" -p "$front/bin/smtpd" >>"$serve_log" 2>&1 9>&- &
	tcpserver_pids="${tcpserver_pids-} $!"
	front_wait grep -q "$(printf ':%04X 00000000:0000 0A' "$serve_port")" \
	    /proc/net/tcp || front_fail "tcpserver does not listen"
}

# from ADDRESS [PORT]: who answers: smtpd, rblsmtpd or rblcache
from() {
	says "$@" | sed -n 's/^220 \([a-z]*\).*/\1/p'
}
says() {
	tcpclient -RHl0 -i "$1" 127.0.0.1 "${2-2525}" sh -c \
	    'printf "EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@smtpd.test>\r\nQUIT\r\n" >&7; tr -d "\r" <&6' 9>&-
}

# One host after the other, for ever: "KIND ADDRESS WHO-ANSWERED"
cat >mail.pl <<'EOF'
use IO::Socket::INET;
$| = 1;
my @hosts = map { ("spam 203.0.113.$_", "clean 198.51.100.$_",
    "clean 198.51.100." . ($_ + 100), "clean 198.18.3.$_") } 1 .. 10;
for (;;) {
	for (@hosts) {
		my ($ip) = /([\d.]+)/;
		my $s = IO::Socket::INET->new(LocalAddr => $ip,
		    PeerAddr => "127.0.0.1:2525", Timeout => 5);
		my $who = "nobody";
		if ($s) {
			print $s "EHLO client.test\r\nMAIL FROM:<a\@b.test>\r\n",
			    "RCPT TO:<c\@d.test>\r\nQUIT\r\n";
			local $/;
			$who = $1 if <$s> =~ /^220 (\w+)\./;
		}
		print "$_ $who\n";
		select undef, undef, undef, 0.005;
	}
}
EOF

# ---- the feed ----

cp "$RBLCACHE_BUILD/rblcachectl" "$front/bin"
ctl() {
	"$front/bin/rblcachectl" -d "$front/state" -l '' "$@"
}
ctl_of() { # STATE COMMAND...: of a feed without sets
	ctl_state=$1
	shift
	"$front/bin/rblcachectl" -d "$ctl_state" -l '' -s '' -S '' "$@"
}
json() { # PERL EXPRESSION on $s, the JSON on standard input
	perl -MJSON::PP -e 'local $/; my $s = JSON::PP->new->decode(<STDIN>);
	    my $got = '"$1"'; print "$got\n"'
}
answers() { # [STATE]: a warning is an answer
	"$front/bin/rblcachectl" -d "${1-$front/state}" -l '' -s '' -S '' \
	    status >/dev/null
	[ $? -le 1 ]
}
start_feed() {
	"$feed" -v -f feed.conf -c rules -d state -l '' log/main extra \
	    2>>feed.log 9>&- &
	feed_pid=$!
	front_wait answers || front_fail "the feed: $(tail -n 3 feed.log)"
}
kill_feed() {
	kill -9 "$feed_pid"
	wait "$feed_pid" 2>/dev/null
	feed_pid=
}
conf() { # LINE...: other settings
	printf '%s\n' "resolver = 127.0.0.53:53" "canary = 1s" "$@" >feed.conf
	[ "${feed_pid-}" ] || return 0
	conf_before=$(grep -c 'loaded again' feed.log)
	kill -HUP "$feed_pid"
	front_wait conf_loaded || front_fail "no SIGHUP"
}
conf_loaded() {
	[ "$(grep -c 'loaded again' feed.log)" -gt "$conf_before" ]
}
stamped() { # SECONDS-AGO TEXT...: a line
	stamp=$(($(date +%s) + 10 - $1))
	shift
	printf '@40000000%08x00000000 %s\n' "$stamp" "$*"
}
banned() { # ADDRESS
	ipset -q test rblcache4 "$1"
}
members() { # SET
	ipset list "$1" | sed '1,/^Members/d' | cut -d ' ' -f 1 | sort
}

# ---- what happened since the last mark ----

mark() {
	marked=$(wc -l <feed.log)
	mailed=$(wc -l <mail)
	mailed=$((mailed + 1)) # one may be under way
}
lately() {
	tail -n +$((marked + 1)) feed.log
}
told() { # PATTERN
	lately | grep -Eq -- "$1"
}
counted() { # PATTERN
	lately | grep -Ec -- "$1"
}
mails() { # PATTERN
	tail -n +$((mailed + 1)) mail | grep -Ec -- "$1"
}
came() { # NUMBER PATTERN
	[ "$(mails "$2")" -ge "$1" ]
}
# The canary has just asked, so that the next time is a second away.
fresh() {
	well=$(well)
	front_wait eval '[ "$(well)" != "$well" ]'
}
well() {
	ctl -j status | json '$s->{zones}[0]{well} // 0'
}
# Clean hosts in any set, and in recent.cdb
clean_cached() {
	{
		for set in $(ipset list -n | grep -v '^rblpass'); do
			members "$set"
		done
		ctl_of state -j list
		ctl_of state export rbldnsd
	} | grep -cE '198\.(51\.100|18\.[346])\.'
}
nobody_cached() {
	[ "$(clean_cached)" = 0 ]
}
# ends NAME: the list is well again; nobody does anything
ends() {
	ends_name=$1
	a_is well
	mailed=$(($(wc -l <mail) + 1))
	is "$(from 198.18.3.77)" smtpd "$1: well: a clean host gets in at once"
	ok "$1: the list is trusted again" \
	    front_wait told 'zone a.test: is well again; its refusals ban again$'
	front_wait came 40 clean
	is "$(mails 'clean .* (rblsmtpd|rblcache|nobody)$')" 0 \
	    "$1: so do all of them"
	is "$(clean_cached)" 0 "$1: no clean host is left in the cache"
	ok "$1: listed hosts are banned anew" front_wait banned_since_trust
	ok "$1: and refused from the cache" front_wait came 10 'spam .* rblcache$'
	ok "$1: status is well" front_wait ctl status
}
banned_since_trust() {
	lately | sed '1,/is well again/d' | grep -q "ban${T}203.0.113.*${T}rblsmtpd"
}

a_is well
zone b well "$b_text" 198.18.1.0/24
key=abcdefghij0123456789klmnop
short=abc123def456
long=$(printf '%0155d' 0)
zone k1 well "Listed by DQ, see https://$key.zen.dq.test/query/ip/\$" \
    203.0.113.0/26
zone k2 well "Listed by DQ, see https://$(echo $short | tr a-z A-Z).short.dq.test/" \
    203.0.113.64/26
zone k3 well "Cut by rblsmtpd, $long see https://$key.cut.dq.test/" \
    203.0.113.128/26
rbldnsd_zones="a.test:ip4trie:a b.test:ip4trie:b
	$key.zen.dq.test:ip4trie:k1 $short.short.dq.test:ip4trie:k2
	$key.cut.dq.test:ip4trie:k3"
front_list 192.0.2.1
front_start_dnsbl
all_rules rules
printf '[quota]\nmatch = ^quota: (?<pid>\\d+) (?<ip>\\S+)$\nban = 1d\nlist = no\nreply = 451 x\n' \
    >rules/quota.rules
printf '[twice]\nmatch = ^twice: (?<pid>\\d+) (?<ip>\\S+)$\nban = 1d\ncount = 2 in 1h\nreply = 451 x\n' \
    >rules/twice.rules
: >extra
mkfifo log.fifo
multilog t "$front/log/main" <log.fifo &
multilog_pid=$!
exec 9>log.fifo
serve 2525 /dev/fd/9 "-k $recent" a.test
serve 2526 /dev/fd/9 "-k $recent -r 1" a.test
serve 2527 /dev/fd/9 "-k $recent" b.test a.test
conf 'zone = a.test'
: >feed.log
start_feed
perl mail.pl >mail 2>mail.err 9>&- &
mail_pid=$!
mark
ok "mail flows" front_wait came 80 .
is "$(mails 'clean .* (rblsmtpd|rblcache|nobody)')" 0 "clean hosts get in"
ok "listed hosts are refused" came 10 'spam .* rbl(smtpd|cache)$'
ok "and banned" front_wait told "ban${T}203.0.113.*${T}rblsmtpd"

# ---- an error for everybody ----

fresh
mark
a_is code
ok "error: seen" front_wait told \
    'zone a.test: answers with the error code 127.255.255.254; its refusals ban nobody, and [0-9]+ bans since 20.* are lifted$'
front_wait came 40 'clean .* rblsmtpd$'
ok "error: clean hosts are refused meanwhile ($(mails 'clean .* rblsmtpd$'))" \
    came 40 'clean .* rblsmtpd$'
exits "error: status" 1 '^WARNING: zone a.test: answers with the error code' \
    ctl status
ends error
is "$(counted "ban${T}198.")" 0 "error: no clean host was ever banned"
ok "error: the rule has seen to that" told "skip${T}198.*${T}rblsmtpd${T}except"

# ---- everybody is listed; which bans are the list's ----

ctl add 203.0.113.210 >/dev/null
{
	stamped 0 quota: 7 203.0.113.211
	stamped 10800 "rblsmtpd: 203.0.113.212 pid 7: 451 Listed long ago"
	stamped 300 "rblsmtpd: 203.0.113.213 pid 7: 451 Listed a while ago"
	stamped 0 twice: 7 198.18.6.41
	stamped 0 "rblsmtpd: 198.18.4.31 pid 7: 451 Listed just now"
} >>extra
mark
ok "wild: a clean host is banned before that" front_wait banned 198.18.4.31
fresh
mark
a_is wild
ok "wild: seen" front_wait told \
    'zone a.test: lists 127.0.0.1; its refusals ban nobody, and [0-9]+ bans since 20.* are lifted$'
early=$(lately | sed '/lists 127.0.0.1/,$d' | grep -c "ban${T}198.")
ok "wild: clean hosts were banned before that ($early)" test "$early" -gt 0
lifted=$(lately | sed -n 's/.*lists 127.0.0.1.* and \([0-9]*\) bans.*/\1/p')
ok "wild: these bans are among those lifted ($lifted)" test "$lifted" -gt "$early"
ok "wild: they are gone at once" front_wait nobody_cached
ok "wild: one added by hand stays" banned 203.0.113.210
ok "wild: so does that of a rule about no list" banned 203.0.113.211
ok "wild: and an old one" banned 203.0.113.212
ok "wild: a young one is lifted" eval '! banned 203.0.113.213'
seconds=$(($(date +%s) - $(ctl -j status | json '$s->{zones}[0]{since}')))
ok "wild: suspect since ten minutes before the last good answer ($seconds s)" \
    test "$seconds" -ge 600 -a "$seconds" -lt 720
front_wait came 60 'clean .* rblsmtpd$'
ok "wild: clean hosts are refused meanwhile ($(mails 'clean .* rblsmtpd$'))" \
    came 60 'clean .* rblsmtpd$'
is "$(lately | sed '1,/lists 127.0.0.1/d' | grep -c "ban${T}")" 0 \
    "wild: nobody is banned any more"
ok "wild: refusals are left out" told "skip${T}198.*${T}rblsmtpd${T}distrusted"
ok "wild: whoever it is" told "skip${T}203.*${T}rblsmtpd${T}distrusted"
exits "wild: status" 1 '^WARNING: zone a.test: lists 127.0.0.1; it bans nobody' \
    ctl status
like "$(ctl status)" '^zones +a.test: lists 127.0.0.1; distrusted since 20' \
    "wild: status, since when"
like "$(ctl status)" ' rblsmtpd .*distrusted [0-9]+' "wild: and how many"
like "$(ctl metrics)" '^rblcache_zone_trusted\{zone="a.test"\} 0$' "wild: metrics"
nobody_cached
is $? 0 "wild: all that time nobody is in the cache"
ends wild
{
	stamped 0 twice: 7 198.18.6.42
	stamped 0 twice: 7 198.18.6.41
} >>extra
front_wait told "count${T}198.18.6.41${T}twice"
is "$(lately | grep "198.18.6" | cut -f 1,2,4)" \
    "rblcache-feed: count${T}198.18.6.42${T}1/2
rblcache-feed: count${T}198.18.6.41${T}1/2" \
    "wild: what was counted before is forgotten"
like "$(ctl metrics)" '^rblcache_zone_trusted\{zone="a.test"\} 1$' \
    "wild: metrics, afterwards"

# ---- nobody is listed: who passes proves nothing ----

conf 'zone = a.test' 'pass = 15m'
from 198.18.4.1 >/dev/null
ok "dead: before that, who passes is remembered" \
    front_wait ipset -q test rblpass4 198.18.4.1
fresh
# older than what is suspect when a list is wrong
for i in 201 202 203; do
	stamped 10800 "rblsmtpd: 203.0.113.$i pid 7: 451 Listed long ago"
done >>extra
ok "dead: before that, some are banned" front_wait banned 203.0.113.203
mark
a_is dead
ok "dead: seen" front_wait told \
    'zone a.test: does not list 127.0.0.2; its refusals ban nobody'
ok "dead: who passed before is asked about again" \
    front_wait eval '! ipset -q test rblpass4 198.18.4.1'
for i in 201 202 203; do
	is "$(from 203.0.113.$i 2526)" smtpd "dead: a recheck finds nothing, $i"
done
is "$(from 198.18.4.2) $(from 203.0.113.100)" "smtpd smtpd" \
    "dead: everybody gets in"
stamped 0 "quota: 7 203.0.113.215" >>extra
ok "dead: a rule about no list bans" front_wait banned 203.0.113.215
# read to its end: what is behind these in the log has been taken, too
was=$(ctl -j status | json '$s->{logs}[0]{lines}')
from 198.18.4.3 >/dev/null
front_wait eval '[ "$(ctl -j status | json "\$s->{logs}[0]{lines}")" -gt $((was + 5)) ]'
for i in 201 202 203; do
	ok "dead: the recheck lifts no ban, $i" banned 203.0.113.$i
done
for ip in 198.18.4.2 198.18.4.3 203.0.113.100; do
	ok "dead: that $ip passed is not believed" \
	    eval "! ipset -q test rblpass4 $ip"
done
a_is well
is "$(from 198.18.4.2)" smtpd "dead: well again: clean hosts get in"
is "$(from 203.0.113.100)" rblsmtpd "dead: listed ones are refused"
is "$(clean_cached)" 0 "dead: no clean host is in the cache"
# resolvers may keep that nobody is listed for ten minutes; not so long here
conf 'pass = 15m'
conf 'zone = a.test' 'pass = 15m'
ok "dead: once the list is trusted again, status is well" front_wait ctl status
front_wait eval '[ "$(well)" != 0 ]'
from 203.0.113.201 2526 >/dev/null
ok "dead: a recheck lifts" front_wait eval '! banned 203.0.113.201'
from 198.18.4.2 >/dev/null
ok "dead: who passes is remembered" \
    front_wait ipset -q test rblpass4 198.18.4.2
is "$(from 203.0.113.101)" rblsmtpd "dead: a listed host is refused"
ok "dead: and banned" front_wait banned 203.0.113.101

# ---- no answer at all ----

mark
# so that rblsmtpd need not wait long for what does not come
ip route add unreachable 127.0.0.53 table local
kill "$rbldnsd_pid"
wait "$rbldnsd_pid" 2>/dev/null
rbldnsd_pid=
ok "silent: seen" front_wait told 'zone a.test: gives no answer'
ok "silent: who passed before is asked about again" \
    front_wait eval '! ipset -q test rblpass4 198.18.4.2'
exits "silent: status" 1 '^WARNING: zone a.test gives no answer' ctl status
is "$(from 203.0.113.202 2526) $(from 198.18.4.4)" "smtpd smtpd" \
    "silent: everybody gets in"
was=$(ctl -j status | json '$s->{logs}[0]{lines}')
from 198.18.4.5 >/dev/null
front_wait eval '[ "$(ctl -j status | json "\$s->{logs}[0]{lines}")" -gt $((was + 5)) ]'
ok "silent: the recheck lifts no ban" banned 203.0.113.202
ok "silent: that a host passed is not believed" \
    eval '! ipset -q test rblpass4 198.18.4.4'
ok "silent: a list's ban stays" banned 203.0.113.101
ok "silent: nothing was lifted" eval '! told "are lifted|distrusted"'
is "$(from 203.0.113.101)" rblcache "silent: and the hook still refuses"
ip route del unreachable 127.0.0.53 table local
front_start_dnsbl
ok "silent: the end is seen" front_wait told 'zone a.test: answers again$'
from 198.18.4.4 >/dev/null
ok "silent: then who passes is remembered" \
    front_wait ipset -q test rblpass4 198.18.4.4
is "$(clean_cached)" 0 "silent: no clean host is in the cache"

# ---- two lists, one of them mad ----

conf 'zone = a.test text https://a.test/' 'zone = b.test text https://B.test/'
is "$(members rblpass4)" "" "no passes are wanted any more: there are none"
from 198.18.1.1 2527 >/dev/null
ok "two: the other list bans" front_wait banned 198.18.1.1
fresh
mark
a_is wild
ok "two: seen" front_wait told 'zone a.test: lists 127.0.0.1; '
is "$(counted 'zone b.test')" 0 "two: the other is well"
is "$(from 198.18.1.2 2527)" rblsmtpd "two: the other refuses"
ok "two: and bans" front_wait banned 198.18.1.2
ok "two: its ban of before stays" banned 198.18.1.1
is "$(from 198.18.4.21 2527)" rblsmtpd "two: the mad one refuses"
ok "two: and bans nobody" front_wait told \
    "skip${T}198.18.4.21${T}rblsmtpd${T}distrusted"
stamped 0 "rblsmtpd: 198.18.4.22 pid 9: 451 anything" >>extra
ok "two: nor does what may be either's" front_wait told \
    "skip${T}198.18.4.22${T}rblsmtpd${T}distrusted"

# ---- in the middle of it: SIGHUP, kill -9 ----

conf 'zone = b.test text https://b.test/' 'zone = a.test text a.test/query' \
    'drop = after 3'
exits "SIGHUP: the list is distrusted as before" 1 \
    '^WARNING: zone a.test: lists 127.0.0.1' ctl status
from 198.18.4.23 >/dev/null
ok "SIGHUP: refusals are left out" front_wait told \
    "skip${T}198.18.4.23${T}rblsmtpd${T}distrusted"
is "$(counted 'zone a.test: lists')" 1 "SIGHUP: it is not found out anew"
is "$(lately | sed '1,/loaded again/d' | grep -cE "ban${T}198\.(51|18\.[34])")" \
    0 "SIGHUP: no clean host is banned"
kill_feed
mailed=$(($(wc -l <mail) + 1))
ok "killed: refusals while the feed is down" \
    front_wait came 20 'clean .* rblsmtpd$'
restarted=$(wc -l <feed.log)
start_feed
from 198.18.4.24 >/dev/null
ok "killed: read by the next one" front_wait told \
    "skip${T}198.18.4.24${T}rblsmtpd${T}distrusted"
is "$(tail -n +$((restarted + 1)) feed.log |
    grep -cE "ban${T}198\.(51|18\.[34])")" 0 "killed: nobody is banned"
is "$(counted 'zone a.test: lists')" 1 "killed: it is not found out anew"
is "$(clean_cached)" 0 "killed: no clean host is in the cache"
kill_feed
mailed=$(($(wc -l <mail) + 1))
ok "killed again: refusals while the feed is down" \
    front_wait came 20 'clean .* rblsmtpd$'
marked=$(wc -l <feed.log)
a_is well # before anybody looks
start_feed
ends "killed"
is "$(counted "ban${T}198\.(51|18\.[34])")" 0 "killed: nobody was banned"
kill "$mail_pid"
wait "$mail_pid" 2>/dev/null
mail_pid=
kill "$feed_pid"
wait "$feed_pid"
is $? 0 "the feed ends well"
feed_pid=

# ---- the log alone ----

start_s=$((($(date +%s) / 60 - 240) * 60))
# traffic FIRST-MINUTE <"MINUTES CONNECTIONS REFUSED NET": a log; those refused
# are new hosts of the net each time
traffic() {
	awk -v t="$((start_s + 60 * $1 + 10))" -v c="${2-0}" '{
	for (m = 0; m < $1; m++) {
		for (i = 0; i < $2; i++) {
			c++
			bad = (i * $3) % $2 < $3
			ip = bad ? $4 "." int(c / 250) "." 1 + c % 250 : \
			    "198.51.100." 1 + c % 250
			at = sprintf("@40000000%08x00000000 ", t + int(i * 60 / $2))
			print at "tcpserver: pid " c " from " ip
			if (bad)
				print at "rblsmtpd: " ip " pid " c \
				    ": 451 " ($5 ? $5 : "Listed by TEST, see /" ip)
			print at "tcpserver: end " c " status 0"
		}
		t += 60
	} }'
}
echo '120 20 4 198.18' | traffic 0 >usual.log
echo '3 60 60 198.19' | traffic 120 5000 >jump.log
echo '12 20 4 198.18' | traffic 123 6000 >after.log
: >empty.conf
echo 'alarm = no' >no.conf
printf '120 5 1 198.18\n9 3 3 198.19\n5 5 1 198.18\n' | traffic 0 >small.log
rule=$root/hooks/log/rblsmtpd.rules
decides() { # CONF LOG...
	decides_conf=$1
	shift
	cat "$@" | "$feed" -n -m 0 -f "$decides_conf" -l '' -c "$rule" -
}
decides empty.conf usual.log jump.log after.log >n.out
is "$(grep -c "^skip${T}198.19.*${T}alarm$" n.out)" 151 \
    "-n: bans stop with the alarm"
is "$(grep -c "^ban${T}198.19" n.out)" 29 "-n: which begins at the thirtieth"
is "$(tail -n 1 n.out | cut -f 1)" ban "-n: and it ends"
# two minutes of refusals by the cache, then the list's
sed '1,/pid 5119 from/s/rblsmtpd: \(.*\): 451 .*/rblcache: \1: 451 x (ipset, 99s left)/' \
    jump.log >cached.log
decides empty.conf usual.log cached.log >n.out
is "$(grep -c "^skip${T}198.19.*${T}alarm$" n.out) $(grep -c "^ban${T}198.19" n.out)" \
    "$(grep -c 'rblsmtpd: 198.19' cached.log) 0" "-n: refusals by the cache count"
is "$(decides no.conf usual.log jump.log | grep -c "^ban${T}198.19")" 180 \
    "alarm = no: none"
is "$(decides empty.conf small.log | grep -c alarm)" 0 "a small server: none"
is "$(decides empty.conf small.log | grep -c "^ban${T}198.19")" 27 \
    "a small server: all are banned"

# one banned host that does not stop, for a quarter of an hour
echo '15 20 4 198.18' | traffic 120 6000 >calm.log
{
	cat calm.log
	awk -v t=$((start_s + 60 * 120 + 10)) 'BEGIN {
	for (i = 0; i < 15 * 90; i++) {
		at = sprintf("@40000000%08x00000000 ", t + int(i * 60 / 90))
		print at "tcpserver: pid " 9000 + i " from 198.18.0.1"
		print at "rblcache: 198.18.0.1 pid " 9000 + i \
		    ": 451 x (ipset, 99s left)"
		print at "tcpserver: end " 9000 + i " status 0"
	} }'
} | sort -s -k 1,1 >one.log
# and one client that writes the hook's lines itself
{
	cat calm.log
	awk -v t=$((start_s + 60 * 120 + 10)) 'BEGIN {
	at = sprintf("@40000000%08x00000000 ", t)
	print at "tcpserver: pid 9000 from 198.18.0.1"
	for (i = 0; i < 200; i++)
		print at "rblcache: 198.18.0.1 pid 9000: 451 x (ipset, 99s left)"
	}'
} | sort -s -k 1,1 >lines.log
for log in one lines; do
	decides empty.conf usual.log $log.log >n.out
	is "$(grep -c "${T}alarm$" n.out) $(grep -c "^ban${T}198.18" n.out)" \
	    "0 540" "$log.log: none, and bans are made"
done

# watch STATE CONF LOG: a feed of its own without sets
watch() {
	mkdir -p "$1"
	"$feed" -m 0 -f "$2" -c "$rule" -d "$1" -l '' -s '' -S '' \
	    "$3" 2>>"$1.err" 9>&- &
	feed_pid=$!
	front_wait answers "$1" || front_fail "the feed: $(cat "$1.err")"
}
unwatch() {
	kill "${1--TERM}" "$feed_pid"
	wait "$feed_pid" 2>/dev/null
	feed_pid=
}
listed() { # STATE NET: how many bans of it there are
	ctl_of "$1" list | grep -c "^$2"
}
has() { # STATE NET NUMBER
	[ "$(listed "$1" "$2")" = "$3" ]
}
read_all() { # STATE LINES
	[ "$(ctl_of "$1" -j status | json '$s->{logs}[0]{lines}')" = "$2" ]
}
cp usual.log alarm.log
watch alone empty.conf alarm.log
ok "alarm: none by usual traffic" front_wait has alone 198.18 480
is "$(grep -c alarm: alone.err)" 0 "alarm: none is told"
cat jump.log >>alarm.log
ok "alarm: told" front_wait grep -q \
    '^rblcache-feed: alarm.log: alarm: refused 100 % of 30 hosts in 1 min, usual 20 %, limit [0-9]* %; no new bans now; if a list was wrong, take back what it did: rblcachectl forget RULE since 20' \
    alone.err
front_wait read_all alone "$(wc -l <alarm.log)"
is "$(listed alone 198.19)" 29 "alarm: bans have stopped"
is "$(listed alone 198.18)" 480 "alarm: the others stand"
exits "alarm: status" 1 '^WARNING: .*alarm.log: no new bans: refused 100 %' \
    ctl_of alone status
like "$(ctl_of alone status)" '^alarm +alarm.log: no new bans since 20' \
    "alarm: status, since when"
like "$(ctl_of alone metrics)" '^rblcache_log_alarm\{.*\} 1$' "alarm: metrics"
advice=$(sed -n 's/.*rblcachectl \(forget\) RULE/\1 rblsmtpd/p' alone.err)
# shellcheck disable=SC2086 # words, as somebody types them
ctl_of alone $advice >/dev/null
is "$(listed alone 198.19)" 0 "alarm: the advice takes back what the jump led to"
ok "alarm: and little else ($(listed alone 198.18) stay)" \
    test "$(listed alone 198.18)" -ge 472
was=$(listed alone 198.18)
cat after.log >>alarm.log
ok "alarm: over" front_wait grep -q \
    '^rblcache-feed: alarm.log: alarm over: refusals are as usual; bans are made again' \
    alone.err
front_wait read_all alone "$(wc -l <alarm.log)"
ok "alarm: status is well" ctl_of alone status
is "$(listed alone 198.18)" $((was + 28)) "alarm: bans are made again"
unwatch

# killed now and then: the same
rm -rf alone alone.err
watch alone empty.conf alarm.log
front_wait read_all alone "$(wc -l <alarm.log)"
ctl_of alone -j list >alone.list
ctl_of alone -j status | json 'JSON::PP->new->canonical->encode(
    [$s->{logs}[0]{alarm}, $s->{bans}])' >alone.alarm
unwatch
: >killed.log
lines=$(wc -l <alarm.log)
at=0
while [ "$at" -lt "$lines" ]; do
	tail -n +$((at + 1)) alarm.log | head -n 400 >>killed.log
	watch killed empty.conf killed.log
	ctl_of killed list >/dev/null # has a checkpoint made
	tail -n +$((at + 401)) alarm.log | head -n 237 >>killed.log
	unwatch -KILL
	at=$((at + 637))
done
watch killed empty.conf killed.log
front_wait read_all killed "$lines"
is "$(ctl_of killed -j list | cmp - alone.list 2>&1)" "" \
    "killed every few hundred lines: the same bans"
is "$(ctl_of killed -j status | json 'JSON::PP->new->canonical->encode(
    [$s->{logs}[0]{alarm}, $s->{bans}])')" "$(cat alone.alarm)" \
    "killed every few hundred lines: the same alarm, the same counts"
ok "of which there was one" grep -q '"why":"refused 100' alone.alarm
unwatch

# with a list that is well, there is more spam
printf '%s\n' 'resolver = 127.0.0.53' 'canary = 1h' 'zone = b.test' >b.conf
start_s=$(($(date +%s) - 10 - 123 * 60)) # the jump is now
printf '120 20 4 198.18\n' | traffic 0 >more.log
watch more b.conf more.log
front_wait read_all more "$(wc -l <more.log)"
echo '3 60 60 198.19' | traffic 120 5000 >>more.log
ok "more spam: alarm" front_wait grep -q 'more.log: alarm: ' more.err
ok "more spam: the list is asked at once, and is well" front_wait grep -q \
    '^rblcache-feed: more.log: alarm over: the lists are well, so there is more spam; bans are made again$' \
    more.err
was=$(listed more 198.19)
echo '1 40 40 198.19' | traffic 123 7000 >>more.log
ok "more spam: bans are made" front_wait has more 198.19 $((was + 40))
unwatch

# which all lists have to say, also of an alarm of before a restart
printf '%s\n' 'resolver = 127.0.0.53' 'canary = 1h' 'zone = b.test' \
    'zone = a.test' >both.conf
start_s=$(($(date +%s) - 10 - 123 * 60))
echo '120 20 4 198.18' | traffic 0 >again.log
watch again both.conf again.log
front_wait read_all again "$(wc -l <again.log)"
front_wait eval '[ "$(ctl_of again -j status |
    json "scalar grep { \$_->{well} } @{\$s->{zones}}")" = 2 ]'
unwatch
a_is wild
echo '3 60 60 198.19' | traffic 120 5000 >>again.log
"$feed" -1 -m 0 -f both.conf -c "$rule" -d again -l '' -s '' -S '' again.log \
    2>again.err # asks nobody
sleep 1 # the lists were well in another second
watch again both.conf again.log
ok "restart: one list is wrong" front_wait grep -q \
    'zone a.test: lists 127.0.0.1; ' again.err
is "$(grep -c 'alarm over' again.err)" 0 \
    "restart: that the other is well ends no alarm"
unwatch
a_is well

# but today's answers say nothing of yesterday's lines
sed 's/1h/1s/' b.conf >soon.conf
cat usual.log jump.log >old.log
watch old soon.conf old.log
front_wait grep -q 'old.log: alarm: ' old.err
well_of_old() {
	ctl_of old -j status | json '$s->{zones}[0]{well} // 0'
}
for i in 1 2; do
	well=$(well_of_old)
	front_wait eval '[ "$(well_of_old)" != "$well" ]'
done
is "$(grep -c 'alarm over' old.err)" 0 "an old log: the alarm is on"
unwatch

# with one that is not: all since the jump is suspect
printf '%s\n' 'resolver = 127.0.0.53' 'canary = 1h' 'zone = a.test' >a.conf
cp usual.log mad.log
watch mad a.conf mad.log
front_wait read_all mad "$(wc -l <mad.log)"
front_wait eval 'ctl_of mad -j status | grep -q "\"well\": *[1-9]"'
a_is wild
cat jump.log >>mad.log
ok "mad: alarm" front_wait grep -q 'mad.log: alarm: ' mad.err
ok "mad: the list is asked at once" front_wait grep -q \
    'zone a.test: lists 127.0.0.1; its refusals ban nobody, and [0-9]* bans' \
    mad.err
is "$(listed mad 198.19)" 0 "mad: what the jump led to is lifted"
ok "mad: what was before is not ($(listed mad 198.18))" \
    test "$(listed mad 198.18)" -ge 472
is "$(grep -c 'alarm over' mad.err)" 0 "mad: the alarm is on"
unwatch

# with one that was wrong before anybody asked, all is suspect
watch never a.conf mad.log
ok "never well: seen" front_wait grep -q \
    'zone a.test: lists 127.0.0.1, and was never found well; its refusals ban nobody' \
    never.err
front_wait read_all never "$(wc -l <mad.log)"
is "$(listed never .)" 0 "never well: it has banned nobody"
unwatch
a_is well

# ---- keys ----

mkdir keys
chmod 755 keys
cat >keys.conf <<EOT2
zone = $key.zen.dq.test text Listed by DQ
zone = $short.short.dq.test
zone = $key.cut.dq.test
resolver = 127.0.0.53
canary = 1s
pass = 15m
EOT2
: >keys.log
serve 2528 keys.log "-s '' -S '' -k $front/keys/recent.cdb" "$key.zen.dq.test" \
    "$short.short.dq.test" "$key.cut.dq.test"
"$feed" -v -m 0 -f keys.conf -c "$rule" -d keys -l '' -s '' -S '' keys.log \
    2>keys.err 9>&- &
feed_pid=$!
front_wait answers keys || front_fail "the feed: $(cat keys.err)"
for ip in 203.0.113.1 203.0.113.65 203.0.113.129; do
	is "$(from $ip 2528)" rblsmtpd "keys: rblsmtpd refuses $ip"
	ok "keys: and it is banned" front_wait eval \
	    'ctl_of keys list | grep -q "^$ip"'
	says $ip 2528 >>keys.out
done
is "$(grep -c '^220 rblcache' keys.out)" 3 "keys: refused from the cache"
ok "keys: rblsmtpd's own lines have them" eval \
    'grep "^rblsmtpd:" keys.log | grep -qi "$key" &&
     grep "^rblsmtpd:" keys.log | grep -qi "$short" &&
     grep "^rblsmtpd:" keys.log | grep "Cut" | grep -q "abcdefgh" &&
     ! grep "^rblsmtpd:" keys.log | grep "Cut" | grep -q "$key"'
zone k1 wild "Listed by DQ, see https://$key.zen.dq.test/query/ip/\$"
ok "keys: a list that lists everybody" front_wait grep -q \
    '^rblcache-feed: zone KEY.zen.dq.test: lists 127.0.0.1' keys.err
from 203.0.113.2 2528 >/dev/null
zone k2 wild "Listed by DQ, see https://$short.short.dq.test/query/ip/\$"
ok "keys: and one with a short key" front_wait grep -q \
    '^rblcache-feed: zone KEY.short.dq.test: lists 127.0.0.1' keys.err
{
	for command in status list 'test 203.0.113.65' metrics 'export rbldnsd'; do
		# shellcheck disable=SC2086 # words
		ctl_of keys $command
		# shellcheck disable=SC2086 # words
		ctl_of keys -j $command
	done
} >keys.said 2>&1
for f in "zone = $key.zen.dq.test:53" "zone $key.zen.dq.test" \
    "zone = $key.zen.dq.test txt x" "pass = $key.zen.dq.test" \
    "resolver = $key.zen.dq.test" "$key.zen.dq.test = zone" \
    "[$key.zen.dq.test]
alarm = no" \
    "zone = $short.short.dq.test:53" \
    "zone = $short..dq.test" "zone = $key.zen.dq.test
zone = $short.short.dq.test
alarm = $short.short.dq.test" "zone = $key.zen.dq.test
zone = $key.zen.dq.test"; do
	printf '%s\n' "$f" >keys.conf
	decides keys.conf /dev/null >>keys.broken 2>&1
	kill -HUP "$feed_pid"
	front_wait eval '[ "$(grep -c "old settings stay" keys.err)" -gt \
	    "${stayed:-0}" ]' || echo "# no complaint: $f"
	stayed=$(grep -c 'old settings stay' keys.err)
done
is "$(grep -c '^rblcache-feed: keys.conf:[0-9]*: ' keys.broken)" 11 \
    "keys: errors of a broken file"
is "$stayed" 11 "keys: and of one loaded again"
printf 'zone = %s\n' "$key.zen.dq.test" "$short.short.dq.test" >keys.conf
decides keys.conf keys.log >keys.n
ok "keys: -n has the texts" grep -q "https://KEY.zen.dq.test/query/" keys.n
ok "keys: the text that is cut, too" grep -q "^ban.*Cut by rblsmtpd.*https://KEY" \
    keys.n
unwatch
grep '^rblcache: ' keys.log >keys.hook
TCPREMOTEIP=203.0.113.129 "$hook" -n -l '' -s '' -S '' -k keys/recent.cdb true \
    2>>keys.hook
ctl_of keys list >>keys.said
ctl_of keys status >>keys.said
ok "keys: all that was looked at is there" eval '
    [ "$(grep -c "KEY" keys.hook)" -ge 3 ] && grep -q KEY keys.said &&
    grep -aq KEY keys/recent.cdb && [ -s keys/recent.cdb.old ]'
for f in keys.out keys.hook keys.err keys.n keys.broken keys.said \
    keys/recent.cdb keys/recent.cdb.old; do
	is "$(grep -aioE "abcdefgh[a-z0-9]*|$short" "$f" | sort -u)" "" \
	    "keys: none in $f"
done
done_testing
