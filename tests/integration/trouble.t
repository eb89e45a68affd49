#!/bin/sh
# SPDX-License-Identifier: ISC
# What goes wrong around the feed: sets that are deleted, emptied, replaced or
# full, a kernel that says no, a full disk, a clock that jumps.
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
[ "$front_ipset" ] || skip_all "no ipset here"
export TZ=UTC

line() { # ADDRESS [STAMP]
	printf '%srblsmtpd: %s pid 7: 451 Listed by TEST\n' "${2+$2 }" "$1"
}
stamp() { # SECONDS
	printf '@40000000%08x00000000' $(($1 + 10))
}
members() { # SET: its addresses
	ipset list "$1" 2>/dev/null | sed '1,/^Members/d' | cut -d' ' -f1 |
		sort | tr '\n' ' '
}
left() { # ADDRESS: seconds in the set
	ipset list rblcache4 | sed -n "s/^$1 timeout \([0-9]*\).*/\1/p"
}
has() { # SET "ADDRESS ...": exactly these
	[ "$(members "$1")" = "$2" ]
}
follow() { # ./log; $with runs it
	: >>log
	: >err
	# shellcheck disable=SC2086 # a command and its arguments, or nothing
	${with-} "$feed" -f /dev/null -m 0 -c "$rules" -d state -l '' \
	    log 2>>err &
	feed_pid=$!
	front_wait feed_follows
}
feed_follows() { # the last thing that it does before it reads
	ipset -q list -n rblcache6 || grep -q ipset err ||
		grep -q 'rblcache[46]: ' err
}
look() { # at the sets, which it does every 10 s anyway
	kill -HUP "$feed_pid"
}
end_of() {
	kill "$feed_pid"
	wait "$feed_pid"
	feed_pid=
}
fresh() {
	rm -rf state/* log
	ipset destroy 2>/dev/null
}

# ---- what an admin does to the sets ----

follow
for i in 1 2 3 4; do
	line 203.0.113.$i >>log
done
line 2001:db8:1::7 >>log
ok "four hosts" front_wait has rblcache4 \
    '203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4 '
ipset del rblcache4 203.0.113.1
ipset flush rblcache6
line 203.0.113.5 >>log
ok "a new one after one was deleted" front_wait has rblcache4 \
    '203.0.113.2 203.0.113.3 203.0.113.4 203.0.113.5 '
look
sleep 0.5
ok "after a look: what was deleted stays so" has rblcache4 \
    '203.0.113.2 203.0.113.3 203.0.113.4 203.0.113.5 '
ok "what was flushed too" has rblcache6 ''
is "$(cat err)" "rblcache-feed: rules and settings loaded again" "and nothing was amiss"
line 203.0.113.1 >>log
ok "refused anew: back again" front_wait has rblcache4 \
    '203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4 203.0.113.5 '
all='203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4 203.0.113.5 '

ipset destroy rblcache4
look
ok "destroyed: made and filled again" front_wait has rblcache4 "$all"
like "$(cat err)" 'a set was gone or replaced; filled again' "said so"
ipset destroy rblcache4
ipset create rblcache4 hash:ip timeout 600
look
ok "replaced: filled again" front_wait has rblcache4 "$all"
ipset create other hash:ip timeout 600
ipset swap rblcache4 other
look
ok "swapped: filled again" front_wait has rblcache4 "$all"
ipset destroy rblcache4
line 203.0.113.6 >>log
ok "destroyed, and found out by the next ban" front_wait has rblcache4 \
    "${all}203.0.113.6 "
end_of
ok "stopping flushes nothing" has rblcache4 "${all}203.0.113.6 "

# at the start they are filled, whoever made them
ipset destroy
ipset create rblcache4 hash:ip timeout 600
follow
ok "after a reboot, made empty by a boot script: filled" \
    front_wait has rblcache4 "${all}203.0.113.6 "
# Past the ten seconds in which nobody asked.
ipset flush rblcache4
ipset destroy rblcache6
sleep 11
ok "without being asked: the set that is gone is back, and filled" \
    has rblcache6 '2001:db8:1:: '
end_of

# ---- a set that is full ----

fresh
ipset create rblcache4 hash:ip timeout 600 maxelem 3 hashsize 64
follow
for i in 1 2 3; do
	line 203.0.113.$i >>log
done
ok "three of three" front_wait has rblcache4 \
    '203.0.113.1 203.0.113.2 203.0.113.3 '
# one batch: one that is there, one that does not fit, and another family
{
	line 203.0.113.4
	line 203.0.113.2
	line 2001:db8:1::7
	line 203.0.113.5
} >together.log
cat together.log >>log
ok "a full set costs the other family nothing" \
    front_wait has rblcache6 '2001:db8:1:: '
ok "said, with the culprit's name" front_wait grep -qE \
    'rblcache4: 203.0.113.4: .*full.* \(and 1 more\)$' err
line 203.0.113.8 >>log
sleep 0.3
is "$(grep -c full err)" 1 "once"
ipset del rblcache4 203.0.113.1
ipset del rblcache4 203.0.113.2
look
ok "room again: those that did not fit are in, what was deleted is not" \
    front_wait has rblcache4 '203.0.113.3 203.0.113.4 203.0.113.5 '
for i in 3 4 5 8; do
	ok "recent.cdb has 203.0.113.$i" front_wait front_cached 203.0.113.$i
done
end_of

# ---- a set that is none of ours ----

fresh
ipset create rblcache4 hash:ip
follow
ok "a set without times: said" front_wait grep -q \
    'rblcache4: this set has no timeout; destroy it' err
line 203.0.113.1 >>log
sleep 0.3
ok "and not touched: in it a ban would be for ever" has rblcache4 ''
ok "recent.cdb has it" front_wait front_cached 203.0.113.1
ipset destroy rblcache4
look
ok "destroyed: made as it should be" front_wait has rblcache4 '203.0.113.1 '
end_of

# many bans that are lifted while the set is out of reach
fresh
for i in $(seq 0 1999); do
	line 198.18.$((i / 250)).$((1 + i % 250)) "$(stamp "$(date +%s)")"
done >log.many
follow
cat log.many >>log
ok "many" front_wait eval '[ "$(members rblcache4 | wc -w)" = 2000 ]'
ipset rename rblcache4 aside
ipset create rblcache4 hash:ip
look
ok "out of reach" front_wait grep -q 'this set has no timeout' err
"$RBLCACHE_BUILD/rblcachectl" -d state forget rblsmtpd >/dev/null 2>&1
line 203.0.113.1 "$(stamp "$(date +%s)")" >>log
ipset destroy rblcache4
ipset rename aside rblcache4
look
ok "back: what was lifted meanwhile is taken out" \
    front_wait has rblcache4 "203.0.113.1 "
end_of

# ---- a kernel that says no, now and then or for good ----

fresh
# more messages apart than a look has, which ends with one that fails: else it
# would always be the same one
with='strace -f -qq -o /dev/null -e trace=sendto -e inject=sendto:error=ENOBUFS:when=12+13'
follow
n=0
wanted=
while [ "$n" -lt 40 ]; do
	n=$((n + 1))
	line 198.18.0.$n >>log
	wanted="${wanted}198.18.0.$n
"
	sleep 0.02
done
feed_child() { # strace's
	pgrep -P "$feed_pid" -x rblcache-feed
}
wanted=$(printf %s "$wanted" | sort | tr '\n' ' ')
all_in() {
	has rblcache4 "$wanted" || {
		kill -HUP "$(feed_child)"
		return 1
	}
}
ok "ENOBUFS at every thirteenth message: all 40 hosts get in" front_wait all_in
kill "$(feed_child)"
wait "$feed_pid"

fresh
with='strace -f -qq -o /dev/null -e trace=socket -e inject=socket:error=EPROTONOSUPPORT'
line 203.0.113.1 >log
: >err
$with "$feed" -f /dev/null -1 -m 0 -c "$rules" -d state -l '' log 2>>err
is $? 0 "a kernel without netfilter: goes on"
is "$(grep -c 'rblcache[46]: Protocol not supported' err)" 1 "says so once"
ok "recent.cdb has it" front_cached 203.0.113.1
with=

# ---- a full disk ----

fresh
cat >fulldisk <<'EOT'
mount -t tmpfs -o size=64k none state || exit 1
"$feed" -f /dev/null -v -m 0 -c "$rules" -d state -l '' -s '' -S '' log 2>>err &
pid=$!
line() { echo "rblsmtpd: $1 pid 7: 451 Listed" >>log; }
line 203.0.113.1
i=0
while [ ! -s state/recent.cdb ] && [ $((i += 1)) -lt 3000 ]; do sleep 0.02; done
cp state/recent.cdb before.cdb
dd if=/dev/zero of=state/filler bs=1k 2>/dev/null
line 203.0.113.2
i=0
while ! grep -q 'No space' err && [ $((i += 1)) -lt 3000 ]; do sleep 0.02; done
line 203.0.113.3
sleep 2.5 # for one more try
cmp state/recent.cdb before.cdb && echo same >full.same
grep -c 'No space' err >full.said
rm state/filler
i=0
while ! grep -q 'written again' err && [ $((i += 1)) -lt 3000 ]; do sleep 0.02; done
kill -9 $pid
wait $pid 2>/dev/null
cp state/recent.cdb after.cdb
ls state >after.names
EOT
: >log
: >err
if (export feed rules; unshare -m sh fulldisk) 2>/dev/null; then
	is "$(cat full.same)" same "a full disk: the old checkpoint stays"
	is "$(cat full.said)" 1 "said once, though tried again"
	like "$(cat err)" 'state/recent.cdb: written again$' "room again: said"
	cp after.cdb state/recent.cdb
	for i in 1 2 3; do
		ok "and 203.0.113.$i is in it" front_cached 203.0.113.$i
	done
	is "$(tr '\n' ' ' <after.names)" 'control lock recent.cdb recent.cdb.old ' \
	    "nothing left beside"
else
	skip "a full disk" "mounting a tmpfs is not allowed here"
fi

# ---- a clock that jumps an hour, there and back ----

clock() { # what it says; libfaketime ends a program that finds an empty file
	echo "$1" >clock.new
	mv clock.new clock
}
fresh
clock +0
now=$(date +%s)
with="env FAKETIME_FMT=%s FAKETIME_TIMESTAMP_FILE=$front/work/clock FAKETIME_NO_CACHE=1
    FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
    LD_PRELOAD=$(dpkg -L libfaketime | grep 'libfaketime\.so\.1$')"
follow
line 203.0.113.1 "$(stamp "$now")" >>log
ok "a ban" front_wait has rblcache4 '203.0.113.1 '
clock +3600
line 203.0.113.2 "$(stamp $((now + 3600)))" >>log
ok "an hour ahead" front_wait has rblcache4 '203.0.113.1 203.0.113.2 '
ok "it has its day ($(left 203.0.113.2) s)" \
    test "$(left 203.0.113.2)" -gt 86300 -a "$(left 203.0.113.2)" -le 86400
ok "the one before too ($(left 203.0.113.1) s)" \
    test "$(left 203.0.113.1)" -gt 86300 -a "$(left 203.0.113.1)" -le 86400
ipset destroy rblcache4
look
ok "filled again an hour ahead" \
    front_wait has rblcache4 '203.0.113.1 203.0.113.2 '
ok "one hour less of the first ($(left 203.0.113.1) s)" \
    test "$(left 203.0.113.1)" -gt 82700 -a "$(left 203.0.113.1)" -le 82800
clock +0
line 203.0.113.3 "$(stamp "$now")" >>log
ok "and back" front_wait has rblcache4 '203.0.113.1 203.0.113.2 203.0.113.3 '
ok "a day ($(left 203.0.113.3) s)" \
    test "$(left 203.0.113.3)" -gt 86300 -a "$(left 203.0.113.3)" -le 86400
ipset destroy rblcache4
look
ok "filled again" \
    front_wait has rblcache4 '203.0.113.1 203.0.113.2 203.0.113.3 '
ok "no more than its day for the one from the future ($(left 203.0.113.2) s)" \
    test "$(left 203.0.113.2)" -gt 86300 -a "$(left 203.0.113.2)" -le 86400
line 203.0.113.4 "$(stamp $((now + 5000)))" >>log
ok "a stamp from the future counts as now" \
    front_wait has rblcache4 '203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4 '
ok "a day ($(left 203.0.113.4) s)" test "$(left 203.0.113.4)" -le 86400
for i in 1 2 3 4; do
	ok "recent.cdb has 203.0.113.$i" front_wait front_cached 203.0.113.$i
done
end_of

# ---- the end of summer time, under local stamps: an hour comes twice ----

fresh
# 02:31 in Berlin, for the second time
clock "@$(date -u -d '2026-10-25 01:31:00' +%s)"
echo '2026-10-25 02:29:59.123456789 rblsmtpd: 203.0.113.1 pid 7: 451 x' >log
echo '2026-10-25 02:30:00.123 rblsmtpd: 203.0.113.2 pid 7: 451 x' >>log
echo '2026-10-25 01:59:59.123 rblsmtpd: 203.0.113.3 pid 7: 451 x' >>log
TZ=Europe/Berlin $with "$feed" -f /dev/null -1 -m 0 -c "$rules" -d state -l '' \
    log 2>>err
ok "the hour that comes twice" \
    has rblcache4 '203.0.113.1 203.0.113.2 203.0.113.3 '
ok "counts as its first run: an hour less, never more ($(left 203.0.113.2) s)" \
    test "$(left 203.0.113.2)" -gt 82600 -a "$(left 203.0.113.2)" -le 82740
# an hour that does not exist is no reason to ban for longer either
fresh
clock "@$(date -u -d '2026-03-29 01:31:00' +%s)" # 03:31 in Berlin
echo '2026-03-29 02:30:00.123 rblsmtpd: 203.0.113.1 pid 7: 451 x' >log
TZ=Europe/Berlin $with "$feed" -f /dev/null -1 -m 0 -c "$rules" -d state -l '' \
    log 2>>err
ok "the hour that does not exist ($(left 203.0.113.1) s)" \
    test "$(left 203.0.113.1)" -gt 82000 -a "$(left 203.0.113.1)" -le 86400
with=
done_testing
