#!/bin/sh
# SPDX-License-Identifier: ISC
# The run scripts under the real supervisors, and those of qmail-smtpd.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
[ "$FRONT_ROOT" ] || skip_all "the loggers become another user: root only"
front_prepare
cd "$front" || exit 1
service=$root/hooks/service
front_rules=$front/rules
all_rules "$front_rules"
# what stands in a script's PATH, for a place that is not the usual one
mkdir path
[ "$front_ipset" ] && sets= || sets="-s '' -S ''"
cat >path/rblcache-feed <<EOT
#!/bin/sh
exec "$feed" -f /dev/null -v -c "$front_rules" -l '' $sets "\$@"
EOT
cat >path/rblcache <<EOT
#!/bin/sh
exec "$hook" -l '' -k "$front/state/recent.cdb" "\$@"
EOT
chmod 755 path/*
PATH=$front/path:$PATH

line() { # ADDRESS
	printf 'rblsmtpd: %s pid 7: 451 Listed by TEST\n' "$1"
}

# ---- the feed under each of them ----

# The feed, and not the process that saves its bans.
pid_of_feed() {
	pgrep -o -f "^$feed .*-d $front/state\.$name "
}
other_pid() {
	new=$(pid_of_feed) && [ "$new" != "$old" ]
}
processes() { # in the service's directories
	for process in /proc/[0-9]*; do
		case $(readlink "$process/cwd") in
		"$front/sv.$name"*) cat "$process/comm" ;;
		esac
	done 2>/dev/null
}
none_left() {
	[ -z "$(processes)" ]
}
banned() { # ADDRESS
	front_cached "$1" &&
	    { [ -z "$front_ipset" ] || ipset -q test rblcache4 "$1"; }
}
try_supervisor() { # NAME START STOP
	name=$1
	here=sv.$name/rblcache-feed
	mkdir "sv.$name" "state.$name"
	chown 4711:4711 "state.$name"
	cp -R "$service/$name" "$here"
	sed -i "s|^LOG=[^ ]*|LOG=$front/log|
	    s|^STATEDIR=.*|STATEDIR=$front/state.$name|" "$here/run"
	sed -i 's|^LOGUSER=.*|LOGUSER=nobody|' "$here/log/run"
	mkdir "$here/log/main"
	chown nobody "$here/log/main"
	recent=$front/state.$name/recent.cdb
	rm -rf log/*
	ipset destroy 2>/dev/null
	line 203.0.113.1 >log/current

	# the directory that is followed, and a process for all that it starts
	$2 "$front/sv.$name" >"$name.out" 2>&1 &
	supervisor_pid=$!
	ok "$name: a ban" front_wait banned 203.0.113.1
	old=$(pid_of_feed)
	kill -9 "$old"
	ipset flush 2>/dev/null
	line 203.0.113.2 >>log/current
	ok "$name: killed, it is started again" front_wait other_pid
	ok "$name: and goes on" front_wait banned 203.0.113.2
	ok "$name: with the bans of before" banned 203.0.113.1
	is "$(ps -o uid= -p "$(pid_of_feed)" | tr -d ' ')" 4711 \
	    "$name: as the owner of STATEDIR"
	like "$(cut -d' ' -f2- "$here/log/main/current")" \
	    'ban	203.0.113.2' "$name: what it says is logged"
	is "$(stat -c %U "$here/log/main/current")" nobody \
	    "$name: by another user"
	like "$(processes | sort | tr '\n' ' ')" "$4" \
	    "$name: these are at work"
	unlike "$(processes)" '^(run|sh)$' "$name: and no shell between them"
	# what the admin reads when the settings are wrong
	sed -i 's|^LOG=[^ ]*|LOG=/none|' "$here/run"
	kill "$(pid_of_feed)"
	ok "$name: a wrong setting is in the log" front_wait grep -q \
	    'rblcache-feed: /none: No such file or directory' \
	    "$here/log/main/current"
	$3 "$here"
	ok "$name: stopped, it leaves no process" front_wait none_left
	kill -9 "$supervisor_pid" 2>/dev/null
	wait "$supervisor_pid" 2>/dev/null
	supervisor_pid=
}
trap '[ -z "${supervisor_pid-}" ] || kill "$supervisor_pid"
    front_cleanup' EXIT

stop_daemontools() {
	kill "$supervisor_pid"
	svc -dx "$1" "$1/log"
}
stop_runit() {
	kill -HUP "$supervisor_pid"
}
stop_s6() {
	s6-svscanctl -t "${1%/*}"
}
for s in daemontools:svscan:multilog runit:runsvdir:svlogd \
    s6:s6-svscan:s6-log; do
	IFS=: read -r supervisor scan logger <<-EOT
	$s
	EOT
	if command -v "$scan" >/dev/null; then
		try_supervisor "$supervisor" "$scan" "stop_$supervisor" "$logger"
	else
		skip "$supervisor" "no $scan here"
	fi
done

# ---- qmail-smtpd ----

for script in "$service"/qmail-smtpd/*.after; do
	kind=${script##*/}
	kind=${kind%.after}
	ok "$kind: after is a script" sh -n "$script"
	ok "$kind: before is a script" sh -n "${script%.after}.before"
	is "$(sed 1,/^QMAILDUID/d "$script" | grep -v '^	rblcache')" \
	    "$(sed 1,/^QMAILDUID/d "${script%.after}.before")" \
	    "$kind: they differ in the hook"
done
# Debian has no ucspi-ssl, so sslserver's are not run.

# One that is like sagredo's: it asks the list, and RBLSMTPD goes before that.
cat >bin/dnsbl-smtpd <<'EOT'
#!/bin/sh
if [ -z "${RBLSMTPD+set}" ] && [ "$TCPREMOTEIP" = 203.0.113.9 ]; then
	RBLSMTPD='-Listed by TEST, see https://rbl.test/203.0.113.9'
	echo "qmail-smtpd[$$]: rbl: ip=$TCPREMOTEIP query=9.113.0.203.rbl.test result=reject message='${RBLSMTPD#-}'" >&2
fi
printf '220 smtpd.test\r\n'
while read -r line; do
	case $line in
	[Rr][Cc][Pp][Tt]*)
		case ${RBLSMTPD-} in
		'') printf '250 smtpd.test\r\n' ;;
		-*) printf '553 %s\r\n' "${RBLSMTPD#-}" ;;
		*) printf '451 %s\r\n' "$RBLSMTPD" ;;
		esac ;;
	[Qq][Uu][Ii][Tt]*) printf '221 smtpd.test\r\n'; exit ;;
	*) printf '250 smtpd.test\r\n' ;;
	esac
done
EOT
chmod 755 bin/dnsbl-smtpd
echo ':allow' >rules.tcp
tcprules tcp.cdb tcp.tmp <rules.tcp
recent=$front/state/recent.cdb
front_list 203.0.113.9
front_start_dnsbl

serve() { # KIND SMTPD
	ipset destroy 2>/dev/null
	rm -rf state/* log/*
	mkdir log/main
	sed "s|^QMAILDUID=.*|QMAILDUID=65534|
	    s|^NOFILESGID=.*|NOFILESGID=65534|
	    s|/etc/tcp.smtp.cdb|$front/tcp.cdb|
	    s|-r zen.spamhaus.org -r bl.spamcop.net|-r rbl.test|
	    s|rblcache -r 100|rblcache -r 1000000000|
	    s| -v -R | -v -R -H |; s| 0 smtp | 127.0.0.1 2525 |
	    s|/var/qmail/bin/qmail-smtpd|$2|" \
	    "$service/qmail-smtpd/$1.after" >serve
	# the sanitizers reserve more than there is
	case $RBLCACHE_BUILD in */san) sed -i 's/softlimit -m [0-9]*/env/' serve ;; esac
	sh serve >log/main/current &
	tcpserver_pid=$!
	front_wait front_listens
	front_start_feed
}
end_of() {
	kill "$feed_pid" "$tcpserver_pid"
	wait "$feed_pid" "$tcpserver_pid" 2>/dev/null
	feed_pid=
	tcpserver_pid=
}
serve rblsmtpd "$front/bin/smtpd"
like "$(front_connect 203.0.113.9)" '^220 rblsmtpd.local' \
    "rblsmtpd: refuses at first"
ok "rblsmtpd: a ban" front_wait banned 203.0.113.9
talk=$(front_connect 203.0.113.9)
like "$talk" '^220 rblcache.local' "rblsmtpd: then rblcache does"
like "$talk" '^451 Listed by TEST, see https://rbl.test/query/ip/203.0.113.9' \
    "rblsmtpd: with the list's words"
like "$(front_connect 198.51.100.7)" '^220 smtpd.test' \
    "rblsmtpd: others get through"
like "$(cat log/main/current)" '^rblcache: 198.51.100.7 pid [0-9]*: passed$' \
    "rblsmtpd: which is in the log"
end_of

serve sagredo "$front/bin/dnsbl-smtpd"
like "$(front_connect 203.0.113.9)" '^553 Listed by TEST' \
    "sagredo: it refuses at first"
ok "sagredo: a ban" front_wait banned 203.0.113.9
talk=$(front_connect 203.0.113.9)
like "$talk" '^220 smtpd.test' "sagredo: it is the one that talks"
like "$talk" '^[45]5[0-9] \[cached\] Listed by TEST' \
    "sagredo: with the words that rblcache gave it"
unlike "$(front_connect 198.51.100.7)" '^[45]' "sagredo: others get through"
end_of
done_testing
