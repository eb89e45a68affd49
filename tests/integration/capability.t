#!/bin/sh
# SPDX-License-Identifier: ISC
# The file capability: used to ask once, gone before any file is opened,
# and not there for the next program.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
[ "$FRONT_ROOT" ] || skip_all "setcap and another user want root"
front_rules=$root/hooks/log
front_prepare
[ "$front_ipset" ] || skip_all "$front_no_ipset"
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
    "$hook" -l '' -k '' "$front/bin/caps" 2>"$front/err" &
tcpserver_pid=$!
front_wait front_listens
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

# what rblcache(8) says of a local user, who may run it as he likes. env: the
# exec from setpriv, which has kept its own capabilities, would not be like his.
hook_of() { # COMMAND before the hook... -- SET: what the hook says
	tried=
	while [ "$1" != -- ]; do
		tried="$tried $1"
		shift
	done
	# shellcheck disable=SC2086 # words
	TCPREMOTEIP=203.0.113.9 $as_user env $tried "$hook" -nv -l '' -k '' \
	    -s "$2" true 2>&1
}
ipset create others hash:net
ipset add others 203.0.113.0/24
like "$(hook_of -- others)" '\(ipset\)$' \
    "a user may ask about another set as well"
before=$(ipset save)
ok "as often as he likes" eval 'for i in 1 2 3; do hook_of -- others; done'
is "$(ipset save)" "$before" "and nothing changes by it"
for command in "setpriv --no-new-privs" "unshare -r" "strace -o /dev/null"; do
	# shellcheck disable=SC2086 # words
	if ! $as_user $command true 2>/dev/null; then
		skip "$command: no capability" "it does not work here"
		continue
	fi
	# shellcheck disable=SC2086 # words
	like "$(hook_of $command -- others)" 'no right to read it' \
	    "$command: no capability"
done
cat >"$front/bin/least" <<'EOF'
#!/bin/sh
ulimit -n 3
exec "$@"
EOF
chmod 755 "$front/bin/least"
like "$(hook_of "$front/bin/least" -- others)" '(Too many open files|No file descriptors available)$' \
    "no descriptor left: said, and it goes on"
# The next program has the environment that it would have without the hook. In a
# program with a capability glibc deletes what would be dangerous for itself.
environment="LD_PRELOAD=/none.so LD_LIBRARY_PATH=/none LD_DEBUG_OUTPUT=/none
    LD_BIND_NOT=1 GLIBC_TUNABLES=glibc.malloc.check=3 MALLOC_TRACE=/none
    TMPDIR=/none RES_OPTIONS=ndots:2 LOCALDOMAIN=test HOSTALIASES=/none
    TZDIR=/none LOCPATH=/none NLSPATH=/none GCONV_PATH=/none EMPTY= A=1 A=2
    TCPREMOTEIP=198.51.100.7"
cat >"$front/bin/environment" <<'EOF'
#!/usr/bin/perl -0
open my $env, "<", "/proc/self/environ";
print map { "$_\n" } map { chomp; $_ } <$env>;
EOF
chmod 755 "$front/bin/environment"
environment() { # COMMAND...: what that has, run by the user
	# shellcheck disable=SC2086 # words
	$as_user env -i $environment "$@" 2>/dev/null
}
if grep -q glibc "$hook"; then
	given=$(environment "$hook" "$front/bin/environment")
	unlike "$given" '^(TMPDIR|LD_LIBRARY_PATH|RES_OPTIONS)=' \
	    "glibc deletes some variables, as rblcache(8) says"
	is "$(printf '%s\n' "$given" | grep -E '^(EMPTY|A|TCP)')" "EMPTY=
A=2
TCPREMOTEIP=198.51.100.7" "and leaves the others"
else
	is "$(environment "$hook" "$front/bin/environment")" \
	    "$(environment "$front/bin/environment")" \
	    "the environment of the next program is what it was"
	like "$(environment "$hook" "$front/bin/environment")" '^TMPDIR=/none$' \
	    "with TMPDIR"
fi
echo x >"$front/secret.cdb"
chmod 600 "$front/secret.cdb"
like "$(TCPREMOTEIP=203.0.113.9 $as_user "$hook" -nv -l "$front/secret.cdb" \
    -k '' true 2>&1)" 'secret.cdb: Permission denied' \
    "a file is opened with the user's own rights"
mkfifo "$front/stdin"
TCPREMOTEIP=203.0.113.9 $as_user env "$hook" -l '' -k '' true \
    <>"$front/stdin" >/dev/null 2>"$front/err" &
held=$!
ok "while it talks to a client" front_wait grep -q '(ipset)$' "$front/err"
is "$(stat -c %U "/proc/$held/mem" "/proc/$held/environ" | uniq)" root \
    "nobody but root reads its memory, and it leaves no core dump"
like "$(timeout 5 $as_user strace -o /dev/null -p "$held" 2>&1)" \
    'Operation not permitted' "nor may a user attach to it"
kill "$held"
wait "$held" 2>/dev/null

# without the capability: said, and recent.cdb decides
cp "$RBLCACHE_BUILD/rblcache" "$front/bin/plain"
is "$(TCPREMOTEIP=203.0.113.9 $as_user "$front/bin/plain" -l '' -k '' \
    echo next 2>"$front/err")" next "no capability: passed on"
like "$(cat "$front/err")" 'set rblcache4: no right to read it' \
    "no capability: said"
setcap -r "$hook"
setcap cap_net_admin+p "$hook"

# the order of system calls; strace -u lets a file capability take effect
user=$(getent passwd 65534 | cut -d: -f1)
printf '203.0.113.66 deny go away\n' >"$front/hosts"
"$cdb" build "$local_cdb" "$front/hosts" || exit 1
cp "$local_cdb" "$front/other.cdb" # for -k: opened, whatever it holds
trace() { # ADDRESS VARIABLE=VALUE OPTION...: the names of the calls, in turn
	trace_env="-E TCPREMOTEIP=$1 -E $2"
	shift 2
	# shellcheck disable=SC2086 # words
	strace -s 400 -u "$user" $trace_env -o "$front/trace" "$hook" \
	    -l "$local_cdb" -k "$front/other.cdb" "$@" </dev/null \
	    >/dev/null 2>"$front/err"
	calls=$(sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' "$front/trace")
	# without those of the next program
	calls=$(printf '%s\n' "$calls" | sed '1d;/^execve$/,$d')
}
asked() { # the sets of the question, in turn
	sed -n 's/^sendto(//p' "$front/trace" | perl -ne \
	    's/\\x(..)/chr hex $1/ge; print join " ", /rbl[a-z]+[46]/g'
}
randoms() { # random numbers that were wanted, the capability dropped
	sed '1,/^capset.*permitted=0,/d;/^execve(/,$d' "$front/trace" |
		grep -c '^getrandom('
}
if ldd "$hook" 2>/dev/null | grep -q '=>'; then
	skip "the order of system calls" "this build is not static"
elif ! strace -u "$user" -o "$front/trace" true 2>/dev/null; then
	skip "the order of system calls" "strace does not work here"
else
	libc='brk|arch_prctl|set_tid_address|set_robust_list|rseq|prlimit64'
	libc="$libc|readlink(at)?|getrandom|mprotect|mmap|fcntl|poll|access"
	for case in "unknown 198.51.100.7 A=1" "member 203.0.113.9 A=1" \
	    "local 203.0.113.66 A=1" "no-such-set 198.51.100.7 A=1 -s none" \
	    "own-client 203.0.113.9 RELAYCLIENT=" "no-address junk A=1" \
	    "passed 203.0.113.9 A=1 -p" "recheck 203.0.113.9 A=1 -r 1" \
	    "recheck-unknown 198.51.100.7 A=1 -r 1" \
	    "recheck-local 203.0.113.66 A=1 -r 1" "six 2001:db8:1:2::4 A=1" \
	    "preload 198.51.100.7 LD_PRELOAD=/none.so" \
	    "tunables 198.51.100.7 GLIBC_TUNABLES=glibc.malloc.check=3" \
	    "library-path 198.51.100.7 LD_LIBRARY_PATH=$front" \
	    "malloc-trace 198.51.100.7 MALLOC_TRACE=$front/mtrace"; do
		# shellcheck disable=SC2086 # words
		set -- $case
		name=$1
		shift
		trace "$@" true
		sed '/^capset.*permitted=0,/q' "$front/trace" >"$front/held"
		held=$(printf '%s\n' "$calls" |
			head -n $(($(wc -l <"$front/held") - 1)))
		case $name in
		own-client | no-address | passed) want='capset ' ;;
		*) want='capset socket sendto recvfrom recvfrom '
			want="${want}close capset " ;;
		esac
		is "$(printf '%s\n' "$held" | grep -Exv "$libc" | tr '\n' ' ')" \
		    "$want" "$name: asks once at most, then no capability"
		like "$(grep '^capset' "$front/trace" | tail -n 1)" \
		    'effective=0, permitted=0, inheritable=0}\) = 0$' \
		    "$name: every capability is dropped"
		# its own path, a mark that only AT_SECURE makes it look for,
		# a limit that it asks for
		is "$(printf '%s\n' "$held" | grep -c -e '^readlink' \
		    -e '^access' -e '^prlimit64')" "$(grep -c \
		    -e '^readlink("/proc/self/exe", ' \
		    -e '^readlinkat(AT_FDCWD, "/proc/self/exe", ' \
		    -e '^access("/etc/suid-debug", F_OK)' \
		    -e '^prlimit64(0, RLIMIT_STACK, NULL, ' \
		    "$front/held")" "$name: libc's start only looks"
		unlike "$calls" '^(prctl|setuid|rt_sigprocmask|seccomp|fork|clone3?)$' \
		    "$name: nothing that the next program would notice"
		case $name in
		unknown)
			is "$(printf '%s\n' "$calls" | sed '1,/^capset$/d' |
				grep -c '^open')" 1 \
			    "unknown: local.cdb is opened, after that"
			unlike "$(cat "$front/err")" 'no right' \
			    "unknown: the capability was there"
			count=$(($(printf '%s\n' "$calls" | wc -l) + 1))
			ok "unknown: fewer than 40 system calls ($count)" \
			    [ "$count" -lt 40 ]
			# neighbours of its network at every length
			perl -e 'my $ip = unpack "N", pack "C4", 198, 51, 100, 7;
				for (8 .. 32) {
					my $net = $ip >> 32 - $_ ^ 1;
					printf "%vd/%d deny\n", pack("N",
					    $net << 32 - $_), $_;
				}' >"$front/hosts"
			"$cdb" build "$front/wide.cdb" "$front/hosts"
			trace "$@" -l "$front/wide.cdb" true
			count=$(($(printf '%s\n' "$calls" | wc -l) + 1))
			ok "unknown, rules of every length: fewer than 45 ($count)" \
			    test "$count" -lt 45
			;;
		six)
			is "$(asked)" "rblcache6 rblpass6" \
			    "IPv6: two sets of that family"
			;;
		recheck)
			is "$(randoms)" 1 "-r: a random number"
			like "$(cat "$front/err")" ' recheck$' "-r: said"
			;;
		recheck-unknown | recheck-local)
			is "$(randoms)" 0 \
			    "$name: no random number where none is wanted"
			;;
		member)
			is "$(asked)" "rblcache4 rblpass4" \
			    "member: two sets in one question"
			is "$(randoms)" 0 "member: no random number without -r"
			like "$(cat "$front/err")" '\(ipset\)$' \
			    "member: the kernel said so"
			;;
		no-such-set)
			like "$(cat "$front/err")" 'set none: no such set$' \
			    "no such set: said, after that"
			;;
		esac
	done
	strace -u "$user" -E TCPREMOTEIP=203.0.113.9 -o "$front/trace" \
	    sh -c 'exec "$@" <&- >&- 2>&-' sh "$hook" -l '' -k '' true
	like "$(sed -n 's/^socket(.* = //p' "$front/trace")" \
	    '^([3-9]|[1-9][0-9]+)$' \
	    "standard descriptors that are closed: the question goes by another"
	trace 203.0.113.9 A=1 -s '' true
	unlike "$calls" '^(socket|sendto)$' "-s '': no set is asked"
fi
done_testing
