#!/bin/sh
# Compiles FUNCTION_SOURCE, a package, and the server into one program: FUNCTION_BUILD/function.
set -eu

home=$(cd "${RUNTIME_HOME:-/runtime}" && pwd)
source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}

if [ ! -f "$source/pubspec.yaml" ]; then
  echo "FUNCTION_SOURCE is $source: there is no pubspec.yaml in it" >&2
  exit 66
fi
if [ ! -f "$source/lib/function.dart" ]; then
  echo "$source holds no function: add lib/function.dart" >&2
  exit 66
fi
mkdir -p "$build"
build=$(cd "$build" && pwd)
find "$build" -mindepth 1 -delete

# Everything that the compiler writes goes here.
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

mkdir -p "$scratch/function" "$scratch/program/lib"
tar -C "$source" -cf - --exclude=./.dart_tool --exclude=./build --exclude=./.git . |
  tar -C "$scratch/function" -xf - --no-same-owner
chmod -R u+rwX "$scratch"
cd "$scratch/program"

name=$(sed -n 's/^name:[[:space:]]*["'\'']\{0,1\}\([A-Za-z0-9_]*\).*/\1/p' "$source/pubspec.yaml" | head -n 1)
if [ -z "$name" ]; then
  echo "$source/pubspec.yaml names no package" >&2
  exit 65
fi

# The program that the function becomes part of. The package of the types is the one that the server is compiled with,
# wherever the function's editor finds it.
cat >pubspec.yaml <<END
name: slipway_program
publish_to: none
environment:
  sdk: ^3.13.0
dependencies:
  $name: {path: ../function}
  slipway_server: {path: $home/server}
dependency_overrides:
  slipway: {path: $home/types}
END
cat >lib/program.dart <<END
import 'package:$name/function.dart' as function;
import 'package:slipway_server/slipway_server.dart';

Future<void> main(List<String> arguments) => run(arguments, function.handle);
END
if [ -f "$scratch/function/pubspec.lock" ]; then
  cp "$scratch/function/pubspec.lock" .
fi

export HOME="$scratch" PUB_CACHE="${PUB_CACHE:-$scratch/cache}"
# Without packages of the registry there is nothing to ask the network for.
if ! dart pub get --offline >"$scratch/log" 2>&1 && ! dart pub get >"$scratch/log" 2>&1; then
  cat "$scratch/log" >&2
  exit 65
fi
dart compile exe --output "$build/function" lib/program.dart >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  exit 1
}

# The same source is the same bytes: time and mode don't depend on when and by whom it was built.
chmod 755 "$build/function"
touch -d @0 "$build/function"
echo "built $name into $build/function"
