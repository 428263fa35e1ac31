# eddy: the one build. Sources are found by wildcard, nothing is registered anywhere, and
# everything that is built lies under build/. `make help` lists the targets.
#
# A source that needs a further library says so in a comment, /* pkg-config: libcurl */; a program
# that uses one of eddy's own add-on libraries says /* pkg-config: eddy-http */.

VERSION := $(shell cat VERSION)
# What the soname carries: the major version, before 1.0 the minor one, too (docs/design/abi.md).
MAJOR := $(word 1,$(subst ., ,$(VERSION)))
SOVERSION := $(if $(filter 0,$(MAJOR)),0.$(word 2,$(subst ., ,$(VERSION))),$(MAJOR))
B ?= build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
PYTHON ?= python3
ifeq ($(origin CC),default)
CC := gcc
endif
comma := ,
# make -s says nothing but warnings.
SAY := $(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo)

# ---- flags -------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
    -Werror=implicit-function-declaration -Wcast-qual -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Wimplicit-fallthrough
# Not under a sanitizer: what it adds to the code makes gcc see dangers that are not there.
ifneq ($(if $(SAN),,$(filter true 1,$(CI) $(WERROR))),)
STRICT := -Werror
endif
OPT ?= -O2
# The empty value agrees with a source that says #define _GNU_SOURCE itself.
BASE_FLAGS := -std=gnu11 $(OPT) -g -fno-omit-frame-pointer -fstack-clash-protection \
    -ftls-model=initial-exec -fno-common -pthread $(WARN) $(if $(SAN),-fsanitize=$(SAN)) $(EXTRA)
ALL_CFLAGS = $(BASE_FLAGS) $(STRICT) $(CPPFLAGS) $(CFLAGS) -MMD -MP
# A function's first call through a lazy binding needs more stack than a packed task has.
ALL_LDFLAGS = -pthread -Wl,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(EXTRA) $(LDFLAGS)
PRIVATE := -D_GNU_SOURCE= -Iinclude -Isrc

# ---- what there is -----------------------------------------------------------------------------

find = $(sort $(shell find $(1) -name '$(2)' -type f 2>/dev/null))

SRC := $(call find,src,*.c)
# Each add-on needs a heavy library and is a library of its own: libeddy-http, libeddy-postgres, …
ADDON_DIRS := $(patsubst %/,%,$(wildcard src/http/ src/db/*/))
ADDON_SRC := $(filter $(addsuffix /%,$(ADDON_DIRS)),$(SRC))
CORE_SRC := $(filter-out $(ADDON_SRC),$(SRC))
HEADERS := $(call find,include,*.h)
TOOL_SRC := $(call find,tools/eddy,*.c)
HARNESS := $(wildcard tests/*.c)
TEST_SRC := $(HARNESS) $(wildcard tests/support/*.c) $(call find,tests,test_*.c)

# file=package for every package that some source asks for; MISSING: those not installed.
PACKAGES := $(shell grep -rsoE '/\* pkg-config: [^*]+' --include='*.[ch]' src include tools examples \
    bench tests fuzz | sed 's,/\* pkg-config: ,,; s,:, ,' | awk '{ for (i = 2; i <= NF; i++) print $$1 "=" $$i }')
package_of = $(lastword $(subst =, ,$(1)))
packages = $(sort $(foreach p,$(filter $(addsuffix =%,$(1)),$(PACKAGES)),$(call package_of,$(p))))
foreign_packages = $(filter-out eddy-%,$(call packages,$(1)))
MISSING := $(shell for p in $(sort $(filter-out eddy-%,$(foreach p,$(PACKAGES),$(call \
    package_of,$(p))))); do pkg-config --exists $$p || echo $$p; done)
pkg_cflags = $(if $(1),$(shell pkg-config --cflags $(1)))
pkg_libs = $(if $(1),$(shell pkg-config --libs $(1)))

# An add-on that is a header alone says there what it stands on.
HEADER_ADDONS := $(foreach h,$(HEADERS),$(if $(call packages,$(h)),$(h)))
addon_dir = $(filter src/$(1) src/db/$(1),$(ADDON_DIRS))
addon_src = $(filter $(addsuffix /%,$(call addon_dir,$(1))),$(ADDON_SRC))
ADDONS := $(foreach d,$(notdir $(ADDON_DIRS)),$(if $(filter $(MISSING),$(call packages,$(call \
    addon_src,$(d)))),,$(if $(call addon_src,$(d)),$(d))))
# All packages that a program made of these sources is linked with, those of its add-ons included.
link_packages = $(sort $(call foreign_packages,$(CORE_SRC) $(1) $(foreach a,$(patsubst \
    eddy-%,%,$(filter eddy-%,$(call packages,$(1)))),$(call addon_src,$(a)))))
archives = $(patsubst eddy-%,$(B)/libeddy-%.a,$(filter eddy-%,$(call packages,$(1)))) $(B)/libeddy.a
# A program whose libraries are not installed is left out, with a word about it.
unmet = $(filter $(MISSING) $(filter-out $(ADDONS:%=eddy-%),$(filter eddy-%,$(call \
    packages,$(1)))),$(call packages,$(1)))
possible = $(foreach f,$(1),$(if $(call unmet,$(f)),$(info left out: $(f) needs $(call unmet,$(f))),$(f)))

TOUR_SRC := $(call possible,$(wildcard examples/tour/*.c))
EXAMPLE_SRC := $(call possible,$(wildcard examples/*.c))
BENCH_SRC := $(call possible,$(wildcard bench/*.c))
TOUR := $(TOUR_SRC:examples/%.c=$(B)/%)
EXAMPLES := $(EXAMPLE_SRC:%.c=$(B)/%)
BENCHES := $(BENCH_SRC:%.c=$(B)/%)
PEERS := $(patsubst tests/http/%.c,$(B)/%,$(call possible,$(wildcard tests/http/peers/*.c)))
SOAK := $(B)/soak/server $(B)/soak/client $(if $(filter http,$(ADDONS)),$(B)/soak/http_server \
    $(B)/soak/http_client)
FUZZ_SRC := $(call possible,$(wildcard fuzz/fuzz_*.c))
REPLAYS := $(FUZZ_SRC:fuzz/fuzz_%.c=$(B)/replay/%)
RANDOM_SRC := $(wildcard tests/random/random_*.c)
RANDOMS := $(RANDOM_SRC:tests/random/random_%.c=$(B)/random/%)
FUZZERS := $(FUZZ_SRC:fuzz/fuzz_%.c=$(B)/fuzzers/%)
TOOL := $(if $(call unmet,$(TOOL_SRC)),$(info left out: the command eddy needs $(call \
    unmet,$(TOOL_SRC))),$(B)/eddy)

objects = $(patsubst %.c,$(B)/obj/$(1)/%.o,$(2))
TESTED := $(CORE_SRC) $(foreach a,$(ADDONS),$(call addon_src,$(a)))
ABSENT := $(filter-out $(ADDONS),$(notdir $(ADDON_DIRS)))
TEST_SRC := $(call possible,$(filter-out $(foreach a,$(ABSENT),tests/$(a)/% tests/db/$(a)/%),$(TEST_SRC)))
TEST_OBJ := $(call objects,testing,$(TESTED) $(TEST_SRC))

# ---- building ----------------------------------------------------------------------------------

.PHONY: all lib programs run test unit soak soak-tls random asan ubsan tsan valgrind torture fuzz replay bench lint \
    abi abi-dump format cover install foreign clean help samples tour guide FORCE
.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:

all: lib programs ## libraries, the command, examples, tour and benchmarks (default)
lib: $(B)/libeddy.a $(B)/libeddy.so $(foreach a,$(ADDONS),$(B)/libeddy-$(a).a $(B)/libeddy-$(a).so)
programs: $(TOOL) $(TOUR) $(EXAMPLES) $(BENCHES)

# Objects depend on the compiler and its flags, so that CC=clang rebuilds.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(CC) $(subst ','\'',$(BASE_FLAGS) $(PRIVATE) $(CPPFLAGS) $(CFLAGS))' | cmp -s - $@ || \
	    echo '$(CC) $(subst ','\'',$(BASE_FLAGS) $(PRIVATE) $(CPPFLAGS) $(CFLAGS))' > $@

compile = @mkdir -p $(@D); $(SAY) "  cc $<"; $(CC) $(ALL_CFLAGS) $(1) $(call pkg_cflags,$(call \
    foreign_packages,$<)) -c -o $@ $<
$(B)/obj/static/%.o: %.c $(B)/flags
	$(call compile,$(PRIVATE))
$(B)/obj/shared/%.o: %.c $(B)/flags
	$(call compile,$(PRIVATE) -fPIC -fvisibility=hidden -DEDDY_SHARED)
$(B)/obj/testing/%.o: %.c $(B)/flags
	$(call compile,$(PRIVATE) -Itests -DEDDY_TESTING)
$(B)/obj/program/%.o: %.c $(B)/flags
	$(call compile,-Iinclude)

archive = @$(SAY) "  ar $@"; rm -f $@; ar rcs $@ $(filter %.o,$^)
# The real file carries the whole version; the loader looks for the soname, the linker for .so.
share = @$(SAY) "  ld $@"; rm -f $@ $@.*; $(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,$(@F).$(SOVERSION) \
    -Wl,--version-script=src/lib.map -Wl,-z,defs -o $@.$(VERSION) $(filter %.o,$^) $(1) -lm && \
    ln -sf $(@F).$(VERSION) $@.$(SOVERSION) && ln -sf $(@F).$(VERSION) $@
$(B)/libeddy.a: $(call objects,static,$(CORE_SRC))
	$(archive)
$(B)/libeddy.so: $(call objects,shared,$(CORE_SRC)) src/lib.map VERSION
	$(call share,$(call pkg_libs,$(call foreign_packages,$(CORE_SRC))))
$(B)/libeddy-%.a: $$(call objects,static,$$(call addon_src,$$*))
	$(archive)
$(B)/libeddy-%.so: $$(call objects,shared,$$(call addon_src,$$*)) src/lib.map $(B)/libeddy.so
	$(call share,-L$(B) -leddy $(call pkg_libs,$(call foreign_packages,$(call addon_src,$*))))

link = @mkdir -p $(@D); $(SAY) "  ld $@"; $(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) \
    $(call pkg_libs,$(call link_packages,$(1))) -lm
$(B)/eddy: $(call objects,program,$(TOOL_SRC)) $(call archives,$(TOOL_SRC))
	$(call link,$(TOOL_SRC))
$(B)/tour/%: $(B)/obj/program/examples/tour/%.o $$(call archives,examples/tour/$$*.c)
	$(call link,examples/tour/$*.c)
$(B)/examples/%: $(B)/obj/program/examples/%.o $$(call archives,examples/$$*.c)
	$(call link,examples/$*.c)
$(B)/bench/%: $(B)/obj/program/bench/%.o $$(call archives,bench/$$*.c)
	$(call link,bench/$*.c)
$(B)/soak/%: $(B)/obj/program/tests/soak/%.o $$(call archives,tests/soak/$$*.c)
	$(call link,tests/soak/$*.c)
# What HTTP peers of others talk to, tests/http/peers/run.
$(B)/peers/%: $(B)/obj/program/tests/http/peers/%.o $$(call archives,tests/http/peers/$$*.c)
	$(call link,tests/http/peers/$*.c)
# What the comparison of HTTP parsers asks, tests/http/differential/run.
$(B)/http_differential: $(B)/obj/static/tests/http/differential/ours.o \
    $$(call archives,tests/http/differential/ours.c)
	$(call link,tests/http/differential/ours.c)
$(B)/tests: $(TEST_OBJ)
	$(call link,$(TESTED) $(TEST_SRC))
# A fuzz target may use what the command consists of, with a refuse() of its own.
TOOL_PARTS := $(if $(TOOL),$(B)/tool.a)
$(B)/tool.a: $(call objects,program,$(filter-out %/main.c %/command.c,$(TOOL_SRC)))
	$(archive)
$(B)/replay/%: $(B)/obj/static/fuzz/fuzz_%.o $(B)/obj/static/fuzz/replay.o $(TOOL_PARTS) \
    $$(call archives,fuzz/fuzz_$$*.c)
	$(call link,fuzz/fuzz_$*.c)
$(B)/fuzzers/%: $(B)/obj/static/fuzz/fuzz_%.o $(TOOL_PARTS) $$(call archives,fuzz/fuzz_$$*.c)
	$(call link,fuzz/fuzz_$*.c) -fsanitize=fuzzer
# A random tester: its file, those of a folder of its name if there is one, the driver of all of them,
# and the library as the tests have it.
RANDOM_DRIVER := $(filter-out $(RANDOM_SRC),$(wildcard tests/random/*.c)) tests/census.c \
    tests/checks.c tests/hung.c tests/process.c
$(B)/testing.a: $(call objects,testing,$(TESTED) $(RANDOM_DRIVER))
	$(archive)
$(B)/random/%: $(B)/obj/testing/tests/random/random_%.o \
    $$(call objects,testing,$$(wildcard tests/random/$$*/*.c)) $(B)/testing.a
	$(call link,$(TESTED) tests/random/random_$*.c)
# The harness's own test: tests that must fail, linked with what the runner needs and no more.
$(B)/harness_random: $(call objects,testing,$(wildcard tests/harness/random/*.c) $(RANDOM_DRIVER) \
    src/base/alloc.c src/base/fault.c src/base/thread.c)
	$(link)
$(B)/harness: $(call objects,testing,$(wildcard tests/harness/*.c) $(HARNESS) src/base/alloc.c \
    src/base/fault.c src/base/thread.c)
	$(link)

# ---- running -----------------------------------------------------------------------------------

BACKENDS := $(if $(BACKEND),$(BACKEND),uring epoll)
UNIT = set -e; $(foreach b,$(1),echo "unit tests on $(b)"; $(2) $(B)/tests -b $(b) $(3) $(TESTS);)
again = +$(MAKE) --no-print-directory B=build/$(1) $(2)

run: all ## the sample programs, or PROGRAM=tour/14_sequential_concurrent (ARGS=...)
	@B=$(B) CC='$(CC)' scripts/demo $(PROGRAM) $(ARGS)
test: all $(B)/tests $(B)/harness $(B)/harness_random $(RANDOMS) $(SOAK) $(PEERS) $(REPLAYS) ## everything that can be tested quickly; BACKEND=epoll: one backend
	+@B=$(B) CC='$(CC)' MAKE='$(MAKE)' $(PYTHON) scripts/test.py $(BACKENDS)
unit: $(B)/tests ## unit tests only; TESTS=name selects, BACKEND=uring|epoll
	@$(call UNIT,$(BACKENDS))
soak: $(SOAK) ## a server under load; SECONDS=120 CONNECTIONS=10000 BACKEND=..., HTTP=1 or 2: of HTTP/1.1 or 2, TLS=1: with TLS
	@$(PYTHON) tests/soak/run $(if $(HTTP),--http$(filter 2,$(HTTP))) $(if $(TLS),--tls) $(B) $(or $(CONNECTIONS),10000) \
	    $(or $(SECONDS),120) $(BACKENDS)
soak-tls: $(B)/soak/tls_memory ## TLS connections leave no memory behind; CONNECTIONS=15000
	@tests/soak/run_tls $(B) $(or $(CONNECTIONS),15000) $(BACKENDS)
random: $(RANDOMS) ## random programs against their invariants; SECONDS=3600 for each backend, TESTS=, BACKEND=, SEED=
	@$(if $(SAN),$(SANITIZED)) tests/random/run $(B) $(or $(SECONDS),3600) $(BACKENDS) -- $(TESTS)
tour: $(TOUR) ## the tour against its transcripts; TESTS=14 selects
	@B=$(B) tests/tour/run $(TESTS)
samples: lib ## the sample programs of the API with each compiler on each backend
	@B=$(B) tests/samples/run $(BACKENDS)
guide: lib ## the programs of README.md and docs/guide against what these say
	@tests/guide/run $(B) $(BACKENDS)
asan: ## unit tests under AddressSanitizer
	$(call again,asan,SAN=address OPT=-O1 sanitized)
ubsan: ## unit tests under UndefinedBehaviorSanitizer
	$(call again,ubsan,SAN=undefined OPT=-O1 EXTRA=-fno-sanitize-recover=all sanitized)
tsan: ## unit tests under ThreadSanitizer
	$(call again,tsan,SAN=thread OPT=-O1 sanitized)
valgrind: ## unit tests under Valgrind, on epoll: it does not see what a ring writes
	$(call again,valgrind,OPT=-O1 EXTRA=-DEDDY_VALGRIND valgrinded)
torture: $(B)/tests ## every scenario with each allocation and each system call failing in turn; some under ASan
	@$(call UNIT,$(BACKENDS),,--torture)
	$(call again,asan,SAN=address OPT=-O1 tortured)
fuzz: ## every parser with libFuzzer, SECONDS=60 each; TESTS=readers selects
	$(call again,fuzz,CC=clang SAN=fuzzer-no-link$(comma)address$(comma)undefined OPT=-O1 \
	    EXTRA=-fno-sanitize-recover=all fuzzed)
replay: $(REPLAYS) ## the fuzz targets over their corpora; TESTS=readers selects
	@B=$(B) fuzz/run replay $(BACKENDS) -- $(TESTS)
.PHONY: sanitized valgrinded tortured covered fuzzed
fuzzed: $(FUZZERS)
	@B=$(B) fuzz/run fuzz $(or $(SECONDS),60) $(TESTS)
# A process of a checker is dear: of each scenario this many rounds, spread evenly; ROUNDS=0 for all.
ROUNDS ?= 60
CHECKED := TEST_TIME_FACTOR=10 TEST_ROUNDS=$(ROUNDS)
# Without address randomisation: ThreadSanitizer's shadow collides with it on recent kernels.
SANITIZED := $(CHECKED) ASAN_OPTIONS=detect_stack_use_after_return=1:$(ASAN_OPTIONS) \
    $(if $(filter thread,$(SAN)),setarch -R)
sanitized: $(B)/tests
	@$(call UNIT,$(BACKENDS),$(SANITIZED))
valgrinded: $(B)/tests
	@$(call UNIT,$(or $(BACKEND),epoll),$(CHECKED) valgrind -q --error-exitcode=99 \
	    --leak-check=full --errors-for-leak-kinds=definite --trace-children=no)
tortured: $(B)/tests
	@$(call UNIT,$(BACKENDS),$(SANITIZED),--torture)

bench: $(BENCHES) ## eddy beside its peers, in medians and ratios; TESTS='switch echo' selects
	@bench/run $(TESTS)
lint: all ## layers, bans, sizes, headers, format; clang-tidy where installed
	@$(PYTHON) scripts/lint.py --slow
abi: lib ## the public headers against the stored ABI, src/lib.abi and src/http/lib.abi
	@B=$(B) $(PYTHON) scripts/abi.py check
abi-dump: lib ## stores the ABI as the public headers have it
	@B=$(B) $(PYTHON) scripts/abi.py dump
format: ## applies .clang-format
	@git ls-files -co --exclude-standard '*.c' '*.h' | grep -v '^third_party/' | \
	    xargs -r clang-format -i
cover: ## line coverage of the unit tests, by file
	$(call again,cover,OPT=-O0 EXTRA=--coverage covered)
covered: $(B)/tests
	@find $(B) -name '*.gcda' -delete
	@$(call UNIT,$(BACKENDS))
	@$(PYTHON) scripts/cover.py $(B)
foreign: ## context tests for aarch64 and riscv64 under qemu, where the cross compilers are
	@scripts/foreign aarch64 riscv64

# ---- installing --------------------------------------------------------------------------------

D := $(DESTDIR)
pc = sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' \
    -e 's|@NAME@|$(1)|; s|@DESCRIPTION@|$(2)|; s|@REQUIRES@|$(3)|; s|@PRIVATE@|$(4)|' eddy.pc.in \
    > '$(D)$(LIBDIR)/pkgconfig/$(1).pc'
install: lib $(TOOL) ## headers, libraries, eddy.pc, the command, man pages (PREFIX, DESTDIR)
	@mkdir -p '$(D)$(LIBDIR)/pkgconfig' '$(D)$(PREFIX)/bin' '$(D)$(PREFIX)/include'
	@for h in $(HEADERS:include/%=%); do install -D -m 644 include/$$h '$(D)$(PREFIX)/include'/$$h; done
	@cp -P $(B)/libeddy*.a $(B)/libeddy*.so* '$(D)$(LIBDIR)/'
	@$(call pc,eddy,Coroutines$(comma) tasks and streams in the manner of asyncio,,$(call \
	    foreign_packages,$(CORE_SRC)))
	@$(foreach a,$(ADDONS),$(call pc,eddy-$(a),eddy: $(a),eddy,$(call \
	    foreign_packages,$(call addon_src,$(a))));)
	@$(foreach h,$(HEADER_ADDONS),$(call pc,eddy-$(basename $(notdir $(h))),eddy: $(basename $(notdir $(h))),$(call \
	    packages,$(h)),); sed -i '/^Libs/d' '$(D)$(LIBDIR)/pkgconfig/eddy-$(basename $(notdir $(h))).pc';)
	@$(if $(TOOL),install -m 755 $(B)/eddy '$(D)$(PREFIX)/bin/')
	@for m in $(wildcard docs/man/*.[137]); do \
	    install -D -m 644 $$m '$(D)$(PREFIX)/share/man/man'$${m##*.}/$${m##*/}; done
clean: ## removes build/
	rm -rf build
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | \
	    awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
