#!/bin/sh
# SPDX-License-Identifier: ISC
# Servers other than tcpserver, as far as they are installed: the feed knows by
# their lines who is connected, and who has passed.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log
front_prepare
cd "$front" || exit 1
front_list 203.0.113.9
front_start_dnsbl
PATH=$PATH:/command

# chain PROGRAM...: in front of what a qmail server has
chain() {
	set -- "$@" "$hook" -l '' -k '' -s '' -S '' \
	    rblsmtpd -r rbl.test "$hook" -p "$front/bin/smtpd"
	"$@" >>"$name.log" 2>&1 &
	tcpserver_pid=$!
	front_wait front_listens || front_fail "$1 does not listen"
}

# server NAME PROGRAM...: what it writes, and what -n makes of that
server() {
	name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "it is not installed"
		return
	fi
	chain "$@"
	front_connect 203.0.113.9 >/dev/null
	front_connect 198.51.100.7 >/dev/null
	front_wait has_ended
	front_stop_smtp
	# a line of a client's own
	echo 'rblsmtpd: 203.0.113.10 pid 7: 451 x' >>"$name.log"
	is "$("$feed" -n -f /dev/null -l '' -c "$front_rules/rblsmtpd.rules" \
	    "$name.log" | cut -f 1,2,4 | tr '\t' ' ')" "ban 203.0.113.9 86400
skip 203.0.113.10 unseen" "$name: only who is connected is banned"
	is "$(grep -c ': passed$' "$name.log")" 1 "$name: one has passed"
	mkdir "$name"
	echo 'pass = 15m' >pass.conf
	if [ "$front_ipset" ]; then
		"$feed" -1 -f pass.conf -l '' -c "$front_rules" -d "$name" \
		    "$name.log" 2>>feed.log
		is "$(front_members rblpass4 | cut -d ' ' -f 1)" 198.51.100.7 \
		    "$name: which the feed has seen"
		ipset destroy
	else
		skip "$name: the pass" "$front_no_ipset"
	fi
}
has_ended() {
	[ "$(grep -c ': end .* \(status\|exit\|exitcode\) ' "$name.log")" = 2 ]
}

server tcpserver tcpserver -v -RHl localhost 127.0.0.1 2525
server tcpsvd tcpsvd -v -l localhost 127.0.0.1 2525
# Debian 12 has none; the unit tests have its lines
! command -v s6-tcpserver >/dev/null ||
	server s6-tcpserver s6-tcpserver -v 2 127.0.0.1 2525
done_testing
