#!/bin/sh
# Compiles the servers to compare with into /bench-out, each with a cache of its classes as the measured one has; in the build image.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${BENCH_OUT:-/bench-out}
home=${RUNTIME_HOME:-/runtime}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# shellcheck source=runtimes/kotlin/kotlin.sh
. "$home/kotlin.sh"
kotlinc -cp "$(jars "$home/lib")" -d "$scratch/train.jar" "$here/Train.kt"
kotlinc -cp "$(jars "$home/lib")" -d "$out/bare.jar" "$here/Bare.kt"
sh "$here/run.sh" bare.BareKt -XX:AOTMode=record "-XX:AOTConfiguration=$scratch/configuration" &
server=$!
# shellcheck disable=SC2086
"$(jdk)/bin/java" $quick -cp "$(jars "$home/lib" "$scratch")" train.TrainKt
kill -TERM "$server"
wait "$server" || true
sh "$here/run.sh" bare.BareKt -XX:AOTMode=create "-XX:AOTConfiguration=$scratch/configuration" "-XX:AOTCache=$out/bare.aot"
