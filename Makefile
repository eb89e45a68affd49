# SPDX-License-Identifier: ISC
# rblcache. GNU make; `make help` lists the targets.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
STATEDIR ?= /var/lib/rblcache
CONFDIR ?= $(SYSCONFDIR)/rblcache
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/rblcache
BASHDIR ?= $(PREFIX)/share/bash-completion/completions

# release, glibc (the same, with a hook that has no musl), san (ASan + UBSan),
# cov (gcov) or fuzz (libFuzzer, clang)
BUILD ?= release
B := build/$(BUILD)

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all help deps check check-all check-debian run-tests demo cdb bench \
	bench-traffic soak fuzz lint cov install uninstall deb clean
all:

# What Debian 12 calls what is needed: to build it, for the demo, for the tests,
# and for the targets of those names.
BUILD_PACKAGES := gcc libc6-dev musl-tools make pkg-config \
	libcdb-dev libipset-dev libpcre2-dev libinih-dev libjansson-dev \
	libcap-dev libc-ares-dev
DEMO_PACKAGES := libcap2-bin util-linux procps \
	ucspi-tcp daemontools rbldnsd ipset iproute2
DEB_PACKAGES := build-essential debhelper dpkg-dev
TRAFFIC_PACKAGES := gnuplot-nox
TEST_PACKAGES := $(DEMO_PACKAGES) $(DEB_PACKAGES) lintian \
	libcmocka-dev perl strace curl wget systemd \
	runit s6 ipsvd logrotate libfaketime tinycdb \
	iptables nftables shorewall shorewall6 $(TRAFFIC_PACKAGES)
LINT_PACKAGES := clang-format clang-tidy cppcheck shellcheck mandoc
FUZZ_PACKAGES := clang libclang-rt-dev
COV_PACKAGES := gcovr
BENCH_PACKAGES := python3
FRESH_PACKAGES := debootstrap
OTHERS_PACKAGES := swatch libbit-vector-perl libcarp-clan-perl \
	libdate-calc-perl libdate-manip-perl libfile-tail-perl \
	libtimedate-perl sshguard fail2ban python3-pyinotify

# ---- flags ----

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wformat=2 -Wswitch-enum -Wundef -Wcast-qual -Wwrite-strings
ifeq ($(DEV),1)
WARNINGS += -Werror
endif

CFLAGS_release := -O2 -g
HARDEN_release := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
LDHARDEN_release := -Wl,-z,relro,-z,now
$(foreach x,CFLAGS HARDEN LDHARDEN,$(eval $(x)_glibc := $($(x)_release)))
CFLAGS_san := -O1 -g
HARDEN_san := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LDHARDEN_san := -fsanitize=address,undefined
CFLAGS_cov := -O0 -g
HARDEN_cov := --coverage
LDHARDEN_cov := --coverage

# V=1 shows the compiler's command lines
Q := $(if $(V),,@)

CFLAGS_fuzz := -O1 -g
HARDEN_fuzz := -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
LDHARDEN_fuzz := -fsanitize=fuzzer,address,undefined

CFLAGS ?= $(CFLAGS_$(BUILD))

# What -V says: the version of the newest entry. By sed, since Debian's tools
# need not be here.
VERSION := $(shell sed -n '1s/^[^(]*(\([^)]*\)).*/\1/p' debian/changelog)

own_cppflags = -D_GNU_SOURCE -iquote src -DUSAGE_VERSION='"$(VERSION)"' \
	-DPATHS_CONFDIR='"$(CONFDIR)"' -DPATHS_STATEDIR='"$(STATEDIR)"'
own_cflags = -std=c11 -fPIE $(WARNINGS) $(HARDEN_$(BUILD))
own_ldflags = $(LDHARDEN_$(BUILD))

# The hook is static so that it starts fast and under a small softlimit, and of
# musl where musl-gcc is and makes what CC does: the start of glibc costs more
# than all that the hook does. The sanitizers want a shared C library.
# `make STATIC=` makes a dynamic hook.
STATIC_release := -static-pie
STATIC_glibc := -static-pie
STATIC_cov := -static-pie
STATIC := $(STATIC_$(BUILD))
HOOK_LIBC := glibc
ifeq ($(BUILD) $(STATIC),release -static-pie)
HOOK_LIBC := $(shell [ "$$(musl-gcc -dumpmachine 2>/dev/null)" = \
	"$$($(CC) -dumpmachine 2>/dev/null)" ] && echo musl || echo glibc)
endif

# pkg-config is asked when something is built, not for `make deps`
libs = $(shell pkg-config --libs $(1))
PKGS := libcdb libipset libpcre2-8 inih jansson libcap libcares
cflags_of_libs = $(shell pkg-config --cflags $(PKGS))

# ---- programs ----

# The folders of src are the floors of a house. A program is linked with those that
# it uses, from the top to the bottom.
FOLDERS := ctl feed control state hook log kernel local base
rblcache_USES := hook kernel local base
rblcache-cdb_USES := local base
rblcache-feed_USES := feed control state hook log kernel local base
rblcachectl_USES := ctl control state hook log kernel local base
MAINS := src/feed/rblcache-feed.c src/ctl/rblcachectl.c

# What a folder may include besides itself; `make floors` names what does not.
src/feed_MAY := control state hook log kernel local base
src/ctl_MAY := $(src/feed_MAY)
src/control_MAY := state kernel base
src/state_MAY := log local base
src/hook_MAY := kernel local base
src/log_MAY := local base
src/local_MAY := base
src/kernel_MAY := base
hooks_MAY := $(rblcache_USES)
cdb_MAY := $(rblcache-cdb_USES)
FLOORS := $(FOLDERS:%=floor-src/%) floor-hooks floor-cdb

# $(call archive,BUILD DIRECTORY,FOLDER): all of a folder but a main. It is made
# again when the folder changes: what is gone from there is none of it.
define archive
$(1)/src/$(2).a: src/$(2) $(patsubst %.c,$(1)/%.o,$(filter-out $(MAINS),$(wildcard src/$(2)/*.c)))
	@rm -f $$@
	$(Q)$(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(foreach folder,$(FOLDERS),$(eval $(call archive,$(B),$(folder))))
ARCHIVES := $(FOLDERS:%=$(B)/src/%.a)

# The hook's objects and how they become a program, for each C library. Headers
# of the kernel and of libcdb are looked for where glibc's are, behind musl's own.
# The linker is told of static-PIE: of musl-gcc's own -static-pie comes a dynamic
# program. Fewer segments (noseparate-code) are mapped faster.
ifeq ($(HOOK_LIBC),musl)
HOOK_B := $(B)/musl
$(foreach folder,$(rblcache_USES),$(eval $(call archive,$(HOOK_B),$(folder))))
hook_cc = musl-gcc -idirafter /usr/include \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)
libcdb_a = $(firstword $(wildcard $(patsubst -L%,%/libcdb.a, \
	$(shell pkg-config --libs-only-L libcdb))) \
	$(shell $(CC) -print-file-name=libcdb.a))
hook_link = musl-gcc $(own_ldflags) $(LDFLAGS) -nostartfiles -static \
	-Wl,-pie,--no-dynamic-linker,-z,text,-z,noseparate-code -o $@ \
	-l:rcrt1.o $(filter %.o %.a,$^) $(libcdb_a)
else
HOOK_B := $(B)
hook_link = $(CC) $(own_ldflags) $(STATIC) $(if $(STATIC),,-pie) $(LDFLAGS) \
	-o $@ $(filter %.o %.a,$^) $(call libs,$(if $(STATIC),--static) libcdb)
endif

PROGRAMS := $(B)/rblcache $(B)/rblcache-feed $(B)/rblcachectl $(B)/rblcache-cdb

all: $(PROGRAMS)

HOOK_ARCHIVES := $(rblcache_USES:%=$(HOOK_B)/src/%.a)

$(B)/rblcache: $(HOOK_B)/hooks/rblcache.o $(HOOK_ARCHIVES) $(B)/hook.flags
	@echo '  LINK  $@ ($(if $(STATIC),static-PIE,dynamic), $(HOOK_LIBC))'
	$(Q)$(hook_link)
$(B)/rblcache-feed: $(B)/src/feed/rblcache-feed.o \
    $(rblcache-feed_USES:%=$(B)/src/%.a)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) \
	    -o $@ $^ $(call libs,libcdb libipset libpcre2-8 inih jansson libcap \
	        libcares) -lm
$(B)/rblcachectl: $(B)/src/ctl/rblcachectl.o $(rblcachectl_USES:%=$(B)/src/%.a)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) \
	    -o $@ $^ $(call libs,libcdb libipset libpcre2-8 inih jansson) -lm
$(B)/rblcache-cdb: $(B)/cdb/rblcache-cdb.o $(rblcache-cdb_USES:%=$(B)/src/%.a)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) \
	    -o $@ $^ $(call libs,libcdb jansson)

# ---- tests ----

# A unit test is one program a module, with every folder to link against.
UNIT_TESTS := $(patsubst %.c,$(B)/%.t,$(wildcard tests/unit/*/test_*.c))
INTEGRATION_TESTS := $(wildcard tests/integration/*.t)
# those that take too long for every day; the others thin less with them
LONG_TESTS := $(wildcard tests/long/*.t)
# what integration tests run besides the real programs
TEST_PROGRAMS := $(patsubst %.c,$(B)/%,$(wildcard tests/integration/*.c))

$(B)/tests/unit/%.t: $(B)/tests/unit/%.o $(ARCHIVES)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^ $(call libs,$(PKGS) cmocka) -lm
$(B)/tests/integration/%: $(B)/tests/integration/%.o $(ARCHIVES)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^ $(call libs,$(PKGS)) -lm
# static and without the build's own flags, since it starts very often
$(B)/tests/integration/probe: tests/integration/probe.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(WARNINGS) -O2 \
	    $(if $(findstring command,$(origin STATIC)),$(STATIC),-static) -o $@ $<
.SECONDARY:

# A fuzz target is a libFuzzer program under BUILD=fuzz; elsewhere it replays
# its corpus, as part of the tests.
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS := $(FUZZ_TARGETS:%=$(B)/tests/fuzz/%.t)
FUZZERS := $(FUZZ_TARGETS:%=$(B)/tests/fuzz/%)

$(B)/tests/fuzz/%: $(B)/tests/fuzz/fuzz_%.o $(ARCHIVES)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^ $(call libs,$(PKGS)) -lm
$(B)/tests/fuzz/%.bin: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o \
    $(ARCHIVES)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^ $(call libs,$(PKGS)) -lm
# what the hook reads, by the very objects that it is made of
$(B)/tests/fuzz/addr.bin $(B)/tests/fuzz/smtp.bin: $(B)/tests/fuzz/%.bin: \
    $(HOOK_B)/tests/fuzz/fuzz_%.o $(HOOK_B)/tests/fuzz/replay.o $(HOOK_ARCHIVES)
	$(Q)$(hook_link)
$(B)/tests/fuzz/%.t: $(B)/tests/fuzz/%.bin
	$(Q)printf '#!/bin/sh\nexec %s tests/corpus/%s\n' '$(CURDIR)/$<' '$*' >$@
	$(Q)chmod +x $@

# Tests wait for most of their time, so some run beside each other; each has
# namespaces of its own.
CORES := $(shell nproc)
check: deps
	$(Q)$(MAKE) -j$(CORES) run-tests
check-all: deps
	$(Q)$(MAKE) -j$(CORES) run-tests LONG=yes
LONG :=
run-tests: all $(UNIT_TESTS) $(REPLAYS) $(TEST_PROGRAMS) \
    $(addprefix $(B)/tests/bench/,load callers simulate) build/promtool
	RBLCACHE_BUILD=$(CURDIR)/$(B) RBLCACHE_LONG=$(LONG) \
	    CMOCKA_MESSAGE_OUTPUT=TAP TZ=UTC \
	    prove -e '' -j$$((2 * $(CORES))) $(PROVEFLAGS) \
	    $(if $(LONG),$(LONG_TESTS)) $(INTEGRATION_TESTS) \
	    $(UNIT_TESTS) $(REPLAYS)

# What a newcomer does, on a fresh Debian of that release: some minutes, and
# below build/debian some gigabytes. The script says what it cannot do here.
RELEASE ?= trixie
check-debian:
	-$(call need,$(FRESH_PACKAGES))
	$(Q)env -i PATH="$$PATH" CI="$$CI" tests/fresh-debian $(RELEASE)

demo:
	$(call need,$(BUILD_PACKAGES) $(DEMO_PACKAGES))
	$(Q)$(MAKE) -j$(CORES) all
	RBLCACHE_BUILD=$(CURDIR)/$(B) tests/demo

# what is compiled depends on the flags as well
$(B)/flags: FORCE
	@$(call stamp,$(CC) $(own_ldflags))
$(B)/hook.flags: FORCE
	@$(call stamp,$(hook_cc) $(hook_link))
# $(call stamp,COMMAND): the target is as old as its settings
stamp = mkdir -p $(@D) && \
	printf '%s\n' '$(subst ','\'',$(1) $(own_cppflags) $(own_cflags) \
	    $(CPPFLAGS) $(CFLAGS) $(STATIC) $(LDFLAGS))' >$@.now && \
	{ cmp -s $@.now $@ && rm $@.now || mv $@.now $@; }
.PHONY: FORCE
# looked at before anything is compiled, once for these flags
$(B)/complete: $(B)/flags
	@$(call missing,$(BUILD_PACKAGES))
	@touch $@

# $(call compile,COMPILER)
define compile
@mkdir -p $(@D)
@echo '  CC    $<'
$(Q)$(1) $(own_cppflags) $(cflags_of_libs) $(CPPFLAGS) \
    $(own_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<
endef
$(B)/%.o: %.c $(B)/flags | $(B)/complete
	$(call compile,$(CC))
$(B)/musl/%.o: %.c $(B)/hook.flags | $(B)/complete
	$(call compile,$(hook_cc))

# ---- packages ----

# $(call missing,PACKAGES): whether what they have is here, of whatever packages
missing = CC='$(CC)' STATIC='$(STATIC)' LIBC=$(HOOK_LIBC) tests/missing $(1)

# $(call need,PACKAGES): the recipe of a target that installs what is missing.
define need
$(Q)if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; \
then \
    $(call missing,$(1)); \
    exit; \
fi; \
missing=; for p in $(1); do \
    dpkg-query -W -f '$${db:Status-Status}\n' $$p 2>/dev/null | \
    grep -qx installed || missing="$$missing $$p"; done; \
if [ -z "$$missing" ]; then \
    :; \
elif [ "$$(id -u)" = 0 ]; then \
    echo "installing:$$missing"; \
    apt-get update -q && DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $$missing; \
else \
    echo "packages are missing; as root:"; \
    echo "  apt-get install --no-install-recommends$$missing"; \
    exit 1; \
fi
endef

deps:
	$(call need,$(BUILD_PACKAGES) $(TEST_PACKAGES))

# $(call unpack,PACKAGES): their files below the target, without installing
# them, since that would start daemons; their maintainers' scripts are not run.
define unpack
$(Q)rm -rf $@.part && mkdir -p $@.part && cd $@.part && \
if ! apt-get download -q $(1); then \
    [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get download -q $(1); \
fi && for p in *.deb; do dpkg -x $$p . && rm $$p || exit 1; done
$(Q)mv $@.part $@
endef

# Those who did it before, for `make bench` to measure beside.
build/others:
	$(call unpack,$(OTHERS_PACKAGES))

# For a test; without a network it skips what it wants this for. Debian 13 has it
# in a package of its own.
build/promtool:
	-$(call unpack,$$(apt-cache show promtool >/dev/null 2>&1 && \
	    echo promtool || echo prometheus))

# ---- the admin's own rules ----

cdb: $(B)/rblcache-cdb
	$(Q)$(MAKE) -C cdb RBLCACHE_CDB=$(CURDIR)/$(B)/rblcache-cdb

# ---- installation ----

MAN8 := hooks/rblcache.8 src/rblcache-feed.8 src/rblcachectl.8 \
	cdb/rblcache-cdb.8
MAN7 := hooks/rblcache.7
MAN5 := src/rblcache.rules.5 src/rblcache-feed.conf.5 cdb/rblcache-hosts.5
RULES := $(wildcard hooks/log/*.rules hooks/log/available/*.rules)
SERVICE := hooks/service
FIREWALL := hooks/firewall
SAMPLES := $(SERVICE) $(FIREWALL) hooks/from-swatch cdb/update-drop
# below CONFDIR, each in its place: without the first directory
CONFIG := cdb/hosts cdb/Makefile cdb/lists/README hooks/feed.conf $(RULES)
D := $(DESTDIR)

# the files of DATADIR and the pages name the programs and the configuration
places := -e 's,/usr/local/sbin,$(SBINDIR),g' \
	-e 's,/usr/local/share/rblcache,$(DATADIR),g' \
	-e 's,/etc/rblcache\($$\|[^-A-Za-z]\),$(CONFDIR)\1,g'

install: all
	install -d $(D)$(SBINDIR) $(D)$(MANDIR)/man5 $(D)$(MANDIR)/man8 \
	    $(if $(MAN7),$(D)$(MANDIR)/man7) $(D)$(CONFDIR)/lists \
	    $(D)$(CONFDIR)/log/available $(D)$(STATEDIR) $(D)$(DATADIR) $(D)$(BASHDIR)
	install -m 755 $(PROGRAMS) $(D)$(SBINDIR)
	install -m 644 $(MAN5) $(D)$(MANDIR)/man5
	install -m 644 $(MAN7) $(D)$(MANDIR)/man7
	install -m 644 $(MAN8) $(D)$(MANDIR)/man8
	install -m 644 src/rblcachectl.bash $(D)$(BASHDIR)/rblcachectl
	cp -R $(SAMPLES) $(D)$(DATADIR)
	find $(D)$(DATADIR) -type f -exec sed -i $(places) {} +
	sed -i $(places) $(D)$(MANDIR)/man[578]/rblcache*
	# what the admin may have changed stays as it is
	for f in $(CONFIG); do \
	    to=$(D)$(CONFDIR)/$${f#*/}; \
	    [ -e $$to ] || install -m 644 $$f $$to || exit 1; \
	done

# Leaves configuration that was changed, local.cdb and the bans: they are the
# admin's.
uninstall:
	rm -f $(addprefix $(D)$(SBINDIR)/,$(notdir $(PROGRAMS))) \
	    $(addprefix $(D)$(MANDIR)/man5/,$(notdir $(MAN5))) \
	    $(addprefix $(D)$(MANDIR)/man7/,$(notdir $(MAN7))) \
	    $(addprefix $(D)$(MANDIR)/man8/,$(notdir $(MAN8))) \
	    $(D)$(BASHDIR)/rblcachectl
	rm -rf $(D)$(DATADIR)
	for f in $(CONFIG); do \
	    to=$(D)$(CONFDIR)/$${f#*/}; \
	    ! cmp -s $$f $$to || rm $$to; \
	done
	# the links to those files
	find $(D)$(CONFDIR)/log -xtype l -exec rm {} + 2>/dev/null || :
	rmdir $(D)$(CONFDIR)/log/available $(D)$(CONFDIR)/log $(D)$(CONFDIR)/lists $(D)$(CONFDIR) \
	    $(D)$(STATEDIR) 2>/dev/null || :

# ---- Debian package ----

# build/rblcache_VERSION_ARCH.deb, from a copy of the tree; unless it is younger
# than every file. env: the package is made with its own settings, whatever this
# make was given. One at a time: two tests want it.
deb:
	$(call need,$(BUILD_PACKAGES) $(DEB_PACKAGES))
	$(Q)mkdir -p build && exec 9>build/deb.lock && flock 9 && \
	deb=build/rblcache_$(VERSION)_$$(dpkg --print-architecture).deb && \
	dir=build/deb/rblcache-$(VERSION) && \
	if [ -e $$deb ] && ! find . \( -path ./build -o -path ./.git \) -prune \
	    -o -newer $$deb -type f -print | grep -q .; then \
	    exit 0; \
	fi && \
	rm -rf build/deb build/*.deb && mkdir -p $$dir && \
	{ [ -e .git ] && git ls-files -co --exclude-standard 2>/dev/null || \
	    find * -path build -prune -o -type f ! -path cdb/local.cdb -print; \
	} >build/deb/files && \
	xargs -d '\n' cp -p --parents -t $$dir <build/deb/files && \
	(cd $$dir && env -i PATH="$$PATH" LC_ALL=C.UTF-8 \
	    DEB_BUILD_OPTIONS="$$DEB_BUILD_OPTIONS" \
	    dpkg-buildpackage -b -us -uc -jauto) && \
	cp -p build/deb/*.deb build && ls build/*.deb

# ---- for those who change it ----

SOURCES := $(wildcard src/*/*.c hooks/*.c cdb/*.c)
HEADERS := $(wildcard src/*/*.h tests/*/*.h)
TEST_SOURCES := $(wildcard tests/*/*.c tests/unit/*/*.c)
BENCHES := $(addprefix tests/bench/,hook reading stamps kernel live beside)
SCRIPTS := cdb/update-drop $(addprefix debian/,postinst prerm postrm) \
	tests/demo tests/fresh-debian tests/hardened tests/licence tests/missing \
	tests/front.sh tests/load.sh tests/scratch.sh tests/siege.sh tests/tap.sh \
	tests/upgrade/make tests/bench/bench.sh tests/bench/saving \
	$(BENCHES) tests/bench/many tests/bench/siege tests/bench/soak tests/bench/stretch \
	$(INTEGRATION_TESTS) $(LONG_TESTS) \
	$(wildcard $(SERVICE)/*/run $(SERVICE)/*/*/run $(SERVICE)/qmail-smtpd/*) \
	$(FIREWALL)/iptables $(FIREWALL)/nftables $(wildcard $(FIREWALL)/*/init)

$(B)/tests/bench/spawn: $(B)/tests/bench/spawn.o
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^
$(B)/tests/bench/latency: $(B)/tests/bench/latency.o $(ARCHIVES)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^
$(B)/tests/bench/load: $(B)/tests/bench/load.o $(B)/tests/bench/client.o
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^
# what makes up traffic
TRAFFIC := $(patsubst %,$(B)/tests/bench/%.o,traffic params crowd listed)

$(B)/tests/bench/simulate: $(B)/tests/bench/simulate.o \
    $(B)/tests/bench/servers.o $(B)/tests/bench/figures.o $(TRAFFIC) \
    $(ARCHIVES)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^ \
	    $(call libs,libcdb libipset libpcre2-8 inih) -lm
$(B)/tests/bench/callers: $(B)/tests/bench/callers.o \
    $(B)/tests/bench/client.o $(TRAFFIC) $(ARCHIVES)
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^ -lm
$(B)/tests/bench/late: $(B)/tests/bench/late.o
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^
$(B)/tests/bench/bare: $(B)/tests/bench/bare.o
	$(Q)$(CC) -nostdlib -static -o $@ $^

bench:
	$(call need,$(BUILD_PACKAGES) $(TEST_PACKAGES) $(BENCH_PACKAGES))
	$(Q)$(MAKE) -s all $(addprefix $(B)/tests/bench/,spawn bare latency \
	    load late) build/others
	$(Q)$(MAKE) -s BUILD=glibc build/glibc/rblcache
	$(Q)for t in $(BENCHES); do \
	    RBLCACHE_BUILD=$(CURDIR)/$(B) OTHERS=$(CURDIR)/build/others $$t || \
	        exit 1; \
	done

# What is saved, and what it costs: of made-up traffic, with plots in
# build/traffic; or of an smtpd log of one's own, which is only read.
LOG ?=
bench-traffic:
ifeq ($(LOG),)
	$(call need,$(BUILD_PACKAGES) $(DEMO_PACKAGES) $(TRAFFIC_PACKAGES))
	$(Q)$(MAKE) -s all $(addprefix $(B)/tests/bench/,simulate callers)
	$(Q)RBLCACHE_BUILD=$(CURDIR)/$(B) SAVING=build/traffic tests/bench/saving
	$(Q)RBLCACHE_BUILD=$(CURDIR)/$(B) tests/bench/stretch
else
	$(call need,$(BUILD_PACKAGES))
	$(Q)$(MAKE) -s $(B)/rblcachectl
	$(Q)$(B)/rblcachectl replay -c hooks/log -c hooks/log/available '$(LOG)'
endif

# 2,000 connections at once for SECS seconds; then for three times as long clients
# that tear the lines of the log; then a million bans, and eight. It fails for what
# is wrong, not for what is slow.
SECS ?= 60
soak: deps
	$(Q)$(MAKE) -s all $(B)/tests/bench/load $(TEST_PROGRAMS)
	$(Q)RBLCACHE_BUILD=$(CURDIR)/$(B) SECS=$(SECS) tests/bench/soak
	$(Q)RBLCACHE_BUILD=$(CURDIR)/$(B) SECS=$$((3 * $(SECS))) tests/bench/siege
	$(Q)RBLCACHE_BUILD=$(CURDIR)/$(B) tests/bench/many

# Every target for SECS seconds; what it finds comes into the corpus by hand.
fuzz:
	$(call need,$(BUILD_PACKAGES) $(FUZZ_PACKAGES))
	$(Q)$(MAKE) BUILD=fuzz CC=clang fuzzers
	$(Q)for t in $(FUZZ_TARGETS); do \
	    mkdir -p build/fuzz/found/$$t; \
	    echo "== $$t"; \
	    dict=tests/fuzz/$$t.dict; \
	    build/fuzz/tests/fuzz/$$t $$([ ! -e $$dict ] || echo -dict=$$dict) \
	        -max_total_time=$(SECS) -timeout=10 \
	        -max_len=2048 -print_final_stats=1 -verbosity=0 \
	        -artifact_prefix=build/fuzz/found/$$t/crash- \
	        build/fuzz/found/$$t tests/corpus/$$t || exit 1; \
	done
fuzzers: $(FUZZERS)
.PHONY: fuzzers

space := $() $()
floors: $(FLOORS)
$(FLOORS): floor-%:
	@! grep -n '^# *include "' $(wildcard $*/*.[ch]) /dev/null | \
	    grep -vE '"($(subst $(space),|,$(notdir $*) $($*_MAY)))/'
.PHONY: floors $(FLOORS)

lint: floors
	$(call need,$(BUILD_PACKAGES) $(LINT_PACKAGES))
	tests/licence
	clang-format --dry-run -Werror $(SOURCES) $(HEADERS) $(TEST_SOURCES)
	@# it reads no headers of libraries
	cppcheck --error-exitcode=1 --quiet --std=c11 --inline-suppr \
	    -D'json_array_foreach(a,i,v)=while ((i = at(a)) && (v = at(a)))' \
	    -D'json_object_foreach(o,k,v)=while ((k = at(o)) && (v = at(o)))' \
	    --enable=warning,portability,performance -Isrc $(SOURCES)
	@# one at a time: with several, its check of va_list errs
	printf '%s\n' $(SOURCES) | xargs -P 2 -I{} clang-tidy --quiet \
	    --warnings-as-errors='*' {} -- $(own_cppflags) -std=c11 \
	    $(cflags_of_libs)
	@# gcc 12 loses pointers that are kept in a table; BUILD=san finds leaks
	$(MAKE) BUILD=analyzer DEV=1 all \
	    CFLAGS='-O1 -g -fanalyzer -Wno-analyzer-malloc-leak'
	@# not: variables that cross from one sourced file to another
	shellcheck -s sh -S warning -e SC1090,SC1091,SC2034,SC2154 $(SCRIPTS)
	shellcheck -s bash src/rblcachectl.bash
	mandoc -Tlint -W warning $(MAN5) $(MAN7) $(MAN8)

cov:
	$(call need,$(COV_PACKAGES))
	$(MAKE) BUILD=cov check
	gcovr --root . --object-directory build/cov --exclude tests \
	    --txt --print-summary

clean:
	rm -rf build cdb/local.cdb

help:
	@printf '%s\n' \
	    'make                 the programs (STATIC= makes a dynamic hook)' \
	    'make deps            installs what is needed, or names it' \
	    'make demo            shows the main job' \
	    'make check           the tests; check-all: also the long ones' \
	    'make install         below PREFIX, or DESTDIR; uninstall' \
	    'make deb             the Debian package, in build' \
	    'make bench           the cost; bench-traffic: what it saves,' \
	    '                     with LOG=DIR on a log of yours' \
	    'make clean' \
	    'For those who change it: lint, fuzz, cov, soak, cdb, check-debian' \
	    '(RELEASE=trixie or bookworm); DEV=1, V=1, BUILD=release, glibc, san, cov'

-include $(wildcard $(addprefix $(B)/,*/*.d */*/*.d */*/*/*.d */*/*/*/*.d))
