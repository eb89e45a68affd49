# SPDX-License-Identifier: ISC
# A whole mail front on loopback, in a network namespace of its own: rbldnsd,
# tcpserver, the hook, rblsmtpd, a small smtpd, multilog. For demo and tests:
#
#	. tests/front.sh
#	front_enter "$0" "$@"		# goes on inside the namespace
#	front_prepare; front_list 203.0.113.9; front_start_dnsbl
#	front_start_smtp; front_start_feed
#
# Everything is below $front and is gone at the end; what was started is
# stopped by its pid.

# Debian's ordinary users have no sbin there; ipset, rbldnsd, setcap want it.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

front_enter() {
	if [ "${FRONT_INSIDE-}" ]; then
		return 0
	fi
	FRONT_INSIDE=yes
	FRONT_ROOT=
	front_how=-rn
	if [ "$(id -u)" = 0 ]; then
		FRONT_ROOT=yes
		front_how=-n
	fi
	export FRONT_INSIDE FRONT_ROOT
	if ! unshare "$front_how" true; then
		front_fail "this system allows no network namespace here:" \
		    "run it as root; in a container, with CAP_SYS_ADMIN"
	fi
	exec unshare "$front_how" -- "$@"
}

front_fail() {
	echo "$0: $*" >&2
	exit 1
}

# front_wait COMMAND...: tries until it works. The bound, a minute, is for
# what never comes: a machine that is slow is no failure, however busy it is.
front_wait() {
	front_tries=3000
	while ! "$@" >/dev/null 2>&1; do
		front_tries=$((front_tries - 1))
		[ "$front_tries" -gt 0 ] || return 1
		sleep 0.02
	done
}

front_cleanup() {
	for front_each in ${feed_pid-} ${tcpserver_pid-} ${multilog_pid-} \
	    ${rbldnsd_pid-}; do
		kill "$front_each" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$front"
}

# Directories and the programs under test. The hook gets its file capability
# where we may give one: it then works for the mail user.
front_prepare() {
	front=$(mktemp -d) || exit 1
	trap front_cleanup EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$front"
	mkdir -p "$front/bin" "$front/bl" "$front/state" "$front/log"
	# copies, since other users may not get to where they were built
	cp "$RBLCACHE_BUILD/rblcache" "$RBLCACHE_BUILD/rblcache-feed" \
	    "$front/bin"
	hook=$front/bin/rblcache
	feed=$front/bin/rblcache-feed
	cdb=$RBLCACHE_BUILD/rblcache-cdb
	recent=$front/state/recent.cdb
	local_cdb=$front/local.cdb
	if [ "$FRONT_ROOT" ]; then
		mail_user="-u 65534 -g 65534"
		setcap cap_net_admin+p "$hook" || front_fail "setcap failed"
	else
		mail_user=
		echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
	fi
	front_ipset=
	front_no_ipset=
	if ! command -v ipset >/dev/null; then
		front_no_ipset="no ipset program is installed here"
	elif ipset create probe hash:ip 2>/dev/null; then
		ipset destroy probe
		front_ipset=yes
	else
		front_no_ipset="this kernel (or its rights here) has no ipset"
	fi
	ip link set lo up
	ip route add local 203.0.113.0/24 dev lo
	ip route add local 198.51.100.0/24 dev lo
	ip route add local 198.18.0.0/15 dev lo
	cat >"$front/bin/smtpd" <<-'EOF'
	#!/bin/sh
	printf '220 smtpd.test\r\n'
	while read -r line; do
		case $line in
		[Qq][Uu][Ii][Tt]*) printf '221 smtpd.test\r\n'; exit ;;
		*) printf '250 smtpd.test\r\n' ;;
		esac
	done
	EOF
	chmod 755 "$front/bin/smtpd"
}

# front_list ADDRESS...: what the DNSBL lists from now on
front_list() {
	{
		echo '$SOA 3600 ns.rbl.test. hostmaster.rbl.test. 1 600 300 86400 300'
		echo '$NS 3600 ns.rbl.test'
		echo ':127.0.0.2:Listed by TEST, see https://rbl.test/query/ip/$'
		echo 127.0.0.2
		printf '%s\n' "$@"
	} >"$front/bl/bl.zone"
	if [ "${rbldnsd_pid-}" ]; then
		front_reloads=$(grep -c 'zones reloaded' "$front/rbldnsd.log")
		kill -HUP "$rbldnsd_pid"
		front_wait front_reloaded
	fi
}

front_reloaded() {
	[ "$(grep -c 'zones reloaded' "$front/rbldnsd.log")" -gt \
	    "$front_reloads" ]
}

# Without -f, with which a child goes on to answer from the old zone for a moment
# after a reload.
front_start_dnsbl() {
	if [ "$FRONT_ROOT" ]; then
		rbldnsd -n -r "$front/bl" -u rbldns -b 127.0.0.53/53 \
		    rbl.test:ip4set:bl.zone ${rbldnsd_zones-} \
		    >"$front/rbldnsd.log" 2>&1 &
	else # it refuses to run as root, also as that of a namespace
		unshare -U --map-user=65534 --map-group=65534 \
		    rbldnsd -n -w "$front/bl" -b 127.0.0.53/53 \
		    rbl.test:ip4set:bl.zone ${rbldnsd_zones-} \
		    >"$front/rbldnsd.log" 2>&1 &
	fi
	rbldnsd_pid=$!
	front_wait grep -q started "$front/rbldnsd.log" ||
		front_fail "rbldnsd: $(cat "$front/rbldnsd.log")"
	DNSCACHEIP=127.0.0.53
	export DNSCACHEIP
}

# front_start_smtp [HOOK OPTION...]: the chain of a qmail server, with the hook.
front_start_smtp() {
	[ "$front_ipset" ] || set -- -s '' -S '' "$@"
	front_start_chain "$hook" -l "$local_cdb" -k "$recent" "$@"
}

# front_start_chain [PROGRAM...]: the same with that in front of rblsmtpd, or
# nothing. What tcpserver, multilog and the smtpd are to have besides is in
# $front_tcpserver, $front_multilog and $front_behind.
front_start_chain() {
	if [ ! -p "$front/log.fifo" ]; then
		mkfifo "$front/log.fifo"
		# it stays when the server goes, and front_say comes and goes
		# shellcheck disable=SC2086 # words or none
		multilog t ${front_multilog-} "$front/log/main" \
		    <>"$front/log.fifo" &
		multilog_pid=$!
	fi
	# shellcheck disable=SC2086 # words or none
	tcpserver -v -R -H -l localhost -c 100 $mail_user \
	    ${front_tcpserver-} 127.0.0.1 2525 \
	    "$@" rblsmtpd -r rbl.test ${front_behind-} "$front/bin/smtpd" \
	    >"$front/log.fifo" 2>&1 &
	tcpserver_pid=$!
	front_wait front_listens || front_fail "tcpserver does not listen"
	front_wait test -e "$front/log/main/current" ||
		front_fail "multilog does not write"
}

front_listens() {
	grep -q ':09DD 00000000:0000 0A' /proc/net/tcp # 2525, LISTEN
}

front_stop_smtp() {
	kill "$tcpserver_pid"
	wait "$tcpserver_pid" 2>/dev/null
	tcpserver_pid=
}

# front_say LINE...: whatever else writes into the log
front_say() {
	printf '%s\n' "$@" >"$front/log.fifo"
}

# All that is in the log, without stamps.
front_log() {
	find "$front/log/main" -name '@*' -o -name current | sort |
		xargs cat | cut -d ' ' -f 2-
}

# Waits until every connection has ended and the feed has read all of it.
front_settle() {
	front_wait front_is_settled ||
		front_fail "the feed does not get to the end of the log"
}

front_is_settled() {
	front_has_ended && front_is_read
}

front_has_ended() {
	front_log >"$front/settled"
	[ "$(grep -c '^tcpserver: pid ' "$front/settled")" = \
	    "$(grep -c '^tcpserver: end ' "$front/settled")" ]
}

# Waits for the feed alone.
front_read() {
	front_wait front_is_read ||
		front_fail "the feed does not get to the end of the log"
}

front_is_read() {
	[ "$(front_ctl -j status |
	    sed -n 's/^ *"lines": \([0-9]*\),*$/\1/p')" = \
	    "$(front_log | wc -l)" ]
}

front_ctl() {
	"$RBLCACHE_BUILD/rblcachectl" -d "$front/state" -l "$local_cdb" "$@"
}

# front_json PERL-EXPRESSION: of $s, the status
front_json() {
	front_ctl -j status | perl -MJSON::PP -e 'local $/;
	    my $s = JSON::PP->new->decode(<STDIN>); print '"$1"', "\n"'
}

# The members of a set, in order.
front_members() {
	ipset list "$1" 2>/dev/null | sed '1,/^Members/d' | sort
}

# front_hold ADDRESS: a connection that stays; $front_pid is its process. The
# hook has spoken of it by then.
front_hold() {
	mkfifo "$front/held"
	tcpclient -RHl0 -i "$1" 127.0.0.1 2525 sh -c "cat '$front/held' >&7" &
	front_holder=$!
	exec 8>"$front/held"
	front_wait front_is_held "$1" || front_fail "$1 does not connect"
}

front_is_held() {
	front_pid=$(front_log |
		sed -n "s/^tcpserver: pid \([0-9]*\) from $1\$/\1/p" | tail -n 1)
	front_log | grep -q "^rblcache: $1 pid $front_pid: "
}

# front_release [WORD]: the end of it, with QUIT or without
front_release() {
	[ "$#" = 0 ] || printf '%s\r\n' "$1" >&8
	exec 8>&-
	wait "$front_holder"
	rm "$front/held"
}

# Makes the feed read rules and settings again.
front_reload_feed() {
	front_feed_reloads=$(grep -c 'loaded again' "$front/feed.log")
	kill -HUP "$feed_pid"
	front_wait front_feed_has_reloaded ||
		front_fail "the feed does not reload"
}

front_feed_has_reloaded() {
	[ "$(grep -c 'loaded again' "$front/feed.log")" -gt \
	    "$front_feed_reloads" ]
}

# Stops all but the DNSBL, and forgets log, state and sets.
front_clear() {
	front_stop_smtp
	front_kill_feed TERM
	kill "$multilog_pid"
	wait "$multilog_pid" 2>/dev/null
	rm -rf "$front/log.fifo" "$front/log/main" "$front/state"
	mkdir "$front/state"
	ipset destroy
}

# front_kill_feed SIGNAL
front_kill_feed() {
	kill "-$1" "$feed_pid"
	wait "$feed_pid" 2>/dev/null
	feed_pid=
}

# front_left SET MEMBER: the seconds that it has left there
front_left() {
	ipset list "$1" 2>/dev/null |
		sed -n "s|^$2 timeout \([0-9]*\).*|\1|p"
}

front_start_feed() {
	[ "$front_ipset" ] || set -- -s '' -S '' "$@"
	"$feed" -f /dev/null -v -c "$front_rules" -d "$front/state" \
	    -l "$local_cdb" "$@" \
	    "$front/log/main" 2>>"$front/feed.log" &
	feed_pid=$!
}

# What the server says to a client from that address, up to its goodbye.
front_connect() {
	tcpclient -RHl0 -i "$1" 127.0.0.1 2525 sh -c \
	    'printf "EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@smtpd.test>\r\nQUIT\r\n" >&7; tr -d "\r" <&6'
}

# How many questions the DNSBL was asked since its start.
front_queries() {
	front_stats=$(front_count_stats)
	kill -USR1 "$rbldnsd_pid"
	front_wait front_has_stats || front_fail "rbldnsd does not count"
	sed -n 's/.*stats for [0-9]*secs*: tot=\([0-9]*\).*/\1/p' \
	    "$front/rbldnsd.log" | tail -n 1
}

front_count_stats() {
	grep -c 'stats for [0-9]*secs*: tot=' "$front/rbldnsd.log"
}

front_has_stats() {
	[ "$(front_count_stats)" -gt "$front_stats" ]
}

# front_cached ADDRESS: whether recent.cdb would refuse it now
front_cached() {
	[ -n "$(TCPREMOTEIP=$1 "$RBLCACHE_BUILD/rblcache" -e -l '' -s '' -S '' \
	    -k "$recent" sh -c 'echo "$RBLSMTPD"' 2>/dev/null)" ]
}
