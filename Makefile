# Gantry: `make demo` shows it, `make test` proves it, `make check` keeps it tidy, `make bench` measures it. `make help` lists all.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

MUSL := x86_64-unknown-linux-musl
TARGET_DIR := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),$(CURDIR)/target)
RELEASE := $(TARGET_DIR)/$(MUSL)/release
IMAGE := $(TARGET_DIR)/gantry-image.tar
# aws-lc's C code needs a C compiler for musl; Rust brings its own libc.
export CC_x86_64_unknown_linux_musl := musl-gcc
LAB := $(RELEASE)/gantry-lab
BENCH_PLAN := $(RELEASE)/gantry-bench-plan
VIRTUAL := $(RELEASE)/gantry-virtual
MODEL := $(RELEASE)/gantry-model
# The part of the crash matrix with real kills that is run. Empty: all of it.
SAMPLE ?=
# Not empty: the size that fits CI.
SMALL ?=
# How long each target is fuzzed.
SECONDS ?= 60
# Worlds that each property is tried on, other ones each time.
CASES ?= 20000
# The worlds of `make unit` are the same each time: what lands does not depend on luck.
WORLDS := PROPTEST_RNG_SEED=1
# The parts of both matrices that CI runs: others each day.
QUARTER := $(shell echo $$(( $$(date +%-j) % 4 )))/4
TODAY := $(shell date +%-j)/24
STEP := scripts/step

.PHONY: help demo test check bench bench-scale build image tools unit api contract catastrophes crash-matrix model e2e-simulated e2e-openstack generate
.PHONY: kubernetes openstack rust oracle bench-plan bench-pods closed-loop fuzz properties

help: ## List the commands.
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: build image kubernetes ## The main job on this machine, live: pods find no room, hosts come, pods run, hosts go. KEEP=1 leaves it up.
	@$(LAB) demo --image $(IMAGE)

test: check kubernetes unit build image api ## Everything that CI runs.
	@$(MAKE) --no-print-directory oracle bench-plan closed-loop SMALL=1
	@$(MAKE) --no-print-directory contract catastrophes crash-matrix SMALL=1 SAMPLE=$(TODAY)
	@$(MAKE) --no-print-directory e2e-simulated e2e-openstack
	@scripts/not-run
	@echo "all tests passed"

check: rust tools ## Format, clippy, licences, generated files.
	@$(STEP) "format" cargo fmt --all --check
	@$(STEP) "clippy, warnings denied (about 3 min cold)" cargo clippy --workspace --all-targets --locked -- -D warnings
	@$(STEP) "licences, bans, sources" cargo deny --log-level error check licenses bans sources
	@$(STEP) "generated files are up to date" cargo run --quiet --locked -p gantry-crds -- check
	@cargo run --quiet --locked -p gantry -- reference openstack-answers | diff - docs/reference/openstack-answers.md || { echo "docs/reference/openstack-answers.md is not what the table says: run make generate" >&2; exit 1; }

unit: rust tools ## Unit tests, and the OpenStack client against the simulator.
	@$(STEP) "unit tests (about 4 min cold)" env RUST_BACKTRACE=0 $(WORLDS) cargo nextest run --workspace --locked --no-fail-fast

build: rust ## Static release binaries: gantry, gantry-lab, gantry-virtual, gantry-model, gantry-bench-plan.
	@scripts/need musl-gcc musl-tools
	@$(STEP) "release build (about 8 min cold)" cargo build --release --locked --target $(MUSL) -p gantry -p gantry-e2e -p gantry-virtual -p gantry-model -p gantry-bench-plan

image: build ## The operator's image, FROM scratch, without docker.
	@$(STEP) "image" cargo run --quiet --locked -p xtask -- image --binary $(RELEASE)/gantry --out $(IMAGE) --name gantry.local/gantry:demo

kubernetes: ## The pinned Kubernetes, containerd and Helm, built once and cached.
	@scripts/need runc runc
	@scripts/need ip iproute2
	@scripts/need iptables iptables
	@scripts/need /usr/lib/cni/bridge containernetworking-plugins
	@scripts/need conntrack conntrack
	@e2e/kubernetes/build.sh >/dev/null

openstack: ## The pinned OpenStack, installed once and cached.
	@e2e/openstack/openstack.sh install

api: build kubernetes ## The API's rules on the real API server, accepted and rejected.
	@$(LAB) api

oracle: build kubernetes ## The planner's verdicts against those of the real kube-scheduler, on generated clusters.
	@$(LAB) oracle $(if $(SMALL),--small)

bench-plan: build ## The planner's prices beside others' and the proved bound; time and memory by size.
	@$(BENCH_PLAN) $(if $(SMALL),--small)

closed-loop: build kubernetes ## What is planned is what the real scheduler does: every planned pod runs, no host is bought twice.
	@$(LAB) closed-loop $(if $(SMALL),--small)

properties: rust tools ## The planner's properties on random worlds, other ones each time: CASES=20000 of each. A failure prints its world.
	@$(STEP) "properties, $(CASES) worlds each (an hour or more)" env RUST_BACKTRACE=0 PROPTEST_CASES=$(CASES) cargo nextest run -p gantry-plan --locked --no-fail-fast

fuzz: rust ## Any bytes at what reads files, decisions and quantities, from the examples on: SECONDS=60 for each, fails on a crash.
	@scripts/tool cargo-fuzz 0.13.1
	@$(STEP) "fuzzing (many minutes to build cold)" scripts/fuzz $(SECONDS) $(TARGET_DIR)/fuzz plan decision quantity

e2e-simulated: build kubernetes ## The end-to-end suite on the simulated OpenStack.
	@$(LAB) suite --cloud simulated

e2e-openstack: build image kubernetes openstack ## The whole way on the real OpenStack, with real kubelets.
	@$(LAB) openstack --image $(IMAGE)

contract: build openstack ## One suite of requests and expected answers, on the simulated and on the real OpenStack.
	@$(LAB) contract --cloud both

catastrophes: build kubernetes openstack ## What happened to others, by number: on virtual time, and on the real OpenStack what that can be made to show.
	@$(VIRTUAL) catastrophes $(if $(SMALL),--small)
	@$(LAB) catastrophes --cloud real $(if $(SMALL),--filter T6)

crash-matrix: build kubernetes ## kill -9 at every external call: all of it on virtual time, then with real processes (SAMPLE=1/12 for a part).
	@$(VIRTUAL) crash-matrix $(if $(SMALL),--sample $(QUARTER))
	@$(LAB) crash-matrix $(if $(SAMPLE),--sample $(SAMPLE))

model: build ## The host's life and the protocol of creation under a model checker.
	@$(MODEL)

bench-scale: build kubernetes ## 5,000 hosts: calls, writes, memory, restart; 500 hosts created.
	@$(VIRTUAL) economy
	@$(LAB) bench-scale

bench-pods: build ## 150,000 pods on 5,000 hosts: memory, and how long a snapshot and a plan take.
	@$(VIRTUAL) big

bench: build kubernetes ## p50 and p99 from pod to POST and to Running over 100 scale-ups; the operator at rest with 100 hosts.
	@$(LAB) bench

generate: ## Write the CRDs and the reference pages anew.
	cargo run --quiet -p gantry-crds -- crds
	cargo run --quiet -p gantry-crds -- reference
	cargo run --quiet -p gantry -- reference openstack-answers > docs/reference/openstack-answers.md

rust:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust with rustup first; the version is pinned in rust-toolchain.toml" >&2; exit 1; }

tools: rust ## cargo-nextest and cargo-deny, pinned.
	@scripts/tool cargo-nextest 0.9.151
	@scripts/tool cargo-deny 0.20.2
