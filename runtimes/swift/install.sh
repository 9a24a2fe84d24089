#!/bin/sh
# Puts the server, compiled, the two scripts and a program that has no function into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
home=$(cd "$home" && pwd)
rm -rf "$home/modules" "$home/objects" "$home/slipway"
mkdir -p "$home/modules" "$home/objects" "$home/slipway"
cp "$here/build.sh" "$here/launch.sh" "$here/swift.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"

# Nothing that a compiler leaves behind is anybody else's business.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch"
# shellcheck source=runtimes/swift/swift.sh
. "$here/swift.sh"

sources=$here/server/Sources
cp -R "$sources/CLlhttp" "$home/modules/"
cp -R "$sources/CSlipway/include" "$home/modules/CSlipway"
for file in "$sources"/CSlipway/*.c; do
  cc -O2 -Wall -Wextra -Werror -I"$sources/CSlipway/include" -c "$file" -o "$home/objects/$(basename "$file" .c).o"
done
cd "$here/types/Sources/Slipway"
compile -warnings-as-errors -module-name Slipway -emit-module \
  -emit-module-path "$home/modules/Slipway.swiftmodule" -c ./*.swift -o "$home/objects/Slipway.o"
cd "$sources/SlipwayServer"
# shellcheck disable=SC2046 # the words are meant to be several
compile -warnings-as-errors -module-name SlipwayServer $(modules) -emit-module \
  -emit-module-path "$home/modules/SlipwayServer.swiftmodule" -c ./*.swift -o "$home/objects/SlipwayServer.o"

# What stands for the package of the types where SwiftPM builds a function: its module is compiled already.
cp -R "$here/prebuilt/." "$home/slipway/"

echo main >"$scratch/names"
link "$home/not-loaded" "$scratch/names" -module-name program "$sources/NotLoaded/main.swift"
