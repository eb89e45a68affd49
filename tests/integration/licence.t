#!/bin/sh
# SPDX-License-Identifier: ISC
# Every source file says its licence, and the licence is the same everywhere.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
cd "$root" || exit 1

exits "every source file has its line" 0 '^$' tests/licence

# what it would say of others
mkdir -p "$scratch/tree/src/base" "$scratch/tree/debian" "$scratch/tree/tests/corpus"
cd "$scratch/tree" || exit 1
printf '#!/bin/sh\n# SPDX-License-Identifier: ISC\n' | tee run >debian/prerm
printf '#!/bin/sh\n' >debian/postinst
printf '/* mine */\n' >src/base/addr.c
printf '\n\n/* SPDX-License-Identifier: ISC */\n' >src/base/addr.h
printf '# SPDX-License-Identifier: GPL-2.0\n' >Makefile
printf 'prose\n' | tee README >debian/changelog
printf 'rblsmtpd: x\n' >tests/corpus/line
mkdir -p hooks/log cdb
printf '[mine]\n' | tee hooks/log/mine.rules >cdb/Makefile
printf '\0\1' >local.cdb
is "$("$root/tests/licence" . | sed 's/:.*//' | sort | tr '\n' ' ')" \
    "Makefile debian/postinst src/base/addr.c src/base/addr.h " \
    "one that has none, another one, or one too late is named; no other"
exits "with exit status 1" 1 '^Makefile: no ' "$root/tests/licence" .
cd "$root" || exit 1

words() {
	sed 's/^ \.$//' | tr -s ' \n' '  ' | sed 's/^ *//; s/ *$//'
}
is "$(sed -n '/^License: ISC$/,$p' debian/copyright | sed 1d | words)" \
    "$(sed -n '/^Permission/,$p' LICENSE | words)" \
    "debian/copyright has the words of LICENSE"
is "$(sed -n 's/^Copyright: //p' debian/copyright)" \
    "$(sed -n 's/^Copyright (c) //p' LICENSE)" "and its holders"
done_testing
