#!/bin/sh
# SPDX-License-Identifier: ISC
# The recent.cdb of every earlier version: feed, hook and rblcachectl load it, the
# bans hold for the time that they have left, and the log is read on where that
# version was. Then that of a later one, with what this one does not know.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
if [ ! "${UPGRADE_INSIDE-}" ]; then
	UPGRADE_INSIDE=yes
	export UPGRADE_INSIDE
	unshare -m true 2>/dev/null || skip_all "no mount namespaces here"
	exec unshare -m -- "$0" "$@"
fi
front_prepare
export TZ=UTC
files=$root/tests/upgrade
preload=$(dpkg -L libfaketime | grep 'libfaketime\.so\.1$')
[ "$preload" ] || skip_all "no libfaketime here"
mount --bind "$front" /mnt 2>/dev/null || skip_all "mounting is not allowed here"
# two hours after the first line of their log
now=1795611600
at_one="env FAKETIME_FMT=%s FAKETIME=@$now NO_FAKE_STAT=1 \
    FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$preload"
[ "$front_ipset" ] || sets="-s '' -S ''"
mkdir /mnt/rules
cp "$files/rules" /mnt/rules/a.rules
cp "$files/rules.net" /mnt/rules/net.rules
printf '%s\n' 'drop = after 2' 'resolver = 127.0.0.53' \
    'zone = a.test text A' 'zone = silent.test text SILENT' >/mnt/feed.conf

ctl() {
	eval "$at_one \"\$RBLCACHE_BUILD/rblcachectl\" -d /mnt/state -l '' ${sets-}" \
	    '"$@"'
}
json() { # PERL EXPRESSION on $s, the status
	ctl -j status | perl -MJSON::PP -e 'local $/;
	    my $s = JSON::PP->new->decode(<STDIN>); my $got = '"$1"';
	    print "$got\n"'
}
has_read() { # LINES
	[ "$(json '$s->{logs}[0]{lines}')" = "$1" ]
}
start() {
	eval "$at_one \"$feed\" -f /mnt/feed.conf -c /mnt/rules -d /mnt/state" \
	    "-l '' ${sets-} /mnt/log" '2>/mnt/err &'
	feed_pid=$!
}
stop() {
	kill "$feed_pid"
	wait "$feed_pid"
	feed_pid=
}
# upgrade FILE: with the log as it was, copied and truncated, and new lines
upgrade() {
	rm -rf /mnt/state /mnt/log*
	[ ! "$front_ipset" ] || ipset destroy
	mkdir /mnt/state
	cp "$1" /mnt/state/recent.cdb
	cp "$files/log" /mnt/log.1
	cp "$files/log.after" /mnt/log
}
banned() { # of the list: ADDRESS until, RULE
	printf '%s\n' "$listed" | cut -f 1-3 | grep "^$1	"
}

for file in "$files"/recent-*.cdb; do
	name=${file##*/recent-}
	name=${name%.cdb}
	upgrade "$file"
	# the hook cannot be lied to about the time: there is an answer at all
	like "$(TCPREMOTEIP=203.0.113.9 "$hook" -nv -l '' -s '' -S '' \
	    -k /mnt/state/recent.cdb true 2>&1)" \
	    ' (would refuse: 451 Listed by A|not known)' "$name: the hook"
	listed=$(sets="-s '' -S ''" ctl list)
	is "$(banned 203.0.113.9)" \
	    "203.0.113.9	2026-12-05 11:09:00	rblsmtpd" \
	    "$name: rblcachectl, without a feed"
	start
	ok "$name: the log is read on where it was" front_wait has_read 85
	# networks that were banned as a whole are no trouble, but their rule
	is "$(grep -v -e 'bans: [1-9]' -e 'zone .* no answer' /mnt/err |
	    sed 's/; this line .*//')" \
	    "rblcache-feed: WARNING: /mnt/rules/net.rules:5: net: networks are no longer banned as a whole" \
	    "$name: the feed has nothing else to complain of"
	listed=$(ctl list)
	is "$(banned 203.0.113.9)" \
	    "203.0.113.9	2026-12-05 11:09:00	rblsmtpd" \
	    "$name: a ban, for the time that it has left"
	is "$(banned 2001:db8:1:2::/64)" \
	    "2001:db8:1:2::/64	2026-12-05 11:00:40	rblsmtpd" \
	    "$name: of IPv6, too"
	like "$(banned 203.0.113.60)" "	2026-12-15 12:00:..	rblcachectl" \
	    "$name: by hand"
	is "$(banned 203.0.113.61)" "" "$name: one that was lifted is no ban"
	is "$(banned 203.0.113.70)" \
	    "203.0.113.70	2026-11-26 12:40:00	rblsmtpd" \
	    "$name: who was connected before can be banned"
	is "$(banned 203.0.113.72)" "" "$name: but not by another's process"
	is "$(banned 203.0.113.20)" \
	    "203.0.113.20	2026-11-26 12:40:30	count" \
	    "$name: what was counted before counts"
	if [ "$front_ipset" ]; then
		left=$(front_left rblcache4 203.0.113.9)
		ok "$name: in the kernel set, for as long ($left s)" \
		    test "$left" -gt 857200 -a "$left" -le 857340
	else
		skip "$name: in the kernel set" "no ipset here"
	fi
	case $name in *-early) stop; continue ;; esac
	is "$(printf '%s\n' "$listed" | grep -c '^[0-9.]*/')" 0 \
	    "$name: no network is banned any more"
	is "$(json 'join " ", map { "$_->{rule}=$_->{all}{bans}" }
	    @{$s->{bans}{rules}}')" \
	    "rblsmtpd=6 count=1 again=1 net=9 rblcachectl=1" \
	    "$name: and what came of the lines before"
	is "$(json '$s->{zones}[0]{well} - '$now)" -3600 \
	    "$name: when a list was well"
	is "$(json '"$s->{rechecks}{all}{passed} $s->{hook}{all}{ipset}"')" \
	    "1 3" "$name: and what the hook did"
	if [ "$front_ipset" ]; then
		is "$(front_members rbldrop4 | cut -d ' ' -f 1)" 203.0.113.9 \
		    "$name: drops"
	else
		skip "$name: drops" "no ipset here"
	fi
	stop
done

# ---- what a later version wrote ----

cat >/mnt/newer.pl <<'EOT'
# Adds to recent.cdb a record of no known kind, and makes a newer version of the
# ban of 203.0.113.60.
sub fnv {
	my $h = 2166136261;
	$h = (($h ^ $_) * 16777619) & 0xffffffff for unpack "C*", $_[0];
	return $h;
}
sub put {
	my ($key, $value) = @_; # behind the check sum
	$value = pack("V", fnv($key . $value)) . $value;
	printf "+%d,%d:%s->%s\n", length $key, length $value, $key, $value;
}
local $/;
my $all = <STDIN>;
while ($all =~ /\G\+(\d+),(\d+):/gc) {
	my $key = substr $all, pos $all, $1;
	my $value = substr $all, 4 + 2 + $1 + pos $all, $2 - 4;
	pos $all += $1 + 2 + $2 + 1;
	if ($key eq "end") {
		put("Xkind", "\4" . "x" x 3000);
		$value = substr($value, 0, 1) .
		    pack("Q<", 1 + unpack "Q<", substr $value, 1);
	}
	substr($value, 0, 1) = "\5" if $value =~ /by hand/;
	put($key, $value);
}
print "\n";
EOT
if [ "$(command -v cdb)" ]; then
	upgrade "$files/recent-0.5.cdb"
	cdb -d /mnt/state/recent.cdb | perl /mnt/newer.pl |
		cdb -c /mnt/newer.cdb -
	cp /mnt/newer.cdb /mnt/state/recent.cdb
	like "$(TCPREMOTEIP=203.0.113.60 "$hook" -nv -l '' -s '' -S '' \
	    -k /mnt/state/recent.cdb true 2>&1)" \
	    'recent.cdb: another version of rblcache wrote it$' \
	    "a later version: the hook says so"
	start
	ok "and the log is read on" front_wait has_read 85
	like "$(cat /mnt/err)" \
	    'recent.cdb: another version .* left out: 2$' \
	    "the feed says how many records it does not know"
	unlike "$(cat /mnt/err)" damaged "and calls nothing damaged"
	listed=$(ctl list)
	is "$(banned 203.0.113.9)" \
	    "203.0.113.9	2026-12-05 11:09:00	rblsmtpd" "what it knows holds"
	is "$(banned 203.0.113.60)" "" "what it does not know does not"
	stop
else
	skip "what a later version wrote" "no cdb(1) here"
fi
done_testing
