# rblcache. GNU make; `make help` lists the targets.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
STATEDIR ?= /var/lib/rblcache
CONFDIR ?= $(SYSCONFDIR)/rblcache
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/rblcache

# release, san (ASan + UBSan), cov (gcov) or fuzz (libFuzzer, clang)
BUILD ?= release
B := build/$(BUILD)

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all help check demo cdb bench fuzz lint cov install uninstall deps \
	clean
all:

# What Debian 12 calls what is needed. The first three lines build it, the
# fourth are the real programs of the tests and of the demo, the last check
# the sources.
BUILD_PACKAGES := gcc libc6-dev make pkg-config \
	libcdb-dev libipset-dev libpcre2-dev libinih-dev libjansson-dev
TEST_PACKAGES := libcmocka-dev perl libcap2-bin util-linux procps \
	strace python3-minimal \
	ucspi-tcp daemontools rbldnsd ipset iproute2
LINT_PACKAGES := clang-format clang-tidy cppcheck shellcheck mandoc
FUZZ_PACKAGES := clang

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
CFLAGS_san := -O1 -g
HARDEN_san := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LDHARDEN_san := -fsanitize=address,undefined
CFLAGS_cov := -O0 -g
HARDEN_cov := --coverage
LDHARDEN_cov := --coverage

# V=1 shows the compiler's command lines
Q := $(if $(V),,@)

CFLAGS ?= $(CFLAGS_$(BUILD))
own_cppflags = -D_GNU_SOURCE -Isrc \
	-DPATHS_CONFDIR='"$(CONFDIR)"' -DPATHS_STATEDIR='"$(STATEDIR)"'
own_cflags = -std=c11 -fPIE $(WARNINGS) $(HARDEN_$(BUILD))
own_ldflags = $(LDHARDEN_$(BUILD))

# The hook is static so that it starts fast and under a small softlimit. The
# sanitizers want a shared C library.
STATIC_release := -static-pie
STATIC_cov := -static-pie
STATIC := $(STATIC_$(BUILD))

# pkg-config is asked when something is built, not for `make deps`
libs = $(shell pkg-config --libs $(1))
PKGS := libcdb libipset libpcre2-8 inih jansson
cflags_of_libs = $(shell pkg-config --cflags $(PKGS))

# ---- programs ----

HOOK_MODULES := addr cdbread local recent record reply settest smtp verdict
FEED_MODULES := addr allowlist bans cdbread cdbwrite checkpoint decide follow \
	guard livesets local logfiles recent record reply rules sets settest \
	stamp texts timespan
CDB_MODULES := addr cdbread cdbwrite hosts local localmake record reply texts

PROGRAMS := $(B)/rblcache $(B)/rblcache-feed $(B)/rblcache-cdb

objects = $(patsubst %,$(B)/src/%.o,$(1))

all: $(PROGRAMS)

$(B)/rblcache: $(B)/hooks/rblcache.o $(call objects,$(HOOK_MODULES))
	$(Q)$(CC) $(own_ldflags) $(STATIC) $(if $(STATIC),,-pie) $(LDFLAGS) \
	    -o $@ $^ $(call libs,$(if $(STATIC),--static) libcdb)
$(B)/rblcache-feed: $(B)/src/rblcache-feed.o $(call objects,$(FEED_MODULES))
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) \
	    -o $@ $^ $(call libs,libcdb libipset libpcre2-8 inih)
$(B)/rblcache-cdb: $(B)/cdb/rblcache-cdb.o $(call objects,$(CDB_MODULES))
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) \
	    -o $@ $^ $(call libs,libcdb jansson)

# ---- tests ----

# A unit test is one program a module, with every module to link against.
ALL_MODULES := $(sort $(HOOK_MODULES) $(FEED_MODULES) $(CDB_MODULES))
UNIT_TESTS := $(patsubst %.c,$(B)/%.t,$(wildcard tests/unit/test_*.c))
INTEGRATION_TESTS := $(wildcard tests/integration/*.t)

$(B)/librblcache.a: $(call objects,$(ALL_MODULES))
	rm -f $@
	$(AR) rcs $@ $^
$(B)/tests/unit/%.t: $(B)/tests/unit/%.o $(B)/librblcache.a
	$(Q)$(CC) $(own_ldflags) -pie $(LDFLAGS) -o $@ $^ $(call libs,$(PKGS) cmocka)
.PRECIOUS: $(B)/tests/unit/%.o

check: all $(UNIT_TESTS)
	RBLCACHE_BUILD=$(CURDIR)/$(B) CMOCKA_MESSAGE_OUTPUT=TAP \
	    prove -e '' $(PROVEFLAGS) $(UNIT_TESTS) $(INTEGRATION_TESTS)

# what is compiled depends on the flags as well
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(own_cppflags) $(own_cflags) \
	    $(CPPFLAGS) $(CFLAGS) $(own_ldflags) $(LDFLAGS))' >$@.now
	@cmp -s $@.now $@ && rm $@.now || mv $@.now $@
.PHONY: FORCE

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo '  CC    $<'
	$(Q)$(CC) $(own_cppflags) $(cflags_of_libs) $(CPPFLAGS) \
	    $(own_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d)
