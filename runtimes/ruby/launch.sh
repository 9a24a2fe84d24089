#!/bin/sh
# Launches what FUNCTION_BUILD holds, or plain source. The server takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}
ruby=${RUBY:-ruby}
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

# Ruby's own variables are meant for the function: the server must not load what they name.
if [ -n "${RUBYOPT:-}" ]; then export RUNTIME_FUNCTION_RUBYOPT="$RUBYOPT"; fi
if [ -n "${RUBYLIB:-}" ]; then export RUNTIME_FUNCTION_RUBYLIB="$RUBYLIB"; fi
unset RUBYOPT RUBYLIB

# The secret goes to the server through a pipe, so that no process has it in its environment.
unset RUNTIME_SECRET RUNTIME_SECRET_FILE
export RUNTIME_SECRET_FD=9
exec "$ruby" --disable=gems -I "$home/lib" "$home/server/main.rb" 9<<EOT
$secret
EOT
