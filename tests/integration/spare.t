#!/bin/sh
# SPDX-License-Identifier: ISC
# A rule file that is there but not in use: -n and status name it once the log has
# lines that it knows, and no longer when it is linked.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
cd "$front" || exit 1
local_cdb=''
cp -R "$root/hooks/log" rules
link='ln -s available/spamdyke.rules rules/'
advice="spamdyke.rules would match lines of this log; link it: $link"
spamdyke() { # HOST
	echo "spamdyke[7]: DENIED_RBL_MATCH from: a@b to: c@d origin_ip: $1" \
	    "origin_rdns: r auth: (unknown) encryption: (none)"
}
rblsmtpd() { # HOST
	echo "rblsmtpd: $1 pid 7: 451 Listed"
}
dry() { # RULES...: of some.log; what it says on standard error
	# shellcheck disable=SC2046 # words
	"$feed" -f /dev/null -l '' -n $(printf -- '-c %s ' "$@") some.log \
	    2>dry.err >printed
	cat dry.err
}

rblsmtpd 203.0.113.9 >some.log
is "$(dry rules)" "" "-n, no line of another program: nothing is said"
spamdyke 203.0.113.10 >>some.log
spamdyke 203.0.113.11 >>some.log
is "$(dry rules)" "rblcache-feed: some.log: $advice" "-n names the file, once"
is "$(cut -f 1-3 printed)" "$(printf 'ban\t203.0.113.9\trblsmtpd')" \
    "and bans by the rules in use alone"
is "$(dry rules/rblsmtpd.rules)" "" "of a rule file that is given: nothing"
is "$(dry rules rules/available)" "" "none if all are in use"
spamdyke 203.0.113.10 >some.log
like "$(dry rules)" "^rblcache-feed: some.log: no rule matches any of 1 lines;" \
    "-n, a log that no rule knows: that, too"
like "$(dry rules)" "$advice\$" "and the file that does"
cp rules/available/spamdyke.rules kept
for what in 'echo junk' 'true' 'rm'; do
	case $what in
	rm) rm rules/available/spamdyke.rules ;;
	*) $what >rules/available/spamdyke.rules ;;
	esac
	unlike "$(dry rules)" "spamdyke\.rules" "-n, after '$what': it is not named"
done
cp kept rules/available/spamdyke.rules
ln -s nowhere rules/spamdyke.rules
like "$(dry rules)" "rules/spamdyke.rules: No such file" \
    "a link to nowhere is an error"
rm rules/spamdyke.rules

# behind a tag it is read as with the rules that are in use
badiprbl='421 badiprbl: ip 203.0.113.12 rbl: zen.test'
for line in "qmail-smtpd: $badiprbl" \
    "Nov 28 10:00:00 ns1 qmail: qmail-smtpd: $badiprbl" \
    "Nov 28 10:00:00 ns1 qmail-smtpd: $badiprbl" \
    "Nov 28 10:00:00 ns1 qmail-smtpd[812]: $badiprbl" \
    "<22>1 2026-11-28T10:00:00.000001+00:00 ns1 qmail-smtpd - - - $badiprbl"; do
	echo "$line" >some.log
	like "$(dry rules)" "badiprbl\.rules would match" "-n: ${line%%421*}"
done

# ---- the feed ----

warns() {
	front_ctl status | grep -qxF "WARNING: $front/log/main: $advice"
}
is_read() {
	[ "$(front_json '$s->{logs}[0]{lines}')" = "$1" ]
}
mkdir log/main
front_rules=rules
{
	rblsmtpd 203.0.113.9
	seq -f 'tcpserver: pid %g from 203.0.113.10' 20000
} >log/main/current
front_start_feed -s '' -S ''
front_wait is_read 20001
like "$(front_ctl status)" '^OK' "status, no line of another program: OK"
# of many lines that no rule knows, not each is looked at
for _ in $(seq 61); do
	spamdyke 203.0.113.10
done >>log/main/current
ok "status: WARNING, and the link" front_wait warns
is "$(front_json '$s->{logs}[0]{rules_advice}')" "$advice" "and so in JSON"
is "$(grep -cF "$advice" feed.log)" 1 "the feed says it once"
$link
front_reload_feed
{
	echo 'tcpserver: pid 7 from 203.0.113.10'
	spamdyke 203.0.113.10
} >>log/main/current
has_ban() {
	front_ctl list | grep -q '^203.0.113.10	'
}
ok "linked, after SIGHUP: such a line bans" front_wait has_ban
like "$(front_ctl status)" '^OK' "and the status is OK"
done_testing
