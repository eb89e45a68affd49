#!/bin/sh
# SPDX-License-Identifier: ISC
# Where the hook may stand: before or after rblsmtpd, before an smtpd that
# honours RBLSMTPD itself, under other servers than tcpserver, as root, and
# under a small softlimit.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
cd "$front" || exit 1
printf '203.0.113.66 deny go away\n203.0.113.67 defer later\n203.0.113.77 allow\n2001:db8::/32 deny six\n' \
    >hosts
"$cdb" build "$local_cdb" hosts || exit 1
front_list 203.0.113.9 203.0.113.77 203.0.113.66
front_start_dnsbl

# as sagredo's: with RBLSMTPD it answers by itself, empty means welcome
cat >bin/aware <<'EOT'
#!/bin/sh
case ${RBLSMTPD-} in
'') exec smtpd ;;
-*) say="553 ${RBLSMTPD#-}" ;;
*) say="451 $RBLSMTPD" ;;
esac
printf '220 aware.test\r\n'
while read -r line; do
	case $line in
	[Qq][Uu][Ii][Tt]*) printf '221 aware.test\r\n'; exit ;;
	[Rr][Cc][Pp][Tt]*) printf '%s\r\n' "$say" ;;
	*) printf '250 aware.test\r\n' ;;
	esac
done
EOT
# other servers: only their own variables
cat >bin/like <<'EOT'
#!/bin/sh
ip=$TCPREMOTEIP
unset TCPREMOTEIP
case $1 in
sslserver) SSLREMOTEIP=$ip; PROTO=SSL; export SSLREMOTEIP PROTO ;;
ucspi-tcp6) TCP6REMOTEIP=::ffff:$ip; PROTO=TCP6; export TCP6REMOTEIP PROTO ;;
esac
shift
exec "$@"
EOT
chmod 755 bin/aware bin/like
PATH=$front/bin:$PATH
serve() { # COMMAND...: what tcpserver runs from now on
	if [ "${tcpserver_pid-}" ]; then
		kill "$tcpserver_pid"
		wait "$tcpserver_pid" 2>/dev/null
	fi
	# shellcheck disable=SC2086 # two words or none
	tcpserver -R -H -l localhost $user_option 127.0.0.1 2525 "$@" 2>>err &
	tcpserver_pid=$!
	front_wait front_listens || front_fail "tcpserver does not listen"
}
user_option=$mail_user
h="$hook -l $local_cdb -k $recent"
set -f
dnsbl="rblsmtpd -r rbl.test"

# shellcheck disable=SC2086 # words, here and below
{
serve $h -e $dnsbl smtpd
like "$(front_connect 203.0.113.66)" '^553 \[cached\] go away$' \
    "-e before rblsmtpd: a deny"
like "$(front_connect 203.0.113.67)" '^451 \[cached\] later$' \
    "-e before rblsmtpd: a defer"
like "$(front_connect 203.0.113.77)" '^220 smtpd.test$' \
    "-e before rblsmtpd: who is allowed is not looked up"
like "$(front_connect 203.0.113.9)" '^451 Listed by TEST' \
    "-e before rblsmtpd: unknown, it asks"
is "$(front_queries)" 1 "-e before rblsmtpd: and only then"

serve $h -e aware
said=$(front_connect 203.0.113.66)
like "$said" '^220 aware.test$' "-e before an smtpd that knows: it talks"
like "$said" '^553 \[cached\] go away$' "-e before an smtpd that knows: a deny"
like "$(front_connect 203.0.113.67)" '^451 \[cached\] later$' \
    "-e before an smtpd that knows: a defer"
like "$(front_connect 203.0.113.77)" '^220 smtpd.test$' \
    "-e before an smtpd that knows: allowed"
like "$(front_connect 198.51.100.7)" '^220 smtpd.test$' \
    "-e before an smtpd that knows: unknown"

serve $dnsbl $h smtpd
like "$(front_connect 203.0.113.9)" '^220 rblsmtpd.local$' \
    "after rblsmtpd: it refuses first"
like "$(front_connect 203.0.113.67)" '^220 rblcache.local$' \
    "after rblsmtpd: then the hook, whom the list does not know"
like "$(front_connect 203.0.113.67)" '^451 later$' \
    "after rblsmtpd: with the text"
like "$(front_connect 198.51.100.7)" '^220 smtpd.test$' \
    "after rblsmtpd: unknown"

for server in sslserver ucspi-tcp6; do
	serve like $server $h smtpd
	like "$(front_connect 203.0.113.66)" '^553 go away$' "$server: a deny"
	like "$(front_connect 203.0.113.77)" '^220 smtpd.test$' \
	    "$server: allowed"
	like "$(front_connect 198.51.100.7)" '^220 smtpd.test$' \
	    "$server: unknown"
done
is "$(TCP6REMOTEIP=2001:db8::1 SSLREMOTEIP=192.0.2.1 $h -s '' -S '' -t 0 \
    false 2>/dev/null | tr -d '\r')" '553 six' "TCP6REMOTEIP before SSLREMOTEIP"

if [ "$FRONT_ROOT" ]; then
	[ -z "$front_ipset" ] || ipset create rblcache4 hash:ip
	[ -z "$front_ipset" ] || ipset add rblcache4 203.0.113.8
	user_option=
	for build in "$hook" "$RBLCACHE_BUILD/rblcache"; do
		serve "$build" -l "$local_cdb" -k "$recent" smtpd
		name="root"
		[ "$build" = "$hook" ] && name="root, file capability"
		like "$(front_connect 203.0.113.66)" '^553 go away$' \
		    "$name: a deny"
		like "$(front_connect 198.51.100.7)" '^220 smtpd.test$' \
		    "$name: unknown"
		if [ "$front_ipset" ]; then
			like "$(front_connect 203.0.113.8)" '^451 ' \
			    "$name: the set is read"
		else
			skip "$name: the set" "no ipset here"
		fi
	done
else
	skip "root" "not root"
fi

# the hook again as the next program, since it starts there: it passes on what
# has RBLSMTPD and would else refuse
if ldd "$hook" 2>/dev/null | grep -q '=>'; then
	skip softlimit "this build is not static"
else
	least=1000000
	! grep -q glibc "$hook" || least=2000000
	small="softlimit -m $least $h"
	is "$(TCPREMOTEIP=198.51.100.7 $small "$hook" -h 2>/dev/null |
		head -c 15)" 'usage: rblcache' "softlimit: unknown is passed on"
	is "$(printf 'RCPT TO:<a@b>\r\nQUIT\r\n' | TCPREMOTEIP=203.0.113.66 \
	    $small false 2>/dev/null | tr -d '\r')" "220 rblcache.local
553 go away
221 rblcache.local" "softlimit: refused"
	is "$(TCPREMOTEIP=203.0.113.66 $small -e $h -t 0 "$hook" -h \
	    2>/dev/null | head -c 15)" 'usage: rblcache' "softlimit: -e"
fi
}
done_testing
