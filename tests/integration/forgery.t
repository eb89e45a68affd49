#!/bin/sh
# SPDX-License-Identifier: ISC
# Everything that a client can write into the log, attacked: in each field of
# each format every planted text, and whole planted lines. The client is
# 203.0.113.9, which may be banned; the planted hosts are 198.51.100.0/24.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
cd "$front" || exit 1
all_rules rules
rules=rules
sets="-s '' -S ''"
[ "$front_ipset" ] && sets=

# {} is where the text goes; one field after another
cat >fields <<'EOT'
CHKUSER rejected sender: from <{}::> remote <h:r:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected sender: from <a@b:{}:> remote <h:r:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected sender: from <a@b::{}> remote <h:r:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected sender: from <a@b::> remote <{}:r:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected sender: from <a@b::> remote <h:{}:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected sender: from <a@b::> remote <h:r:203.0.113.9> rcpt <{}> : invalid sender MX domain
CHKUSER accepted rcpt: from <{}::> remote <h:r:203.0.113.9> rcpt <c@d> : found existing recipient
CHKUSER accepted rcpt: from <a@b::> remote <{}:r:203.0.113.9> rcpt <c@d> : found existing recipient
CHKUSER accepted rcpt: from <a@b::> remote <h:r:203.0.113.9> rcpt <{}> : found existing recipient
CHKUSER rejected intrusion: from <{}::> remote <h:r:203.0.113.9> rcpt <c@d> : rcpt ignored, session over intrusion threshold
CHKUSER intrusion threshold: from <a@b::> remote <{}:r:203.0.113.9> rcpt <c@d> : max number of allowed rcpt
CHKUSER rejected sender: from <{}|remoteinfo/auth:|chkuser-identify:> remote <helo:h|remotehostname:r|remotehostip:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected sender: from <a@b|remoteinfo/auth:{}|chkuser-identify:> remote <helo:h|remotehostname:r|remotehostip:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected sender: from <a@b|remoteinfo/auth:|chkuser-identify:> remote <helo:{}|remotehostname:r|remotehostip:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected sender: from <a@b|remoteinfo/auth:|chkuser-identify:> remote <helo:h|remotehostname:{}|remotehostip:203.0.113.9> rcpt <c@d> : invalid sender MX domain
CHKUSER rejected intrusion: from <a@b|remoteinfo/auth:|chkuser-identify:> remote <helo:h|remotehostname:r|remotehostip:203.0.113.9> rcpt <{}> : rcpt ignored, session over intrusion threshold
spamdyke[700]: DENIED_RBL_MATCH from: {} to: c@d origin_ip: 203.0.113.9 origin_rdns: r auth: (unknown) encryption: (none) reason: listed
spamdyke[700]: DENIED_RBL_MATCH from: a@b to: {} origin_ip: 203.0.113.9 origin_rdns: r auth: (unknown) encryption: (none)
spamdyke[700]: DENIED_RBL_MATCH from: a@b to: c@d origin_ip: 203.0.113.9 origin_rdns: r auth: {} encryption: (none)
spamdyke[700]: ALLOWED from: {} to: c@d origin_ip: 203.0.113.9 origin_rdns: r auth: (unknown) encryption: (none)
spamdyke[700]: ALLOWED from: a@b to: c@d origin_ip: 203.0.113.9 origin_rdns: r auth: {} encryption: (none)
rblsmtpd:  pid 700 from 203.0.113.9: 451 Listed: Sender <{}>
rblsmtpd:  pid 700 from 203.0.113.9: 451 Listed: Recipient <{}>
rblsmtpd: zen.test blocked 203.0.113.9 {} -
qmail-smtpd: message from 203.0.113.9 subject {} accepted
tcpserver: ok 700 localhost:127.0.0.1:25 {}:203.0.113.9:{}:35799
EOT
# @ is the planted host
cat >texts <<'EOT'
@
<@>
a:@
h:r:@
a@b.test::> remote <h:r:@> rcpt <c> : invalid sender MX domain
a@b.test::> remote <h:r:@
h:r:@> rcpt <c> : invalid sender MX domain
::> remote <h:r:@> rcpt <c> : rcpt ignored, session over intrusion threshold
c> : invalid sender MX domain CHKUSER rejected sender: from <a::> remote <h:r:@
@> rcpt <c> : invalid sender MX domain
|remotehostip:@
x|remoteinfo/auth:|chkuser-identify:> remote <helo:h|remotehostname:r|remotehostip:@> rcpt <c> : invalid sender MX domain
h|remotehostname:r|remotehostip:@> rcpt <c
h|remotehostname:r|remotehostip:@
a origin_ip: @ origin_rdns: r auth: x encryption: y
a to: b origin_ip: @
a origin_ip: @ origin_rdns: r auth: x encryption: y reason: z
rblsmtpd: @ pid 700: 553 x
 rblsmtpd: @ pid 700: 553 x
x: 451 rblsmtpd: @ pid 700: 451 Listed
pid 700 from @: 451 Listed
@: 451 Listed: Sender <
blocked @ host -
qmail-smtpd: 421 badiprbl: ip @ rbl: zen.test
qmail-smtpd[700]: rbl: ip=@ query=x result=reject message='Listed'
rbl: ip=@ query=x result=reject message='Listed'
@4000000066d1f3a500000000 rblsmtpd: @ pid 700: 451 Listed
2026-11-24 12:00:00.000000000 rblsmtpd: @ pid 700: 451 Listed
Sep  6 07:33:33 host qmail: 1157520813.485077 rblsmtpd: @ pid 700: 451 Listed
EOT
# whole lines, by an AUTH name with a line feed in it
cat >lines <<'EOT'
rblsmtpd: @ pid 700: 553 x
rblsmtpd: @ pid 1: 451 Listed by XBL
rblsmtpd: @ pid 701: 451 Listed by XBL
rblsmtpd: @ pid 0: 451 Listed by XBL
rblsmtpd: @ pid 99999999999999999999: 451 Listed by XBL
rblsmtpd: @ pid 700 zen.test: 451 x
rblsmtpd: zen.test blocked @ host -
rblsmtpd:  pid 700 from @: 451 x
qmail-smtpd: 421 badiprbl: ip @ rbl: zen.test
qmail-smtpd[700]: rbl: ip=@ query=x result=reject message='Listed'
rbl: ip=@ query=x result=delay message='Listed'
CHKUSER rejected sender: from <a::> remote <h:r:@> rcpt <c> : invalid sender MX domain
CHKUSER intrusion threshold: from <a::> remote <h:r:@> rcpt <c> : x
CHKUSER rejected sender: from <a|remoteinfo/auth:|chkuser-identify:> remote <helo:h|remotehostname:r|remotehostip:@> rcpt <c> : invalid sender MX domain
spamdyke[700]: DENIED_RBL_MATCH from: a to: b origin_ip: @ origin_rdns: r auth: u encryption: e
tcpserver: pid 700 from @x
tcpserver: end 701 status 0
tcpserver: ok 700 localhost:127.0.0.1:25 :@::35799
EOT

# the client, and an innocent host, are connected all the time
awk 'BEGIN {
	srand(11)
	while ((getline line <"fields") > 0) field[nf++] = line
	while ((getline line <"texts") > 0) text[nt++] = line
	while ((getline line <"lines") > 0) whole[nl++] = line
	print "tcpserver: pid 700 from 203.0.113.9"
	print "tcpserver: pid 701 from 198.51.100.200"
	# while no line is torn yet
	for (l = 0; l < nl; l++)
		put("{}", whole[l])
	for (f = 0; f < nf; f++)
		for (t = 0; t < nt; t++)
			put(field[f], text[t])
	for (i = 0; i < 20000; i++) # two and three texts together
		put(field[int(rand() * nf)], text[int(rand() * nt)] \
		    substr("> :  ", 1 + int(rand() * 5), int(rand() * 3)) \
		    text[int(rand() * nt)] \
		    (rand() < .3 ? text[int(rand() * nt)] : ""))
	# the refused client itself, so that something is banned at all
	print "rblsmtpd: 203.0.113.9 pid 700: 451 Listed by XBL"
}
function put(line, text, host) {
	host = "198.51.100." 1 + attempts % 199
	gsub(/@/, "\001", text)
	gsub(/\001b/, "@b", text)
	gsub(/\001/, host, text)
	gsub(/[{][}]/, text, line)
	print line
	attempts++
	print attempts >"attempts"
}' >attack.log
attempts=$(tail -n 1 attempts)
ok "attempts: $attempts" test "$attempts" -gt 20000

"$feed" -f /dev/null -n -m 0 -c "$rules" -l '' attack.log >decisions
is "$(grep -c '^ban	198\.51\.100\.' decisions)" 0 \
    "bans of planted addresses, as decided"
is "$(grep '^ban' decisions | cut -f 2 | sort -u)" 203.0.113.9 \
    "nobody but the client itself is banned"
for why in ambiguous unseen torn; do
	ok "some were skipped: $(grep -c "	$why\$" decisions) $why" \
	    grep -q "	$why\$" decisions
done

# and for real: the sets and recent.cdb
eval "\"\$feed\" -f /dev/null -1 -m 0 -c \"\$rules\" -d state -l '' $sets" \
    attack.log 2>err
like "$("$feed" -f /dev/null -1 -c "$rules" -d state -l '' -s '' -S '' \
    attack.log 2>&1)" \
    'recent.cdb: bans: 1$' "recent.cdb has one ban"
if [ "$front_ipset" ]; then
	is "$(ipset list rblcache4 | sed '1,/^Members/d' | cut -d' ' -f1)" \
	    203.0.113.9 "and so has the set"
else
	skip "the set" "no ipset here"
fi

# lines that are the rest of another, or come from a process that has passed; the
# client is banned at the end of each log
for log in "$root"/tests/corpus/forged/*; do
	name=forged/${log##*/}
	"$feed" -f /dev/null -n -c "$rules" -l '' "$log" >decisions
	is "$(awk '$1 == "ban" { banned[$2] = 1 } $1 == "lift" { delete banned[$2] }
	    END { for (ip in banned) print ip }' decisions)" 203.0.113.9 \
	    "$name: nobody but the client is banned"
	ok "$name: attempts: $(grep -c '198\.51\.100\.7' decisions)" \
	    grep -q '198\.51\.100\.7' decisions
done

# the list's answers to us are no listings, in any format
cat >errors <<'EOT'
rblsmtpd: 198.51.100.7 pid 701: 451 temporary RBL lookup error
rblsmtpd: 198.51.100.7 pid 701: 451 Error: open resolver; https://check.spamhaus.org/returnc/pub/46.38.225.230/
rblsmtpd: 198.51.100.7 pid 701: 553 Error: open resolver
rblsmtpd: 198.51.100.7 pid 701: 451 https://www.spamhaus.org/returnc/vol/
rblsmtpd: 198.51.100.7 pid 701: greetdelay: 50
rblsmtpd: 198.51.100.7 pid 701: [RBL info] listed
rblsmtpd: 198.51.100.7 pid 701: timeout while waiting for : zen.test
rblsmtpd:  pid 701: 451 Listed
rblsmtpd: 198.51.100.7 pid 701: 451 [cached] Listed
rblsmtpd: 198.51.100.7 pid 701 zen.test: 451 Error: open resolver
rblsmtpd: 198.51.100.7 pid 701 zen.test: 451 http://x/returnc/pub/
rblsmtpd:  pid 701 from 198.51.100.7: 451 Error: open resolver
rblsmtpd:  pid 701 from 198.51.100.7: 451 http://x/returnc/pub/
qmail-smtpd[701]: rbl: ip=198.51.100.7 query=x result=dnserr message='x'
qmail-smtpd[701]: rbl: ip=198.51.100.7 query=x result=accept message='x'
qmail-smtpd[701]: rbl: ip=198.51.100.7 query=x result=reject message='Error: open resolver'
qmail-smtpd[701]: rbl: ip=198.51.100.7 query=x result=delay message='http://x/returnc/pub/'
spamdyke[701]: DENIED_RBL_MATCH from: a to: b origin_ip: 198.51.100.7 origin_rdns: r auth: u encryption: e reason: 451 Error: open resolver
spamdyke[701]: DENIED_RBL_MATCH from: a to: b origin_ip: 198.51.100.7 origin_rdns: r auth: u encryption: e reason: http://x/returnc/pub/
CHKUSER rejected sender: from <a::> remote <h:r:198.51.100.7> rcpt <c> : temporary DNS problem
CHKUSER rejected rcpt: from <a::> remote <h:r:198.51.100.7> rcpt <c> : not existing recipient
CHKUSER rejected rcpt: from <a::> remote <h:r:198.51.100.7> rcpt <c> : mbx overquota
CHKUSER no auth resource: from <a::> remote <h:r:198.51.100.7> rcpt <c> : x
CHKUSER relaying rcpt: from <a::> remote <h:r:198.51.100.7> rcpt <c> : client allowed to relay
EOT
is "$("$feed" -f /dev/null -n -c "$rules" -l '' errors | grep -c '^ban')" 0 \
    "bans by error answers, failures and harmless lines"
done_testing
