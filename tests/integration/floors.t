#!/bin/sh
# SPDX-License-Identifier: ISC
# No folder of the source includes one that is above it. Its archive has what is in
# it, and no more.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
unset MAKEFLAGS MAKELEVEL

exits "the folders keep to their floors" 0 '' make -s -C "$root" floors
cp -R "$root/src" "$root/hooks" "$root/cdb" "$root/Makefile" "$scratch"
mkdir "$scratch/debian"
cp "$root/debian/changelog" "$scratch/debian"
cd "$scratch" || exit 1
for case in src/base/addr.c:local/local.h src/local/guard.h:kernel/settest.h \
    src/kernel/settest.c:local/local.h src/log/rules.h:state/state.h \
    src/hook/smtp.c:log/rules.h src/state/bans.c:kernel/settest.h \
    src/control/report.c:log/stamp.h src/feed/canary.c:ctl/show.h \
    src/ctl/show.c:feed/canary.h src/base/addr.h:addr.h \
    hooks/rblcache.c:log/rules.h cdb/rblcache-cdb.c:kernel/settest.h; do
	file=${case%%:*}
	cp "$file" kept
	printf '#include "%s"\n' "${case#*:}" >>"$file"
	exits "$file may not include ${case#*:}" 2 \
	    "^$file:[0-9]+:#include \"${case#*:}\"" make -s floors
	cp kept "$file"
done
exits "without these it passes" 0 '' make -s floors

# a file that is moved away takes what it defines with it
cp -R "$root/tests" .
members() {
	make -s B=b b/src/kernel.a >/dev/null
	ar t b/src/kernel.a | sort | tr '\n' ' '
}
before=$(members)
sleep 0.1 # the times of files count in ticks of the kernel's
printf 'extern int more;\nint more;\n' >src/kernel/more.c
like "$(members)" '(^| )more\.o ' "an archive has a file that is new"
sleep 0.1
rm src/kernel/more.c
is "$(members)" "$before" "and not one that is gone"
done_testing
