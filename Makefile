# `make run` and `make test` do everything on a Debian machine that has the Swift toolchain.

SWIFT ?= swift
PYTHON ?= python3
# Without a terminal, SwiftPM prints a line per file: only what is wrong then.
QUIET := $(shell test -t 2 || echo --quiet)
# A test that hangs is a failure, long before CI's own limit. SIGINT, because only that ends the
# process that runs the tests as well.
TEST := timeout --foreground --signal=INT --kill-after=10 900 \
    $(SWIFT) test --skip-build --disable-xctest $(QUIET)
FORMATTED := Package.swift Sources Tests $(wildcard $(foreach package,Benchmarks Fuzz Examples, \
    $(package)/Package.swift $(package)/Sources))
# Tests look into modules, so their optimized build is another one than the users'.
TESTABLE := -c release --scratch-path .build/optimized-tests
SANITIZED := --sanitize=thread --scratch-path .build/tsan
FUZZ_SECONDS ?= 10

.PHONY: help run build test check imports source-map vectors formatting format mutants tsan \
    bench c-example fuzz clean swift packages test-packages

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: build ## Build and run the main job: a streamed chat against an embedded server
	.build/release/tokenwire demo

build: packages ## Build the command, optimized
	$(SWIFT) build -c release --product tokenwire $(QUIET)

# One recipe, because two builds at once only wait for each other. The tests run unoptimized, with
# checks that optimized builds lack, and optimized, where values may die earlier.
test: check c-example test-packages ## Check, and run all tests
	$(SWIFT) build --build-tests $(QUIET)
	$(SWIFT) build --package-path Examples $(QUIET)
	Examples/check.sh
	$(PYTHON) Tests/Checks/must-not-compile/run
	$(TEST)
	$(SWIFT) build --build-tests $(TESTABLE) -Xswiftc -enable-testing $(QUIET)
	$(TEST) $(TESTABLE)
	TOKENWIRE_TEST_DRIVER=reactor $(TEST) $(TESTABLE) --filter CommandTests

check: formatting imports source-map vectors ## Check what a compiler does not: formatting, imports, ...

formatting: swift
	$(SWIFT) format lint --strict --parallel --recursive $(FORMATTED)

imports: swift test-packages
	$(PYTHON) Tests/Checks/imports
	@$(PYTHON) Tests/Checks/imports --self-test

source-map: test-packages
	$(PYTHON) Tests/Checks/source-map

vectors: test-packages
	$(PYTHON) Fixtures/vectors/check_vectors.py

format: swift ## Format the sources in place
	$(SWIFT) format --in-place --parallel --recursive $(FORMATTED)

mutants: test-packages ## Plant faults one by one and demand that a test finds each
	$(PYTHON) Tests/Mutants/run

tsan: test-packages ## Run the tests of everything with threads under the thread sanitizer
	$(SWIFT) build --build-tests $(SANITIZED) -Xswiftc -DTHREAD_SANITIZER $(QUIET)
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Checks/tsan.suppressions $(TEST) $(SANITIZED) \
	    --filter 'WireReactorTests|WireHTTPClientTests|DriverTests|WireServerTests'

bench: test-packages ## Compare with other clients (about 20 minutes; Benchmarks/README.md)
	$(SWIFT) build -c release --package-path Benchmarks --product wire-client $(QUIET)
	$(PYTHON) Benchmarks/run.py

c-example: test-packages ## Build and try the C program that embeds the client
	$(MAKE) -C Examples/c

fuzz: packages ## Fuzz each codec for FUZZ_SECONDS (10); Fuzz/README.md
	$(MAKE) -C Fuzz SWIFT='$(SWIFT)' SECONDS=$(FUZZ_SECONDS)

clean: ## Remove everything that was built
	rm -rf .build Benchmarks/.build Examples/.build Examples/c/build Fuzz/.build Fuzz/work

swift:
	@command -v $(SWIFT) >/dev/null || { \
	    echo "$(SWIFT) is not in PATH: install Swift 6.2 or newer, https://www.swift.org/install" >&2; \
	    exit 1; }

packages: swift
	@.ci/install-packages libssl-dev zlib1g-dev pkg-config

test-packages: packages
	@.ci/install-packages python3 gcc g++ libc6-dev
