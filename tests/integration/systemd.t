#!/bin/sh
# SPDX-License-Identifier: ISC
# The systemd unit: that systemd understands it, that it is tight, that the feed
# needs nothing that it forbids; and where a systemd may be started in
# namespaces of its own, that the feed does its work under it.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
command -v systemd-analyze >/dev/null || skip_all "no systemd-analyze here"
front_prepare
cd "$front" || exit 1
rules=$front/rules
cp -r "$root/hooks/log" "$rules"
unit=$root/hooks/service/systemd/rblcache-feed.service
exposure=19 # tenths; INSTALL says it too

line() { # ADDRESS
	printf 'rblsmtpd: %s pid 7: 451 Listed by TEST\n' "$1"
}

# ---- what systemd-analyze says ----

mkdir check
for file in "${unit%/*}"/*; do
	sed "s|/usr/local/sbin/|$front/bin/|
	    s|/usr/local/share/rblcache/|$root/cdb/|" "$file" \
	    >"check/${file##*/}"
done
exits "systemd understands it, and the others" 0 '^$' \
    systemd-analyze verify --man=no check/*
security="systemd-analyze security --offline=true check/rblcache-feed.service"
# shellcheck disable=SC2086 # words
ok "exposed no more than INSTALL says" $security --threshold=$exposure
is "$($security | sed -n 's/.*Overall exposure level for [^ ]*: \([0-9.]*\) .*/\1/p')" \
    "$(sed -n 's/.*exposure level *\([0-9.]*[0-9]\).*/\1/p' "$root/INSTALL")" \
    "and just as much"

# ---- system calls ----

# The filter's calls: the last line that names one wins.
allowed() {
	sed -n 's/^SystemCallFilter=//p' "$unit" | while read -r words; do
		sign=+
		case $words in '~'*) sign=- ;; esac
		for word in ${words#'~'}; do
			calls_of "$word" | sed "s/^/$sign/"
		done
	done | awk '{ on[substr($0, 2)] = substr($0, 1, 1) }
	    END { for (c in on) if (on[c] == "+") print c }' | sort
}
calls_of() { # NAME OR @GROUP
	case $1 in
	@*) systemd-analyze syscall-filter "$1" | sed -n 's/^ *//; 2,$p' |
		grep -v '^#' | while read -r call; do
			calls_of "$call"
		done ;;
	*) echo "$1" ;;
	esac
}
# A long run: start, bans, rotation, SIGHUP, a set that goes, checkpoints, a list
# that is asked, an end; under the rights that systemd gives, so that nothing of
# root's counts.
front_list 203.0.113.1
front_start_dnsbl
cat >feed.conf <<EOT
zone = rbl.test text TEST
resolver = 127.0.0.53
canary = 1s
pass = 1m
drop = after 2
EOT
mkdir log/main
line 203.0.113.1 >log/main/current
chmod 777 state
as=
[ -z "$FRONT_ROOT" ] || as="setpriv --reuid 65534 --regid 65534 --clear-groups
    --inh-caps +net_admin --ambient-caps +net_admin"
[ "$front_ipset" ] && sets= || sets="-s x -S x"
cat >run.sh <<EOT
sleep 0.3
exec "$feed" -v -c "$rules" -f feed.conf -d state -l none.cdb $sets log/main
EOT
# shellcheck disable=SC2086 # words
NOTIFY_SOCKET=@rblcache-units/$$ $as strace -f -qq -o state/calls sh run.sh 2>err &
strace_pid=$!
feed_pid=
the_feed() {
	feed_pid=$(pgrep -P "$strace_pid" -x rblcache-feed)
}
front_wait the_feed
ok "traced: a ban" front_wait front_cached 203.0.113.1
mv log/main/current log/main/@4000000065000000deadbeef.s
line 203.0.113.2 >log/main/current
ok "traced: after a rotation" front_wait front_cached 203.0.113.2
rm log/main/@*
ipset destroy 2>/dev/null
kill -HUP "$feed_pid"
front_wait grep -q 'rules and settings loaded again' err
line 203.0.113.3 >>log/main/current
ok "traced: after SIGHUP" front_wait front_cached 203.0.113.3
sleep 2.5 # a checkpoint of a child
line 203.0.113.4 >>log/main/current
ok "traced: one more" front_wait front_cached 203.0.113.4
ctl="$RBLCACHE_BUILD/rblcachectl -d state -l none.cdb"
ok "traced: a list is asked" front_wait \
    eval '$ctl status | grep -q "rbl.test: well"'
ok "traced: asked" eval '$ctl status | grep -q "hold now"'
ok "traced: told" eval '$ctl add 203.0.113.5 && $ctl flush'
kill "$feed_pid"
wait "$strace_pid"
feed_pid=
# from its start on, and but for the calls that are to fail
sed '1,/execve.*rblcache-feed/d' state/calls |
	sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' | sort -u >used
allowed >allowed
ok "there are many to compare ($(wc -l <used) of $(wc -l <allowed))" \
    test "$(wc -l <used)" -gt 40
if [ "$FRONT_ROOT" ]; then
	is "$(comm -23 used allowed | tr '\n' ' ')" "setuid " \
	    "all are allowed, but for the one that is to fail"
else
	skip "all are allowed" "not root: the feed starts as another root"
fi
for call in ptrace mount bpf init_module setgroups chown setresuid \
    keyctl mlock timer_create; do
	ok "not allowed: $call" sh -c "! grep -qx $call allowed"
done

# ---- without memory that is written and executed ----

cat >mdwe <<'EOT'
use Config;
my $nr = {x86_64 => 157, aarch64 => 167}->{(split '-', $Config{archname})[0]};
# PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN: Linux 6.3
exit 99 if !$nr || syscall($nr, 65, 1, 0, 0, 0) != 0;
exec @ARGV or die;
EOT
cat "$root"/tests/corpus/*/* 2>/dev/null | tr -d '\000' >corpus.log
if perl mdwe true; then
	"$feed" -f /dev/null -n -c "$rules" -l '' \
	    corpus.log >with.jit 2>/dev/null
	perl mdwe "$feed" -f /dev/null -n -c "$rules" -l '' \
	    corpus.log >without.jit \
	    2>/dev/null
	is "$(cmp with.jit without.jit 2>&1)" "" \
	    "without a JIT: the same decisions ($(wc -l <with.jit) of them)"
	ok "some are bans" grep -q ^ban with.jit
else
	skip "without a JIT" "this kernel has no PR_SET_MDWE"
fi

# ---- a systemd of its own ----

if ! [ "$FRONT_ROOT" ] || ! [ -x /lib/systemd/systemd ]; then
	skip "under a systemd" "needs root and /lib/systemd/systemd"
	done_testing
	exit
fi
ipset destroy 2>/dev/null
mkdir units units/rblcache-feed.service.d sbin lib default
mkdir -p varlog/qmail/smtpd etc
cp "$feed" sbin/rblcache-feed
cp "$unit" units
cp -r "$rules" lib/rules
cp feed.conf lib
for target in sysinit basic network shutdown; do
	printf '[Unit]\nDefaultDependencies=no\n' >units/$target.target
done
printf '[Unit]\nDefaultDependencies=no\nWants=rblcache-feed.service\n' \
    >units/test.target
cat >units/rblcache-feed.service.d/test.conf <<EOT
[Service]
StandardError=append:$front/feed.err
RestartSec=1
# LSan wants calls that the unit forbids
Environment=ASAN_OPTIONS=detect_leaks=0
EOT
printf 'OPTIONS="-v -c /var/lib/rules -f /var/lib/feed.conf -l /none"\nLOGS=/var/log/qmail/smtpd\n' \
    >default/rblcache-feed
{ grep -v ^rblcache: /etc/passwd; echo rblcache:x:4711:4711::/:/bin/false; } \
    >etc/passwd
{ grep -v ^rblcache: /etc/group; echo rblcache:x:4711:; } >etc/group
line 203.0.113.1 >varlog/qmail/smtpd/current
chmod 644 varlog/qmail/smtpd/current
chown -R 4801:0 varlog/qmail/smtpd
chmod 750 varlog/qmail/smtpd
cat >boot <<EOT
mount --make-rprivate / && mount -t tmpfs none /run &&
    mkdir /run/systemd || exit
umount -R /sys/fs/cgroup || exit # mounted anew, and seen from below
for pair in sbin:/usr/local/sbin lib:/var/lib varlog:/var/log \
    default:/etc/default etc/passwd:/etc/passwd etc/group:/etc/group; do
	mount --bind "$front/\${pair%%:*}" "\${pair#*:}" || exit
done
exec env -i container=other PATH="\$PATH" SYSTEMD_UNIT_PATH="$front/units" \
    /lib/systemd/systemd --system --unit=test.target --show-status=no
EOT
# in a cgroup of its own of each kind, which is all that it sees of them
cat >enter <<EOT
while IFS=: read -r id name path; do
	at=/sys/fs/cgroup
	case \$name in
	cpuset) continue ;;
	'') [ ! -d \$at/unified ] || at=\$at/unified ;;
	*) at=\$at/\${name#name=} ;;
	esac
	[ -d "\$at" ] || continue
	at=\$at\${path%/}/rblcache-units.\$\$
	mkdir "\$at" && echo "\$at" >>"$front/cgroups" &&
	    echo \$\$ >"\$at/cgroup.procs" || exit
done </proc/self/cgroup
exec unshare -m -p -f -i -u -C --mount-proc --kill-child sh boot
EOT
systemd_pid=
: >cgroups
sh enter </dev/null >systemd.out 2>&1 &
unshare_pid=$!
trap 'end_of_systemd; front_cleanup' EXIT
its_systemd() {
	systemd_pid=$(pgrep -P "$unshare_pid" -x systemd)
}
ctl() {
	timeout 20 nsenter -t "$systemd_pid" -m -p \
	    env SYSTEMD_UNIT_PATH="$front/units" systemctl "$@"
}
is_active() {
	[ "$(ctl is-active rblcache-feed)" = active ]
}
banned() {
	ipset -q test rblcache4 "$1"
}
end_of_systemd() {
	[ "$unshare_pid" ] || return
	kill -9 ${systemd_pid:-"$unshare_pid"}
	wait "$unshare_pid"
	systemd_pid=
	unshare_pid=
	while read -r at; do
		front_wait find "$at" -depth -type d -exec rmdir '{}' +
	done <cgroups
} 2>/dev/null
recent=$front/lib/rblcache/recent.cdb
if ! front_wait its_systemd || ! front_wait ctl list-units; then
	skip "under a systemd" "none can be started here"
	end_of_systemd
	done_testing
	exit
fi
ok "under a systemd: it says that it is ready" front_wait is_active
main_pid() {
	ctl show -p MainPID --value rblcache-feed
}
status() {
	nsenter -t "$systemd_pid" -m -p sh -c \
	    "cat /proc/$(main_pid)/task/*/status" |
		sed -n 's/[[:space:]][[:space:]]*/ /g
		    s/^\(Uid\|Groups\|Cap...\|NoNewPrivs\|Seccomp\): /&/p' |
		sed 's/ *$//' | sort -u
}
is "$(status)" "CapAmb: 0000000000000000
CapBnd: 0000000000001000
CapEff: 0000000000001000
CapInh: 0000000000000000
CapPrm: 0000000000001000
Groups: 0 4711
NoNewPrivs: 1
Seccomp: 2
Uid: 4711 4711 4711 4711" "under a systemd: its rights"
ok "under a systemd: a ban" front_wait banned 203.0.113.1
queries=$(front_queries)
ok "under a systemd: a list is asked" front_wait eval \
    '[ "$(front_queries)" -ge $((queries + 3)) ]'
front_wait test -s "$recent"
is "$(stat -c '%u:%a' lib/rblcache "$recent")" "4711:755
4711:644" "under a systemd: the hook may read what it writes"
ok "reload" ctl reload rblcache-feed
ok "under a systemd: SIGHUP" \
    front_wait grep -q 'rules and settings loaded again' feed.err
mv varlog/qmail/smtpd/current varlog/qmail/smtpd/@4000000065000000deadbeef.s
line 203.0.113.2 >varlog/qmail/smtpd/current
ok "under a systemd: after a rotation" front_wait banned 203.0.113.2
sleep 2.5
ctl kill -s KILL rblcache-feed
ipset flush rblcache4
line 203.0.113.3 >>varlog/qmail/smtpd/current
ok "under a systemd: killed, it goes on" front_wait banned 203.0.113.3
ok "with the bans of before" banned 203.0.113.1
ok "stop" ctl stop rblcache-feed
is "$(ctl is-active rblcache-feed)" inactive "it has stopped"
is "$(ctl show -p Result --value rblcache-feed)" success "without complaint"
unlike "$(cat feed.err)" 'denied|not permitted|no right|no answer' \
    "nothing was denied"
echo LOGS=/none >default/rblcache-feed
ctl start rblcache-feed 2>/dev/null
ok "a log that is not there yet: it is tried again" front_wait eval \
    '[ "$(ctl show -p NRestarts --value rblcache-feed)" -gt 1 ]'
ctl stop rblcache-feed
rm default/rblcache-feed
ctl reset-failed rblcache-feed # its starts as well
: >feed.err
ctl start rblcache-feed 2>/dev/null
ok "without settings it is started all the same" \
    front_wait grep -q '^rblcache-feed: ' feed.err
end_of_systemd
done_testing
