#!/bin/sh
# Formats, lints and tests the crate, in a folder that cargo may write to.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$here/." "$scratch/"
cd "$scratch"
# shellcheck source=runtimes/http/lock.sh
. ./lock.sh
rm Cargo.lock
source=$(crate_source)
with_source "$here/Cargo.lock" "$source" >Cargo.lock

cargo fmt --check
# Where Debian has a later compiler, what that one finds new is no failure.
case $(rustc --version) in "rustc ${RUST_VERSION:-}"*) deny='-D warnings' ;; *) deny= ;; esac
# shellcheck disable=SC2086
cargo clippy --locked --all-targets -- $deny
cargo test --locked --quiet
