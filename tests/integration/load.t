#!/bin/sh
# SPDX-License-Identifier: ISC
# Many clients at once, of all kinds: none sees anything that rblsmtpd would
# not have shown it, each refusal is logged once, and nothing is left.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
. "$here/../load.sh"
front_enter "$0" "$@"
front_rules=$root/hooks/log
front_prepare
load_hosts 500
front_start_dnsbl
: | "$cdb" build "$local_cdb" -

[ "$front_ipset" ] && set -- || set -- -s '' -S ''
for name in rblcache rblsmtpd; do
	if [ "$name" = rblcache ]; then
		load_server "$name" 2525 200 "$hook" -t 4 -l "$local_cdb" \
		    -k "$recent" "$@" rblsmtpd -r rbl.test "$front/bin/smtpd"
	else
		load_server "$name" 2526 200 rblsmtpd -t 4 -r rbl.test \
		    "$front/bin/smtpd"
	fi
	load_soak "$name" 3 -n "$name" -c 200 -p 500 -w 400 "$load_port"
	is "$?" 0 "$name: every client is answered as it should be"
	is "$(cat "$front/$name.errors")" "" "$name: no error"
	for what in refused "passed on" prompt slow silent leaving resetting; do
		ok "$name: there are some: $what" \
		    [ "$(load_count "$name" "$what")" -gt 0 ]
	done
	ok "$name: one line for each refusal" load_logged "$name"
	is "$(load_unexpected "$name")" "" "$name: no other line"
	is "$(head -n 1 "$front/$name.held")" "$name 0 1 2" \
	    "$name: it holds standard input, output and error only"
	is "$(cat "$front/$name.left")" "" \
	    "$name: no process is left, nor a descriptor of tcpserver's"
done
like "$(tail -n 1 "$front/rblcache.held")" '^smtpd 0 1 2' "smtpd was looked at"
is "$(tail -n 1 "$front/rblcache.held")" "$(tail -n 1 "$front/rblsmtpd.held")" \
    "the next program has the descriptors that rblsmtpd gives it"
done_testing
