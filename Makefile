# Countersign: everything from a bare machine to a running gate. `make help` lists the targets.
# What each needs is installed when it is missing (as root, or with sudo), and nothing is fetched when it is there.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build test test-unit test-cluster lint format bench footprint fuzz manifests image clean packages test-packages cluster-packages bench-packages tools

# Passed to `countersign demo` by `make run` and to `swift test` by `make test`.
ARGS ?=

BUILD_PACKAGES := libssl-dev libcurl4-openssl-dev zlib1g-dev pkg-config
TEST_PACKAGES := docker-registry openssl curl
BENCH_PACKAGES := wrk openssl curl

# A module that imports one it does not declare would break the floors: an error, not a habit.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# Swift goes into the executable, so that an image needs no toolchain; the C libraries stay shared with the system.
RELEASE_FLAGS := $(SWIFT_FLAGS) -c release --static-swift-stdlib --product countersign

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo
	@echo '  make run ARGS=--once         run the demo once and exit'
	@echo '  make test ARGS="--filter X"  run some tests'

run: build ## build and run the demo: no cluster, no internet
	@.build/release/countersign demo $(ARGS)

build: packages ## build the release executable, .build/release/countersign
	@echo 'Building countersign (release; some minutes the first time) …'
	@.ci/quietly swift build $(RELEASE_FLAGS)

test: packages test-packages tools ## build and run all tests but the cluster's, against real registries and cosign
	@.ci/test --skip '^ClusterTests\.' $(ARGS)

test-unit: packages ## the tests that need no registry and no cosign
	@.ci/test --skip '^ClusterTests\.' --skip '^IntegrationTests\.' $(ARGS)

test-cluster: packages test-packages cluster-packages tools ## the tests against a real API server (it is built the first time)
	@assets=$$(.ci/cluster-tools | tail -1) && KUBEBUILDER_ASSETS=$$assets .ci/test --filter '$(or $(FILTER),^ClusterTests\.)' $(ARGS)

lint: ## format and house rules (make format mends what can be mended)
	@.ci/lint

format: ## format the sources in place
	@swift format --in-place --parallel --recursive Package.swift Sources Tests

bench: build bench-packages ## measure parsing, planning, loading, and a server under load (PEER=path: against another)
	@echo 'Building the benchmarks (release) …'
	@COUNTERSIGN_BENCH=1 .ci/quietly swift build $(SWIFT_FLAGS) -c release --static-swift-stdlib --product Benchmarks
	@.build/release/Benchmarks
	@PEER=$(PEER) .ci/bench

footprint: build ## measure what an idle server costs in a cluster, and fail when it is over its aims
	@.ci/packages openssl curl
	@.ci/footprint

fuzz: packages ## fuzz the readers of what comes from outside (SECONDS=60 each)
	@SECONDS_EACH=$(or $(SECONDS),60) .ci/fuzz

manifests: ## write deploy/install.yaml from the kustomize base
	@.ci/install-yaml

image: build ## build the container image; without an engine, check what can be checked
	@.ci/image

clean: ## remove what was built
	@rm -rf .build

packages:
	@command -v swift >/dev/null || { echo 'Swift 6.3 or later is needed: see https://www.swift.org/install' >&2; exit 1; }
	@.ci/packages $(BUILD_PACKAGES)

bench-packages:
	@.ci/packages $(BENCH_PACKAGES)

test-packages:
	@.ci/packages $(TEST_PACKAGES)

# .ci/cluster-tools brings the rest.
cluster-packages:
	@.ci/quietly .ci/helm-template -h

tools:
	@.ci/tools
