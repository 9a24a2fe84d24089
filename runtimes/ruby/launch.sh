#!/bin/sh
# Launches what FUNCTION_BUILD holds, or plain source. The server takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}
set -- --entrypoint=main.rb -- "${RUBY:-ruby}" -EUTF-8: "$home/server/main.rb" "{folder}" "{entrypoint}"

secret=${RUNTIME_SECRET:-}
unset RUNTIME_SECRET RUNTIME_SECRET_FD
# Where there is none, the server reads RUNTIME_SECRET_FILE, or says what is missing.
if [ -z "$secret" ]; then
  exec "$home/slipway-front" "$@"
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
export RUNTIME_SECRET_FD=9
exec "$home/slipway-front" "$@" 9<<END
$secret
END
