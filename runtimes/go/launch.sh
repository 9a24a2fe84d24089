#!/bin/sh
# Launches what FUNCTION_BUILD holds. Process 1 takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}
program=${FUNCTION_BUILD:-/function/build}/${RUNTIME_ENTRYPOINT:-function}

if [ -z "${RUNTIME_SECRET:-}" ]; then
  unset RUNTIME_SECRET RUNTIME_SECRET_FD
  exec "$home/slipway" "$program"
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
secret=$RUNTIME_SECRET
unset RUNTIME_SECRET
export RUNTIME_SECRET_FD=3
exec "$home/slipway" "$program" 3<<END
$secret
END
