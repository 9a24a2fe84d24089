#!/bin/sh
# Launches what FUNCTION_BUILD holds, or plain source. The server takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}
PATH="$home/bin:$PATH"

# Node's own options are meant for the function: the server must not open the same inspector, or load the same hooks.
if [ -n "${NODE_OPTIONS:-}" ]; then
  export RUNTIME_NODE_OPTIONS="$NODE_OPTIONS"
fi
unset NODE_OPTIONS

# Process 1 has to reap orphans, which Node.js does not do.
reaper=
if [ $$ -eq 1 ] && command -v tini >/dev/null; then
  reaper='tini --'
fi

# Requests die young: a small young generation halves the server's memory under load and costs no time.
flags=--max-semi-space-size=4

# An empty variable beside a file counts as none; the server refuses what is left without a secret.
if [ -z "${RUNTIME_SECRET+set}" ] || { [ -z "$RUNTIME_SECRET" ] && [ -n "${RUNTIME_SECRET_FILE:-}" ]; }; then
  unset RUNTIME_SECRET RUNTIME_SECRET_FD
  exec $reaper node $flags "$home/server/plain/main.mjs"
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
secret=$RUNTIME_SECRET
unset RUNTIME_SECRET
export RUNTIME_SECRET_FD=3
exec $reaper node $flags "$home/server/plain/main.mjs" 3<<END
$secret
END
