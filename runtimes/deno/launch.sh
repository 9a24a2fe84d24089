#!/bin/sh
# Launches what FUNCTION_BUILD holds, or plain source. The server takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}

# Process 1 has to reap orphans, which Deno does not do.
reaper=
if [ $$ -eq 1 ] && command -v tini >/dev/null; then
  reaper='tini --'
fi

# The server's compiled modules are here. What the variable was is the function's to see.
if [ -n "${DENO_DIR+set}" ]; then
  export RUNTIME_DENO_DIR="$DENO_DIR"
fi
export DENO_DIR="$home/cache"
# Deno waits long for a cache that it can't write to. This copy has a megabyte.
if [ ! -w "$home/cache" ]; then
  DENO_DIR=$(mktemp -d)
  cp -R "$home/cache/." "$DENO_DIR/"
fi

# Requests die young: a small young generation halves the server's memory under load and costs no time.
set -- run --quiet --allow-all --no-config --no-lock --cached-only --v8-flags=--max-semi-space-size=4 \
  "$home/server/main.ts"

# An empty variable beside a file counts as none; the server refuses what is left without a secret.
if [ -z "${RUNTIME_SECRET+set}" ] || { [ -z "$RUNTIME_SECRET" ] && [ -n "${RUNTIME_SECRET_FILE:-}" ]; }; then
  unset RUNTIME_SECRET RUNTIME_SECRET_FD
  exec $reaper deno "$@" </dev/null
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
secret=$RUNTIME_SECRET
unset RUNTIME_SECRET
export RUNTIME_SECRET_FD=0
exec $reaper deno "$@" <<END
$secret
END
