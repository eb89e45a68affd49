#!/bin/sh
# SPDX-License-Identifier: ISC
# The life of rblcache on a mail server: the package is installed, its scripts run
# under the real supervise and multilog, then under runit; clients connect, the
# administrator asks and lifts, everything is restarted and killed, and removed.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
. "$here/../scratch.sh"
cd "$root" || exit 1
unset MAKEFLAGS MAKELEVEL

if [ -z "${SCRATCH_INSIDE-}" ]; then
	scratch_build
fi
scratch_enter "$0" "a mail server"
scratch_mount "a mail server"
FRONT_ROOT=yes
front=$scratch/front
mkdir "$front" "$front/bl"
ip link set lo up
ip route add local 203.0.113.0/24 dev lo
ip route add local 198.51.100.0/24 dev lo
ipset=
if ipset create probe hash:ip 2>/dev/null; then
	ipset destroy probe
	ipset=yes
fi

# ---- a server with qmail and rblsmtpd ----

listed=203.0.113.9
in_top useradd -r -g nofiles -d /var/qmail -s /usr/sbin/nologin qmaild
in_top useradd -r -g nofiles -d /var/qmail -s /usr/sbin/nologin qmaill
mkdir -p "$top/var/qmail/bin" "$top/service/smtpd/log" \
    "$top/var/log/qmail/smtpd"
in_top chown qmaill:root /var/log/qmail/smtpd
chmod 750 "$top/var/log/qmail/smtpd"
cat >"$top/var/qmail/bin/qmail-smtpd" <<'E2'
#!/bin/sh
printf '220 smtpd.test\r\n'
while read -r line; do
	case $line in
	[Qq][Uu][Ii][Tt]*) printf '221 smtpd.test\r\n'; exit ;;
	*) printf '250 smtpd.test\r\n' ;;
	esac
done
E2
chmod 755 "$top/var/qmail/bin/qmail-smtpd"
echo ':allow' >"$top/tmp/tcp.smtp"
in_top tcprules /etc/tcp.smtp.cdb /etc/tcp.smtp.tmp <"$top/tmp/tcp.smtp"
printf '#!/bin/sh\nexec setuidgid qmaill multilog t /var/log/qmail/smtpd\n' \
    >"$top/service/smtpd/log/run"
smtpd_run() { # before|after: the script that stands in the documentation
	# -H: tcpserver does not ask for names, so that each question counts;
	# and no host is asked about again by chance
	sed -e 's/rblcache -r 100/rblcache -r 1000000000/' \
	    -e 's/-r zen.spamhaus.org -r bl.spamcop.net/-r rbl.test/' \
	    -e 's/tcpserver -v -R/& -H/' \
	    "$root/hooks/service/qmail-smtpd/rblsmtpd.$1" \
	    >"$top/service/smtpd/run.new"
	chmod 755 "$top/service/smtpd/run.new" "$top/service/smtpd/log/run"
	mv "$top/service/smtpd/run.new" "$top/service/smtpd/run"
}
smtpd_run before
front_list $listed
front_start_dnsbl
before=$(scratch_changed)

connect() { # ADDRESS: what the server says to a client from there
	tcpclient -RHl0 -i "$1" 127.0.0.1 25 sh -c \
	    'printf "EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@smtpd.test>\r\nQUIT\r\n" >&7; tr -d "\r" <&6'
}
answers() {
	connect 198.51.100.7 | grep -q '^221 '
}
# refused ADDRESS NAME QUERIES PATTERN: with so many questions to the list
refused() {
	queries=$(front_queries)
	like "$(connect "$1")" "$4" "$2"
	is "$(($(front_queries) - queries))" "$3" "$2: questions to the list"
}
supervise() { # COMMAND...: on /service
	DNSCACHEIP=127.0.0.53 chroot "$top" "$@" >"$scratch/supervisor" 2>&1 &
	supervisor_pid=$!
	ok "$1: the server answers" front_wait answers
}
ctl() {
	in_top rblcachectl "$@"
}
members() {
	[ -z "$ipset" ] || ipset list rblcache4 | sed '1,/^Members/d' |
		cut -d' ' -f1 | tr '\n' ' '
}
feed_pid() {
	in_top pgrep -x rblcache-feed
}
follows() {
	[ -n "$(feed_pid)" ] || return
	ctl status >/dev/null
	[ $? -le 1 ] # a warning: no zone is named yet
}
banned() { # ADDRESS
	ctl list | grep -q "^$1	"
}

supervise svscan /service
refused $listed "before: rblsmtpd refuses" 1 '^451 Listed by TEST'
refused $listed "before: each time it asks" 1 '^451 Listed by TEST'

# ---- install, as INSTALL and README.Debian say ----

ok "dpkg -i" scratch_install "$deb"
echo '203.0.113.66 deny 553 we know you' >>"$top/etc/rblcache/hosts"
echo '198.51.100.0/24 allow' >>"$top/etc/rblcache/hosts"
ok "make in /etc/rblcache" in_top make -C /etc/rblcache
add_feed() { # SUPERVISOR LOG
	cp -R "$top/usr/share/rblcache/service/$1" "$top/service/.feed"
	sed -i "s|^LOG=[^ ]*|LOG=$2|" "$top/service/.feed/run"
	mkdir "$top/service/.feed/log/main"
	in_top chown qmaill /service/.feed/log/main
	mv "$top/service/.feed" "$top/service/rblcache-feed"
}
add_feed daemontools /var/log/qmail/smtpd
ok "the feed follows, under supervise" front_wait follows
status=$top/proc/$(feed_pid)/status
like "$(cat "$status")" "^Uid:.$(in_top id -u rblcache)	" \
    "as the user rblcache"
like "$(cat "$status")" '^CapPrm:.0000000000001000$' \
    "with cap_net_admin"
like "$(cat "$status")" '^CapBnd:.0000000000001000$' \
    "and nothing else, ever"
ok "the log of before is read: the host is banned" front_wait banned $listed
smtpd_run after
in_top svc -t /service/smtpd
ok "svc -t: with the hook" front_wait eval \
    'in_top pgrep -f "^tcpserver .*rblcache" && answers'

# ---- every day, with less for a start ----

sed -i 's/^pass /#pass /;s/^doubt /#doubt /' "$top/etc/rblcache/feed.conf"
in_top svc -h /service/rblcache-feed

refused $listed "after: the hook refuses" 0 '^451 Listed by TEST'
refused 203.0.113.66 "your own rules" 0 '^553 we know you'
queries=$(front_queries)
like "$(connect 198.51.100.8)" '^221 smtpd.test' "an allowed host gets through"
is "$(($(front_queries) - queries))" 0 "and no list is asked"
like "$(connect 203.0.113.77)" '^221 smtpd.test' "one that is not listed, too"
said='sets 1, recent.cdb 0, local.cdb 1'
[ "$ipset" ] || said='sets 0, recent.cdb 1, local.cdb 1'
ok "the feed has seen it" front_wait eval "ctl status | grep -q '$said'"
if [ "$ipset" ]; then
	exits "status: one thing to do" 1 \
	    '^WARNING: pass without a zone: name your lists in feed.conf [^;]*$' \
	    ctl status
fi
like "$(ctl status)" 'today refused 2 without asking a list' \
    "status: what was saved"
like "$(ctl test $listed)" 'is refused: 451 Listed by TEST' \
    "test: is refused, and why"
like "$(ctl test $listed)" '^rule +rblsmtpd' "by which rule"

# ---- somebody's mail was refused; the list has let go of it ----

front_list 203.0.113.10
like "$(connect $listed)" '^451 ' "delisted, but remembered"
exits "del" 0 'is no longer banned' ctl del $listed
like "$(connect $listed)" '^221 smtpd.test' "gets through at once"
like "$(connect 203.0.113.10)" '^451 Listed' "another is listed now"
ok "and banned" front_wait banned 203.0.113.10

# ---- passes, for a start ----

sed -i 's/^#pass /pass /;s/^#doubt /doubt /' "$top/etc/rblcache/feed.conf"
in_top svc -h /service/rblcache-feed
passes() { # ADDRESS
	[ -z "$ipset" ] || ipset -q test rblpass4 "$1"
}
ok "svc -h: feed.conf is read" front_wait eval \
    '[ -z "$ipset" ] || ipset list -n rblpass4'
queries=$(front_queries)
like "$(connect 203.0.113.78)" '^221 smtpd.test' "one that is not listed"
is "$(($(front_queries) - queries))" 1 "the list is asked"
ok "he has passed" front_wait passes 203.0.113.78
if [ "$ipset" ]; then
	queries=$(front_queries)
	like "$(connect 203.0.113.78)" '^221 smtpd.test' "he comes again"
	is "$(($(front_queries) - queries))" 0 "and no list is asked"
fi

# ---- restarts ----

for how in "svc -t /service/rblcache-feed" "svc -k /service/rblcache-feed"; do
	old=$(feed_pid)
	# shellcheck disable=SC2086 # a command
	in_top $how
	ok "$how: another feed" front_wait eval \
	    '[ "$(feed_pid)" != "$old" ] && follows'
	ok "$how: the ban is there" banned 203.0.113.10
	ok "$how: what was lifted is not" eval '! banned $listed'
	refused 203.0.113.10 "$how: refused by the hook" 0 '^451 Listed'
done

# ---- the same under runit, with the bans of before ----

stop_all() {
	kill "$supervisor_pid"
	in_top svc -dx /service/smtpd /service/smtpd/log \
	    /service/rblcache-feed /service/rblcache-feed/log 2>/dev/null
	front_wait eval '! in_top pgrep -x "supervise|runsv|tcpserver|rblcache-feed"'
}
stop_all
ipset destroy 2>/dev/null # as a reboot does
mv "$top/service/rblcache-feed" "$scratch/daemontools-feed"
rm -rf "$top/service/smtpd/supervise" "$top/service/smtpd/log/supervise"
mkdir "$top/var/log/qmail/runit"
in_top chown qmaill:root /var/log/qmail/runit
chmod 750 "$top/var/log/qmail/runit"
printf '#!/bin/sh\nexec chpst -u qmaill svlogd -tt /var/log/qmail/runit\n' \
    >"$top/service/smtpd/log/run"
add_feed runit /var/log/qmail/runit
supervise runsvdir /service
ok "runit: the feed follows" front_wait follows
ok "runit: after a reboot the set is filled again" front_wait eval \
    '[ -z "$ipset" ] || [ "$(members)" = "203.0.113.10 " ]'
refused 203.0.113.10 "runit: refused by the hook" 0 '^451 Listed'
front_list 203.0.113.10 203.0.113.11
refused 203.0.113.11 "runit: a new one, by rblsmtpd" 1 '^451 Listed'
ok "runit: is banned" front_wait banned 203.0.113.11
refused 203.0.113.11 "runit: then by the hook" 0 '^451 Listed'
old=$(feed_pid)
in_top sv kill /service/rblcache-feed >/dev/null
ok "runit: killed, it comes back" front_wait eval \
    '[ "$(feed_pid)" != "$old" ] && follows'
ok "runit: with both" eval 'banned 203.0.113.10 && banned 203.0.113.11'

# ---- and off it goes ----

smtpd_run before
in_top sv term /service/smtpd >/dev/null
ok "out of the run script" front_wait eval \
    '! in_top pgrep -f "^tcpserver .*rblcache" && answers'
refused 203.0.113.11 "rblsmtpd asks again" 1 '^451 Listed'
in_top sv exit /service/rblcache-feed >/dev/null
rm -rf "$top/service/rblcache-feed"
ok "the feed is stopped" front_wait eval '! feed_pid'
in_top dpkg -P rblcache >"$scratch/purge" 2>&1
is $? 0 "dpkg -P"
unlike "$(cat "$scratch/purge")" 'warning|rblcache.*run$' "without a warning"
like "$(connect 203.0.113.77)" '^221 smtpd.test' "mail comes in"
kill -HUP "$supervisor_pid"
front_wait eval '! in_top pgrep -x "runsv|tcpserver"'
rm -rf "$top/service/smtpd/supervise" "$top/service/smtpd/log"
mkdir "$top/service/smtpd/log"
printf '#!/bin/sh\nexec setuidgid qmaill multilog t /var/log/qmail/smtpd\n' \
    >"$top/service/smtpd/log/run"
chmod 755 "$top/service/smtpd/log/run"
is "$(scratch_changed)" "$before" "nothing is left"
is "$(scratch_left)" "" "nor in dpkg's database"
[ -z "$ipset" ] || is "$(ipset list -n)" "" "nor in the kernel"
is "$(in_top pgrep -l rblcache)" "" "nor at work"
done_testing
