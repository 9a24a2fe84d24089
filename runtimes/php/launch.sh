#!/bin/sh
# Launches a PHP function from FUNCTION_BUILD, or from its plain source. The server takes this shell's place, so that signals
# reach it.
set -eu

server=${RUNTIME_HOME:-/runtime}/slipway-php
secret=${RUNTIME_SECRET:-}
unset RUNTIME_SECRET RUNTIME_SECRET_FD

# Where there is none, the server reads RUNTIME_SECRET_FILE, or says what is missing.
if [ -z "$secret" ]; then
  exec "$server"
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
export RUNTIME_SECRET_FD=9
exec "$server" 9<<END
$secret
END
