#!/bin/sh
# Compiles the servers to compare with into /bench-out; in the build image.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${BENCH_OUT:-/bench-out}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cp -R "$here/Cargo.toml" "$here/axum" "$here/bare" "$scratch/"
cd "$scratch"
if [ -w "${RUNTIME_HOME:-/runtime}/cargo" ]; then
  export CARGO_HOME="${RUNTIME_HOME:-/runtime}/cargo"
fi
CARGO_TARGET_DIR="$scratch/target" cargo build --release
cp target/release/axum target/release/bare "$out/"
