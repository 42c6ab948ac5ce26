# SPDX-License-Identifier: GPL-2.0-only
# Top of capmsg: the module for one kernel, library and capctl, and the checks.
# `make help` says what there is.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
export PREFIX DESTDIR

all: tools examples
	@if [ -d "$(KDIR)" ]; then $(MAKE) modules; else \
		echo "No kernel headers at $(KDIR): the module is not built." >&2; \
		echo "Install linux-headers-$$(uname -r), or name others: make KDIR=DIR" >&2; fi

# --- what people install --------------------------------------------------------
# $(call need,DIR): a part that is not in the tree is an error, not a skip.
need = @test -e $(1) || { echo "$(1) is not in this tree yet" >&2; exit 1; }

modules modules_install: headers-present
	$(call need,Kbuild)
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

headers-present:
	@test -d "$(KDIR)" || { echo "No kernel headers at $(KDIR): install linux-headers-$$(uname -r)," \
		"or name others: make modules KDIR=DIR" >&2; exit 1; }

tools:
	$(call need,tools/lib/Makefile)
	$(call need,tools/capctl/Makefile)
	$(MAKE) -C tools/lib
	$(MAKE) -C tools/capctl

examples: tools
	$(call need,examples/Makefile)
	$(MAKE) -C examples

install: tools
	$(MAKE) -C tools/lib install
	$(MAKE) -C tools/capctl install
	$(MAKE) -C examples install

# Removes what install would bring, no more.
uninstall: tools
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(MAKE) -s install DESTDIR="$$dir" && \
		(cd "$$dir" && find . ! -type d) | while read -r file; do \
			echo "rm $(DESTDIR)$${file#.}"; rm -f "$(DESTDIR)$${file#.}"; done

# --- checks; they bring what they need, as root ---------------------------------
check:
	@scripts/check
check-quick:
	@scripts/check --quick
# A million objects whose names strangers keep; some minutes.
check-million:
	@selftests/vm/run --timeout 3600 6.12 -- 'CAPMSG_ROUNDS=1000000 /t/sweep_test -t long_run'
# A million messages, while who sends and who receives is killed; some minutes.
check-order:
	@selftests/vm/run --timeout 3600 6.12 -- 'CAPMSG_ROUNDS=1000000 /t/order_test'
# Ten thousand processes are killed in the middle of something; some minutes.
check-storm:
	@selftests/vm/run --timeout 3600 6.12 -- 'CAPMSG_ROUNDS=10000 /t/storm_test'
# Do the tests find bugs? Before a release; half an hour, and three quarters of one.
check-canary:
	@scripts/check-canary
check-mutants:
	@scripts/check-mutants
# Parts of it by themselves.
check-race:
	@scripts/check-race
coverage:
	@scripts/coverage
# Goes on for FUZZ_SECONDS; selftests/fuzz/corpus is then what reaches all that was reached.
FUZZ_SECONDS ?= 3600
fuzz:
	@scripts/fuzz $(FUZZ_SECONDS)
demo:
	@scripts/demo
bench:
	@scripts/bench
profile:
	@scripts/profile

# --- cleaning -------------------------------------------------------------------
# The kernels in build/cache took minutes to get; only distclean removes them.
clean:
	find Kbuild capmsg \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name '*.a' -o -name modules.order -o -name Module.symvers \) -delete
	rm -rf modules.order Module.symvers .*.cmd .module-common.o .tmp_versions
	for dir in tools/lib tools/capctl examples bench; do \
		if [ -f $$dir/Makefile ]; then $(MAKE) -C $$dir clean || exit 1; fi; done
	[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +

distclean: clean
	rm -rf build

help:
	@echo 'make                  module for $(KDIR) if that is there, libcapmsg, capctl, examples'
	@echo 'make modules          the module alone; KDIR=DIR for other headers'
	@echo 'make modules_install  the module into /lib/modules (INSTALL_MOD_PATH)'
	@echo 'make tools            libcapmsg and capctl; make examples: handlers of virtual objects'
	@echo 'make install          header, library, capctl, man pages, examples (PREFIX=$(PREFIX), DESTDIR); uninstall'
	@echo 'make demo             boots a stock kernel and shows two processes exchange messages'
	@echo 'make check            everything, on every kernel; from nothing about 45 min, then 33'
	@echo 'make check-quick      one stock kernel and the static checks'
	@echo 'make check-million    a million objects whose names strangers keep; some minutes'
	@echo 'make check-order      a million messages, none lost whoever is killed; some minutes'
	@echo 'make check-storm      ten thousand processes are killed in the middle of something; some minutes'
	@echo 'make check-canary     do the kernels find bugs of every kind? half an hour'
	@echo 'make check-mutants    do the tests find bugs planted in the module? three quarters of an hour'
	@echo 'make check-race       all tests on the kernel that looks for data races'
	@echo 'make coverage         which lines of the module the tests execute'
	@echo 'make fuzz             FUZZ_SECONDS=$(FUZZ_SECONDS): runs the fuzzer, improves its corpus'
	@echo 'make bench            capmsg and its peers on three kernels, build/bench/results.json; 10 min and more'
	@echo 'make profile          where those of a 64-byte call and reply go, by function'
	@echo 'make clean            what was built; distclean: downloaded kernels too'
	@echo 'demo, check, check-quick and bench install what is missing: Debian 12, root.'
	@echo 'CAPMSG_CACHE=DIR      where kernels are kept, default build/cache'

.PHONY: all modules modules_install headers-present tools examples install uninstall
.PHONY: check check-quick check-million check-order check-storm check-canary check-mutants
.PHONY: check-race coverage fuzz
.PHONY: demo bench profile clean distclean help
