#!/bin/sh
# SPDX-License-Identifier: ISC
# Where there is no apt: make and make deps name what is missing, in one line.
# Where the kernel grants no namespace, the demo says so.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
cd "$root" || exit 1
unset MAKEFLAGS MAKELEVEL

# this machine without apt, and with a compiler that can be told what not to have
mkdir "$scratch/bin"
for dir in /bin /usr/bin /sbin /usr/sbin; do
	ln -s "$dir"/* "$scratch/bin" 2>/dev/null
done
rm -f "$scratch/bin/apt-get" "$scratch/bin/dpkg-query" "$scratch/bin/cc" \
    "$scratch/bin/musl-gcc"
cc=$(command -v cc)
cat >"$scratch/bin/cc" <<E2
#!/bin/sh
for arg; do
	case \$arg in
	-static* | -E | -lcdb) [ "\$arg" != "\${CC_LACKS-}" ] || exit 1 ;;
	esac
done
exec $cc "\$@"
E2
chmod 755 "$scratch/bin/cc"
elsewhere() { # VARIABLE=VALUE... TARGET...
	env PATH="$scratch/bin" make -s B="$scratch/build" "$@"
}
without() { # "PROGRAM..." TARGET...
	mkdir "$scratch/hidden"
	for hidden in $1; do
		mv "$scratch/bin/$hidden" "$scratch/hidden"
	done
	shift
	elsewhere "$@"
	mv "$scratch/hidden"/* "$scratch/bin"
	rmdir "$scratch/hidden"
}
lacks() { # NAME WANTED COMMAND...: it fails, with that line and no other
	name=$1
	wanted=$2
	shift 2
	said=$("$@" 2>&1)
	is "$(printf '%s\n' "$said" | grep -v '^make.*: ')" \
	    "missing here: $wanted" "$name"
	like "$said" '^make.*: \*\*\* ' "$name: make fails"
}

is "$(elsewhere deps 2>&1; echo $?)" 0 "make deps: nothing is missing"
lacks "programs" "tcpserver, prove" without "tcpserver prove" deps
lacks "for the demo alone" tcpserver without "tcpserver prove" demo
lacks "pkg-config" pkg-config without pkg-config deps
lacks "make without pkg-config" pkg-config without pkg-config
lacks "make without a compiler" cc without cc
mkdir "$scratch/pc"
# shellcheck disable=SC2046 # words
ln -s $(pkg-config --variable pc_path pkg-config | tr : '\n' |
    sed 's,$,/*.pc,') "$scratch/pc" 2>/dev/null
rm "$scratch/pc/libipset.pc" "$scratch/pc/inih.pc"
lacks "libraries" "libipset (pkg-config), inih (pkg-config)" \
    elsewhere PKG_CONFIG_LIBDIR="$scratch/pc" deps
rm "$scratch/pc/libcdb.pc"
lacks "a library that is missing, with what is static of it" \
    "libcdb (pkg-config), libipset (pkg-config), inih (pkg-config)" \
    elsewhere PKG_CONFIG_LIBDIR="$scratch/pc" CC_LACKS=-lcdb deps
for program in apt-get dpkg-query; do
	ln -s /bin/false "$scratch/bin/$program"
done
lacks "make where there is apt" \
    "pkg-config
as root:
  apt-get install --no-install-recommends gcc libc6-dev musl-tools make pkg-config \
libcdb-dev libipset-dev libpcre2-dev libinih-dev libjansson-dev libcap-dev libc-ares-dev" \
    without pkg-config
rm "$scratch/bin/apt-get" "$scratch/bin/dpkg-query"
lacks "headers" "stdio.h, linux/netfilter/ipset/ip_set.h" \
    elsewhere CC_LACKS=-E
static='libc.a, libcdb.a; make STATIC= makes a dynamic hook, without lib*.a'
lacks "static libraries" "$static" elsewhere CC_LACKS=-static deps
lacks "make without them" "$static" elsewhere CC_LACKS=-static

# and so it is
export CC_LACKS=-static
ok "make STATIC=" elsewhere STATIC= "$scratch/build/rblcache"
like "$(ldd "$scratch/build/rblcache" 2>&1)" 'libcdb.*=>' "a dynamic hook"
like "$("$scratch/build/rblcache" -h)" '^usage: rblcache ' "that runs"
lacks "make after it is about the static one again" "$static" \
    elsewhere "$scratch/build/rblcache"

unset CC_LACKS

# of which C library the hook is
is_linked() { # LIBC NAME
	like "$(elsewhere "$scratch/build/rblcache" 2>&1)" \
	    "^  LINK  .*/rblcache \\(static-PIE, $1\\)\$" "$2"
	is "$("$root/tests/hardened" "$scratch/build/rblcache")" "" \
	    "$2: it is hardened"
	like "$("$scratch/build/rblcache" -h)" '^usage: rblcache ' \
	    "$2: and runs"
}
is_linked glibc "without musl-gcc: of glibc"
if [ -e /usr/bin/musl-gcc ]; then
	ln -s /usr/bin/musl-gcc "$scratch/bin"
	is_linked musl "with musl-gcc: of musl"
	rm "$scratch/bin/musl-gcc"
	is_linked glibc "it is gone again: of glibc"
	printf '#!/bin/sh\necho other-machine\n' >"$scratch/bin/musl-gcc"
	chmod 755 "$scratch/bin/musl-gcc"
	is "$(elsewhere "$scratch/build/rblcache" 2>&1)" "" \
	    "musl-gcc for another machine than CC's: of glibc"
	rm "$scratch/bin/musl-gcc"
else
	skip "with musl-gcc" "no musl-gcc here"
fi

printf '#!/bin/sh\necho "unshare: no" >&2\nexit 1\n' >"$scratch/unshare"
chmod 755 "$scratch/unshare"
said=$(unset FRONT_INSIDE
    PATH=$scratch:$PATH tests/demo 2>&1) && said="it went on: $said"
like "$said" '^tests/demo: this system allows no network namespace here: run it as root;' \
    "no namespaces: the demo says what it wants"
done_testing
