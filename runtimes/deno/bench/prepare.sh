#!/bin/sh
# Puts the server that needs a package, and the package, into /bench-out.
set -eu

cp /bench/hono.ts /bench/deno.json /bench/deno.lock /bench-out/
cd /bench-out
DENO_DIR=$(mktemp -d) deno install --quiet --frozen --node-modules-dir=auto --entrypoint hono.ts
