#!/bin/sh
# Launches what FUNCTION_BUILD holds. The program takes this shell's place, so that signals reach it.
set -eu

program=${FUNCTION_BUILD:-/function/build}/${RUNTIME_ENTRYPOINT:-function}
if [ ! -f "$program" ] || [ ! -x "$program" ]; then
  # The server without a function, which says so to whoever asks.
  program=${RUNTIME_HOME:-/runtime}/not-loaded
fi

if [ -z "${RUNTIME_SECRET:-}" ]; then
  unset RUNTIME_SECRET RUNTIME_SECRET_FD
  exec "$program"
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
secret=$RUNTIME_SECRET
unset RUNTIME_SECRET
export RUNTIME_SECRET_FD=3
exec "$program" 3<<END
$secret
END
