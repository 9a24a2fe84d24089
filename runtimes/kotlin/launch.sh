#!/bin/sh
# Launches what FUNCTION_BUILD holds. The server takes this shell's place, so that signals reach it.
set -eu

home=$(cd "${RUNTIME_HOME:-/runtime}" && pwd)
build=${FUNCTION_BUILD:-/function/build}
# shellcheck source=runtimes/kotlin/kotlin.sh
. "$home/kotlin.sh"
# shellcheck source=runtimes/kotlin/options.sh
. "$home/options.sh"

function=$build/${RUNTIME_ENTRYPOINT:-function.jar}
class=$(cat "$build/entry-point" 2>/dev/null || echo SlipwayEntryPoint)
path=$(jars "$home/lib"):$function
libraries=$(jars "$build/lib")
# shellcheck disable=SC2086
set -- "$home/slipway" "$home/java/lib/server/libjvm.so" -Xrs $options "-XX:AOTCache=$home/server.aot" \
  "-Djava.class.path=$path${libraries:+:$libraries}" "-Djava.library.path=$home/native" "-Dslipway.function=$class"

if [ -z "${RUNTIME_SECRET:-}" ]; then
  unset RUNTIME_SECRET RUNTIME_SECRET_FD
  exec "$@"
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
secret=$RUNTIME_SECRET
unset RUNTIME_SECRET
export RUNTIME_SECRET_FD=3
exec "$@" 3<<END
$secret
END
