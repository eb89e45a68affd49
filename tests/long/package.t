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
	scratch_build
	is "$(outside)" "$before" "it leaves nothing outside build"
	lintian=lintian
	[ "$(id -u)" != 0 ] || lintian="lintian --allow-root"
	exits "lintian finds no error and nothing to warn of" 0 '' \
	    $lintian --fail-on error,warning "$deb"
	is "$(sed -n '/^Build-Depends/,/^[A-Z]/s/^ \([^,]*\).*/\1/p' debian/control |
		sort)" "$(sed -n '/^BUILD_PACKAGES/,/[^\\]$/p' Makefile |
		tr -s '\\ \t' '\n' | grep -E 'pkg-config|musl-tools|-dev$' |
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
exits "dpkg -i" 0 "^rblcache: nothing is remembered or refused yet" \
    install "$deb"
like "$tap_said" 'rblcachectl replay .*' "its last lines say what to do next"
unlike "$tap_said" 'cap_net_admin' "and nothing is wrong"
is "$(told)" "" "no unit is enabled or started"
is "$(find "$top/etc/systemd" -name '*rblcache*')" "" "nor linked"
hook=$top/usr/sbin/rblcache
is "$("$root/tests/hardened" "$hook" 2>&1)" "" \
    "the hook: PIE, RELRO, NX and stack protector"
ok "it is of musl" eval '! grep -q glibc "$hook"'
file() {
	echo "$(stat -c '%A %U' "$1") $(in_top stat -c %G "${1#"$top"}")" \
	    "$(getcap "$1" | sed 's/.* //')"
}
is "$(file "$hook")" "-rwxr-xr-x root root cap_net_admin=p" \
    "the hook: mode, owner, capability"
is "$(in_top dpkg-statoverride --list '*rblcache*')" "" "no override"
is "$(in_top getent passwd rblcache | cut -d : -f 6,7)" \
    "/var/lib/rblcache:/usr/sbin/nologin" "the user"
is "$(in_top stat -c '%A %U %G' /var/lib/rblcache)" \
    "drwxr-xr-x rblcache rblcache" "the state directory"
is "$(in_top dpkg-query -W -f '${Conffiles}\n' rblcache |
	sed -n 's/^ \([^ ]*\) .*/\1/p' | sort)" \
    "$(cd "$top" && find etc/rblcache etc/default/rblcache-feed -type f |
	sed 's,^,/,' | sort)" "what is in /etc are conffiles"
is "$(in_top dpkg -V rblcache)" "" "all files are there as packed"
is "$(in_top rblcachectl -V)" \
    "rblcachectl $(in_top dpkg-query -W -f '${Version}' rblcache)" \
    "the programs are of that version"
ok "without settings the defaults load" in_top sh -eu /etc/default/rblcache-feed
for f in "$top"/usr/lib/systemd/system/rblcache-*.service; do
	like "$(cat "$f")" '^ExecStart=/usr/s' "${f##*/} starts what is installed"
	unlike "$(cat "$f")" /usr/local "and names nothing else"
done

echo '203.0.113.66 deny' >>"$top/etc/rblcache/hosts"
ok "make in /etc/rblcache" in_top make -C /etc/rblcache
is "$(in_top sh -c 'cd /etc/rblcache/log && echo *.rules')" \
    "chkuser.rules rblsmtpd.rules" "two rule files are in use"
like "$(in_top rblcache-cdb query /etc/rblcache/local.cdb 203.0.113.66)" deny \
    "has the rule"

hook_as() { # GID ADDRESS
	in_top setpriv --reuid 65534 --regid "$1" --clear-groups \
	    env TCPREMOTEIP="$2" rblcache -n true
}
exits "the hook, for anybody" 0 'would refuse: 553 .* \(local\)' \
    hook_as 65534 203.0.113.66
ipset=
if ipset create rblcache4 hash:ip 2>/dev/null; then
	ipset=yes
	ipset add rblcache4 203.0.113.9
	exits "a kernel set" 0 'would refuse: .* \(ipset' \
	    hook_as 65534 203.0.113.9
else
	skip "a kernel set" "no ipset here"
fi

# ---- the papers ----

doc=usr/share/doc/rblcache
is "$(cd "$top/$doc" && find . -type f | sort | tr '\n' ' ')" \
    "./INSTALL ./NEWS.Debian.gz ./NEWS.gz ./README ./README.Debian \
./changelog.gz ./copyright " "what is in /$doc"
is "$(cd "$top" && grep -rl /usr/local $doc usr/share/rblcache
	cd usr/share/man && zgrep -l /usr/local man?/rblcache*)" "" \
    "nothing speaks of /usr/local"
is "$(cd "$top" && cat $doc/INSTALL $doc/README.Debian |
	grep -oE '(^|[^A-Za-z])/(usr|lib|etc/default)/[A-Za-z0-9_./-]*[A-Za-z0-9]' |
	sed 's,^[^/],,' | sort -u |
	while read -r f; do
		[ -e "$top$f" ] || [ -L "$top$f" ] || echo "$f"
	done)" "" "what INSTALL and README.Debian name is there"
is "$(grep -cE '^(What the source needs|Build and install)$' INSTALL "$top/$doc/INSTALL" |
	sed 's/.*://' | tr '\n' ' ')" "2 0 " "INSTALL is not about the source there"
for f in NEWS.Debian changelog; do
	like "$(zcat "$top/$doc/$f.gz" | head -n 1)" \
	    "^rblcache \($(in_top dpkg-query -W -f '${Version}' rblcache)\)" \
	    "$f begins with this version"
done
like "$(zcat "$top/$doc/NEWS.gz")" "^$(in_top dpkg-query -W -f '${Version}' \
    rblcache)\$" "NEWS has it"

# ---- the feed ----

mkdir "$top/tmp/log"
echo 'rblsmtpd: 203.0.113.9 pid 1: 451 listed' >"$top/tmp/log/current"
ok "the feed, as its user" in_top setpriv --reuid rblcache --regid rblcache \
    --clear-groups rblcache-feed -1 -s '' -S '' /tmp/log
ok "has written the bans" test -s "$top/var/lib/rblcache/recent.cdb"
# what README.Debian says of rights to the log, by the unit's user and groups
in_top sh -e <<-'E2'
	cd /tmp
	echo 'rblsmtpd: 203.0.113.9 pid 1: 451 listed' |
	    setpriv --reuid 65534 --clear-groups multilog t ./log.own
	for group in root nofiles; do
		cp -R log.own log.$group
		chown -R 65534:$group log.$group
		chmod 750 log.$group
	done
E2
is "$(in_top stat -c %a /tmp/log.own)" 700 "multilog's own directory"
unit_reads() {
	in_top setpriv --reuid rblcache --regid rblcache --groups 0 \
	    rblcache-feed -1 -s '' -S '' "$1"
}
ok "0750, group root: the unit may read it" unit_reads /tmp/log.root
for log in log.nofiles log.own; do
	exits "$log: not at first" 100 'Permission denied' unit_reads /tmp/$log
	in_top sh -c "chgrp rblcache /tmp/$log; chmod g+rx /tmp/$log"
	ok "$log: then it may" unit_reads /tmp/$log
done

# ---- an upgrade ----

in_top sh -e <<-'E2'
	dpkg-statoverride --add --update root nofiles 0750 /usr/sbin/rblcache
	setcap cap_net_admin+p /usr/sbin/rblcache
	dpkg-statoverride --add --update root nofiles 0751 /var/lib/rblcache
	echo '# mine' >>/etc/rblcache/log/rblsmtpd.rules
	sed -i 's/^#LOGS/LOGS/' /etc/default/rblcache-feed
E2
is "$(file "$hook")" "-rwxr-x--- root nofiles cap_net_admin=p" \
    "one group alone, as README.Debian says"
kept="etc/rblcache/log/rblsmtpd.rules etc/rblcache/hosts etc/rblcache/local.cdb
	etc/default/rblcache-feed var/lib/rblcache/recent.cdb"
sums=$(cd "$top" && cksum $kept)
other_version() { # NAME SED-COMMAND: another package, from $scratch/other
	sed -i "/^Version/$2" "$scratch/other/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone -b "$scratch/other" \
	    "$scratch/$1.deb" >/dev/null
}
dpkg-deb -R "$deb" "$scratch/other"
other_version next 's/$/+next/'
told >/dev/null
exits "the upgrade" 0 '^Setting up' install "$scratch/next.deb"
unlike "$tap_said" '^rblcache:|rblcachectl' "it has nothing to say"
is "$(in_top dpkg-query -W -f '${Version}' rblcache | sed 's/.*+//')" next \
    "is one"
is "$(cd "$top" && cksum $kept)" "$sums" "configuration, bans and rules stay"
is "$(file "$hook")" "-rwxr-x--- root nofiles cap_net_admin=p" \
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
exits "it does, in its group" 0 \
    'no right to read it|would refuse: 451 .* \(recent' \
    hook_as "$(in_top getent group nofiles | cut -d : -f 3)" 203.0.113.9

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
    "root nofiles 750 /usr/sbin/rblcache" "the override stays"

if [ "$ipset" ]; then
	for set in rbldrop4 rblpass4; do
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

# ---- from 0.6, which had all rule files in use ----

dpkg-deb -R "$deb" "$scratch/0.6"
(
	cd "$scratch/0.6" || exit 1
	mv etc/rblcache/log/available/* etc/rblcache/log
	rmdir etc/rblcache/log/available
	sed -i s,log/available,log, DEBIAN/conffiles
	sed -i '/^Version/s/ .*/ 0.6/' DEBIAN/control
	rm DEBIAN/md5sums
	printf '#!/bin/sh\n' | tee DEBIAN/postinst >DEBIAN/postrm
	echo '# of 0.6' | tee -a etc/rblcache/log/*.rules >/dev/null
)
dpkg-deb -R "$deb" "$scratch/failing"
printf '#!/bin/sh\nexit 1\n' >"$scratch/failing/DEBIAN/preinst"
chmod 755 "$scratch/failing/DEBIAN/preinst"
for each in 0.6 failing; do
	dpkg-deb --root-owner-group -Znone -b "$scratch/$each" \
	    "$scratch/$each.deb" >/dev/null
done
rules=$top/etc/rblcache/log
in_use() { # the rule files in use, and what those are that are links
	find "$rules" -maxdepth 1 -name '*.rules' -printf '%f %l\n' | sort
}
ok "0.6" install "$scratch/0.6.deb"
echo '# mine' >>"$rules/tjsi.rules"
rm "$rules/indimail.rules"
wanted=$(cd "$rules" && cksum ./*.rules)
exits "an upgrade that fails" 1 '' install "$scratch/failing.deb"
is "$(cd "$rules" && cksum ./*.rules)" "$wanted" "all are where they were"
exits "the upgrade" 0 '^Setting up' install "$deb"
linked="badiprbl.rules available/badiprbl.rules
chkuser.rules 
rblsmtpd.rules 
sagredo.rules available/sagredo.rules
spamdyke.rules available/spamdyke.rules
tjsi.rules "
is "$(in_use)" "$linked" "what was in use stays so, what was deleted does not"
is "$(cat "$rules"/*.rules | grep '^# of\|^# mine')" "# of 0.6
# mine" "the file that was changed stays, the others are the new ones"
is "$(cd "$rules/available" && echo *)" \
    "badiprbl.rules indimail.rules sagredo.rules spamdyke.rules tjsi.rules" \
    "all are beside"
ok "once more" in_top /var/lib/dpkg/info/rblcache.postinst configure 0.6
is "$(in_use)" "$linked" "makes no difference"
in_top rm /etc/rblcache/log/badiprbl.rules
exits "the next upgrade" 0 '^Setting up' install "$scratch/next.deb"
is "$(in_use)" "$(printf '%s\n' "$linked" | tail -n +2)" \
    "a link that was removed stays away"
ok "purge" in_top dpkg -P rblcache
is "$(scratch_changed)" "$before" "nothing is left"

# ---- from 0.5, which gave the hook to the group of the mail users ----

in_top groupadd -r vchkpw
cat >"$scratch/other/DEBIAN/postinst" <<-'E2'
	#!/bin/sh
	set -e
	hook=/usr/sbin/rblcache
	dpkg-statoverride --list $hook >/dev/null ||
		dpkg-statoverride --add --update root nofiles 0750 $hook
	setcap cap_net_admin+p $hook
E2
other_version old 's/ .*/ 0.5/'
for choice in "" "root qmail 0750" "root vchkpw 0750"; do
	# shellcheck disable=SC2086 # words or none
	[ -z "$choice" ] ||
		in_top dpkg-statoverride --add $choice /usr/sbin/rblcache
	install "$scratch/old.deb" >/dev/null 2>&1
	before_it=$(file "$hook")
	left=$(in_top dpkg-statoverride --list /usr/sbin/rblcache)
	unlike "$before_it" '^-rwxr-xr-x' "0.5, ${choice:-as it was}: restricted"
	wanted=$before_it
	case $choice in
	"" | "root qmail 0750")
		wanted="-rwxr-xr-x root root cap_net_admin=p"
		left=
		;;
	esac
	exits "0.5, ${choice:-as it was}: the upgrade" 0 '^Setting up' \
	    install "$deb"
	is "$(file "$hook")" "$wanted" "0.5, ${choice:-as it was}: the hook"
	is "$(in_top dpkg-statoverride --list /usr/sbin/rblcache)" "$left" \
	    "0.5, ${choice:-as it was}: the override"
	ok "0.5, ${choice:-as it was}: once more" \
	    in_top /var/lib/dpkg/info/rblcache.postinst configure 0.5
	is "$(file "$hook")" "$wanted" "0.5, ${choice:-as it was}: the same"
done
in_top dpkg -P rblcache >/dev/null 2>&1
is "$(scratch_left)" "" "purged, an override of any kind is gone"

# ---- where there is no qmail ----

in_top groupdel nofiles
in_top groupdel qmail
ok "no group of mail users" install "$deb"
is "$(file "$hook")" "-rwxr-xr-x root root cap_net_admin=p" \
    "makes no difference to the hook"
in_top sh -c 'echo "192.0.2.0/24 deny" >/etc/rblcache/lists/mine'
exits "purge at once" 0 '.*' in_top dpkg -P rblcache
is "$(cd "$top" && find etc/rblcache -type f)" etc/rblcache/lists/mine \
    "a list of the admin's own stays"
done_testing
