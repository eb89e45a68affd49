#!/bin/sh
# SPDX-License-Identifier: ISC
# Every combination of what the hook can meet, against a model (matrix.c).
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
programs=$RBLCACHE_BUILD/tests/integration
# a copy has no file capability, and every user gets to it
cp "$RBLCACHE_BUILD/rblcache" "$programs/probe" "$front" || exit 1
cd "$front" || exit 1

printf '203.0.113.0/24 deny no mail from here\n203.0.113.9 allow\n2001:db8::/32 deny\n2001:db8:1:2::9 allow\n' |
	"$cdb" build allow.cdb - || exit 1
printf '203.0.113.0/24 deny no mail from here\n203.0.113.8 allow\n2001:db8::/48 deny no mail from here\n2001:db8::/32 allow\n2001:db8:1::/48 deny no mail from here\n' |
	"$cdb" build deny.cdb - || exit 1
printf '203.0.113.9 defer come back later\n2001:db8:1:2::9 defer come back later\n' |
	"$cdb" build defer.cdb - || exit 1
printf '203.0.113.8 deny\n198.51.100.0/24 allow\n2001:db8:2::/48 deny\n' |
	"$cdb" build none.cdb - || exit 1

# for ipset restore
for set in member others; do
	echo "create ${set}4 hash:ip timeout 1000000"
	echo "create ${set}6 hash:ip family inet6 netmask 64 timeout 1000000"
done >sets.hosts
cat >>sets.hosts <<'EOF'
add member4 203.0.113.9
add member6 2001:db8:1:2::
add others4 203.0.113.8
add others6 2001:db8:1:3::
EOF
cat >sets.others <<'EOF'
create rblpass4 hash:ip timeout 1000000
create rblpass6 hash:ip family inet6 netmask 64 timeout 1000000
add rblpass4 203.0.113.8
add rblpass6 2001:db8:1:3::
EOF
cat >sets.pass <<'EOF'
add rblpass4 203.0.113.9
add rblpass6 2001:db8:1:2::
EOF

set --
if [ ! "$front_ipset" ]; then
	[ "${CI-}" != true ] || skip_all "$front_no_ipset"
	echo "# SKIP $front_no_ipset: the sets are left out"
	set -- no-ipset
fi
# what the sanitizers or coverage make slow is thinned
case ${RBLCACHE_LONG:+$RBLCACHE_BUILD} in
*/release) step=1 ;;
*) step=17 ;;
esac
"$programs/matrix" "$step" "$front/rblcache" "$front/probe" "$@"
