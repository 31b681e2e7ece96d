# What can be done with a checkout. Every target first installs what it needs (Scripts/setup), quickly when nothing is
# missing. `make` alone builds.

PREFIX ?= /usr/local
DESTDIR ?=
# Tests run after a clean lint with `make test LINT=yes`.
LINT ?= no
# The benchmark to run; empty is all of them.
BENCHMARK ?=

swift_sources := Package.swift Sources Tests $(wildcard Benchmarks)

.DEFAULT_GOAL := build
.PHONY: build run test bench lint format package install clean

build:
	@Scripts/setup build
	swift build

# A pool over this machine's GPUs, or over a simulated DGX A100, with two containers that share one GPU.
# `make run ONCE=1` ends by itself.
run: build
	@Scripts/setup run
	@Scripts/demo $(if $(filter-out 0 no,$(ONCE)),--once)

test: $(if $(filter yes 1,$(LINT)),lint)
	@Scripts/setup build test
	@Scripts/run-tests

bench:
	@Scripts/setup build test
	products=$$(Scripts/build-release divvy nvidia-ml cuda nvidia-cuda-mps-control divvy-limiter \
	    divvy-limiter-view divvy-benchmarks) && \
	    "$$products/divvy-benchmarks" $(BENCHMARK) \
	    $(if $(BENCHMARK),,&& Scripts/bench-containers "$$products/divvy-benchmarks")

lint:
	@Scripts/setup build
	swift format lint --strict --parallel --recursive $(swift_sources)
	@for script in $$(grep -l '^#!.*sh$$' Scripts/* .ci/run); do bash -n "$$script" || exit 1; done

format:
	@Scripts/setup build
	swift format --in-place --parallel --recursive $(swift_sources)

# A directory that runs on a machine without Swift: .build/package.
package:
	@Scripts/setup build
	@Scripts/package

install:
	@Scripts/setup build
	@DESTDIR="$(DESTDIR)" Scripts/package --prefix "$(DESTDIR)$(PREFIX)"

clean:
	rm -rf .build
