#!/bin/sh
# Checks the types of all code: of the server and its tests, the types themselves, the examples and the conformance function.
set -eu

DENO_DIR=$(mktemp -d)
export DENO_DIR
trap 'rm -rf "$DENO_DIR"' EXIT

# Each folder with the imports of its own deno.json. Nothing may be written beside the sources.
for folder in . example bench bench/function ../../conformance/functions/deno; do
  files=.
  if [ "$folder" = . ]; then files='server types'; fi
  if [ "$folder" = bench ]; then files='bare.ts hono.ts node_http.ts'; fi
  # shellcheck disable=SC2086
  (cd "$folder" && deno check --quiet --no-lock --node-modules-dir=none $files)
done
