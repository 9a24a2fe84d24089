#!/bin/sh
# Launches a Python function from FUNCTION_BUILD, or from its plain source.
set -eu

home=${RUNTIME_HOME:-/runtime}
python=${PYTHON:-python3}
secret=${RUNTIME_SECRET:-}

if [ -z "$secret" ] && [ -n "${RUNTIME_SECRET_FILE:-}" ]; then
  if [ ! -r "$RUNTIME_SECRET_FILE" ]; then
    echo "slipway: RUNTIME_SECRET_FILE names $RUNTIME_SECRET_FILE, which can't be read" >&2
    exit 78
  fi
  secret=$(cat "$RUNTIME_SECRET_FILE")
  # The shell takes line breaks away; one that Windows wrote has another character before it.
  secret=${secret%"$(printf '\r')"}
fi
if [ -z "$secret" ]; then
  echo "slipway: no secret: set RUNTIME_SECRET, or RUNTIME_SECRET_FILE to a file that holds it" >&2
  exit 78
fi

# An image has the compiled server that several runtimes share. Elsewhere one in Python does the same, which heeds none of
# Python's own variables (-I): they are meant for the function.
if [ -x "$home/slipway-front" ]; then
  set -- "$home/slipway-front" --interrupt=signal --entrypoint=main.py -- \
    "$python" -B -s -P "$home/python/slipway_worker/__main__.py" "{folder}" "{entrypoint}"
else
  set -- "$python" -I -S -B "$home/python/slipway_server/__main__.py"
fi

# The secret goes to the server through a pipe, so that no process has it in its environment.
unset RUNTIME_SECRET RUNTIME_SECRET_FILE
export RUNTIME_SECRET_FD=9
exec "$@" 9<<EOT
$secret
EOT
