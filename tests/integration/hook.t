#!/bin/sh
# SPDX-License-Identifier: ISC
# The hook by itself: options, who is passed on, what the next program sees.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
hook=$RBLCACHE_BUILD/rblcache
cdb=$RBLCACHE_BUILD/rblcache-cdb
cd "$scratch" || exit 1
printf '203.0.113.0/24 deny no\n203.0.113.7 allow\n2001:db8::/32 defer 450 later\n198.51.100.1 deny 571 a %%s %%n text\n' |
	"$cdb" build l.cdb - || exit 1

exits "a program that is not there" 111 'unable to run ./none' "$hook" ./none

run() { # OPTION... : the hook before a program that shows RBLSMTPD
	"$hook" -l l.cdb -k '' -s '' -S '' "$@" \
	    sh -c 'echo "next:${RBLSMTPD-unset}"' </dev/null 2>err
}

is "$(TCPREMOTEIP=192.0.2.1 run)" next:unset "unknown: passed on"
is "$(cat err)" "" "unknown: nothing said"
is "$(TCPREMOTEIP=203.0.113.7 run)" next: "allow: RBLSMTPD set empty"
for n in 0 998 999 1000 1001 3000; do # variables besides
	# shellcheck disable=SC2046 # words
	is "$(env -i $(seq -f 'V%g=x' "$n") TCPREMOTEIP=203.0.113.7 "$hook" \
	    -l l.cdb -k '' -s '' -S '' /usr/bin/env | sort -u | grep -c .)" \
	    $((n + 2)) "allow, $n other variables: they stay"
done
is "$(TCPREMOTEIP=203.0.113.8 run -e)" 'next:-[cached] no' \
    "deny with -e: 553 for rblsmtpd"
is "$(TCPREMOTEIP=2001:db8::1 run -e)" 'next:[cached] later' \
    "defer with -e: 451 for rblsmtpd"
is "$(TCPREMOTEIP=::ffff:203.0.113.8 run -e)" 'next:-[cached] no' \
    "mapped IPv4 is IPv4"
is "$(TCP6REMOTEIP=2001:db8::1 run -e)" 'next:[cached] later' TCP6REMOTEIP
is "$(SSLREMOTEIP=203.0.113.8 run -e)" 'next:-[cached] no' SSLREMOTEIP
is "$(TCPREMOTEIP=203.0.113.8 run -n)" next:unset "-n: passed on"
like "$(cat err)" '^rblcache: 203.0.113.8 pid [0-9]+: would refuse: 553 no \(local\)$' \
    "-n: said"
is "$(TCPREMOTEIP=192.0.2.1 run -v)" next:unset "-v: passed on"
like "$(cat err)" '^rblcache: 192.0.2.1 pid [0-9]+: not known$' "-v: said"
is "$(TCPREMOTEIP=203.0.113.8 RBLSMTPD='' run)" next: \
    "RBLSMTPD empty: passed on"
is "$(TCPREMOTEIP=203.0.113.8 RBLSMTPD=-x run)" next:-x \
    "RBLSMTPD set: passed on, untouched"
is "$(TCPREMOTEIP=203.0.113.8 RELAYCLIENT='' run)" next:unset \
    "RELAYCLIENT: passed on"
for ip in '' junk 203.0.113.8x 203.0.113 1.2.3.4.5 0xcb.0.113.8 \
    ' 203.0.113.8' 203.0.113.8%0 "$(printf '%0300d' 0)"; do
	is "$(TCPREMOTEIP=$ip run)" next:unset "TCPREMOTEIP '$ip': passed on"
done
is "$(env -u TCPREMOTEIP "$hook" echo next)" next "no address: passed on"

# -p: only who has come past a list that was asked
is "$(TCPREMOTEIP=203.0.113.8 run -p)" next:unset "-p: a denied host is passed on"
like "$(cat err)" '^rblcache: 203.0.113.8 pid [0-9]+: passed$' "-p: said"
is "$(wc -l <err)" 1 "-p: in one line"
is "$(TCPREMOTEIP=2001:DB8::0:1 run -pv)" next:unset "-p, IPv6: passed on"
like "$(cat err)" '^rblcache: 2001:db8::1 pid [0-9]+: passed$' "-p, IPv6: said"
is "$(TCPREMOTEIP=192.0.2.1 RBLSMTPD='' run -p)$(cat err)" next: \
    "-p, RBLSMTPD empty: nothing said"
is "$(TCPREMOTEIP=192.0.2.1 RBLSMTPD=x run -p)$(cat err)" next:x \
    "-p, RBLSMTPD set: nothing said"
is "$(TCPREMOTEIP=192.0.2.1 RELAYCLIENT='' run -p)$(cat err)" next:unset \
    "-p, RELAYCLIENT: nothing said"
is "$(TCPREMOTEIP=junk run -p)$(cat err)" next:unset \
    "-p, no address: nothing said"
is "$(TCPREMOTEIP=192.0.2.1 run -r 1)$(cat err)" next:unset \
    "-r: of an unknown host nothing is said"
is "$(TCPREMOTEIP=203.0.113.8 run -r 1 -t 0 | tr -d '\r')" '553 no' \
    "-r: a rule of the administrator's always stands"

# the refusal
is "$(TCPREMOTEIP=203.0.113.8 run -t 0 | tr -d '\r')" '553 no' "-t 0: one line"
is "$(printf 'Helo x\nEHLO x\r\nmail from:<>\r\nRCPT TO:<x>\r\nRSET\r\nnoop\r\nDATA\r\nquit\r\nNOOP\r\n' |
	TCPREMOTEIP=203.0.113.8 "$hook" -l l.cdb -k '' -s '' -S '' false 2>err |
	tr -d '\r' | cut -c1-4 | tr -d '\n')" \
    '220 250 250 250 553 250 250 553 221 ' "the dialogue"
like "$(cat err)" '^rblcache: 203.0.113.8 pid [0-9]+: 553 no \(local\)$' \
    "one line to stderr"
is "$(printf 'x\r\n' | TCPREMOTEIP=198.51.100.1 "$hook" -l l.cdb -k '' \
    -s '' -S '' false 2>/dev/null | tr -d '\r' | tail -n 1)" \
    '571 a %s %n text' "a text is never a format"

# the same words as rblsmtpd's, but for the name
if command -v rblsmtpd >/dev/null; then
	for script in 'HELO x\r\nQUIT\r\n' 'foo\nbar baz\nEHLO\nquit now\n' \
	    'MAIL\0X\r\nqu\rit\r\nquit\r\r\n\r\n\n quit\nquit' \
	    "$(printf 'A%.0s' $(seq 3000))\\r\\nQUIT\\r\\n"; do
		# shellcheck disable=SC2059
		theirs=$(printf "$script" | TCPREMOTEIP=203.0.113.8 \
		    RBLSMTPD=-no rblsmtpd false 2>/dev/null | od -c)
		# shellcheck disable=SC2059
		ours=$(printf "$script" | TCPREMOTEIP=203.0.113.8 "$hook" \
		    -l l.cdb -k '' -s '' -S '' false 2>/dev/null |
			sed 's/rblcache/rblsmtpd/' | od -c)
		is "$ours" "$theirs" "like rblsmtpd: $(printf %.30s "$script")"
	done
else
	skip "like rblsmtpd" "no rblsmtpd here"
fi

# broken sources: logged, and the next program runs
for damage in empty short text; do
	case $damage in
	empty) : >bad.cdb ;;
	short) head -c 2100 l.cdb >bad.cdb ;;
	text) head -c 5000 /dev/zero | tr '\0' 'x' >bad.cdb ;;
	esac
	is "$(TCPREMOTEIP=203.0.113.8 run -l bad.cdb)" next:unset \
	    "local.cdb $damage: passed on"
	like "$(cat err)" '^rblcache: 203.0.113.8 pid [0-9]+: bad.cdb: ' \
	    "local.cdb $damage: said"
	is "$(TCPREMOTEIP=192.0.2.1 run -k bad.cdb)" next:unset \
	    "recent.cdb $damage: passed on"
done
is "$(TCPREMOTEIP=203.0.113.8 run -l none.cdb)" next:unset \
    "no local.cdb: passed on"
is "$(cat err)" "" "no local.cdb: nothing said"
is "$(TCPREMOTEIP=203.0.113.8 run -l .)" next:unset \
    "local.cdb a directory: passed on"
if unshare -rn true 2>/dev/null; then
	is "$(TCPREMOTEIP=192.0.2.1 unshare -rn "$hook" -l '' -k '' echo next 2>err)" \
	    next "no such set: passed on"
	like "$(cat err)" 'set rblcache4: ' "no such set: said"
else
	skip "no such set" "unshare -rn does not work here"
fi

# a million rules under a small limit; the hook is also the next program, since
# nothing dynamically linked starts there, with or without it
if ! ldd "$hook" 2>/dev/null | grep -q '=>'; then
	least=1000000
	! grep -q glibc "$hook" || least=2000000
	awk 'BEGIN { for (i = 0; i < 1000000; i++)
		printf "%d.%d.%d.%d deny\n", 20 + i / 65536 / 4, i / 1024 % 256,
		    i / 4 % 256, i % 4 * 64 + i % 7 }' | "$cdb" build big.cdb -
	is "$(TCPREMOTEIP=20.0.0.0 softlimit -m "$least" "$hook" -l big.cdb \
	    -k '' -s '' -S '' -t 0 false 2>/dev/null | tr -d '\r')" \
	    '553 listed in stdin' "softlimit -m $least, a million rules: refused"
	ok "softlimit -m $least, a million rules: passed on" \
	    env TCPREMOTEIP=192.0.2.1 softlimit -m "$least" "$hook" \
	    -l big.cdb -k '' -s '' -S '' "$hook" -h
else
	skip softlimit "this build is not static"
fi
done_testing
