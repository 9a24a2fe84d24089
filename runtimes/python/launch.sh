#!/bin/sh
# Launches what FUNCTION_BUILD holds, or plain source. The server takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}
python=${PYTHON:-python3}

# An image has the compiled server that several runtimes share. Elsewhere one in Python does the same, which heeds none of
# Python's own variables (-I): they are meant for the function.
if [ -x "$home/slipway-front" ]; then
  set -- "$home/slipway-front" --interrupt=signal --entrypoint=main.py -- \
    "$python" -B -s -P "$home/python/slipway_worker/__main__.py" "{folder}" "{entrypoint}"
else
  set -- "$python" -I -S -B "$home/python/slipway_server/__main__.py"
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
