#!/bin/sh
# SPDX-License-Identifier: ISC
# The Debian package: what lintian says of it, and its life in a scratch root,
# from the first installation to the purge. The root is this machine's, below an
# overlay that is gone at the end.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../scratch.sh"
cd "$root" || exit 1
unset MAKEFLAGS MAKELEVEL

outside() { # what is in the tree besides build
	find . \( -path ./build -o -path ./.git \) -prune -o -type f -print | sort
}
if [ -z "${SCRATCH_INSIDE-}" ]; then
	before=$(outside)
	ok "make deb" make deb
	is "$(outside)" "$before" "it leaves nothing outside build"
	deb=$(ls build/rblcache_*.deb)
	lintian=lintian
	[ "$(id -u)" != 0 ] || lintian="lintian --allow-root"
	exits "lintian finds no error and nothing to warn of" 0 '' \
	    $lintian --fail-on error,warning "$deb"
	is "$(sed -n '/^Build-Depends/,/^[A-Z]/s/^ \([^,]*\).*/\1/p' debian/control |
		sort)" "$(sed -n '/^BUILD_PACKAGES/,/[^\\]$/p' Makefile |
		tr -s '\\ \t' '\n' | grep -E 'pkg-config|-dev$' |
		grep -vx libc6-dev | sort)" "debian/control has the Makefile's packages"
	is "$(dpkg-deb -c "$deb" | awk '$2 != "root/root"')" "" \
	    "everything belongs to root"
fi
scratch_enter "$0" "the package"
scratch_mount "the package"
install() {
	scratch_install "$@"
}

# systemctl that only writes down what it is told
mkdir "$top/run/systemd" "$top/run/systemd/system"
cat >"$top/usr/local/sbin/systemctl" <<'E2'
#!/bin/sh
echo "$*" >>/tmp/systemctl
E2
chmod 755 "$top/usr/local/sbin/systemctl"
told() { # what systemctl was told since the last time
	grep -v daemon-reload "$top/tmp/systemctl"
	: >"$top/tmp/systemctl"
}
before=$(scratch_changed)

# ---- the first installation ----

: >"$top/tmp/systemctl"
ok "dpkg -i" install "$deb"
is "$(told)" "" "no unit is enabled or started"
is "$(find "$top/etc/systemd" -name '*rblcache*')" "" "nor linked"
hook=$top/usr/sbin/rblcache
file() {
	echo "$(stat -c '%A %U' "$1") $(in_top stat -c %G "${1#"$top"}")" \
	    "$(getcap "$1" | sed 's/.* //')"
}
is "$(file "$hook")" "-rwxr-x--- root nofiles cap_net_admin=p" \
    "the hook: mode, owner, capability"
is "$(in_top dpkg-statoverride --list '*rblcache*')" \
    "root nofiles 750 /usr/sbin/rblcache" "the override"
is "$(in_top getent passwd rblcache | cut -d : -f 6,7)" \
    "/var/lib/rblcache:/usr/sbin/nologin" "the user"
is "$(in_top stat -c '%A %U %G' /var/lib/rblcache)" \
    "drwxr-xr-x rblcache rblcache" "the state directory"
is "$(in_top dpkg-query -W -f '${Conffiles}\n' rblcache |
	sed -n 's/^ \([^ ]*\) .*/\1/p' | sort)" \
    "$(cd "$top" && find etc/rblcache etc/default/rblcache-feed -type f |
	sed 's,^,/,' | sort)" "what is in /etc are conffiles"
is "$(in_top dpkg -V rblcache)" "" "all files are there as packed"
ok "without settings the defaults load" in_top sh -eu /etc/default/rblcache-feed
for f in "$top"/lib/systemd/system/rblcache-*.service; do
	like "$(cat "$f")" '^ExecStart=/usr/s' "${f##*/} starts what is installed"
	unlike "$(cat "$f")" /usr/local "and names nothing else"
done

echo '203.0.113.66 deny' >>"$top/etc/rblcache/hosts"
ok "make in /etc/rblcache" in_top make -C /etc/rblcache
like "$(in_top rblcache-cdb query /etc/rblcache/local.cdb 203.0.113.66)" deny \
    "has the rule"

nofiles=$(in_top getent group nofiles | cut -d : -f 3)
hook_as() { # GID ADDRESS
	in_top setpriv --reuid 65534 --regid "$1" --clear-groups \
	    env TCPREMOTEIP="$2" rblcache -n true
}
exits "the hook, in its group" 0 'would refuse: 553 .* \(local\)' \
    hook_as "$nofiles" 203.0.113.66
exits "another group" 126 'Permission denied' hook_as 65534 203.0.113.66
ipset=
if ipset create rblcache4 hash:ip 2>/dev/null; then
	ipset=yes
	ipset add rblcache4 203.0.113.9
	exits "a kernel set" 0 'would refuse: .* \(ipset' \
	    hook_as "$nofiles" 203.0.113.9
else
	skip "a kernel set" "no ipset here"
fi

mkdir "$top/tmp/log"
echo 'rblsmtpd: 203.0.113.9 pid 1: 451 listed' >"$top/tmp/log/current"
ok "the feed, as its user" in_top setpriv --reuid rblcache --regid rblcache \
    --clear-groups rblcache-feed -1 -s '' -S '' /tmp/log
ok "has written the bans" test -s "$top/var/lib/rblcache/recent.cdb"

# ---- an upgrade ----

in_top sh -e <<-'E2'
	dpkg-statoverride --remove /usr/sbin/rblcache
	dpkg-statoverride --add --update root qmail 0750 /usr/sbin/rblcache
	setcap cap_net_admin+p /usr/sbin/rblcache
	dpkg-statoverride --add --update root nofiles 0751 /var/lib/rblcache
	echo '# mine' >>/etc/rblcache/log/rblsmtpd.rules
	sed -i 's/^#LOGS/LOGS/' /etc/default/rblcache-feed
E2
is "$(file "$hook")" "-rwxr-x--- root qmail cap_net_admin=p" \
    "another group, as README.Debian says"
kept="etc/rblcache/log/rblsmtpd.rules etc/rblcache/hosts etc/rblcache/local.cdb
	etc/default/rblcache-feed var/lib/rblcache/recent.cdb"
sums=$(cd "$top" && cksum $kept)
dpkg-deb -R "$deb" "$scratch/next"
sed -i 's/^Version: .*/&+next/' "$scratch/next/DEBIAN/control"
dpkg-deb --root-owner-group -Znone -b "$scratch/next" "$scratch/next.deb" >/dev/null
told >/dev/null
ok "the upgrade" install "$scratch/next.deb" </dev/null
is "$(in_top dpkg-query -W -f '${Version}' rblcache | sed 's/.*+//')" next \
    "is one"
is "$(cd "$top" && cksum $kept)" "$sums" "configuration, bans and rules stay"
is "$(file "$hook")" "-rwxr-x--- root qmail cap_net_admin=p" \
    "the group too, and the capability is back"
is "$(in_top stat -c '%A %U %G' /var/lib/rblcache)" "drwxr-x--x root nofiles" \
    "a state directory of the admin's choice stays his"
in_top dpkg-statoverride --remove /var/lib/rblcache
told=$(told)
like "$told" '^try-restart .*rblcache-drop.timer' \
    "units go on if they ran, with the new programs"
unlike "$told" '^stop' "and are not stopped for it"

# ---- where the kernel does not grant the capability ----

ok "where the kernel would not grant it, the hook runs all the same" in_top \
    setpriv --bounding-set -net_admin --inh-caps -net_admin rblcache -h
exits "no setcap" 0 'it goes by recent.cdb alone' \
    install "$deb" setpriv --bounding-set -setfcap --inh-caps -setfcap

# ---- remove, purge ----

in_top sh -e <<-'E2'
	mkdir -p /service/smtpd /service/feed /service/old /etc/service/smtps
	echo 'exec tcpserver 0 smtp rblcache rblsmtpd' >/service/smtpd/run
	echo 'exec rblcache-feed /log' >/service/feed/run
	echo '# no rblcache here' >/service/old/run
	echo '	rblcache -e \' >/etc/service/smtps/run
E2
in_top /usr/bin/systemctl -q enable rblcache-drop.timer
told >/dev/null
exits "remove" 0 '^take the word rblcache out of /service/smtpd/run$' \
    in_top dpkg -r rblcache
is "$(printf '%s\n' "$tap_said" | grep 'out of')" \
    "take the word rblcache out of /service/smtpd/run
take the word rblcache out of /etc/service/smtps/run" "of each that has it"
in_top rm -r /service/smtpd /service/feed /service/old /etc/service/smtps
for d in /service /etc/service; do
	[ -e $d ] || rmdir "$top$d"
done
like "$(told)" '^stop rblcache-feed.service rblcache-drop.timer' "stops the units"
is "$(cd "$top" && cksum $kept)" "$sums" "configuration and bans stay"
ok "the programs do not" test ! -e "$hook"
is "$(in_top dpkg-statoverride --list /usr/sbin/rblcache)" \
    "root qmail 750 /usr/sbin/rblcache" "the override stays"

if [ "$ipset" ]; then
	for set in rbldrop4 rblpass4 rblnet4; do
		ipset create $set hash:net
	done
	ipset create rblcache6 hash:ip family inet6
	ipset create holder list:set
	ipset add holder rblcache6
fi
# what update-drop, make and the timer leave, also when they were killed
in_top sh -e <<-'E2'
	cd /etc/rblcache
	mkdir .drop.AbC123
	mkdir -p /var/lib/systemd/timers
	touch lists/drop_v4.json lists/drop_v6.json .drop.AbC123/drop_v4.json \
	    local.cdb.new /var/lib/systemd/timers/stamp-rblcache-drop.timer
E2
ok "purge" in_top dpkg -P rblcache
[ -d /var/lib/systemd/timers ] || rmdir "$top/var/lib/systemd/timers"
is "$(scratch_changed)" "$before" "nothing is left"
is "$(scratch_left)" "" "nor in dpkg's database"
[ ! "$ipset" ] ||
	is "$(ipset list -n | sort | tr '\n' ' ')" "holder rblcache6 " \
	    "a set that is in use stays, the others are gone"

# ---- where there is no qmail ----

in_top groupdel nofiles
in_top groupdel qmail
exits "no group of that name" 0 'To give it to the group of the mail$' \
    install "$deb"
is "$(file "$hook")" "-rwxr-xr-x root root " \
    "everybody may run the hook, without the capability"
in_top sh -c 'echo "192.0.2.0/24 deny" >/etc/rblcache/lists/mine'
exits "purge at once" 0 '.*' in_top dpkg -P rblcache
is "$(cd "$top" && find etc/rblcache -type f)" etc/rblcache/lists/mine \
    "a list of the admin's own stays"
done_testing
