#!/bin/sh
# SPDX-License-Identifier: ISC
# The texts that the hook sends come from files, and into recent.cdb from a
# log. They are data: cut, cleaned, no format, never a second line.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
hook=$RBLCACHE_BUILD/rblcache
cdb=$RBLCACHE_BUILD/rblcache-cdb
feed=$RBLCACHE_BUILD/rblcache-feed
cd "$scratch" || exit 1

talk() { # IP OPTION...: what a client hears that says three things, and ends
	talk_ip=$1
	shift
	printf 'EHLO x\r\nRCPT TO:<a@b>\r\nQUIT\r\n' |
		TCPREMOTEIP=$talk_ip "$hook" -s '' -S '' "$@" \
		    sh -c 'echo "next ${RBLSMTPD-}"' 2>err >said
	tr -d '\r' <said
}
hears() { # NAME IP REPLY OPTION...
	hears_name=$1
	hears_ip=$2
	hears_reply=$3
	shift 3
	is "$(talk "$hears_ip" "$@")" "220 rblcache.local
250 rblcache.local
$hears_reply
221 rblcache.local" "$hears_name"
	is "$(LC_ALL=C tr -d '\r\n -~' <said | wc -c) $(grep -c "$(printf '\r$')" said)" \
	    '0 4' "$hears_name: printable, four lines with CR LF"
	is "$(wc -l <err) $(LC_ALL=C tr -d '\n -~' <err | wc -c)" '1 0' \
	    "$hears_name: one line is logged, printable"
}

# ---- out of a log ----

# a multilog directory; the stamp is of now, since a ban ends
mkdir log state
stamp=$(printf '@%016x00000000' $((0x400000000000000a + $(date +%s))))
long=$(printf '%0600d' 0 | tr 0 x)
{
	n=0
	for text in '%n%n%s%s%1000000d%p' '$(id) `id` ; "' 'a\nRCPT' \
	    'a\r250 ok' 'a\0b' 'caf\303\251 \377' '\033[2Jred\177' "$long" \
	    "$long\\r" '553 250 two codes' '%' ' ' 'a\tb\vc'; do
		n=$((n + 1))
		printf '%s rblsmtpd: 203.0.113.%d pid 7: 451 ' "$stamp" $n
		printf '%b\n' "$text"
	done
} >log/current
"$feed" -f /dev/null -1 -c "$root/hooks/log/rblsmtpd.rules" -d state -l '' \
    -s '' -S '' \
    log 2>feed.err
r="-k state/recent.cdb -l none"
cut200=$(printf '%.200s' "$long")
# shellcheck disable=SC2086 # words
{
hears "log: a format" 203.0.113.1 '451 %n%n%s%s%1000000d%p' $r
hears "log: for a shell" 203.0.113.2 '451 $(id) `id` ; "' $r
hears "log: cut where the line ends" 203.0.113.3 '451 a' $r
hears "log: a CR" 203.0.113.4 '451 a?250 ok' $r
hears "log: a NUL" 203.0.113.5 '451 a?b' $r
hears "log: 8 bits" 203.0.113.6 '451 caf?? ?' $r
hears "log: control bytes" 203.0.113.7 '451 ?[2Jred?' $r
hears "log: 600 bytes" 203.0.113.8 "451 $cut200" $r
hears "log: 600 bytes and a CR" 203.0.113.9 "451 $cut200" $r
hears "log: a second code is text" 203.0.113.10 '451 553 250 two codes' $r
hears "log: a single %" 203.0.113.11 '451 %' $r
hears "log: a blank" 203.0.113.12 '451  ' $r
hears "log: tabs" 203.0.113.13 '451 a?b?c' $r
is "$(talk 203.0.113.1 -e $r)" 'next [cached] %n%n%s%s%1000000d%p' \
    "log: a format, with -e"
is "$(talk 203.0.113.8 -e $r)" "next [cached] $cut200" \
    "log: 600 bytes, with -e"
is "$(talk 203.0.113.8 -n $r)" 'next ' "log: 600 bytes, with -n"
is "$(wc -l <err)" 1 "log: 600 bytes, with -n: one line is logged"
}

# ---- the admin's ----

text='%n%s $(id) 250-x; "a"'
printf '192.0.2.1 deny %s\n192.0.2.2 defer %s\n192.0.2.3 deny 571 %0200d\n' \
    "$text" "$text" 7 >hosts
"$cdb" build local.cdb hosts || exit 1
hears "local.cdb: a deny" 192.0.2.1 "553 $text" -l local.cdb -k ''
hears "local.cdb: a defer" 192.0.2.2 "451 $text" -l local.cdb -k ''
hears "local.cdb: a long one" 192.0.2.3 "571 $(printf %0200d 7)" \
    -l local.cdb -k ''
for bad in 'a\rb' 'a\0b' 'a\tb' 'caf\351' '\033[2J' 'a\177' "$long" \
    "571 $long"; do
	printf "192.0.2.1 deny $bad\n" >bad
	exits "rblcache-cdb refuses $(printf %.10s "$bad" | tr '\\' %)" 100 \
	    '^rblcache-cdb: bad:1: .*text (has a byte|is longer)' \
	    "$cdb" build local.cdb bad
done
hears "a refused file changes nothing" 192.0.2.1 "553 $text" -l local.cdb \
    -k ''

# ---- files that neither program wrote ----

# in place: the cdb stays whole, only the text is another
for bad in '\r\n' '\n\n' '\0\0' '\xff\xfe' '\x1b[' '\r2'; do
	name=with\ $(printf %s "$bad" | tr '\\' %)
	perl -pe "s/\\\$\\(/$bad/g" local.cdb >forged.cdb
	is "$(talk 192.0.2.1 -l forged.cdb -k '')" 'next ' \
	    "local.cdb $name: not sent, passed on"
	like "$(cat err)" ' forged.cdb: it is damaged, or no cdb of' \
	    "local.cdb $name: said"
	perl -pe "s/\\\$\\(/$bad/g" state/recent.cdb >forged.cdb
	is "$(talk 203.0.113.2 -l '' -k forged.cdb)" 'next ' \
	    "recent.cdb $name: not sent, passed on"
done
done_testing
