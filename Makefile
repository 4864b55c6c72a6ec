# What can be done here. Needs Go and make; `integration` needs Python and Node too, `compare-kpl` also a JDK and Maven.

# Abbreviated to 12 digits: by itself git takes as many as the clone needs, which would name the same commit differently elsewhere.
VERSION    ?= $(shell git describe --tags --always --dirty --abbrev=12 2>/dev/null || echo dev)
LDFLAGS    := -s -w -X main.version=$(VERSION)
# Without the tag, gRPC's tracing makes the linker keep every method: the program would be 7 MB larger.
BUILD      := CGO_ENABLED=0 go build -tags grpcnotrace
PLATFORMS  := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
EXE        := $(shell go env GOEXE)
ADAPTERD   := bin/adapterd$(EXE)

BENCH        ?= .
COUNT        ?= 1
FUZZTIME     ?= 20s
SOAK_SECONDS ?= 600
SOAK_RATE    ?= 20000
SIM_SEEDS    ?= 10000
SIM_FROM     ?= 1
SIM_SEED     ?=
RECORDS      ?= 20000

# How a run of tests is shown, and where its counts go so that `make test` can close with one line.
TALLY  ?=
REPORT := go run ./test/report $(if $(TALLY),-tally $(TALLY))

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo build test unit integration bench bench-peers lint fuzz cross vulncheck docs sim soak compare-kpl release release-test try-packages chart clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## run the demo adapter against the embedded Kinesis until Ctrl-C (ONCE=1: end by itself)
	$(ADAPTERD) demo $(if $(ONCE),--once)

build: ## build bin/adapterd
	$(BUILD) -trimpath -ldflags '$(LDFLAGS)' -o $(ADAPTERD) ./cmd/adapterd

test: ## everything that a change must pass: lint, unit, cross, vulncheck, integration
	@mkdir -p bin; rm -f bin/tally
	@for step in lint unit release-test cross vulncheck integration; do \
		echo "== $$step"; $(MAKE) --no-print-directory $$step TALLY=bin/tally || exit 1; \
	done
	@go run ./test/report -tally bin/tally </dev/null; rm -f bin/tally

unit: ## unit tests with the race detector, and ten seconds of the soak
	set -o pipefail; go test -race -json ./... | $(REPORT)

integration: build ## tests against LocalStack, kinesis-local and moto (LOCALSTACK_ENDPOINT: against that one)
	set -o pipefail; ADAPTERD_BINARY='$(CURDIR)/$(ADAPTERD)' scripts/integration.sh | $(REPORT)

bench: ## guards and benchmarks (BENCH=regexp COUNT=n); compare runs with `go tool benchstat`
	go test -count 1 ./bench
	go test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime 0.5s -count $(COUNT) ./...

bench-peers: ## the KPL, the raw yardsticks and pkg/kpl in turn, one table (PEERS='-runs 3 -only 200B'; WITHOUT_KPL=1)
	bench/peers.sh $(PEERS)

lint: ## gofmt, go vet, staticcheck, and whether the pages made from the code are up to date
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted; run gofmt -w:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	go run ./scripts/reference -check docs

fuzz: ## every fuzz target in turn (FUZZTIME=20s each)
	@set -o pipefail; go test -list '^Fuzz' ./... | awk '/^Fuzz/ { names = names " " $$1; next } /^ok/ { n = split(names, f, " "); for (i = 1; i <= n; i++) print $$2, f[i]; names = "" }' | \
	while read -r package target; do \
		echo "== $$package $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" </dev/null || exit 1; \
	done

cross: ## build for every supported platform, without cgo
	@for platform in $(PLATFORMS); do \
		echo "$$platform"; GOOS=$${platform%/*} GOARCH=$${platform#*/} $(BUILD) -o /dev/null ./cmd/adapterd || exit 1; \
	done

vulncheck: ## known vulnerabilities in what the programs call (GOVULNDB: another database)
	scripts/vulncheck.sh ./...

docs: ## renew the pages that are made from the code
	go run ./scripts/reference docs

sim: ## the producer in virtual time against a model of Kinesis, a world per seed (SIM_SEEDS=10000, SIM_FROM=k; SIM_SEED=n: that one)
	SIM_SEEDS=$(SIM_SEEDS) SIM_FROM=$(SIM_FROM) SIM_SEED=$(SIM_SEED) go test -count 1 -timeout 0 -run TestSimulation ./test/sim

soak: ## hold the producer against an endpoint with every fault on (SOAK_SECONDS, SOAK_RATE)
	SOAK_SECONDS=$(SOAK_SECONDS) SOAK_RATE=$(SOAK_RATE) go test -v -count 1 -timeout 0 -run TestSoak ./test/soak

compare-kpl: ## what the real KPL 1.0.7 stores and what pkg/kpl stores, record by record (RECORDS=n)
	scripts/compare-kpl.sh $(RECORDS)

release: ## binaries, archives, packages, bills of materials and checksums into dist/, the same bytes each time (TWICE=1: built twice and compared)
	go -C scripts/release run . -root '$(CURDIR)' -version '$(VERSION)' -platforms '$(PLATFORMS)' $(if $(TWICE),-twice)

release-test: ## what makes releases: its tests, and those of scripts
	checker=$$(go tool -n staticcheck); cd scripts/release && go vet ./... && "$$checker" ./... && go test ./...
	if command -v shellcheck >/dev/null; then shellcheck -S warning scripts/*.sh packaging/deb/* packaging/apk/* packaging/try/*.sh && shellcheck -S warning -s sh packaging/rpm/*; fi

try-packages: ## install what release made on machines made for it; root, and see the script for what it needs
	scripts/try-packages.sh

chart: ## the Helm chart by helm and kubeconform
	scripts/chart.sh

clean: ## remove what was built
	rm -rf bin dist
