#!/bin/sh
# `front.sh build FILE` compiles the program into FILE, unless that is newer than its source; `front.sh check` formats, lints
# and tests it.
set -eu

case ${1:-} in
build | check) ;;
*) echo "front.sh build FILE, or front.sh check" >&2 && exit 64 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
http=$here/../http
if [ "$1" = build ] && [ -x "$2" ] && [ -z "$(find "$here" "$http" -newer "$2")" ]; then
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$here" "$scratch/front"
cp -R "$http" "$scratch/http"
cd "$scratch/front"

# shellcheck source=runtimes/http/lock.sh
. "$http/lock.sh"
rm Cargo.lock
source=$(crate_source)
with_source "$here/Cargo.lock" "$source" >Cargo.lock

case $1 in
build)
  cargo build --release --locked
  install -m 755 "${CARGO_TARGET_DIR:-target}/release/slipway-front" "$2"
  ;;
check)
  cargo fmt --check
  # Where Debian has a later compiler, what that one finds new is no failure.
  case $(rustc --version) in "rustc ${RUST_VERSION:-}"*) deny='-D warnings' ;; *) deny= ;; esac
  # shellcheck disable=SC2086
  cargo clippy --locked --all-targets -- $deny
  cargo test --locked --quiet
  ;;
esac
