#!/bin/sh
# SPDX-License-Identifier: ISC
# What is left of root in the feed: it becomes the owner of its state directory,
# keeps CAP_NET_ADMIN and the groups that the logs want, and does its work so.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
[ "$FRONT_ROOT" ] || skip_all "to become another user wants root"
front_prepare
cd "$front" || exit 1
cp "$RBLCACHE_BUILD/rblcachectl" bin
rules=$front/rules
cp -r "$root/hooks/log" "$rules"
# a process that was somebody else is not dumped, nor looked at by LSan
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
user=4711
group=4712
log_user=4801
log_group=4802
owned="$user:$group"

line() { # ADDRESS
	printf 'rblsmtpd: %s pid 7: 451 Listed by TEST\n' "$1"
}
# A log directory as qmail's often are, below one that only a group may search.
make_log() { # OWNER:GROUP OF-PARENT:GROUP
	rm -rf logs
	mkdir -p logs/smtpd
	: >logs/smtpd/current
	chmod 644 logs/smtpd/current
	chown "$1" logs/smtpd logs/smtpd/current
	chown "$2" logs
	chmod 750 logs/smtpd
	chmod 710 logs
}
make_state() { # OWNER:GROUP
	rm -rf state
	mkdir state
	chmod 755 state
	chown "$1" state
	ipset destroy 2>/dev/null
}
start() { # [COMMAND...]: runs it
	: >err
	[ "$front_ipset" ] || set -- "$@" env
	"$@" "$feed" -f /dev/null -v -c "$rules" -d state \
	    -l '' $sets logs/smtpd 2>>err &
	feed_pid=$!
	front_wait follows
}
sets=
[ "$front_ipset" ] || sets="-s x -S x"
follows() {
	readlink "/proc/$feed_pid/fd/"* | grep -q inotify && sleep 0.2
}
end_of() {
	kill "$feed_pid"
	wait "$feed_pid"
	feed_pid=
}
banned() { # ADDRESS
	if [ "$front_ipset" ]; then
		ipset -q test rblcache4 "$1" && front_cached "$1"
	else
		front_cached "$1"
	fi
}
# of every thread, each line once
rights() {
	for task in "/proc/$feed_pid/task/"*; do
		grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs):' "$task/status" |
			tr '\t' ' ' | sed 's/://; s/ *$//'
	done | sort -u
}
wanted() { # UID GID GROUPS
	LC_ALL=C sort <<-EOT
	CapAmb 0000000000000000
	CapBnd $bounds
	CapEff 0000000000001000
	CapInh 0000000000000000
	CapPrm 0000000000001000
	Gid $2 $2 $2 $2
	Groups${3:+ $3}
	NoNewPrivs 1
	Uid $1 $1 $1 $1
	EOT
}
bounds=0000000000001000
policies() { # of each thread: 0 is usual, 2 SCHED_RR
	for task in "/proc/$feed_pid/task/"*; do
		sed 's/.*) //' "$task/stat" | cut -d' ' -f39
	done | sort | tr '\n' ' '
}
look() { # UID GID GROUPS NAME: everything that a feed has to do
	is "$(rights)" "$(wanted "$1" "$2" "$3")" "$4: rights of every thread"
	line 203.0.113.1 >>logs/smtpd/current
	ok "$4: a ban" front_wait banned 203.0.113.1
	is "$(stat -c '%n %u:%g %a' state/*)" \
"state/control $1:$2 666
state/lock $1:$2 600
state/recent.cdb $1:$2 644" "$4: files are its own"
	mv logs/smtpd/current logs/smtpd/@4000000065000000deadbeef.s
	line 203.0.113.2 >logs/smtpd/current
	ok "$4: after a rotation" front_wait banned 203.0.113.2
	kill -HUP "$feed_pid"
	ok "$4: SIGHUP" front_wait grep -q 'rules and settings loaded again' err
	line 203.0.113.3 >>logs/smtpd/current
	ok "$4: goes on" front_wait banned 203.0.113.3
	is "$(rights)" "$(wanted "$1" "$2" "$3")" "$4: nothing came back"
}
again() { # NAME [COMMAND...]
	again_name=$1
	shift
	kill -9 "$feed_pid"
	wait "$feed_pid" 2>/dev/null
	ipset flush 2>/dev/null
	start "$@"
	line 203.0.113.4 >>logs/smtpd/current
	ok "$again_name: killed and started again" \
	    front_wait banned 203.0.113.4
	ok "$again_name: the bans of before" banned 203.0.113.1
	unlike "$(cat err)" denied "$again_name: nothing is denied"
	end_of
}

# ---- root, and a state directory of somebody else ----

make_log $log_user:$log_group $log_user:0
make_state $owned
start
look $user $group "0 $log_group" "another user"
if chrt -r 1 true 2>/dev/null; then
	like "$(policies)" '^(0 )+2 $' \
	    "the thread that opens runs before others, and no other"
else
	skip "the thread that opens" "nobody may run before others here"
fi
# shellcheck disable=SC2086 # words
exits "another user: its user may ask it, and tell it" 0 'was not banned' \
    setpriv --reuid $user --regid 65534 --clear-groups \
    bin/rblcachectl -d state $sets del 203.0.113.99
again "another user"

make_log $log_user:0 0:0
make_state 65534:65534
start
look 65534 65534 "0" "nobody, a log for root's group"
end_of

make_log $log_user:$group 0:0
chmod 755 logs
make_state $owned
start
look $user $group "" "the group of the state directory will do"
end_of

make_log $user:$log_group 0:0
chmod 711 logs
make_state $owned
start
look $user $group "" "its own log"
end_of

chown $log_user:$log_group logs/smtpd logs/smtpd/*
chmod 755 logs/smtpd
make_state $owned
start
look $user $group "" "a log that everybody may read: no group"
end_of
chown $log_user:$log_group logs/smtpd/current
chmod 640 logs/smtpd/current
start
is "$(rights | grep Groups)" "Groups $log_group" \
    "all but the file itself may be read by everybody"
end_of
chmod 644 logs/smtpd/current
chmod 754 logs/smtpd
start
is "$(rights | grep Groups)" "Groups $log_group" \
    "a directory that only the group may search"
end_of

# ---- root, and a state directory of root's ----

make_log $log_user:0 $log_user:0
make_state 0:0
start
look 0 0 "" "root without root's rights"
again "root without root's rights"

# ---- after an upgrade from one that stayed root ----

make_log $log_user:$log_group 0:0
chmod 711 logs
make_state 0:0
line 203.0.113.1 >>logs/smtpd/current
ok "files of root's" \
    "$feed" -f /dev/null -1 -c "$rules" -d state -l '' $sets logs/smtpd
: >state/recent.cdb.new
chmod 600 state/lock state/recent.cdb.new
line root >secret
chmod 600 secret
chown $owned state
start
again "files that root left"
is "$(stat -c '%u:%g' state/lock state/recent.cdb | sort -u)" $owned \
    "files that root left: replaced by its own"

# what somebody else has is not given away, whatever name the user gives it
for other in 0 4713; do
	for name in lock recent.cdb recent.cdb.old recent.cdb.new; do
		make_state $owned
		cp secret "state/$name"
		chown $other "state/$name"
		exec 4<"state/$name" # to look at what has lost its name
		"$feed" -f /dev/null -1 -c "$rules" -d state -l '' $sets \
		    logs/smtpd 2>err
		is "$(stat -Lc %u /proc/self/fd/4)" $other \
		    "$name of user $other: stays his"
		exec 4<&-
	done
done
# a lock that root holds stays, with its name
make_state $owned
: >state/lock
exits "a lock that root holds" 100 'state/lock: Permission denied$' \
    flock state/lock \
    "$feed" -f /dev/null -1 -c "$rules" -d state -l '' $sets logs/smtpd

for kind in -s -P; do
	make_state $owned
	ln $kind "$front/secret" state/lock
	exits "what is not the state directory's is not given away: ln $kind" \
	    100 '^rblcache-feed: state/lock: Permission denied$' \
	    "$feed" -f /dev/null -1 -c "$rules" -d state -l '' $sets logs/smtpd
	is "$(stat -c %u secret)" 0 "it is root's still: ln $kind"
done

# ---- what it may not read ----

make_log $log_user:$log_group 0:0
make_state $owned
try() {
	"$feed" -f /dev/null -1 -c "$rules" -d state -l '' $sets logs/smtpd
}
chmod 700 logs/smtpd
exits "no group may read it" 100 \
    "^rblcache-feed: logs/smtpd: Permission denied for uid $user, see" try
chmod 750 logs/smtpd
chmod 700 logs
exits "no group may get there" 100 \
    "^rblcache-feed: logs/smtpd: Permission denied for uid $user, see" try
chmod 755 logs
chmod 700 rules
exits "rules that it may not read: not only at the next SIGHUP" 100 \
    '^rblcache-feed: .*rules.*: Permission denied$' try
chmod 755 rules
rm -f state/*
chmod 555 state
exits "a state directory that it may not write" 100 \
    '^rblcache-feed: state/lock: Permission denied$' try
chmod 700 logs/smtpd
exits "-n drops nothing" 0 '^ban	203.0.113.1	' \
    sh -c "echo '$(line 203.0.113.1)' >logs/smtpd/current &&
    $feed -f /dev/null -n -c $rules -l '' logs/smtpd"

# ---- the system does not let it ----

make_log $log_user:$log_group 0:0
make_state $owned
# the call fails: (a filter, a container)
for call in setuid setgroups capset; do
	exits "$call fails: it does not go on" 111 \
	    '^rblcache-feed: privileges: .*: Operation not permitted$' \
	    strace -qq -o /dev/null -e trace=$call \
	    -e inject=$call:error=EPERM \
	    "$feed" -f /dev/null -1 -c "$rules" -d state -l '' $sets logs/smtpd
done
# the call says that it did, and did not
nth=$(strace -qq -e trace=prctl "$feed" -f /dev/null -1 -c "$rules" -d state \
    -l '' $sets \
    logs/smtpd 2>&1 | grep prctl | grep -n PR_SET_NO_NEW_PRIVS | cut -d: -f1)
rm -f state/*
for lie in 'setuid:other users' 'setgroups:other users' 'setgid:other users' \
    'capset:other' "prctl:no_new_privs:when=$nth"; do
	call=${lie%%:*}
	lie=${lie#*:}
	when=
	case $lie in *:*) when=:${lie#*:} ;; esac
	exits "$call lies: it does not go on" 111 \
	    "^rblcache-feed: privileges: .*${lie%:*}" \
	    strace -qq -o /dev/null -e trace="$call" \
	    -e inject="$call:retval=0$when" \
	    "$feed" -f /dev/null -1 -c "$rules" -d state -l '' $sets logs/smtpd
done
ok "nothing was written" test ! -e state/recent.cdb

# ---- not root: as systemd starts it, and plainly ----

bounds=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
make_log $log_user:$log_group 0:0
chmod 711 logs
make_state $owned
as="setpriv --reuid $user --regid $group --groups $log_group"
# shellcheck disable=SC2086 # words
start $as --inh-caps +net_admin,+net_raw --ambient-caps +net_admin,+net_raw
look $user $group "$log_group" "ambient CAP_NET_ADMIN and another"
# shellcheck disable=SC2086
again "ambient CAP_NET_ADMIN" \
    $as --inh-caps +net_admin --ambient-caps +net_admin
# shellcheck disable=SC2086
start $as
is "$(rights | grep -v '^Cap')" \
    "$(wanted $user $group $log_group | grep -v '^Cap')" "no capability at all"
is "$(rights | grep '^Cap[EIPA]' | tr -d 'A-Za-z 0\n')" "" "none comes"
line 203.0.113.5 >>logs/smtpd/current
ok "recent.cdb has it" front_wait front_cached 203.0.113.5
end_of
done_testing
