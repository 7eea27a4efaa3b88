# make demo | make test | make bench | make release | make install: see README.md.
SHELL := /bin/bash
SWIFT ?= swift
VNET := .build/release/vnet
PREFIX ?= /usr/local
MANUAL = $(DESTDIR)$(PREFIX)/share/man/man1/vnet.1
COMPLETIONS_BASH = $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vnet
COMPLETIONS_ZSH = $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vnet
COMPLETIONS_FISH = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vnet.fish
FUZZ_SECONDS ?= 60
# Swift Testing starts every test at once by itself: on two cores, what a test measures would be its neighbours' load.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 6
SOURCES := Sources Tests Benchmarks Package.swift
# One file that needs no Swift on the machine it runs on, and starts faster than with shared libraries.
RELEASE := --static-swift-stdlib -Xlinker -s
# Arrows between modules point down only, and a target imports what it names.
CHECKS := --explicit-target-dependency-import-check error

.PHONY: build release test lint format unit kernel end-to-end reference fuzz demo bench install uninstall clean deps-%

deps-%:
	Scripts/install-dependencies.sh $*

build: deps-build
	$(SWIFT) build --product vnet $(CHECKS)

release: deps-build
	$(SWIFT) build -c release --product vnet $(RELEASE)

# Everything, cheapest first.
test: deps-test lint
	$(SWIFT) build --build-tests $(CHECKS)
	$(MAKE) --no-print-directory unit kernel reference end-to-end

lint:
	$(SWIFT) format lint --strict -r -p $(SOURCES)

format:
	$(SWIFT) format format -i -r -p $(SOURCES)

unit:
	$(SWIFT) test --skip-build --skip KernelTests --skip EndToEndTests

kernel:
	$(SWIFT) test --skip-build --filter KernelTests

reference:
	VNET=.build/debug/vnet Tests/Reference/compare-libvirt.sh
	VNET=.build/debug/vnet Tests/Reference/compare-virsh.sh
	VNET_SWIFT_TEST='$(SWIFT) test --skip-build' Tests/Reference/compare-documents.sh 1 100

end-to-end:
	Scripts/guest-image.sh .build/guest
	$(SWIFT) test --skip-build --filter EndToEndTests

# FUZZ_SECONDS for each target; at 2,500 documents a second, an hour is nine million.
fuzz: deps-build
	SWIFT='$(SWIFT)' Tests/Fuzz/run.sh $(FUZZ_SECONDS)

demo: deps-demo release
	VNET=$(VNET) Scripts/demo.sh

bench: deps-bench release
	VNET=$(VNET) Benchmarks/start-stop.sh
	VNET=$(VNET) Benchmarks/queries.sh
	VNET=$(VNET) Benchmarks/scale.sh
	VNET=$(VNET) Benchmarks/virsh.sh
	VNET=$(VNET) Benchmarks/dns.py
	VNET=$(VNET) Benchmarks/dhcp.py
	VNET_BENCH=1 $(SWIFT) run -c release BenchNetworkXML

install: release
	install -D -m 0755 $(VNET) $(DESTDIR)$(PREFIX)/bin/vnet
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system Packaging/*.service
	install -D -m 0644 Packaging/vnet.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/vnet.conf
	$(VNET) manual | install -D -m 0644 /dev/stdin $(MANUAL)
	$(VNET) --generate-completion-script bash | install -D -m 0644 /dev/stdin $(COMPLETIONS_BASH)
	$(VNET) --generate-completion-script zsh | install -D -m 0644 /dev/stdin $(COMPLETIONS_ZSH)
	$(VNET) --generate-completion-script fish | install -D -m 0644 /dev/stdin $(COMPLETIONS_FISH)

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/vnet $(DESTDIR)$(PREFIX)/lib/systemd/system/vnet{,-virtnetworkd}.service \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/vnet.conf $(MANUAL) $(COMPLETIONS_BASH) $(COMPLETIONS_ZSH) $(COMPLETIONS_FISH)

clean:
	rm -rf .build
