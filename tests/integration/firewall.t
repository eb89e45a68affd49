#!/bin/sh
# SPDX-License-Identifier: ISC
# hooks/firewall: whom the feed banned is let through to the hook until that has
# refused him often enough; then he cannot connect to port 25, and can when the
# time is over; the others, and the other ports, never notice.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
[ "$front_ipset" ] || skip_all "no ipset here"
cd "$front" || exit 1
firewall=$root/hooks/firewall
export TZ=UTC
# the machine's lock is not ours to hold
export XTABLES_LOCKFILE="$front/xtables.lock"

# ---- the internet: a namespace behind eth0 that has every client ----

firewall_cleanup() {
	kill "${client-}" "${server-}" 2>/dev/null
	front_cleanup
}
trap firewall_cleanup EXIT
unshare -n sleep 1000 &
client=$!
in_client() {
	nsenter -t "$client" -n "$@"
}
front_wait ip link add eth0 type veth peer name eth0 netns "$client" ||
	skip_all "no veth here"
in_client ip link set lo up
in_client ip link set eth0 up
in_client ip addr add 192.0.2.2/24 dev eth0
in_client ip -6 addr add 2001:db8::2/64 dev eth0 nodad
in_client ip route add local 203.0.113.0/24 dev lo
in_client ip -6 route add local 2001:db8:1::/48 dev lo
in_client sh -c 'echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind'
ip route del local 203.0.113.0/24 dev lo
ip link set eth0 up
ip addr add 192.0.2.1/24 dev eth0
ip -6 addr add 2001:db8::1/64 dev eth0 nodad
ip route add 203.0.113.0/24 via 192.0.2.2
ip -6 route add 2001:db8:1::/48 via 2001:db8::2

cat >bin/server <<'EOF'
# says back what it hears, on both ports
use strict; use IO::Select; use IO::Socket::IP;
my @listen = map { IO::Socket::IP->new(LocalHost => "::", LocalPort => $_,
	V6Only => 0, Listen => 20, ReuseAddr => 1) or die "$_: $@" } 25, 587;
my %listens = map { $_ => 1 } @listen;
my $all = IO::Select->new(@listen);
while (my @ready = $all->can_read) {
	for my $s (@ready) {
		if ($listens{$s}) { $all->add($s->accept); next }
		if (sysread($s, my $text, 100)) { syswrite($s, $text); next }
		$all->remove($s);
		close $s;
	}
}
EOF
cat >bin/try <<'EOF'
# FROM TO PORT SECONDS: open, refused or timeout
use strict; use Errno qw(ECONNREFUSED ETIMEDOUT); use IO::Socket::IP;
my $s = IO::Socket::IP->new(LocalHost => $ARGV[0], PeerHost => $ARGV[1],
	PeerPort => $ARGV[2], Timeout => $ARGV[3]);
print $s ? "open" : $! == ETIMEDOUT ? "timeout"
	: $! == ECONNREFUSED ? "refused" : "$!", "\n";
EOF
cat >bin/hold <<'EOF'
# FROM TO: keeps a connection to port 25 and uses it when ./go is there
use strict; use IO::Socket::IP;
my $s = IO::Socket::IP->new(LocalHost => $ARGV[0], PeerHost => $ARGV[1],
	PeerPort => 25, Timeout => 5) or die $@;
open my $up, ">", "up";
select undef, undef, undef, 0.02 until -e "go";
syswrite $s, "still there\n";
alarm 5;
print <$s> // "";
EOF
perl bin/server 2>server.err &
server=$!

to() { # CLIENT: the server's address for it
	case $1 in
	*:*) echo 2001:db8::1 ;;
	*) echo 192.0.2.1 ;;
	esac
}
# One that should get through may take its time on a busy machine.
try() { # CLIENT PORT [SECONDS]
	in_client perl bin/try "$1" "$(to "$1")" "$2" "${3-5}"
}
opens() { # CLIENT PORT
	[ "$(try "$1" "$2")" = open ]
}
drops() { # CLIENT PORT
	[ "$(try "$1" "$2" 0.5)" = timeout ]
}
refuses() { # CLIENT PORT
	[ "$(try "$1" "$2")" = refused ]
}
front_wait opens 203.0.113.9 25 && front_wait opens 2001:db8:1::9 587 ||
	front_fail "no server: $(cat server.err)"

# ---- the feed ----

line() { # ADDRESS...
	printf 'rblsmtpd: %s pid 7: 451 Listed by TEST\n' "$@" >>log/current
}
front_rules=$front/rules
sed 's/^ban .*/ban = 1h/' "$root/hooks/log/rblsmtpd.rules" >day.rules
sed 's/^ban .*/ban = 3s/' day.rules >short.rules
echo 'drop = after 3' >feed.conf
follow() { # RULES: of a log that is new
	rm -rf state/* log
	mkdir log
	cp "$1.rules" rules
	"$feed" -m 0 -c rules -f feed.conf -d state -l '' log 2>>feed.log &
	feed_pid=$!
	front_wait ipset list -n rbldrop6
	: >log/current
}
leave() {
	kill "$feed_pid"
	wait "$feed_pid"
	feed_pid=
}
set_of() { # ADDRESS
	case $1 in
	*:*) echo rblcache6 ;;
	*) echo rblcache4 ;;
	esac
}
banned() { # ADDRESS
	ipset -q test "$(set_of "$1")" "$1"
}
dropped() { # ADDRESS
	case $1 in
	*:*) ipset -q test rbldrop6 "$1" ;;
	*) ipset -q test rbldrop4 "$1" ;;
	esac
}
hook_refuses() { # ADDRESS...: each comes once, past the firewall
	for host; do
		TCPREMOTEIP=$host "$hook" -t 0 -l '' -k state/recent.cdb false \
		    2>>log/current >/dev/null || return
	done
}
ban_and_drop() { # ADDRESS
	line "$1"
	front_wait banned "$1" && hook_refuses "$1" "$1" "$1" &&
		front_wait dropped "$1"
}
# What the firewall's sets are, but for their seeds and sizes.
headers() {
	for set in rbldrop4 rbldrop6; do
		ipset -t list "$set" | sed -n '/^Name/p;/^Type/p
			/^Header/{s/ initval.*//;s/ hashsize [0-9]*//;p;}'
	done
}

# ---- a set is the same, whoever makes it ----

follow day
made=$(headers)
leave
like "$made" 'inet6 maxelem 1048576 netmask 64 timeout 86400' "the feed's sets"
ipset destroy
sed -n '/^ *ipset create/,/[^\\]$/p' "$firewall/README" >create
sh create
is "$(headers)" "$made" "README makes them as the feed does"
ok "and may do so again" sh -e create
ipset destroy
sh "$firewall/shorewall/init"
sh "$firewall/shorewall6/init"
is "$(headers)" "$made" "shorewall's init too"
ipset destroy

# ---- the scripts ----

rules_of() { # of both families, without the counters
	"$ipt" -S
	"$ip6t" -S
}
count() { # IPTABLES TARGET: packets
	"$1" -nvxL rblcache | awk -v t="$2" '$3 == t { print $1 }'
}

# How a connection fares as the ban runs out, as far as the set says the same
# before and after it: "timeout open" and nothing else.
fares() { # ADDRESS
	ban_and_drop "$1" || return
	fares_n=0
	while dropped "$1" && [ $((fares_n += 1)) -lt 100 ]; do
		fares=$(try "$1" 25 0.3)
		! dropped "$1" || echo "$fares"
	done | uniq
	try "$1" 25
}

both() { # WAY SCRIPT: the same for each way
	way=$1
	script=$2
	before=$(rules_of 2>&1)
	ok "$way: start" "$script" start
	is "$(headers)" "$made" "$way: it made the sets as the feed does"
	after=$(rules_of 2>&1)
	ok "$way: start again" "$script" start
	is "$(rules_of 2>&1)" "$after" "$way: the rules are the same"
	is "$("$ipt" -S INPUT | grep -c 'j rblcache')" 1 "$way: one rule"
	is "$("$ip6t" -S INPUT | grep -c 'j rblcache')" 1 "$way: one for IPv6"

	follow day
	ok "$way: nobody is banned" opens 203.0.113.9 25
	ok "$way: nobody of IPv6" opens 2001:db8:1::9 25
	line 203.0.113.9 2001:db8:1::9
	ok "$way: the feed bans" front_wait banned 203.0.113.9
	ok "$way: and of IPv6" front_wait banned 2001:db8:1::9
	ok "$way: who is banned gets through to the hook" opens 203.0.113.9 25
	ok "$way: of IPv6" opens 2001:db8:1::9 25
	hook_refuses 203.0.113.9 203.0.113.9 2001:db8:1::9 2001:db8:1::a
	sleep 0.2
	ok "$way: which refuses him twice" opens 203.0.113.9 25
	ok "$way: or his neighbour" opens 2001:db8:1::9 25
	hook_refuses 203.0.113.9 2001:db8:1::b
	is "$(grep -c '^rblcache: .* 451 .*(ipset' log/current)" 6 \
	    "$way: and says so each time"
	ok "$way: the third time" front_wait dropped 203.0.113.9
	ok "$way: of IPv6" front_wait dropped 2001:db8:1::9
	ok "$way: dropped" drops 203.0.113.9 25
	ok "$way: another host is not" opens 203.0.113.10 25
	ok "$way: on port 587 nobody is" opens 203.0.113.9 587
	ok "$way: IPv6: dropped" drops 2001:db8:1::9 25
	ok "$way: its neighbour too" drops 2001:db8:1::a:b:c:d 25
	ok "$way: another /64 is not" opens 2001:db8:1:1::9 25
	ok "$way: on port 587 nobody is" opens 2001:db8:1::9 587
	ok "$way: counted" test "$(count "$ipt" DROP)" -gt 0
	ok "$way: and of IPv6" test "$(count "$ip6t" DROP)" -gt 0

	rm -f up go
	in_client perl bin/hold 203.0.113.8 192.0.2.1 >held &
	held=$!
	front_wait test -e up
	ban_and_drop 203.0.113.8
	ok "$way: another one that does not stop" drops 203.0.113.8 25
	: >go
	wait "$held"
	is "$(cat held)" "still there" "$way: who was connected stays so"

	EXEMPT='203.0.113.9 2001:db8:1::/64' "$script" start
	ok "$way: exempt" opens 203.0.113.9 25
	ok "$way: exempt, IPv6" opens 2001:db8:1::9 25
	ok "$way: others are not" drops 203.0.113.8 25
	TARGET='REJECT --reject-with tcp-reset' LOG_LIMIT=6/min "$script" start
	ok "$way: refused instead" refuses 203.0.113.9 25
	ok "$way: of IPv6" refuses 2001:db8:1::9 25
	ok "$way: logged" test "$(count "$ipt" LOG)" -gt 0
	SET6='' "$script" start
	ok "$way: one set only" drops 203.0.113.9 25
	ok "$way: not the other" opens 2001:db8:1::9 25
	line 203.0.113.11
	front_wait banned 203.0.113.11
	SET4=rblcache4 SET6=rblcache6 "$script" start
	ok "$way: or all bans, at once" drops 203.0.113.11 25
	"$script" start
	ok "$way: or as it was" opens 203.0.113.11 25
	ok "$way: del" "$RBLCACHE_BUILD/rblcachectl" -d state del 203.0.113.8
	ok "$way: lets him in at once" opens 203.0.113.8 25
	ok "$way: and nobody else" drops 203.0.113.9 25

	ok "$way: stop" "$script" stop
	is "$(rules_of 2>&1)" "$before" "$way: nothing is left"
	ok "$way: the sets stay" dropped 203.0.113.9
	ok "$way: but not dropped" opens 203.0.113.9 25
	ok "$way: nor of IPv6" opens 2001:db8:1::9 25
	ok "$way: stop again" "$script" stop
	leave
	ok "$way: the sets can be destroyed" ipset destroy

	# the boot: the rule is there before the feed is
	"$script" start
	ok "$way: but not while a rule has them" sh -c '! ipset destroy'
	"$feed" -1 -m 0 -c rules -f feed.conf -d state -l '' log 2>>feed.log
	ok "$way: a feed that starts after it fills the sets" \
	    drops 203.0.113.9 25
	ok "$way: of IPv6" drops 2001:db8:1::a 25
	"$feed" -1 -m 0 -c rules -f /dev/null -d state -l '' log 2>>feed.log
	ok "$way: without drop in feed.conf they are empty" \
	    opens 203.0.113.9 25
	ok "$way: of IPv6" opens 2001:db8:1::a 25
	ok "$way: but the bans are not" banned 203.0.113.9
	ipset flush

	follow short
	is "$(fares 203.0.113.9 | tr '\n' ' ')" "timeout open " \
	    "$way: until the ban ends, and not longer"
	is "$(fares 2001:db8:1::9 | tr '\n' ' ')" "timeout open " \
	    "$way: of IPv6"
	leave

	# no xt_set: all that iptables can do, but for that
	libdir=$(dirname "$(dpkg -L libxtables12 iptables |
		grep 'libxt_tcp\.so$')")
	rm -rf lib
	mkdir lib
	ln -s "$libdir"/* lib
	rm lib/libxt_set.so
	exits "$way: no xt_set" 111 'rbldrop4: no rule; .* left to the hook' \
	    env XTABLES_LIBDIR="$front/lib" "$script" start
	is "$(rules_of 2>&1)" "$before" "$way: then there is no rule"
	exits "$way: usage" 100 'start\|stop' "$script" restart
	ipset destroy
}

ipt=iptables-nft ip6t=ip6tables-nft
both nftables "$firewall/nftables"

# ---- beside rules of one's own ----

cat >own.nft <<'EOF'
flush ruleset
table inet own {
	chain input {
		type filter hook input priority 0; policy drop;
		ct state established,related accept
		tcp dport { 25, 587 } accept
		meta l4proto ipv6-icmp accept
	}
}
EOF
ok "nft: tables of one's own" nft -f own.nft
"$firewall/nftables" start
ipset add rbldrop4 203.0.113.9
ok "nft: what they accept is dropped" drops 203.0.113.9 25
ok "nft: if it is in the set" opens 203.0.113.10 25
nft -f own.nft
ok "nft: after a flush of all tables: gone" opens 203.0.113.9 25
"$firewall/nftables" start
ok "nft: start, and there again" drops 203.0.113.9 25
"$firewall/nftables" stop
is "$(nft list table inet own | grep -c accept)" 3 "nft: theirs stay"
nft flush ruleset
ipset destroy

# ---- the iptables of old: after the other, which warns of its tables ----

export IPTABLES=iptables-legacy IP6TABLES=ip6tables-legacy
ipt=iptables-legacy ip6t=ip6tables-legacy
if $ipt -S >/dev/null 2>&1 && $ip6t -S >/dev/null 2>&1; then
	both iptables "$firewall/iptables"
else
	skip iptables "no iptables-legacy, or no right to load its tables"
fi
unset IPTABLES IP6TABLES

# ---- shorewall ----

# Its directories are the scratch directory's, and the log of the machine is
# not written.
in_shorewall() { # COMMAND...
	# shellcheck disable=SC2016 # for the other shell
	unshare -m sh -c 'for p in shorewall shorewall6; do
		mount --bind "etc/$p" "/etc/$p" &&
		mount --bind "var/$p" "/var/lib/$p" || exit 99
	done
	mount --bind /bin/true "$(command -v logger)" || exit 99
	exec "$@"' sh "$@"
}
configure() { # shorewall|shorewall6 ipv4|ipv6
	rm -rf "etc/$1" "var/$1"
	mkdir -p "etc/$1" "var/$1"
	sed 's/^STARTUP_ENABLED=.*/STARTUP_ENABLED=Yes/
	    s/^STARTUP_LOG=.*/STARTUP_LOG=/' \
	    "/usr/share/$1/configfiles/$1.conf" >"etc/$1/$1.conf"
	printf 'fw firewall\nnet %s\n' "$2" >"etc/$1/zones"
	printf '?FORMAT 2\nnet eth0\n' >"etc/$1/interfaces"
	printf '$FW net ACCEPT\nnet all DROP\nall all REJECT\n' >"etc/$1/policy"
	printf '?SECTION NEW\nACCEPT net $FW tcp 25,587\n' >"etc/$1/rules"
	: >"etc/$1/params"
	: >"etc/$1/helpers" # no modules are loaded into this kernel
	cp "$firewall/$1/init" "$firewall/$1/blrules" "etc/$1"
}
shorewall_tests() {
	for p in shorewall shorewall6; do
		exits "$p check" 0 'configuration verified' \
		    in_shorewall "$p" check
		exits "$p start" 0 'done\.' in_shorewall "$p" start
	done
	is "$(headers)" "$made" "shorewall: init made the sets"
	follow day
	ban_and_drop 203.0.113.9
	ban_and_drop 2001:db8:1::9
	ok "shorewall: dropped" drops 203.0.113.9 25
	ok "shorewall: another host is not" opens 203.0.113.10 25
	ok "shorewall: on port 587 nobody is" opens 203.0.113.9 587
	ok "shorewall6: dropped" drops 2001:db8:1::9 25
	ok "shorewall6: its neighbour too" drops 2001:db8:1::a:b:c:d 25
	ok "shorewall6: another /64 is not" opens 2001:db8:1:1::9 25
	ok "shorewall6: on port 587 nobody is" opens 2001:db8:1::9 587
	leave

	# an exemption, and the line in rules
	for p in shorewall shorewall6; do
		sed 's/^#WHITELIST/WHITELIST/' "$firewall/$p/blrules" \
		    >"etc/$p/blrules"
		sed -i 's/192\.0\.2\.25/203.0.113.9/
		    s/2001:db8::25/2001:db8:1::9/' "etc/$p/blrules"
		exits "$p: a WHITELIST line" 0 'done\.' in_shorewall "$p" reload
	done
	ok "shorewall: exempt" opens 203.0.113.9 25
	ok "shorewall6: exempt" opens 2001:db8:1::9 25
	ok "shorewall6: others are not" drops 2001:db8:1::a 25
	for p in shorewall shorewall6; do
		mv "etc/$p/blrules" blrules
		sed -i '/SECTION/r blrules' "etc/$p/rules"
		sed -i '/^WHITELIST/d' "etc/$p/rules"
		exits "$p: the line in rules" 0 'done\.' \
		    in_shorewall "$p" reload
	done
	ok "shorewall: dropped by that" drops 203.0.113.9 25
	ok "shorewall6: dropped by that" drops 2001:db8:1::9 25
	ok "shorewall: others are not" opens 203.0.113.10 25

	for p in shorewall shorewall6; do
		in_shorewall "$p" clear >/dev/null 2>&1
	done
	ipset destroy
	rm etc/shorewall/init
	touch etc/shorewall/rules # so that it is compiled anew
	like "$(in_shorewall shorewall start 2>&1)" \
	    "Set rbldrop4 doesn't exist" \
	    "without init shorewall does not start"
}

if [ ! -d /usr/share/shorewall/configfiles ] ||
    [ ! -d /usr/share/shorewall6/configfiles ]; then
	skip shorewall "it is not installed"
else
	configure shorewall ipv4
	configure shorewall6 ipv6
	if ! in_shorewall true; then
		skip shorewall "no mounts are allowed here"
	else
		shorewall_tests
	fi
fi
done_testing
