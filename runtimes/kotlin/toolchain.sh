#!/bin/sh
# Puts what does not change with the server into RUNTIME_HOME: compiler, libraries, and a Java runtime to serve with.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}
# What functions may use of Java's library.
modules=java.base,java.logging,java.net.http,jdk.unsupported

mkdir -p "$home"
home=$(cd "$home" && pwd)
# shellcheck source=runtimes/kotlin/kotlin.sh
. "$here/kotlin.sh"
jdk=$(jdk)

# There already, of the same files and the same JDK?
made=$({ "$jdk/bin/java" --version && cat "$0" "$here/kotlin.sh" "$here"/compiler/* "$here"/server/pom.xml "$here"/server/dependencies.sha256; } | sha256sum)
if [ "$made" = "$(cat "$home/toolchain" 2>/dev/null)" ]; then
  exit
fi
(cd "$home" && rm -rf compiler lib native java compiler.aot toolchain)
mkdir -p "$home/native"

fetch "$here/compiler" "$home/compiler" "$home/maven"
check "$home/compiler" "$here/compiler/dependencies.sha256"
fetch "$here/server" "$home/lib" "$home/maven"
check "$home/lib" "$here/server/dependencies.sha256"
touch -d @1 "$home"/compiler/*.jar "$home"/lib/*.jar
# The library that Netty's epoll is: in a place of its own, or each start would unpack it.
(cd "$home/native" && "$jdk/bin/jar" xf "$home"/lib/netty-transport-native-epoll-*.jar META-INF/native && mv META-INF/native/* . && rm -r META-INF)
rm "$home"/lib/netty-transport-native-epoll-*.jar
find "$home/native" -type f -exec strip --strip-unneeded {} +

# The first compilation teaches the virtual machine what a compiler needs.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck disable=SC2086
COMPILER_OPTION="-XX:AOTCacheOutput=$home/compiler.aot" kotlinc $server_options -cp "$(jars "$home/lib")" -d "$scratch/slipway.jar" "$here/types/src"

# Less a tool that is part of a library, and the tools' messages in other languages.
"$jdk/bin/jlink" --add-modules "$modules" --output "$home/java" --vm=server --compress zip-9 \
  --exclude-resources 'regex:/java.base/sun/security/tools/keytool/Main.*,regex:.*_(de|ja|zh_CN)\.(class|properties)' \
  --strip-java-debug-attributes --no-header-files --no-man-pages
find "$home/java" -name '*.debuginfo' -delete
find "$home/java" -name '*.so' -exec strip --strip-unneeded --remove-section=.comment --remove-section=.note.stapsdt {} +
find "$home/java/bin" -type f ! -name java -delete
(cd "$home/java" && rm -rf legal lib/jrt-fs.jar lib/classlist lib/jexec)
echo "$made" >"$home/toolchain"
