#!/bin/sh
# Puts process 1, the server's source and the two scripts into RUNTIME_HOME, compiled as far as a function lets them be.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
home=$(cd "$home" && pwd)
rm -rf "$home/server" "$home/types"
mkdir -p "$home/cache" "$home/modules"
cp "$here/build.sh" "$here/launch.sh" "$here/go.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"
cp -R "$here/server" "$here/types" "$home/"
find "$home/server" "$home/types" -name '*_test.go' -delete

# shellcheck source=runtimes/go/go.sh
. "$home/go.sh"
cd "$home/server"
go build -o "$home/slipway" ./cmd/slipway
chmod 755 "$home/slipway"
# With all of the standard library compiled, a function takes the time of its own code and of the linker.
go build std .
