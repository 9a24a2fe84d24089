#!/bin/sh
# Puts the servers and what they need into /bench-out.
set -eu

cp /bench/*.mjs /bench/package.json /bench/package-lock.json /bench-out/
cd /bench-out
npm_config_cache=$(mktemp -d) npm ci --no-audit --no-fund
