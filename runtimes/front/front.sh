#!/bin/sh
# `front.sh build FILE` compiles the program into FILE, unless that is newer than its source; `front.sh check` formats, lints
# and tests it.
set -eu

case ${1:-} in
build | check) ;;
*) echo "front.sh build FILE, or front.sh check" >&2 && exit 64 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
if [ "$1" = build ] && [ -x "$2" ] && [ -z "$(find "$here" -newer "$2")" ]; then
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$here/." "$scratch/"
cd "$scratch"

# A Cargo.lock names the registry's address for every package, and cargo takes none that leaves it out. The one in this
# repository does, and gets here what cargo itself writes.
mv Cargo.lock Cargo.lock.short
cargo generate-lockfile
source=$(sed -n '/^source = "registry/{p;q;}' Cargo.lock)
awk -v source="$source" '/^checksum = / { print source } { print }' Cargo.lock.short >Cargo.lock

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
