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
fi
if [ -z "$secret" ]; then
  echo "slipway: no secret: set RUNTIME_SECRET, or RUNTIME_SECRET_FILE to a file that holds it" >&2
  exit 78
fi

# The secret goes to the server through a pipe, so that no process has it in its environment.
unset RUNTIME_SECRET RUNTIME_SECRET_FILE
export RUNTIME_PYTHONPATH="${PYTHONPATH:-}" PYTHONPATH="$home/python:$home/lib" RUNTIME_SECRET_FD=9
exec "$python" -B -s -S -P -m slipway_server 9<<EOT
$secret
EOT
