#!/bin/sh
# SPDX-License-Identifier: ISC
# The hook on both sides of rblsmtpd: who passed is not asked about again, and
# some refusals are asked about anew.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
printf '203.0.113.66 deny go away\n203.0.113.77 allow\n' >"$front/hosts"
"$cdb" build "$local_cdb" "$front/hosts" || exit 1
front_list 203.0.113.9 203.0.113.10
front_start_dnsbl
ipset create rblcache4 hash:ip timeout 600
ipset add rblcache4 198.51.100.9
ipset add rblcache4 203.0.113.9
# it shows what it was given
sed -i 's/^printf .*/printf "220 smtpd.test %s\\r\\n" "${RBLSMTPD-unset}"/' \
    "$front/bin/smtpd"

serve() { # OPTION...: of the hook before rblsmtpd
	if [ "${tcpserver_pid-}" ]; then
		kill "$tcpserver_pid"
		wait "$tcpserver_pid" 2>/dev/null
	fi
	# shellcheck disable=SC2086 # two words or none
	tcpserver -R -H -l localhost -c 100 $mail_user 127.0.0.1 2525 \
	    "$hook" -l "$local_cdb" -k "$recent" "$@" \
	    rblsmtpd -r rbl.test "$hook" -p "$front/bin/smtpd" \
	    2>>"$front/err" &
	tcpserver_pid=$!
	front_wait front_listens || front_fail "tcpserver does not listen"
}
# connect ADDRESS: leaves the greeting, the last reply but one, what was said,
# and how many questions it cost
asked=0
connect() {
	: >"$front/err"
	answers=$(front_connect "$1")
	greeting=$(printf '%s\n' "$answers" | head -n 1)
	reply=$(printf '%s\n' "$answers" | tail -n 2 | head -n 1)
	said=$(sed "s/^rblcache: $1 pid [0-9]*: //" "$front/err")
	before=$asked
	asked=$(front_queries)
	cost=$((asked - before))
}
passes_known="220 smtpd.test "
passes_unknown="220 smtpd.test unset"
refused="220 rblcache.local"

# the sets are not there: nothing is said of it
serve
connect 198.51.100.7
is "$greeting" "$passes_unknown" "no such sets: a clean host reaches the smtpd"
is "$said, $cost" "passed, 1" "it passed a list that was asked"
connect 203.0.113.10
is "$greeting" "220 rblsmtpd.local" "no such sets: rblsmtpd refuses a listed host"
unlike "$said" passed "which has not passed"
connect 203.0.113.77
is "$greeting, $said, $cost" "$passes_known, , 0" \
    "allowed by a rule: no list was asked, so it has not passed one"
connect 203.0.113.66
is "$reply" "553 go away" "denied by a rule"
unlike "$said" passed "which has not passed"

# who passed
ipset create rblpass4 hash:ip timeout 600
connect 198.51.100.7
is "$greeting, $said, $cost" "$passes_unknown, passed, 1" "in no set: asked about"
ipset add rblpass4 198.51.100.7
ipset add rblpass4 198.51.100.9
ipset add rblpass4 203.0.113.66
connect 198.51.100.7
is "$greeting" "$passes_known" "a pass: RBLSMTPD is empty for the next program"
is "$said, $cost" "allowed (pass), 0" "said once, and without a question"
connect 198.51.100.9
is "$greeting" "$refused" "a pass and a ban: refused"
connect 203.0.113.66
is "$reply" "553 go away" "a pass and a rule: refused"

is "$(TCPREMOTEIP=198.51.100.7 "$hook" -l '' -k '' -n \
    sh -c 'echo "<$RBLSMTPD>"' 2>/dev/null)" "<>" "-n: who passes, passes"
is "$(TCPREMOTEIP=198.51.100.7 "$hook" -l '' -k '' -s '' \
    sh -c 'echo "<${RBLSMTPD-unset}>"' 2>&1)" "<unset>" \
    "-s '': the other set is not asked either"

# local.cdb cannot be read: the cache decides nothing
cp "$local_cdb" "$front/good.cdb"
echo junk >"$local_cdb"
connect 198.51.100.7
is "$greeting, $cost" "$passes_unknown, 1" "broken rules: nobody is let pass"
cp "$front/good.cdb" "$local_cdb"

# without the first set the other still is asked; a set of another kind
ipset destroy rblcache4
connect 198.51.100.7
is "$greeting, $cost" "$passes_known, 0" "no set of bans: who passed, passes"
like "$said" '^set rblcache4: no such set
allowed \(pass\)$' "and that is said"
ipset create rblcache4 hash:ip timeout 600
ipset add rblcache4 198.51.100.9
ipset add rblcache4 203.0.113.9
ipset destroy rblpass4
ipset create rblpass4 hash:ip family inet6
connect 198.51.100.7
is "$greeting, $said" "$passes_unknown, passed" \
    "a set of another kind knows nobody, and nothing is said"
ipset destroy rblpass4

# asked anew
serve -r 1
for i in 1 2 3; do
	connect 198.51.100.9
	is "$greeting, $cost" "$passes_unknown, 1" \
	    "-r 1: a ban that no list has goes through, $i"
	is "$said" "recheck
passed" "-r 1: both are said, $i"
done
connect 203.0.113.9
is "$greeting, $cost" "220 rblsmtpd.local, 1" "-r 1: rblsmtpd refuses who is listed"
like "$said" '^recheck$' "-r 1: after the recheck"
unlike "$said" '^passed$' "-r 1: which it has not passed"
connect 203.0.113.66
is "$reply" "553 go away" "-r 1: a rule always stands"
is "$(TCPREMOTEIP=203.0.113.9 "$hook" -l '' -k '' -n -r 1 echo next 2>&1 |
    sed 's/.*pid [0-9]*: \(would refuse\).*/\1/')" "would refuse
next" "-n and -r: nothing to recheck"
is "$(TCPREMOTEIP=203.0.113.9 "$hook" -l '' -k '' -e -r 1 \
    sh -c 'echo "${RBLSMTPD-unset}"' 2>/dev/null)" unset \
    "-e and -r 1: the environment is untouched"
if strace -o "$front/trace" -e inject=getrandom:error=EAGAIN \
    env TCPREMOTEIP=203.0.113.9 "$RBLCACHE_BUILD/rblcache" -l '' -k '' -t 0 \
    -r 1 true >"$front/answer" 2>/dev/null && grep -q '^getrandom(.*INJECTED' \
    "$front/trace"; then
	like "$(cat "$front/answer")" '^451 ' \
	    "no random numbers to be had: no recheck"
else
	skip "no random numbers" "strace does not work here"
fi
serve -r 1000000000
connect 198.51.100.9
is "$greeting" "$refused" "-r 1000000000: hardly ever"
serve -r 2
: >"$front/err"
for i in $(seq 400); do
	front_connect 198.51.100.9 >/dev/null
done
n=$(grep -c ' recheck$' "$front/err")
ok "-r 2: $n of 400 are rechecked" test "$n" -gt 140 -a "$n" -lt 260
is "$(grep -c ' passed$' "$front/err") $(grep -c '(ipset)$' "$front/err")" \
    "$n $((400 - n))" "-r 2: these pass, the others are refused"
done_testing
