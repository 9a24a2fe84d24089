#!/bin/sh
# Launches what FUNCTION_BUILD holds, or plain source. The server takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}
# The function gets the PATH that is set here, so this is not added to it.
node=$home/bin/node
[ -x "$node" ] || node=node

# An image has the compiled server that several runtimes share. Elsewhere one in Node.js does the same.
if [ -x "$home/slipway-front" ]; then
  # The inspector tells nobody but the server where it listens, should a function hang.
  set -- "$home/slipway-front" --yields=pong --interrupt=inspector --entrypoint= -- \
    "$node" --disable-warning=ExperimentalWarning --inspect-publish-uid=http "--inspect-port=127.0.0.1:{port}" "$home/server/function/main.mjs" "{folder}" "{entrypoint}"
else
  # Node's own options are meant for the function: the server must not open the same inspector, or load the same hooks.
  if [ -n "${NODE_OPTIONS:-}" ]; then
    export RUNTIME_NODE_OPTIONS="$NODE_OPTIONS"
  fi
  unset NODE_OPTIONS
  # Requests die young: a small young generation halves the server's memory under load and costs no time.
  set -- "$node" --max-semi-space-size=4 "$home/server/plain/main.mjs"
fi

secret=${RUNTIME_SECRET:-}
unset RUNTIME_SECRET RUNTIME_SECRET_FD
# Where there is none, the server reads RUNTIME_SECRET_FILE, or says what is missing.
if [ -z "$secret" ]; then
  exec "$@"
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
export RUNTIME_SECRET_FD=9
exec "$@" 9<<END
$secret
END
