#!/bin/sh
# Compiles FUNCTION_SOURCE, a package, and the server into one program: FUNCTION_BUILD/function.
set -eu

home=$(cd "${RUNTIME_HOME:-/runtime}" && pwd)
source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}

if [ ! -f "$source/Package.swift" ]; then
  echo "FUNCTION_SOURCE is $source: there is no Package.swift in it" >&2
  exit 66
fi
if [ ! -d "$source/Sources/Function" ]; then
  echo "$source holds no function: add a target Function, in Sources/Function, with a public function handle" >&2
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
export HOME="$scratch"
# shellcheck source=runtimes/swift/swift.sh
. "$home/swift.sh"

mkdir "$scratch/function"
tar -C "$source" -cf - --exclude=./.build --exclude=./.git . | tar -C "$scratch/function" -xf - --no-same-owner
chmod -R u+rwX "$scratch"
cd "$scratch/function"

# What a manifest without white space looks like that says no more than that there is a function.
plain='^//swift-tools-version:6(\.[0-9]+)+importPackageDescriptionletpackage=Package\(name:"[^"]*",'
plain=$plain'(products:\[\.library\(name:"[^"]*",targets:\["Function"\]\)\],)?'
plain=$plain'dependencies:\[\.package\((name:"[^"]*",)?path:"([^"]*/)?types"\),?\],'
plain=$plain'targets:\[\.target\(name:"Function",dependencies:\[\.product\(name:"Slipway",package:"types"\),?\]\),?\]\)$'

if tr -d '[:space:]' <Package.swift | grep -Eq "$plain"; then
  # There is nothing to plan, and the compiler needs half of SwiftPM's time.
  mkdir "$scratch/modules"
  # shellcheck disable=SC2046 # the words are meant to be several
  find Sources/Function -name '*.swift' | LC_ALL=C sort | tr '\n' '\0' |
    xargs -0 swiftc -O -wmo -swift-version 6 -static-stdlib -parse-as-library -file-prefix-map "$PWD=." \
      $(modules) -module-name Function -emit-module -emit-module-path "$scratch/modules/Function.swiftmodule" \
      -c -o "$scratch/Function.o"
  modules=$scratch/modules
  objects=$scratch/Function.o
else
  # The package of the types is the one that the server was compiled with, wherever the function's editor finds it.
  ln -s "$home/slipway" "$scratch/types"
  sed -zi 's|\.package([^)]*path: *"\([^"]*/\)\{0,1\}types"[^)]*)|.package(path: "../types")|' Package.swift
  # shellcheck disable=SC2046 # the words are meant to be several
  swift build -c release --disable-sandbox --static-swift-stdlib --target Function -Xswiftc -wmo \
    -Xswiftc -file-prefix-map -Xswiftc "$PWD=." $(for word in $(modules); do printf ' -Xswiftc %s' "$word"; done) \
    >"$scratch/log" 2>&1 || {
    cat "$scratch/log" >&2
    exit 1
  }
  modules=.build/release/Modules
  objects=$(find .build/release/ -name '*.o' | LC_ALL=C sort)
  # `Bundle.module` looks beside the program first, and knows where it was made: a name of the same length says nothing.
  find .build/release/ -maxdepth 1 -name '*.resources' -exec cp -R {} "$build/" \;
  nowhere=$(printf %s "$scratch" | tr -c / -)
  # shellcheck disable=SC2086 # the words are meant to be several
  LC_ALL=C sed -i "s|$scratch/|$nowhere/|g" $objects
fi
cat >"$scratch/main.swift" <<'END'
import Function
import SlipwayServer

serve(handle)
END
# shellcheck disable=SC2046 # the words are meant to be several
swiftc -O -wmo -swift-version 6 $(modules) -I "$modules" -module-name program -c "$scratch/main.swift" -o "$scratch/main.o"
objects="$scratch/main.o $objects"
# A hash that also covers where it was compiled.
for object in $objects; do objcopy --remove-section=.swift_modhash "$object"; done
# The function's own names say where it failed.
# shellcheck disable=SC2086 # the words are meant to be several
nm --defined-only $objects | sed -n 's/^[0-9a-f]* [tT] //p' >"$scratch/names"
# shellcheck disable=SC2086 # the words are meant to be several
link "$build/function" "$scratch/names" $objects

# The same source is the same bytes: time and mode don't depend on when and by whom it was built.
chmod -R a+rX "$build"/*
chmod 755 "$build/function"
find "$build" -mindepth 1 -exec touch -d @0 {} +
echo "built $source into $build/function"
