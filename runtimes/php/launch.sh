#!/bin/sh
# Launches a PHP function from FUNCTION_BUILD, or from its plain source. The server takes this shell's place, so that signals
# reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}
# The function's code stays as it is; one copy of it in memory serves all workers. A build's files bear no time, and opcache
# takes none of those for as long as file_update_protection looks at it.
set -- --processes=forked --entrypoint=index.php -- "${PHP:-php}" \
  -d display_errors=0 -d log_errors=1 -d html_errors=0 -d implicit_flush=1 -d ignore_user_abort=1 \
  -d opcache.enable_cli=1 -d opcache.validate_timestamps=0 -d opcache.file_update_protection=0 \
  -d opcache.jit=tracing -d opcache.jit_buffer_size=32M \
  "$home/server/main.php" "{folder}" "{entrypoint}"

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
