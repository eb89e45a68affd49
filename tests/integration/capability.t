#!/bin/sh
# The file capability: used for one question, gone before any file is opened,
# and not there for the next program.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
[ "$FRONT_ROOT" ] || skip_all "setcap and another user want root"
front_rules=$root/hooks/log
front_prepare
[ "$front_ipset" ] || skip_all "this kernel has no ipset"
ipset create rblcache4 hash:ip timeout 100
ipset create rblcache6 hash:ip family inet6 netmask 64 timeout 100
ipset add rblcache4 203.0.113.9
ipset add rblcache6 2001:db8:1:2::
cat >"$front/bin/caps" <<'EOF'
#!/bin/sh
grep -E '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs|Uid|Gid|Sig(Blk|Ign))' /proc/self/status
EOF
chmod 755 "$front/bin/caps"
as_user="setpriv --reuid 65534 --regid 65534 --clear-groups"

# through the real tcpserver -u -g
tcpserver -R -H -l localhost -u 65534 -g 65534 127.0.0.1 2525 \
    "$hook" "$front/bin/caps" 2>"$front/err" &
tcpserver_pid=$!
front_wait 5 front_listens
caps=$(tcpclient -RHl0 -i 198.51.100.7 127.0.0.1 2525 sh -c 'cat <&6')
for set in Inh Prm Eff Amb; do
	like "$caps" "^Cap$set:.0000000000000000\$" \
	    "tcpserver -u: Cap$set of the next program"
done
like "$caps" '^NoNewPrivs:.0$' "it may run setuid programs"
like "$caps" '^Uid:.65534.65534.65534.65534$' "the same uid"
like "$(front_connect 203.0.113.9)" '^451 ' \
    "tcpserver -u: the set is read, a member refused"
like "$(cat "$front/err")" 'rblcache: 203.0.113.9 pid [0-9]+: 451 .*\(ipset\)$' \
    "and said"
unlike "$(cat "$front/err")" 'no right' "without complaint"
like "$(TCPREMOTEIP=2001:db8:1:2:3::4 $as_user "$hook" -l '' -k '' -t 0 \
    echo next 2>/dev/null)" '^451 ' "IPv6: the /64 is a member"

# without the capability: said, and recent.cdb decides
cp "$RBLCACHE_BUILD/rblcache" "$front/bin/plain"
is "$(TCPREMOTEIP=203.0.113.9 $as_user "$front/bin/plain" -l '' -k '' \
    echo next 2>"$front/err")" next "no capability: passed on"
like "$(cat "$front/err")" 'set rblcache4: no right to read it' \
    "no capability: said"
setcap -r "$hook"
setcap cap_net_admin+ep "$hook"

# the order of system calls
if ldd "$hook" 2>/dev/null | grep -q '=>'; then
	skip "the order of system calls" "this build is not static"
elif ! strace -o "$front/trace" true 2>/dev/null; then
	skip "the order of system calls" "strace does not work here"
else
	TCPREMOTEIP=198.51.100.7 strace -o "$front/trace" "$front/bin/plain" \
	    true 2>/dev/null
	calls=$(sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' "$front/trace" |
	    sed '/^execve$/,$!d')
	# what comes between the start of main and the drop
	between=$(printf '%s\n' "$calls" | sed -n '/^socket$/,/^capset$/p' |
	    tr '\n' ' ')
	is "$between" "socket sendto recvfrom close capset " \
	    "one question, then every capability is dropped"
	before=$(printf '%s\n' "$calls" | sed '/^capset$/q')
	unlike "$before" '^open(at)?$' "no file is opened before"
	count=$(printf '%s\n' "$calls" | sed '1d;/^execve$/q' | wc -l)
	ok "fewer than 40 system calls for an unknown host ($count)" \
	    [ "$count" -lt 40 ]
fi
done_testing
