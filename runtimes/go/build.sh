#!/bin/sh
# Builds FUNCTION_SOURCE, a module whose package has a Main, and the server into one program: FUNCTION_BUILD/function.
set -eu

home=$(cd "${RUNTIME_HOME:-/runtime}" && pwd)
source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}

if [ ! -f "$source/go.mod" ]; then
  echo "FUNCTION_SOURCE is $source: there is no go.mod in it" >&2
  exit 66
fi
mkdir -p "$build"
build=$(cd "$build" && pwd)
find "$build" -mindepth 1 -delete

# Everything that go writes goes here.
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

# shellcheck source=runtimes/go/go.sh
. "$home/go.sh"
export GOTMPDIR="$scratch"
# What was compiled beforehand is kept for the next build, if it can be.
for folder in cache modules; do
  if [ ! -w "$home/$folder" ]; then
    cp -R "$home/$folder" "$scratch/$folder"
    chmod -R u+rwX "$scratch/$folder"
  fi
done
[ -d "$scratch/cache" ] && export GOCACHE="$scratch/cache"
[ -d "$scratch/modules" ] && export GOMODCACHE="$scratch/modules" GOPATH="$scratch/modules/path"

mkdir "$scratch/function"
cp -R "$home/types" "$home/server" "$scratch/"
tar -C "$source" -cf - --exclude=./.git . | tar -C "$scratch/function" -xf - --no-same-owner
chmod -R u+rwX "$scratch/function"
cd "$scratch/function"

# The types are those that the server was compiled with, wherever the function's editor finds them.
go mod edit -require=slipway@v0.0.0 -replace=slipway=../types -require=slipway/server@v0.0.0 -replace=slipway/server=../server
module=$(go list -m)
name=$(go list -f '{{.Name}}' .)
if [ "$name" = main ]; then
  echo "$source is a program: a function is a package of another name, with a Main that takes a request and a response" >&2
  exit 65
fi
mkdir slipway_program
cat >slipway_program/main.go <<END
package main

import (
	function "$module"
	"slipway/server"
)

func main() { server.Serve(function.Main) }
END
go build -o "$build/function" ./slipway_program

# The same source is the same bytes: time and mode don't depend on when and by whom it was built.
chmod 755 "$build/function"
touch -d @0 "$build/function"
echo "built $module into $build/function"
