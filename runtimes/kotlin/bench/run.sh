#!/bin/sh
# Runs the class $1 of /bench-out with the virtual machine and the options that the measured server has, and those that follow.
set -eu

out=${BENCH_OUT:-/bench-out}
home=${RUNTIME_HOME:-/runtime}
# shellcheck source=runtimes/kotlin/kotlin.sh
. "$home/kotlin.sh"
# shellcheck source=runtimes/kotlin/options.sh
. "$home/options.sh"
class=$1
shift
[ $# -gt 0 ] || set -- "-XX:AOTCache=$out/bare.aot"
# shellcheck disable=SC2086
exec "$home/java/bin/java" $options "$@" "-Djava.library.path=$home/native" -cp "$(jars "$home/lib"):$out/bare.jar" "$class"
