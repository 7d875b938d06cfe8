# Everything a person runs. `make up` and `make test` do all the set-up that they need.

# More flags for the server: make up FLAGS="--listen 127.0.0.1:4567 --ephemeral"
FLAGS ?= --data ./rolecall-data
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: up build guest-tools test fuzz differential bench fmt clean

up: build guest-tools ## build, and run the server
	@tools="$(CURDIR)/.cache/guest-tools/aws"; \
	test -f "$$tools/.ready" && set -- --guest-tools "$$tools"; \
	exec "$(TARGET)/release/rolecall" up $(FLAGS) "$$@"

build: ## the release binary
	@tools/need.sh cargo:cargo cc:build-essential
	cargo build --release --package rolecall-cli

guest-tools: ## the aws command that instances see; without a network, none
	@tools/venv.sh && .venv/bin/python tools/guest_aws.py || true

test: ## all checks and tests; installs what it needs
	@tools/test.sh

fuzz: ## every reader of strangers' bytes under libFuzzer, a minute each
	@tools/fuzz.sh

differential: ## 10,000,000 random decisions against the literal evaluator; CASES=N for another number
	@tools/differential.sh

bench: ## the committed benchmarks, as one table
	@tools/bench.sh

fmt: ## formats the Rust code
	cargo fmt

clean: ## everything that was built or fetched; not ./rolecall-data
	rm -rf target benches/target fuzz/target fuzz/corpus .cache .venv .pytest_cache
