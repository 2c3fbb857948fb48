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
THREADS := --sanitize=thread --scratch-path .build/tsan
ADDRESSES := --sanitize=address --scratch-path .build/asan
THREADED := WireReactorTests|WireHTTPClientTests|WireServerTests|SimulationTests
# What `sanitized` does not build (Package.swift): what is above the drivers, and what each does not test.
ABOVE := tokenwire,TokenWire,CTokenWire,wire-soak,wire-sim,WireProxy,WireSimulation,OllamaCodable,OllamaTests
ABOVE := $(ABOVE),WireProxyTests,WireSimulationTests,CommandTests,LiveServerTests,RealPeerTests,DriverTests
PURE := WireBytesTests,WireHTTP1Tests,WireFramingTests,WireJSONTests,WireTLSTests,WireGzipTests,WireExchangeTests
FUZZ_SECONDS ?= $(if $(filter command line,$(origin SECONDS)),$(SECONDS),10)
SEEDS ?= 100000
MINUTES ?= 60
ROUNDS ?= 10000
FIRST ?= 1
LIVE_HOST := $(or $(OLLAMA_HOST),127.0.0.1:11434)
PEERS := .build/real-peers
CLIENTS := .build/real-clients

.PHONY: help run build test check imports source-map doc-comments vectors http-rules fault-places formatting format mutants \
    sanitized tsan asan sim proof lifetime soak limits failures test-live test-llama bench micro counts c-example fuzz clean swift packages \
    test-packages peers

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: build ## Build and run the main job: a streamed chat against an embedded server
	.build/release/tokenwire demo

build: packages ## Build the command, optimized
	$(SWIFT) build -c release --product tokenwire $(QUIET)

# One recipe, because two builds at once only wait for each other. The tests run unoptimized, with
# checks that optimized builds lack, and optimized, where values may die earlier.
test: check c-example test-packages peers ## Check, and run all tests
	$(SWIFT) build --build-tests $(QUIET)
	$(SWIFT) build --package-path Examples $(QUIET)
	Examples/check.sh
	$(PYTHON) Tests/Checks/must-not-compile/run
	$(PYTHON) Tests/Checks/descriptors
	$(TEST)
	$(SWIFT) build --build-tests $(TESTABLE) -Xswiftc -enable-testing $(QUIET)
	$(TEST) $(TESTABLE)
	TOKENWIRE_TEST_DRIVER=reactor $(TEST) $(TESTABLE) --filter CommandTests
	$(MAKE) sanitized
	$(MAKE) counts
	$(MAKE) fuzz FUZZ_SECONDS=3

check: formatting imports source-map doc-comments vectors http-rules fault-places ## Check what a compiler does not: formatting, imports, ...

formatting: swift
	$(SWIFT) format lint --strict --parallel --recursive $(FORMATTED)

imports: swift test-packages
	$(PYTHON) Tests/Checks/imports
	@$(PYTHON) Tests/Checks/imports --self-test

source-map: test-packages
	$(PYTHON) Tests/Checks/source-map

doc-comments: test-packages
	$(PYTHON) Tests/Checks/doc-comments
	@$(PYTHON) Tests/Checks/doc-comments --self-test

vectors: test-packages
	$(PYTHON) Fixtures/vectors/check_vectors.py

http-rules: test-packages
	$(PYTHON) Tests/Checks/http-rules

fault-places: test-packages
	$(PYTHON) Tests/Mutants/run --places

format: swift ## Format the sources in place
	$(SWIFT) format --in-place --parallel --recursive $(FORMATTED)

mutants: test-packages ## Plant faults one by one and demand that a test finds each
	$(PYTHON) Tests/Mutants/run

sim: packages ## Run SEEDS (100000) simulated worlds, from seed FIRST (1) on
	$(SWIFT) build -c release --product wire-sim $(QUIET)
	.build/release/wire-sim --seeds $(SEEDS) --first $(FIRST)

proof: packages ## Stop a peer at every byte of every recorded exchange; write Docs/proof.md
	$(SWIFT) build -c release --product wire-sim $(QUIET)
	.build/release/wire-sim --proof Docs/proof.md

lifetime: test-packages ## Leave ROUNDS (10000) streams in every way and phase; write Docs/lifetime.md
	$(SWIFT) build --build-tests $(TESTABLE) -Xswiftc -enable-testing $(QUIET)
	TOKENWIRE_LIFETIME_ROUNDS=$(ROUNDS) TOKENWIRE_LIFETIME_PAGE=$(CURDIR)/Docs/lifetime.md \
	    $(TEST) $(TESTABLE) --filter LifetimeTests

soak: peers ## Streams through trouble for MINUTES (60): faults, proxies, restarts, stops, names that move
	$(SWIFT) build -c release --product tokenwire $(QUIET)
	$(SWIFT) build -c release --product wire-soak $(QUIET)
	$(PYTHON) Tests/Soak/soak.py --minutes $(MINUTES)

limits: test-packages ## Flood the command, measure its peak memory; write Docs/limits.md
	$(SWIFT) build -c release --product tokenwire $(QUIET)
	$(PYTHON) Benchmarks/floods.py --write Docs/limits.md

failures: peers ## The failures of `simulate`, other clients beside ours; write Docs/failures.md
	$(SWIFT) build -c release --product tokenwire $(QUIET)
	$(PYTHON) Benchmarks/failures.py --write Docs/failures.md

sanitized: ## Run a part of the tests under the thread, the address and the leak sanitizer
	TOKENWIRE_WITHOUT=$(ABOVE),$(PURE) $(MAKE) tsan TSAN_TESTS='$(THREADED)'
	TOKENWIRE_WITHOUT=$(ABOVE),WireBytesTests,WireServerTests $(MAKE) asan

tsan: TSAN_TESTS ?= $(THREADED)|DriverTests|OllamaTests
tsan: test-packages ## Run the tests of everything with threads under the thread sanitizer
	$(SWIFT) build --build-tests $(THREADS) -Xswiftc -DTHREAD_SANITIZER $(QUIET)
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Checks/tsan.suppressions $(TEST) $(THREADS) \
	    --filter '$(TSAN_TESTS)'

# What leaks is looked at when the tests' process ends.
asan: test-packages ## Run the tests of machines, loops and TLS under the address and leak sanitizer
	$(SWIFT) build --build-tests $(ADDRESSES) $(QUIET)
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Checks/lsan.suppressions $(TEST) $(ADDRESSES) \
	    --filter 'SeedTests|WireReactorTests|WireHTTPClientTests|WireTLSTests|WireGzipTests|WireExchangeTests|WireJSONTests'

# What OLLAMA_HOST names, in both dialects.
test-live: packages ## Test against a live server: make test-live MODEL=llama3.2 [EMBEDDING_MODEL=...]
	@test -n "$(MODEL)" || { echo "which model? make test-live MODEL=llama3.2" >&2; exit 2; }
	$(SWIFT) build --build-tests $(QUIET)
	TOKENWIRE_LIVE_HOSTS=$(LIVE_HOST),$(LIVE_HOST)/v1 TOKENWIRE_LIVE_MODEL='$(MODEL)' \
	    $(if $(EMBEDDING_MODEL),TOKENWIRE_LIVE_EMBEDDING_HOST=$(LIVE_HOST) \
	    TOKENWIRE_LIVE_EMBEDDING_MODEL='$(EMBEDDING_MODEL)') $(TEST) --filter LiveServerTests

test-llama: test-packages ## Build llama.cpp's server (some 15 minutes, the first time) and test against it
	@.ci/install-packages python3-venv
	Tests/LiveServerTests/llama/run --build
	$(SWIFT) build --build-tests $(QUIET)
	Tests/LiveServerTests/llama/run $(TEST) --filter LiveServerTests

bench: test-packages ## Compare with other clients (about 20 minutes; Benchmarks/README.md)
	$(SWIFT) build -c release --package-path Benchmarks --product wire-client $(QUIET)
	$(PYTHON) Benchmarks/run.py

micro: packages ## Compare the codecs with rivals in memory (Benchmarks/README.md)
	@.ci/install-packages gcc g++ python3-pip rapidjson-dev libhttp-parser-dev
	test -d Benchmarks/.build/rivals/pysimdjson || $(MAKE) -C Benchmarks/micro fetch
	$(MAKE) -C Benchmarks/micro
	$(SWIFT) build -c release --package-path Benchmarks --product wire-micro $(QUIET)
	Benchmarks/.build/release/wire-micro

counts: test-packages ## Count the codecs' instructions per byte and compare with the thresholds
	@.ci/install-packages valgrind binutils
	$(SWIFT) build -c release --package-path Benchmarks --product wire-micro $(QUIET)
	$(PYTHON) Benchmarks/count.py

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
	@.ci/install-packages python3 gcc g++ libc6-dev strace openssl

# The tests leave out, and say so, what cannot be had here.
peers: ## Install the servers and clients that Tests/RealPeerTests talks to
	@.ci/install-packages nginx haproxy nodejs openssl python3-venv curl || true
	@test -x $(PEERS)/bin/uvicorn || \
	    { /usr/bin/python3 -m venv $(PEERS) && $(PEERS)/bin/pip install --quiet uvicorn; } || true
	@$(CLIENTS)/bin/python -c 'import ollama, openai, httpx' 2>/dev/null || \
	    { /usr/bin/python3 -m venv $(CLIENTS) && \
	    $(CLIENTS)/bin/pip install --quiet ollama openai httpx; } || true
