#!/bin/sh
# SPDX-License-Identifier: ISC
# Logs on file systems that number files in their own way, and what is done to a
# log beside rotation: each line is read once, also by the next feed; and what
# may be lost is said.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
if [ ! "${MOUNTS_INSIDE-}" ]; then
	how=-rm
	[ "$(id -u)" != 0 ] || how=-m
	unshare "$how" true 2>/dev/null ||
		skip_all "no mount namespace can be had here"
	MOUNTS_INSIDE=yes exec unshare "$how" -- "$0" "$@"
fi
front_enter "$0" "$@"
front_prepare
cd "$front" || exit 1
trap 'kill ${mirror_pid-} 2>/dev/null; front_cleanup' EXIT
rules=$root/hooks/log/rblsmtpd.rules
mirror=$RBLCACHE_BUILD/tests/integration/mirror

lines() { # FIRST LAST: a ban each
	awk -v a="$1" -v b="$2" 'BEGIN { for (i = a; i <= b; i++)
		printf "rblsmtpd: 198.18.%d.%d pid %d: 451 Listed by TEST\n",
		    i / 256, i % 256, i }'
}
banned() {
	sed -n 's/.*ban	198\.18\.\([0-9]*\)\.\([0-9]*\)	.*/\1 \2/p' err |
		awk '{ print $1 * 256 + $2 }'
}
ctl() {
	"$RBLCACHE_BUILD/rblcachectl" -d state -s '' -S '' "$@"
}
options="-f /dev/null -v -m 0 -c $rules -d state"
once() { # LOG
	"$feed" $options -l '' -s '' -S '' -1 "$@" 2>>err
}
follow() { # LOG...
	rm -f state/control
	"$feed" $options -l '' -s '' -S '' "$@" 2>>err &
	feed_pid=$!
	front_wait test -S state/control
}
has() { # NUMBER
	[ "$(banned | wc -l)" -ge "$1" ]
}
stop() {
	kill "$feed_pid"
	wait "$feed_pid"
	feed_pid=
}
fresh() {
	rm -rf state
	mkdir state
	: >err
}
# read_once LAST NAME: each of the bans from 1 to that, once and in order
read_once() {
	front_wait has "$1"
	banned >got
	seq "$1" >wanted
	is "$(cmp got wanted 2>&1)" "" "$2: each line once"
	unlike "$(cat err)" 'missing|unavailable' "$2: nothing else is said"
}

# ---- other numbers in readdir than in stat ----

# numbered NAME DIRECTORY WRITTEN: a log, and where what it shows is written
numbered() {
	name=$1
	dir=$2
	to=$3
	fresh
	follow "$dir"
	lines 4 5 >>"$to/current"
	read_once 5 "$name: a live file that grows"
	[ "$name" = "a mounted file" ] || {
		mv "$to/current" "$to/@4000000066d1f3a500000003.s"
		lines 6 6 >>"$to/@4000000066d1f3a500000003.s"
		lines 7 7 >"$to/current"
		read_once 7 "$name: rotated"
	}
	kill -9 "$feed_pid"
	wait "$feed_pid" 2>/dev/null
	lines 8 9 >>"$to/current"
	once "$dir"
	once "$dir"
	like "$(ctl list | grep -c .)" "^$(banned | sort -u | wc -l)$" \
	    "$name: the next feed goes on"
	is "$(banned | tail -n 2 | tr '\n' ' ')" "8 9 " \
	    "$name: what came meanwhile"
	unlike "$(cat err)" 'missing|unavailable' "$name: nothing was missed"
	feed_pid=
}
begin() { # DIRECTORY: with three lines
	mkdir -p "$1"
	lines 1 1 >"$1/@4000000066d1f3a500000001.s"
	lines 2 2 >"$1/@4000000066d1f3a500000002.s"
	lines 3 3 >"$1/current"
}

begin bound
mv bound/current elsewhere
: >bound/current
mount --bind elsewhere bound/current
numbered "a mounted file" bound bound
umount bound/current

mkdir lower upper layers
mount -t tmpfs lower lower
mount -t tmpfs upper upper
mkdir upper/files upper/work
begin lower/log
if mount -t overlay -o \
    lowerdir=lower,upperdir=upper/files,workdir=upper/work overlay layers; then
	numbered "overlayfs over two file systems" layers/log layers/log
	umount layers
	# begun in one, gone on with in the other while nobody looks
	rm -rf upper/files upper/work lower/log
	mkdir upper/files upper/work
	begin lower/log
	mount -t overlay -o \
	    lowerdir=lower,upperdir=upper/files,workdir=upper/work \
	    overlay layers
	fresh
	once layers/log
	lines 4 4 >>layers/log/current
	once layers/log
	read_once 4 "overlayfs: copied up between two feeds"
	umount layers
else
	skip "overlayfs cannot be mounted here" 1
fi
umount lower upper

begin origin
i=100
while [ $i -lt 300 ]; do # more names than FUSE gives out at once
	: >"origin/@4000000066d1f3a400000$i.s"
	i=$((i + 1))
done
mkdir mirrored
"$mirror" origin mirrored 2>mirror.err &
mirror_pid=$!
has_answered() {
	[ -e mirrored/current ] || [ -s mirror.err ]
}
front_wait has_answered
if ! grep -E '^mirror: (/dev/fuse|mount): ' mirror.err >unable; then
	numbered FUSE mirrored origin
	umount mirrored
	wait "$mirror_pid"
	# mounted again: all numbers are others
	rm origin/@4000000066d1f3a400000*
	"$mirror" origin mirrored &
	mirror_pid=$!
	front_wait test -e mirrored/current
	lines 10 10 >>origin/current
	: >err
	once mirrored
	is "$(grep -c 'ban	' err) $(banned)" "1 10" \
	    "FUSE: mounted again: what is new"
	# deleted by another host
	follow mirrored
	rm origin/current
	lines 11 12 >origin/current
	front_wait has 3
	is "$(banned | tail -n 2 | tr '\n' ' ')" "11 12 " \
	    "a file that is stale: the next one is read"
	stop
	umount mirrored
else
	skip "no FUSE here: $(cat unable)" 1
fi
wait "$mirror_pid"
mirror_pid=

# ---- the live file is truncated in place ----

mkdir cut
lines 1 100 >cut/@4000000066d1f3a500000001.s
lines 101 150 >cut/current
fresh
follow cut
front_wait has 150
: >cut/current
lines 151 199 >>cut/current # as long as it was, or nearly
front_wait has 199
: >cut/current
lines 200 348 >>cut/current # longer
read_again() { # LAST NAME
	front_wait has "$1"
	banned >got
	seq "$1" >wanted
	is "$(cmp got wanted 2>&1)" "" "$2: each line once"
}
read_again 348 "truncated in place"
like "$(cat err)" 'cut: files were deleted or truncated before they could be read; lines from 20.* to 20.* may be missing' \
    "truncated: said in the log"
like "$(ctl status)" '^WARNING.*cut: lines may be missing' \
    "truncated: said in status"
stop
: >cut/current
lines 349 360 >>cut/current
once cut
once cut
is "$(banned | tail -n 12 | tr '\n' ' ')" "$(seq 349 360 | tr '\n' ' ')" \
    "truncated while no feed runs: read from its start"
follow cut
like "$(ctl status)" 'rblsmtpd 360, today 360 new' \
    "truncated: after a restart nothing is counted twice"
stop

# ---- the directory is moved away and made anew ----

fresh
lines 1 3 | multilog ./moved
follow moved
mkfifo pipe
multilog ./moved <pipe &
multilog_pid=$!
exec 9>pipe
lines 4 6 >&9
front_wait has 6
mv moved moved.old
lines 7 9 >&9
read_once 9 "moved away: its logger goes on in it"
exec 9>&-
wait "$multilog_pid"
multilog ./moved <pipe &
multilog_pid=$!
exec 9>pipe
lines 10 20 >&9
read_once 20 "made anew: followed"
kill -ALRM "$multilog_pid" # rotates
lines 21 30 >&9
read_once 30 "made anew: and its rotation"
watched() { # DIRECTORY: how many inotify descriptors of the feed are for it
	grep -h "^inotify.* ino:$(printf %x "$(stat -c %i "$1")") " \
	    "/proc/$feed_pid"/fdinfo/* 2>/dev/null | grep -c .
}
is "$(watched moved), $(watched moved.old)" "2, 0" \
    "made anew: the kernel says when something comes"
exec 9>&-
wait "$multilog_pid"
multilog_pid=
stop
lines 31 33 | multilog ./moved
once moved
read_once 33 "made anew: the next feed"

# another file system over it
mkdir fresh
mount -t tmpfs fresh fresh
fresh
follow moved
front_wait has 24
mount --bind fresh moved
lines 40 44 | multilog ./moved
front_wait has 29
is "$(banned | tail -n 5 | tr '\n' ' ')" "40 41 42 43 44 " \
    "a file system mounted over it: followed"
stop
umount moved fresh

# ---- current is no file ----

for what in mkdir mkfifo; do
	mkdir $what
	$what $what/current
	lines 1 2 >beside
	fresh
	follow $what beside
	front_wait has 2
	like "$(ctl status)" "^CRITICAL.*$what is not read: what should be the log file is a directory, a fifo or a device" \
	    "current made by $what: status says so, and other logs are read"
	rm -r $what/current
	lines 3 4 >$what/current
	read_once 4 "current made by $what: mended"
	ctl status >status
	unlike "$(cat status)" 'is not read' "current made by $what: status is well"
	stop
done
done_testing
