#!/bin/sh
# Checks whatever is written in Swift: format, lint or test. Writes below /tmp only.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
function=$here/../../conformance/functions/swift
home=${RUNTIME_HOME:-/runtime}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch"
# shellcheck source=runtimes/swift/swift.sh
. "$here/swift.sh"

case ${1:-} in
format)
  # The formatter's own lint mode also judges the layout.
  cd "$here"
  swift format lint --strict --recursive --parallel --configuration "$here/.swift-format" \
    types server example bench tests prebuilt "$function"
  ;;
lint)
  # Every warning is an error, with the checks for concurrency that Swift 6 has; of the server in install.sh, which has compiled
  # what is there.
  for source in "$here/example" "$here/bench/function" "$function"; do
    modules=$scratch/modules
    rm -rf "$modules"
    mkdir "$modules"
    for package in "$source"/packages/*/Sources/*; do
      [ -d "$package" ] || continue
      (cd "$package" && compile -warnings-as-errors -module-name "${package##*/}" -emit-module \
        -emit-module-path "$modules/${package##*/}.swiftmodule" -c ./*.swift -o "$scratch/package.o")
    done
    # shellcheck disable=SC2046 # the words are meant to be several
    (cd "$source/Sources/Function" && compile -warnings-as-errors $(modules) -I "$modules" -module-name Function \
      -c ./*.swift -o "$scratch/function.o")
  done
  # shellcheck disable=SC2046 # the words are meant to be several
  swiftc -O -wmo -swift-version 6 -warnings-as-errors $(modules) -c "$here/bench/bare/main.swift" -o "$scratch/bare.o"
  ;;
test)
  # One module, so that what is not public can be tested too.
  cd "$here"
  # shellcheck disable=SC2046 # the words are meant to be several
  swiftc -swift-version 6 -static-stdlib -module-name Tests $(modules) server/Sources/SlipwayServer/*.swift \
    tests/*.swift "$home"/objects/Slipway.o "$home"/objects/process.o "$home"/objects/crash.o "$home"/objects/output.o \
    -o "$scratch/tests" -Xlinker -l:libllhttp.a
  "$scratch/tests"
  # What a manifest says beyond the plain is heard: targets, settings, resources, the language's mode.
  FUNCTION_SOURCE=$here/tests/package FUNCTION_BUILD=$scratch/build RUNTIME_HOME=$home sh "$here/build.sh"
  test -f "$scratch/build/several_Function.resources/greeting.txt"
  ;;
*)
  echo "usage: check.sh format|lint|test" >&2
  exit 64
  ;;
esac
