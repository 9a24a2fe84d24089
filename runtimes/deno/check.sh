#!/bin/sh
# Checks the types of all code (`types`: of the server's Deno side and its tests, the types themselves, the examples and the
# conformance function), or runs the tests (`test`), some of them with the server that is installed in RUNTIME_HOME.
set -eu

scratch=$(mktemp -d)
export DENO_DIR="$scratch/deno"
trap 'rm -rf "$scratch"' EXIT

case ${1-} in
types)
  # Each folder with the imports of its own deno.json. Nothing may be written beside the sources.
  for folder in . example bench bench/function ../../conformance/functions/deno; do
    files=.
    if [ "$folder" = . ]; then files='server types'; fi
    if [ "$folder" = bench ]; then files='bare.ts hono.ts node_http.ts'; fi
    # shellcheck disable=SC2086
    (cd "$folder" && deno check --quiet --no-lock --node-modules-dir=none $files)
  done
  ;;
test)
  deno test --allow-all --config deno.json --no-lock server/test
  ;;
*)
  echo 'usage: check.sh types|test' >&2
  exit 64
  ;;
esac
