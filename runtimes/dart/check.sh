#!/bin/sh
# Checks whatever is written in Dart: format, lint or test.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch" PUB_CACHE="$scratch/cache"

# The repository may not be written to, and resolving a package writes beside it.
mkdir -p "$scratch/runtimes/dart" "$scratch/conformance/functions"
tar -C "$here" -cf - --exclude=.dart_tool . | tar -C "$scratch/runtimes/dart" -xf - --no-same-owner
cp -R "$here/../../conformance/functions/dart" "$scratch/conformance/functions/"
cd "$scratch/runtimes/dart"
function=$scratch/conformance/functions/dart

resolve() {
  for package in server types example bench/function "$function"; do
    (cd "$package" && dart pub get --offline >/dev/null)
  done
}

case ${1:-} in
format)
  dart format --output none --set-exit-if-changed . "$function"
  ;;
lint)
  resolve
  dart analyze --fatal-infos . "$function"
  ;;
test)
  cd server
  dart pub get --offline >/dev/null
  dart run --enable-asserts test/all.dart
  ;;
*)
  echo "usage: check.sh format|lint|test" >&2
  exit 64
  ;;
esac
