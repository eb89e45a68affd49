# SPDX-License-Identifier: ISC
# A scratch root: this machine's, below an overlay that is gone at the end, in
# which the Debian package can be installed. For tests that have sourced tap.sh:
#
#	scratch_build				# unless it is inside already
#	scratch_enter "$0" "what is tested"	# goes on inside the namespaces
#	scratch_mount "what is tested"
#
# The root is $top, what differs in it $upper, and the package $deb. A machine
# that cannot do this ends the test with a SKIP.

# The package, without which there is nothing to be tested.
scratch_build() {
	if scratch_said=$(make deb 2>&1); then
		deb=$(ls build/rblcache_*.deb)
		tap_result 0 "make deb"
		return
	fi
	tap_result 1 "make deb"
	{
		printf '%s\n' "$scratch_said" | tail -n 20
		echo "The package cannot be built, so nothing of it is tested."
	} | sed 's/^/# /' >&2
	done_testing
	exit 1
}

scratch_enter() {
	if [ "${SCRATCH_INSIDE-}" ]; then
		tap_n=$SCRATCH_INSIDE
		return 0
	fi
	scratch_why=
	if [ "$(id -u)" != 0 ]; then
		scratch_why="the scratch root wants root"
	elif mountpoint -q /usr || mountpoint -q /var; then
		scratch_why="/usr or /var is a file system of its own"
	elif ! unshare -m -n -p -f true 2>/dev/null; then
		scratch_why="no namespaces here"
	fi
	if [ "$scratch_why" ]; then
		skip "$2, in a scratch root" "$scratch_why"
		done_testing
		exit
	fi
	SCRATCH_INSIDE=$tap_n
	export SCRATCH_INSIDE deb
	exec unshare -m -n -p -f -- "$1"
}

scratch_cleanup() {
	# the first process of its namespace: whatever else is left in it
	[ $$ != 1 ] || kill -9 -1 2>/dev/null
	wait
	umount -R "$scratch"
	rm -rf "$scratch"
}

scratch_mount() {
	tap_scratch
	trap scratch_cleanup EXIT
	mount -t tmpfs -o mode=755 scratch "$scratch" || exit 1
	top=$scratch/top
	upper=$scratch/upper
	mkdir "$top" "$upper" "$scratch/work"
	if ! mount -t overlay \
	    -o "lowerdir=/,upperdir=$upper,workdir=$scratch/work" \
	    overlay "$top" 2>/dev/null; then
		skip "$1, in a scratch root" "no overlay here"
		done_testing
		exit
	fi
	mount --rbind /dev "$top/dev"
	mount -t proc proc "$top/proc"
	mount -t tmpfs -o mode=1777 tmp "$top/tmp"
	mount -t tmpfs -o mode=755 run "$top/run"
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	export PATH
	rm -f "$top/usr/sbin/policy-rc.d"
	# nothing of an rblcache that this machine may have
	in_top sh -c 'dpkg -P rblcache; userdel rblcache; rm -rf /etc/rblcache \
	    /etc/default/rblcache-feed /var/lib/rblcache' >/dev/null 2>&1
	for scratch_name in nofiles qmail; do
		getent group $scratch_name >/dev/null ||
			in_top groupadd -r $scratch_name
	done
}

in_top() {
	chroot "$top" "$@"
}

# scratch_install DEB [COMMAND before dpkg...]
scratch_install() {
	cp "$1" "$top/tmp/new.deb"
	shift
	in_top "$@" dpkg --force-unsafe-io -i /tmp/new.deb
}

# What of a file may differ: mode, owner, capability, sum.
scratch_look() { # FILE
	echo "$(stat -c '%A %u %g' "$1") $(getcap "$1" | sed 's/.* //')" \
	    "$([ -d "$1" ] || cksum <"$1")"
}

# What differs from the machine. Not counted: dpkg's own database (rblcache in it
# is looked for by scratch_left), logs, the index of man, and what adduser keeps
# of a file before it changes it.
scratch_changed() {
	(cd "$upper" && find . \( -path ./var/lib/dpkg -o -path ./var/log \
	    -o -path ./var/cache/man -o -path './etc/*-' \
	    -o -path ./etc/.pwd.lock \) -prune -o -print) | sort |
	while read -r f; do
		if [ -c "$upper/$f" ]; then
			echo "gone $f"
		elif [ ! -e "/$f" ] ||
		    [ "$(scratch_look "$upper/$f")" != "$(scratch_look "/$f")" ]
		then
			echo "$(scratch_look "$upper/$f") $f"
		fi
	done
}

# What dpkg still has of the package.
scratch_left() {
	(cd "$top/var/lib/dpkg" && grep -rl rblcache status statoverride triggers
	    find . -name 'rblcache*')
}
