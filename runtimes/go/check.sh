#!/bin/sh
# Checks every module of this folder and the conformance function: format, lint or test. Writes below /tmp, and to
# CHECK_CACHE what the next check would have to fetch and compile again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
home=${RUNTIME_HOME:-/runtime}
modules="$here/types $here/server $here/example $here/bench $here/bench/function $repository/conformance/functions/go"

if [ -n "${CHECK_CACHE:-}" ]; then
  [ -d "$CHECK_CACHE/cache" ] || cp -R "$home/cache" "$home/modules" "$CHECK_CACHE/"
  home=$CHECK_CACHE
elif [ ! -w "$home/cache" ]; then
  home=/tmp/slipway-check-go
fi
# shellcheck source=runtimes/go/go.sh
. "$here/go.sh"
# Nothing is written beside the sources: what go.mod and go.sum lack is an error.
# shellcheck disable=SC2090 # Go cuts it at the spaces.
export GOFLAGS="-trimpath -buildvcs=false -mod=readonly -modcacherw"

case $1 in
format)
  # shellcheck disable=SC2086
  unformatted=$(gofmt -s -l $modules)
  if [ -n "$unformatted" ]; then
    echo "gofmt -s -w is wanted for:" >&2
    echo "$unformatted" >&2
    exit 1
  fi
  ;;
lint)
  tools=$(mktemp -d)
  trap 'rm -rf "$tools"' EXIT
  GOBIN="$tools" go install honnef.co/go/tools/cmd/staticcheck@v0.8.2
  for module in $modules; do
    cd "$module"
    go vet ./...
    "$tools/staticcheck" ./...
  done
  ;;
test)
  for module in types server example; do
    cd "$here/$module"
    go test ./...
  done
  ;;
*) echo "check.sh format, lint or test" >&2 && exit 64 ;;
esac
