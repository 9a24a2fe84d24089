#!/bin/sh
# Compiles the servers to compare with into /bench-out; in the build image.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${BENCH_OUT:-/bench-out}
home=${RUNTIME_HOME:-/runtime}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# shellcheck source=runtimes/go/go.sh
. "$home/go.sh"
cp -R "$here/go.mod" "$here/go.sum" "$here/bare" "$here/gin" "$scratch/"
cd "$scratch"
go build -o "$out/" ./bare ./gin
