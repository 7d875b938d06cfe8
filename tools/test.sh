#!/bin/sh
# All checks and tests, in the order in which they are likely to fail. `make test` is this and nothing else; it installs
# what it needs. The last line says how it ended.
set -eu
cd "$(dirname "$0")/.."

# One profile for everything, and nothing kept for a next edit that will not come.
if [ -n "${CI:-}" ]; then
    CARGO_INCREMENTAL=0
    export CARGO_INCREMENTAL
fi
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"
begun=$(date +%s)
stage="starting"

step() {
    stage=$1
    printf '\n== %s (%s s)\n' "$stage" "$(($(date +%s) - begun))"
}

ended() {
    code=$?
    if [ "$code" = 0 ]; then
        printf '\nmake test: all passed in %s s\n' "$(($(date +%s) - begun))"
    else
        printf '\nmake test: FAILED at: %s\n' "$stage"
    fi
}
trap ended EXIT

step "What the tests need"
tools/need.sh cargo:cargo cc:build-essential curl:curl ssh:openssh-client git:git openssl:openssl ip:iproute2
# Root's tests put a network of their own into an instance's, and become root inside.
[ "$(id -u)" != 0 ] || tools/need.sh nft:nftables sysctl:procps sudo:sudo
# And boot virtual machines; without these two their tests are left out, and say so.
if [ "$(id -u)" = 0 ] && [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ]; then
    tools/need.sh qemu-system-x86_64:qemu-system-x86 || echo "No QEMU: tests of virtual machines are left out."
    tools/kernel.sh
fi
# And run containers; these, too, are left out where they can't be had.
if [ "$(id -u)" = 0 ]; then
    tools/need.sh podman:podman runc:runc || echo "No Podman: tests of containers are left out."
fi
tools/venv.sh
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
# From here on python3 has pip and the pinned clients.
PATH="$PWD/.venv/bin:$PATH"
export PATH
tools/guest_aws.py || [ $? = 3 ]

step "Format"
cargo fmt --check

step "Generated code is what its sources give"
cargo xtask codegen --check
cargo xtask actions --check
cargo xtask aws-policies --check

step "Layers, file sizes, names; generated pages"
cargo xtask tidy
cargo xtask pages --check

step "Lints"
cargo clippy --workspace --all-targets --quiet -- -D warnings

# The recorded requests and answers need one more feature of these crates; tests of everything are built with it,
# so that nothing is built twice.
vectors="rolecall-wire/vectors,rolecall-iam/vectors,rolecall-sts/vectors,rolecall-ec2/vectors,rolecall-s3/vectors,rolecall-organizations/vectors,rolecall-cloudtrail/vectors,rolecall-ssm/vectors,rolecall-ec2-instance-connect/vectors"
step "Unit, property and conformance tests, recorded requests and answers"
if cargo nextest --version >/dev/null 2>&1; then
    # Two tests are programs of their own, which nextest can't list.
    cargo nextest run --workspace --features "$vectors" -E 'not (binary(=kill) or binary(=power))'
    step "Acknowledged writes outlive SIGKILL and power cuts"
    cargo test --workspace --features "$vectors" --test kill --test power --quiet
    step "Examples in the documentation"
    cargo test --workspace --features "$vectors" --doc --quiet
else
    # One after the other: tests of machines look at what runs below their process, and here it is everybody's.
    RUST_TEST_THREADS=1 cargo test --workspace --features "$vectors" --quiet
fi

if [ "$(id -u)" = 0 ] && command -v podman >/dev/null 2>&1; then
    step "What instances are, once more as containers of podman"
    for suite in images machine namespace network user_data; do
        set -- "$@" --test "$suite"
    done
    if cargo nextest --version >/dev/null 2>&1; then
        ROLECALL_TEST_COMPUTE=podman cargo nextest run --workspace --features "$vectors" "$@"
    else
        ROLECALL_TEST_COMPUTE=podman RUST_TEST_THREADS=1 \
            cargo test --workspace --features "$vectors" --quiet "$@"
    fi
fi

step "Scenarios: the real binary, the unmodified aws CLI and boto3"
cargo build --package rolecall-cli
ROLECALL_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/debug/rolecall" .venv/bin/python -m pytest tests
