#!/bin/sh
# Has the server answer requests, and makes the cache of what the virtual machine learnt by that: $1/server.aot.
set -eu

home=$1
# shellcheck source=runtimes/kotlin/kotlin.sh
. "$home/kotlin.sh"
# shellcheck source=runtimes/kotlin/options.sh
. "$home/options.sh"
port=${TRAINING_PORT:-39517}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# shellcheck disable=SC2086
RUNTIME_SECRET=training RUNTIME_HOST=127.0.0.1 RUNTIME_PORT=$port RUNTIME_GRACE=60 "$home/slipway" "$home/java/lib/server/libjvm.so" -Xrs $options \
  "-Djava.class.path=$(jars "$home/lib")" "-Djava.library.path=$home/native" \
  -Dslipway.training=true -Dslipway.function=slipway.server.Training \
  -XX:AOTMode=record "-XX:AOTConfiguration=$scratch/configuration" >"$scratch/log" &
server=$!
# shellcheck disable=SC2086
"$(jdk)/bin/java" $quick -cp "$(jars "$home/lib")" slipway.server.TrainingKt "$port"
kill -TERM "$server"
wait "$server" || {
  cat "$scratch/log" >&2
  exit 1
}
# Without the profiles of what ran: they are two megabytes, and a server that has them is no sooner warm.
# shellcheck disable=SC2086
"$home/java/bin/java" $options "-Djava.library.path=$home/native" -cp "$(jars "$home/lib")" \
  -XX:+UnlockDiagnosticVMOptions -XX:-AOTRecordTraining -XX:-AOTReplayTraining \
  -XX:AOTMode=create "-XX:AOTConfiguration=$scratch/configuration" "-XX:AOTCache=$home/server.aot"
