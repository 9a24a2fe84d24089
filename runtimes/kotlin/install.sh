#!/bin/sh
# Puts compiler, server, a Java runtime of the modules that are served with, and the two scripts into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

sh "$here/toolchain.sh"
home=$(cd "$home" && pwd)
cp "$here/build.sh" "$here/launch.sh" "$here/kotlin.sh" "$here/options.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"
# shellcheck source=runtimes/kotlin/kotlin.sh
. "$home/kotlin.sh"
jdk=$(jdk)

cc -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra "-I$jdk/include" "-I$jdk/include/linux" -s -o "$home/slipway" "$here"/server/native/*.c

rm -f "$home"/lib/slipway*.jar
# shellcheck disable=SC2086
kotlinc $server_options -cp "$(jars "$home/lib")" -d "$home/lib/slipway.jar" "$here/types/src"
# shellcheck disable=SC2086
kotlinc $server_options -cp "$(jars "$home/lib")" -d "$home/lib/slipway-server.jar" "$here/server/src"
# The cache of classes goes by their jars' times.
touch -d @1 "$home"/lib/*.jar

# The virtual machine learns what the server needs by having it answer requests.
sh "$here/train.sh" "$home"
