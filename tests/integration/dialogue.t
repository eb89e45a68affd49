#!/bin/sh
# SPDX-License-Identifier: ISC
# The same client to rblsmtpd and to the hook: they say the same.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
rblsmtpd=$(command -v rblsmtpd) || skip_all "no rblsmtpd here"
driver=$RBLCACHE_BUILD/tests/integration/dialogue
[ -x "$driver" ] || skip_all "$driver is not built"
tap_scratch
text='Listed, see https://rbl.test/?%s%n 192.0.2.1'
printf '192.0.2.1 defer %s\n192.0.2.2 deny %s\n' "$text" "$text" |
	"$RBLCACHE_BUILD/rblcache-cdb" build "$scratch/local.cdb" - || exit 1
[ "${RBLCACHE_LONG-}" ] && step=1 || step=7
"$driver" "$step" "$rblsmtpd" "$RBLCACHE_BUILD/rblcache" "$scratch/local.cdb" \
    "$text" 2>/dev/null
