#!/bin/sh
# Random decisions put to the engine and to the literal evaluator of crates/policy/tests/oracle: CASES of them (10,000,000).
# One processor, release build. The first that differ are printed whole, with their seed.
set -eu
cd "$(dirname "$0")/.."
tools/need.sh cargo:cargo cc:build-essential
ROLECALL_CASES="${CASES:-10000000}" cargo test --quiet --release --package rolecall-policy --test differential -- \
    --ignored --exact a_long_run --nocapture
