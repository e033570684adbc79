# asid: build, test and install. `make help` lists the targets.
#
# One object tree per mode (MODE=release|asan|tsan|cov|debug|fuzz), so that modes
# never mix. Sources are found by wildcard: stages/NAME.c becomes asid-NAME.

MODE    ?= release
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   := build/$(MODE)
BINDIR  := $(BUILD)/bin
VERSION := 0.1.0
# `make V=1` shows whole commands.
Q       := $(if $(V),,@)

PKGS := libavformat libavcodec libavutil libswscale libswresample soxr \
        sqlite3 yaml-0.1 libpcre2-8 libutf8proc nettle libcurl espeak-ng
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion \
        -Wformat=2 -Wundef -Wcast-qual -Wpointer-arith \
        -Wwrite-strings -Wmissing-prototypes -Wmissing-declarations \
        -Wstrict-prototypes -Wold-style-definition -Wredundant-decls -Wvla \
        -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdate-time
ifneq ($(findstring clang,$(CC)),clang)
# clang takes NAN and INFINITY for floats that are widened; gcc does not.
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches \
        -Wjump-misses-init -Wdouble-promotion
endif
WERROR ?= -Werror

OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
OPT_debug   := -O0 -g3
OPT_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
               -fno-sanitize-recover=all -DASID_SANITIZE
OPT_tsan    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread -DASID_SANITIZE
OPT_cov     := -O0 -g --coverage -DASID_COVERAGE
OPT_fuzz    := -O1 -g -fno-omit-frame-pointer -DASID_SANITIZE \
               -fsanitize=fuzzer-no-link,address,undefined \
               -fno-sanitize-recover=all

CPPFLAGS := -Iinclude -I$(BUILD)/gen -D_GNU_SOURCE -DASID_VERSION='"$(VERSION)"'
CFLAGS   := -std=gnu11 -ffp-contract=off $(WARN) $(WERROR) $(OPT_$(MODE)) \
            -pthread -MMD -MP
LDFLAGS  := $(filter -fsanitize=% --coverage,$(OPT_$(MODE))) -pthread \
            -Wl,--as-needed -Wl,-z,relro,-z,now
ifeq ($(MODE),fuzz)
LDFLAGS  := -fsanitize=address,undefined -pthread -Wl,--as-needed
endif
LDLIBS   := $(PKG_LIBS) -lstemmer -lm

LIB_SRC    := $(sort $(wildcard common/*/*.c))
STAGE_SRC  := $(sort $(wildcard stages/*.c))
UNIT_SRC   := $(sort $(wildcard tests/unit/test_*.c))
TOOL_SRC   := $(sort $(wildcard tools/*.c))
BENCH_SRC  := $(sort $(wildcard bench/*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
SCHEMAS    := $(sort $(wildcard schemas/*))

LIB_OBJ    := $(LIB_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/schema_files.o
LIB        := $(BUILD)/libasid.a
PROGRAMS   := $(STAGE_SRC:stages/%.c=$(BINDIR)/asid-%) $(BINDIR)/asid \
              $(BINDIR)/asid-media-worker
UNITS      := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
TOOLS      := $(TOOL_SRC:tools/%.c=$(BUILD)/tools/%)
BENCHES    := $(BENCH_SRC:bench/%.c=$(BUILD)/bench/%)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help check-deps print-bindir install clean demo check \
        check-threads check-valgrind check-valgrind-all fmt lint \
        fuzz fuzz-build coverage unit tools bench bench-build

all: check-deps $(PROGRAMS) ## build every program (default)

check-deps:
	@$(CC) -include libstemmer.h -E -x c /dev/null >/dev/null 2>&1 && \
	  pkg-config --exists $(PKGS) || { \
	  echo "asid: libraries are missing; run: sudo tools/install-deps.sh" >&2; \
	  pkg-config --print-errors --exists $(PKGS); exit 1; }

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "%-14s %s\n",$$1,$$2}' Makefile

print-bindir: ## print the folder the programs are built into
	@echo $(CURDIR)/$(BINDIR)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo '  cc  ' $@)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(EXTRA_$(basename $(notdir $<))) -c -o $@ $<

# Only these files may use instructions beyond x86-64; the table in
# common/nn/kernels_pick.c calls them when the processor has them.
EXTRA_kernels_avx2   := -mavx2 -mfma -mf16c -O3
EXTRA_kernels_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 \
                        -mfma -mf16c -O3
EXTRA_kernels_amx    := $(EXTRA_kernels_avx512) -mavx512bf16 -mamx-tile -mamx-bf16
EXTRA_kernels_amx_attend := $(EXTRA_kernels_amx)
EXTRA_kernels_ref    := -O3
EXTRA_qkernels_avx2  := -mavx2 -mfma -O3
EXTRA_qkernels_vnni  := -mavx512f -mavx512bw -mavx512dq -mavx512vl \
                        -mavx512vnni -mavx2 -mfma -O3
EXTRA_qkernels_amx   := $(EXTRA_qkernels_vnni) -mamx-tile -mamx-int8
EXTRA_qkernels_ref   := -O3
# It looks at every decoded frame.
EXTRA_cuts           := -O3
# No fuzz target computes: instrumented kernels only take minutes to compile.
ifeq ($(MODE),fuzz)
EXTRA_kernels_avx2   += -fno-sanitize=all -O1
EXTRA_kernels_avx512 += -fno-sanitize=all -O1
EXTRA_kernels_amx    += -fno-sanitize=all -O1
EXTRA_kernels_amx_attend += -fno-sanitize=all -O1
EXTRA_qkernels_avx2  += -fno-sanitize=all -O1
EXTRA_qkernels_vnni  += -fno-sanitize=all -O1
EXTRA_qkernels_amx   += -fno-sanitize=all -O1
endif

# The layers that compute are not counted (tools/coverage.sh), and slow when they
# count.
ifeq ($(MODE),cov)
$(BUILD)/obj/common/nn/%.o $(BUILD)/obj/common/omni/%.o: \
    CFLAGS := $(filter-out --coverage,$(CFLAGS)) -O2
endif

$(BUILD)/gen/schema_files.c: tools/embed.sh $(SCHEMAS)
	@mkdir -p $(@D)
	$(Q)tools/embed.sh $(SCHEMAS) > $@.tmp && mv $@.tmp $@

$(BUILD)/obj/gen/schema_files.o: $(BUILD)/gen/schema_files.c $(SCHEMAS)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  cc  ' $@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(if $(V),,@echo '  ar   ' $@)
	$(Q)$(AR) rcs $@ $^

$(BINDIR)/asid-%: $(BUILD)/obj/stages/%.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link' $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BINDIR)/asid: $(BUILD)/obj/stages/main/asid.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link' $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BINDIR)/asid-media-worker: $(BUILD)/obj/stages/main/media_worker.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link' $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link' $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tools/%: $(BUILD)/obj/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link' $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link' $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  cc  ' $@)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -fsanitize=fuzzer \
	  -o $@ $< $(LIB) $(LDFLAGS) $(LDLIBS)

# Stages that exist only to test the runner: $(BINDIR)/test/asid-NAME.
TEST_STAGES := $(patsubst tests/stages/%.c,$(BINDIR)/test/asid-%,\
                 $(sort $(wildcard tests/stages/*.c)))

$(BINDIR)/test/asid-%: $(BUILD)/obj/tests/stages/%.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link' $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The endpoint that tests talk to.
MOCK := $(BINDIR)/test/asid-mock-endpoint
$(MOCK): $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard tests/mock/*.c))) $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link' $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

check check-threads: $(TEST_STAGES) $(MOCK)

# Tests of one mode; `make MODE=asan check` runs all of them under sanitizers.
CLI_TESTS := $(sort $(wildcard tests/cli/*.sh))
# One builds planted errors for itself, one looks at what the compiler made of
# the kernels: once, not once a mode.
ifneq ($(MODE),release)
CLI_TESTS := $(filter-out %/plant.sh %/kernels.sh,$(CLI_TESTS))
endif
JOBS      ?= $(shell nproc)

unit: $(UNITS)

# Those that take longest come first, so that none of them is left alone at the
# end; some tests mostly wait, so one more than there are processors runs.
SLOW_TESTS := tests/cli/endpoint.sh $(BUILD)/tests/test_http \
              tests/cli/plant.sh tests/cli/resume.sh tests/cli/chain.sh
CHECK_TESTS = $(filter $(SLOW_TESTS),$(CLI_TESTS) $(UNITS)) \
              $(filter-out $(SLOW_TESTS),$(CLI_TESTS) $(UNITS))

check: all unit tools ## run the tests
	tests/run.sh $(CURDIR)/$(BINDIR) $$(($(JOBS) + 1)) $(CHECK_TESTS)

# What runs on several threads; meant for MODE=tsan.
THREAD_TESTS := $(filter %/test_parallel %/test_ops %/test_runner %/test_ledger \
                  %/test_media_link %/test_schema %/test_bpe %/test_http \
                  %/test_batcher %/test_room,$(UNITS))
check-threads: all $(THREAD_TESTS) ## run the tests that use threads
	tests/run.sh $(CURDIR)/$(BINDIR) $(JOBS) $(THREAD_TESTS) \
	  $(wildcard tests/cli/runner.sh)

# Under valgrind: everything but the parity test, which takes an hour there.
# The other tests that compute much are left to `make check-valgrind-all`.
VALGRIND_LONG := %/test_decoder %/test_mel %/test_ops %/test_kernels \
                 %/test_quant %/test_pack %/test_towers %/test_media %/test_resize \
                 %/test_ask %/test_answer %/test_questions %/test_batcher \
                 %/test_synth_draw %/test_synth_say %/test_synth_sound \
                 %/test_synth_sources %/test_synth_spoil %/test_synth_world
check-valgrind: all unit $(TEST_STAGES) $(MOCK) ## run the quick unit tests under valgrind
	tests/valgrind.sh $(JOBS) $(filter-out %/test_parity $(VALGRIND_LONG),$(UNITS))

check-valgrind-all: all unit $(TEST_STAGES) $(MOCK)
	tests/valgrind.sh $(JOBS) $(filter-out %/test_parity,$(UNITS))

FILMS ?= 10
demo: ## install what is missing, build, verify films whose truth is known
	@tools/install-deps.sh
	@$(MAKE) --no-print-directory -j$(JOBS) all >/dev/null
	@tools/demo.sh $(BINDIR) $(FILMS)

fmt: ## format every source
	clang-format -i $(FMT_SRC)

FMT_SRC = $(shell git ls-files -co --exclude-standard '*.c' '*.h')

lint: ## house rules, format, static analysis
	tools/lint.sh
	@clang-format --dry-run -Werror $(FMT_SRC)

FUZZ_SECONDS ?= 60
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=build/fuzz/fuzz/%)

fuzz-build: ## build the fuzz targets, with clang
	$(MAKE) MODE=fuzz CC=clang $(FUZZERS)

fuzz: fuzz-build ## run every fuzz target for FUZZ_SECONDS
	tests/fuzz/run.sh build/fuzz/fuzz $(FUZZ_SECONDS) $(JOBS)

coverage: ## line coverage of the layers without a model
	$(MAKE) MODE=cov check
	tools/coverage.sh build/cov

install: all ## put programs, manual pages and completion under PREFIX
	tools/install.sh $(BINDIR) $(DESTDIR)$(PREFIX)

tools: $(TOOLS)
bench-build: $(BENCHES)

bench: all ## speed of MODEL=DIR beside limits and peers (bench/bench_peers.sh)
	@bench/bench_peers.sh $(BINDIR)

clean: ## remove everything that was built
	rm -rf build

-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d)
