#!/bin/sh
# Puts compiler, server, a Java runtime of the modules that are served with, and the two scripts into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}
# What functions may use of Java's library.
modules=java.base,java.logging,java.management,java.net.http,java.xml,jdk.unsupported,jdk.zipfs

mkdir -p "$home"
home=$(cd "$home" && pwd)
rm -rf "$home/compiler" "$home/lib" "$home/native" "$home/java" "$home/compiler.aot" "$home/server.aot"
mkdir -p "$home/lib" "$home/native"
cp "$here/build.sh" "$here/launch.sh" "$here/kotlin.sh" "$here/options.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"
# shellcheck source=runtimes/kotlin/kotlin.sh
. "$home/kotlin.sh"
jdk=$(jdk)

fetch "$here/compiler" "$home/compiler" "$home/maven"
check "$home/compiler" "$here/compiler/dependencies.sha256"
fetch "$here/server" "$home/lib" "$home/maven"
check "$home/lib" "$here/server/dependencies.sha256"
# The library that Netty's epoll is: in a place of its own, or each start would unpack it.
(cd "$home/native" && "$jdk/bin/jar" xf "$(find "$home/lib" -name 'netty-transport-native-epoll-*')" META-INF/native &&
  mv META-INF/native/* . && rm -r META-INF)

cc -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra "-I$jdk/include" "-I$jdk/include/linux" -s -o "$home/slipway" "$here"/server/native/*.c

# The first compilation teaches the virtual machine what a compiler needs.
options="-Xlambdas=class -Xsam-conversions=class -Xstring-concat=inline -Werror"
# shellcheck disable=SC2086
COMPILER_OPTION="-XX:AOTCacheOutput=$home/compiler.aot -Xlog:aot=off -Xlog:cds=off" \
  kotlinc $options -cp "$(jars "$home/lib")" -d "$home/lib/slipway.jar" "$here/types/src"
# shellcheck disable=SC2086
kotlinc $options -cp "$(jars "$home/lib")" -d "$home/lib/slipway-server.jar" "$here/server/src"
touch -d @1 "$home"/lib/*.jar

"$jdk/bin/jlink" --add-modules "$modules" --output "$home/java" --vm=server --compress zip-6 \
  --strip-java-debug-attributes --no-header-files --no-man-pages
find "$home/java" -name '*.debuginfo' -delete
find "$home/java" -name '*.so' -exec strip --strip-unneeded {} +
rm -rf "$home/java/legal"

# So does the server, by answering requests.
sh "$here/train.sh" "$home"
rm -rf "$home/java/bin"
