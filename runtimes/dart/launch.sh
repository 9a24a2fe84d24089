#!/bin/sh
# Launches what FUNCTION_BUILD holds. The program takes this shell's place, so that signals reach it.
set -eu

program=${FUNCTION_BUILD:-/function/build}/${RUNTIME_ENTRYPOINT:-function}
if [ ! -f "$program" ] || [ ! -x "$program" ]; then
  # The server without a function, which says so to whoever asks.
  program=${RUNTIME_HOME:-/runtime}/not-loaded
fi

# The virtual machine's options are meant for the function: the server must not get its limits, or its debugger.
if [ -n "${DART_VM_OPTIONS:-}" ]; then
  export RUNTIME_DART_VM_OPTIONS="$DART_VM_OPTIONS"
fi
# Requests die young: a small young generation takes a third of the memory under load and costs no time.
export DART_VM_OPTIONS=--new_gen_semi_max_size=4

# Each connection is a descriptor.
# shellcheck disable=SC3045 # dash has both options.
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

# An empty variable beside a file counts as none; the server refuses what is left without a secret.
if [ -z "${RUNTIME_SECRET+set}" ] || { [ -z "$RUNTIME_SECRET" ] && [ -n "${RUNTIME_SECRET_FILE:-}" ]; }; then
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
