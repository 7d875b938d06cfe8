#!/bin/sh
# The committed benchmarks, one table after the other. Numbers are worth what their machine was doing: run it quiet.
set -eu
cd "$(dirname "$0")/.."
tools/need.sh cargo:cargo cc:build-essential

processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
memory=$(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)
changed=$(test -z "$(git status --porcelain 2>/dev/null)" || echo " with changes")
echo "machine   $(nproc) x $processor, $memory, Linux $(uname -r), load $(cut -d ' ' -f 1-3 /proc/loadavg)"
echo "commit    $(git rev-parse --short HEAD)$changed"
echo "compiler  $(rustc --version)"

# Every [[bench]] of every crate, as `package bench`.
benches=$(cargo metadata --no-deps --format-version 1 | python3 -c '
import json, sys
for package in json.load(sys.stdin)["packages"]:
    for target in package["targets"]:
        if "bench" in target["kind"]:
            print(package["name"], target["name"])
')
echo "$benches" | while read -r package bench; do
    printf '\n== %s: %s\n' "$package" "$bench"
    # Criterion prints its estimates on standard output, its progress elsewhere; --quiet leaves one line a benchmark.
    if grep -q criterion "crates/${package#rolecall-}/benches/$bench.rs" 2>/dev/null; then
        cargo bench --quiet --package "$package" --bench "$bench" -- --quiet --noplot
    else
        cargo bench --quiet --package "$package" --bench "$bench"
    fi
done

printf '\n== the whole server, under load\n'
cargo build --quiet --release --package rolecall-cli --package rolecall-load
target="${CARGO_TARGET_DIR:-target}"
"$target/release/rolecall-load" "$target/release/rolecall"

printf '\n== a launch storm beside reads of S3\n'
"$target/release/rolecall-load" "$target/release/rolecall" --storm 200

# Beside another engine, whose crates ordinary builds don't need; without a network it can't be built.
printf '\n== decisions, beside cedar-policy in the same run\n'
(cd benches && cargo run --quiet --release) || echo "not measured"
