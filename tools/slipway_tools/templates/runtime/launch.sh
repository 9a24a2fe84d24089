#!/bin/sh
# Launches what FUNCTION_BUILD holds. The server takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}

if [ -z "${RUNTIME_SECRET:-}" ] && [ -n "${RUNTIME_SECRET_FILE:-}" ]; then
  if [ ! -r "$RUNTIME_SECRET_FILE" ]; then
    echo "RUNTIME_SECRET_FILE is $RUNTIME_SECRET_FILE: it can't be read" >&2
    exit 78
  fi
  # A substitution drops trailing line breaks; the mark keeps all but the one that the contract drops.
  secret=$(cat -- "$RUNTIME_SECRET_FILE" && echo .)
  secret=${secret%.}
  secret=${secret%"
"}
else
  secret=${RUNTIME_SECRET:-}
fi
if [ -z "$secret" ]; then
  echo "RUNTIME_SECRET is empty: set it, or name a file with RUNTIME_SECRET_FILE" >&2
  exit 78
fi

# A process's environment stays readable in /proc: the secret goes to the server through a pipe, which it reads up to the
# last line break and closes.
unset RUNTIME_SECRET RUNTIME_SECRET_FILE
export RUNTIME_SECRET_FD=3
exec "$home/server/serve" 3<<END
$secret
END
