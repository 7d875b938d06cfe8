#!/bin/sh
# Coverage-guided fuzzing of everything that reads a stranger's bytes: each target for SECONDS (60). Stable Rust suffices.
# fuzz.sh [TARGET…]. A finding is kept in fuzz/findings; move it to crates/hostile/findings/TARGET to test it for ever.
set -eu
cd "$(dirname "$0")/.."
tools/need.sh cargo:cargo cc:build-essential c++:g++
seconds="${SECONDS_EACH:-60}"
host=$(rustc -vV | sed -n 's/^host: //p')

# libFuzzer's own instrumentation; naming the target keeps it out of build scripts.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebuginfo=1"
target_dir="${CARGO_TARGET_DIR:-$PWD/fuzz/target}"
(cd fuzz && RUSTFLAGS="$coverage" cargo build --quiet --release --target "$host" --target-dir "$target_dir")
program="$target_dir/$host/release/rolecall-fuzz"

[ $# -gt 0 ] || set -- query ec2 json rest-xml requests sigv4 chunks policy token jwt jwks saml saml-metadata eval \
    trade-in public-keys certificates user-data images netlink names websocket
failed=
for target in "$@"; do
    corpus="fuzz/corpus/$target"
    found="fuzz/findings/$target"
    mkdir -p "$corpus" "$found"
    FUZZ_TARGET=$target FUZZ_SEEDS=$corpus "$program" >/dev/null 2>&1
    log="fuzz/corpus/$target.log"
    if FUZZ_TARGET=$target "$program" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -max_len=16384 \
        -print_final_stats=1 -artifact_prefix="$found/" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
        printf '%-10s %9s inputs in %s s, %s edges, no finding\n' "$target" "$runs" "$seconds" "$edges"
    else
        printf '%-10s FINDING in %s\n' "$target" "$found"
        grep -m 3 -A 3 -E 'panicked|ERROR' "$log" || tail -n 5 "$log"
        failed="$failed $target"
    fi
done
[ -z "$failed" ] || { echo "make fuzz: findings in$failed"; exit 1; }
echo "make fuzz: no finding"
