#!/bin/sh
# Checks every crate of this folder and the conformance function: format, lint or test. Writes below /tmp, and to CHECK_CACHE
# what the next check would have to compile again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
scratch=/tmp/slipway-check-rust
crates="runtimes/rust/types runtimes/rust/server runtimes/rust/example
  runtimes/rust/bench/function runtimes/rust/bench/axum runtimes/rust/bench/bare conformance/functions/rust"

if [ "$1" = format ]; then
  for crate in $crates; do
    cargo fmt --check --manifest-path "$repository/$crate/Cargo.toml"
  done
  exit
fi

# One workspace of all crates, in a place that cargo may write to.
rm -rf "$scratch/source"
mkdir -p "$scratch/source"
cd "$scratch/source"
{
  echo '[workspace]'
  echo 'resolver = "3"'
  printf 'members = ['
  for crate in runtimes/http $crates; do
    mkdir -p "$crate"
    cp -R "$repository/$crate/Cargo.toml" "$repository/$crate/src" "$crate/"
    printf '"%s", ' "$crate"
  done
  echo ']'
} >Cargo.toml

if [ -w "${RUNTIME_HOME:-/runtime}/cargo" ]; then
  export CARGO_HOME="${RUNTIME_HOME:-/runtime}/cargo"
fi
export CARGO_TARGET_DIR="${CHECK_CACHE:-$scratch}/target"
# shellcheck source=runtimes/http/lock.sh
. "$repository/runtimes/http/lock.sh"
source=$(crate_source)
with_source "$here/Cargo.lock" "$source" >Cargo.lock

# The crate that they stand on has a check of its own.
ours='--workspace --exclude slipway-http'
case $1 in
lint)
  # Where Debian has a later compiler, what that one finds new is no failure.
  case $(rustc --version) in "rustc ${RUST_VERSION:-}"*) deny='-D warnings' ;; *) deny= ;; esac
  # shellcheck disable=SC2086
  cargo clippy $ours --all-targets -- $deny
  ;;
test)
  # shellcheck disable=SC2086
  cargo test $ours --quiet
  ;;
*) echo "check.sh format, lint or test" >&2 && exit 64 ;;
esac
