#!/bin/sh
# Builds FUNCTION_SOURCE, a library crate, and the server into one program: FUNCTION_BUILD/function.
set -eu

home=$(cd "${RUNTIME_HOME:-/runtime}" && pwd)
source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}

if [ ! -f "$source/Cargo.toml" ]; then
  echo "FUNCTION_SOURCE is $source: there is no Cargo.toml in it" >&2
  exit 66
fi
mkdir -p "$build"
build=$(cd "$build" && pwd)
find "$build" -mindepth 1 -delete

# Everything that cargo writes goes here.
scratch=$(mktemp -d)
finish() {
  status=$?
  trap - EXIT
  rm -rf "$scratch"
  [ "$status" -eq 0 ] || find "$build" -mindepth 1 -delete
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Times are kept: by them cargo sees that the server is compiled already.
cp -a "$home/workspace/." "$scratch/"
cp -a "$home/target" "$scratch/target"
mkdir "$scratch/function"
tar -C "$source" -cf - --exclude=./target --exclude=./.git . | tar -C "$scratch/function" -xf - --no-same-owner
chmod -R u+rwX "$scratch"
cd "$scratch"

# The crate of the types is the one that the server was compiled with, wherever the function's editor finds it. Cargo's own
# ways to put one crate in another's place work for no path that isn't there.
find function -name Cargo.toml | while read -r manifest; do
  awk -v types="$PWD/rust/types" '
    /^[[:space:]]*\[/ {
      table = $0
      gsub(/[[:space:]"\047]/, "", table)
      sub(/#.*/, "", table)
      ours = table ~ /[[.]((dev|build)-)?dependencies\.slipway\]$/
      others = table ~ /[[.]((dev|build)-)?dependencies\]$/
      done = inside = 0
      print
      if (ours) print "path = \"" types "\""
      next
    }
    ours { next }
    inside { inside = !/}/; next }
    others && /^[[:space:]]*["\047]?slipway["\047]?[[:space:]]*[.=]/ {
      if (!done++) print "slipway = { path = \"" types "\" }"
      inside = /{/ && !/}/
      next
    }
    { print }
  ' "$manifest" >manifest
  cat manifest >"$manifest"
done

export CARGO_HOME="$home/cargo" CARGO_TARGET_DIR="$scratch/target" RUSTC_WRAPPER="$home/rustc.sh"
export SLIPWAY_FOLDER="$scratch" SLIPWAY_CARGO_HOME="$CARGO_HOME"
# shellcheck source=runtimes/http/lock.sh
. "$home/lock.sh"

# A lock of the function's own adds to the server's.
if [ -f function/Cargo.lock ]; then
  with_source function/Cargo.lock "$(crate_source)" | awk '/^\[\[package\]\]/ { packages = 1 } packages' >>Cargo.lock
  awk 'BEGIN { RS = ""; ORS = "\n\n" } { split($0, lines, "\n") } !seen[lines[1] lines[2] lines[3]]++' Cargo.lock >Cargo.lock.merged
  mv Cargo.lock.merged Cargo.lock
fi

# A workspace has several packages.
name=$(cargo metadata --no-deps --offline --format-version 1 --manifest-path function/Cargo.toml |
  sed 's/{"name":"[^"]*","version":/\n&/g' | grep -F "\"manifest_path\":\"$(pwd -P)/function/Cargo.toml\"" |
  sed 's/^{"name":"\([^"]*\)".*/\1/')
if [ -z "$name" ]; then
  echo "$source/Cargo.toml names no package" >&2
  exit 65
fi
echo "function = { path = \"function\", package = \"$name\" }" >>Cargo.toml
cat >src/main.rs <<'END'
fn main() -> std::process::ExitCode {
    slipway_server::serve!(function::main)
}
END

# What was fetched beforehand is enough for many functions. Other crates are fetched and kept for the next build, if they can
# be; from a folder of their own, everything has to be compiled again.
platform=$(rustc -vV | sed -n 's/^host: //p')
if ! cargo metadata --offline --format-version 1 --filter-platform "$platform" >/dev/null 2>&1; then
  if [ ! -w "$CARGO_HOME/registry" ]; then
    cp -a "$CARGO_HOME" "$scratch/cargo"
    chmod -R u+rwX "$scratch/cargo"
    export CARGO_HOME="$scratch/cargo" SLIPWAY_CARGO_HOME="$scratch/cargo"
  fi
  cargo fetch --target "$platform"
fi
cargo build --release --offline

# The same source is the same bytes: time and mode don't depend on when and by whom it was built.
cp "$scratch/target/release/program" "$build/function"
chmod 755 "$build/function"
touch -d @0 "$build/function"
echo "built $name into $build/function"
