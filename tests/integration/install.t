#!/bin/sh
# SPDX-License-Identifier: ISC
# make install puts what INSTALL says, make uninstall takes it away again; the
# pages agree with each other and with the program, INSTALL with the Makefile.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
cd "$root" || exit 1
dest=$scratch/dest
build=$(basename "$RBLCACHE_BUILD")

install() {
	MAKEFLAGS='' make "$1" BUILD="$build" DESTDIR="$dest" PREFIX=/usr
}

ok "make install" install install
is "$(cd "$dest" && find . -type f | grep -v share/rblcache/ | sort)" \
"./etc/rblcache/Makefile
./etc/rblcache/feed.conf
./etc/rblcache/hosts
./etc/rblcache/lists/README
./etc/rblcache/log/available/badiprbl.rules
./etc/rblcache/log/available/indimail.rules
./etc/rblcache/log/available/sagredo.rules
./etc/rblcache/log/available/spamdyke.rules
./etc/rblcache/log/available/tjsi.rules
./etc/rblcache/log/chkuser.rules
./etc/rblcache/log/rblsmtpd.rules
./usr/sbin/rblcache
./usr/sbin/rblcache-cdb
./usr/sbin/rblcache-feed
./usr/sbin/rblcachectl
./usr/share/bash-completion/completions/rblcachectl
./usr/share/man/man5/rblcache-feed.conf.5
./usr/share/man/man5/rblcache-hosts.5
./usr/share/man/man5/rblcache.rules.5
./usr/share/man/man7/rblcache.7
./usr/share/man/man8/rblcache-cdb.8
./usr/share/man/man8/rblcache-feed.8
./usr/share/man/man8/rblcache.8
./usr/share/man/man8/rblcachectl.8" "what INSTALL says"
is "$(cd "$dest/usr/share" && grep -rl /usr/local rblcache man)" "" \
    "samples and pages name the places of this installation"
ok "update-drop can be run" test -x "$dest/usr/share/rblcache/update-drop"
ok "the state directory" test -d "$dest/var/lib/rblcache"
ok "make in the configuration directory" env PATH="$dest/usr/sbin:$PATH" \
    make -C "$dest/etc/rblcache"
rm "$dest/etc/rblcache/local.cdb"
ln -s available/spamdyke.rules "$dest/etc/rblcache/log/"
cp "$dest/etc/rblcache/log/available/tjsi.rules" "$dest/etc/rblcache/log"
echo '192.0.2.1 allow' >>"$dest/etc/rblcache/hosts"
ok "make install again" install install
like "$(tail -n 1 "$dest/etc/rblcache/hosts")" '^192.0.2.1 allow$' \
    "what the admin changed stays"
is "$(cd "$dest/etc/rblcache/log" && echo *.rules)" \
    "chkuser.rules rblsmtpd.rules spamdyke.rules tjsi.rules" \
    "and rule files that he linked, or had from an earlier version"
rm "$dest/etc/rblcache/log/tjsi.rules"
is "$(install uninstall 2>&1 >/dev/null; echo $?)" 0 \
    "make uninstall, without a word of errors"
is "$(cd "$dest" && find . -type f)" ./etc/rblcache/hosts \
    "only what the admin changed is left"
rm "$dest/etc/rblcache/hosts"
install install >/dev/null 2>&1
install uninstall >/dev/null 2>&1
is "$(cd "$dest" && find . -type f -o -path '*/rblcache*')" "" \
    "unchanged: nothing is left"

# src/README has every module, and none that is not there
named=$(grep -oE '[a-z/-]+\.c\>' src/README | sed 's,.*/,,' | sort -u)
is "$(for f in $named; do
	ls src/*/$f hooks/$f cdb/$f 2>/dev/null | sed 's,.*/,,'
done)" "$named" "src/README names what is there"
is "$(for f in src/*/*.c; do
	printf '%s\n' "$named" | grep -qx "${f##*/}" || echo "$f"
done)" "" "and all of it"

# INSTALL names every package that the Makefile does
is "$(awk '/^[A-Z]+_PACKAGES :=/ { on = !/^OTHERS/ }
    on { goes_on = /\\$/
	gsub(/.*:=|\$\([A-Z_]*\)|\\/, "")
	print
	on = goes_on }' Makefile | tr -s ' \t' '\n' | sort -u |
    while read -r package; do
	grep -qwF -e "$package" INSTALL || echo "$package"
done)" "" "INSTALL names what the Makefile installs"

# what a page names is a page of ours or of one of these
outside=" cron.8 env.1 sd_notify.3 make.1 rblsmtpd.1 tcpserver.1 pcre2pattern.3 ipset.8
    iptables.8 multilog.8 nft.8 rbldnsd.8 shorewall.8 systemctl.1 "
outside=" $(echo $outside) "
for page in */*.[578]; do
	unknown=
	for named in $(sed -n 's/^\..*Xr \([^ ]*\) \([1-8]\).*/\1.\2/p' "$page" |
		sort -u); do
		case $outside in
		*" $named "*) continue ;;
		esac
		set -- */"$named"
		[ -e "$1" ] || unknown="$unknown $named"
	done
	is "$unknown" "" "the pages that $page names exist"
	like "$(sed -n '/^\.Sh SEE ALSO/,$p' "$page")" '^\.Xr rblcache' \
	    "its SEE ALSO leads on"
done

# a key in the page is one that loads, and the other way round
is "$(sed -n 's/^.It Ic \([a-z]*\) .*/\1/p' src/rblcache.rules.5 | sort)" \
    "$(sed -n 's/^ *{"\([a-z]*\)", set_.*/\1/p' src/log/rules.c | sort)" \
    "rblcache.rules(5) has the keys of the program"
keys=$(sed -n 's/^ *{"\([a-z]*\)", set_.*/\1/p' src/feed/settings.c | sort)
is "$(sed -n 's/^.It Ic \([a-z]*\) .*/\1/p' src/rblcache-feed.conf.5 | sort)" \
    "$keys" "rblcache-feed.conf(5) has them, too"
is "$(sed -n 's/^#\{0,1\}\([a-z]*\) = .*/\1/p' hooks/feed.conf | sort -u)" "$keys" \
    "and so has feed.conf"
done_testing
