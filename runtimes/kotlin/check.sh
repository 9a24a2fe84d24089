#!/bin/sh
# Checks this folder and the conformance function: format, lint or test. Writes below /tmp, and to CHECK_CACHE what
# the next check would have to fetch again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
home=${RUNTIME_HOME:-/runtime}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=runtimes/kotlin/kotlin.sh
. "$home/kotlin.sh"
lib=$(jars "$home/lib")

# Fetches what a check needs, as $here/checks/$1 declares it.
tool() {
  fetch "$here/checks/$1" "$scratch/$1" "${CHECK_CACHE:-$scratch}/maven"
  check "$scratch/$1" "$here/checks/$1/dependencies.sha256"
}

case $1 in
format)
  tool format
  cd "$repository"
  # shellcheck disable=SC2086
  "$(jdk)/bin/java" $quick -cp "$(jars "$scratch/format")" com.pinterest.ktlint.Main \
    --log-level=error --editorconfig="$here/.editorconfig" "runtimes/kotlin/**/*.kt" "conformance/functions/kotlin/**/*.kt"
  ;;
lint)
  jdk=$(jdk)
  cc -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror -fanalyzer \
    "-I$jdk/include" "-I$jdk/include/linux" -o "$scratch/slipway" "$here"/server/native/*.c
  # Of the server and its tests every warning is an error where they are compiled: in install.sh, and below.
  for source in bench/Bare.kt bench/Train.kt bench/function; do
    kotlinc -Wextra -Werror -cp "$lib" -d "$scratch/other.jar" "$here/$source"
  done
  for function in "$here/example" "$repository/conformance/functions/kotlin"; do
    fetch "$function" "$scratch/lib" "${CHECK_CACHE:-$scratch}/maven"
    kotlinc -Wextra -Werror -cp "$lib:$(jars "$scratch/lib")" -d "$scratch/function.jar" "$function/src"
  done
  ;;
test)
  cc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -o "$scratch/supervisor" "$here/server/test/native/supervisor.c"
  "$scratch/supervisor"
  tool test
  path="$lib:$(jars "$scratch/test")"
  kotlinc -Wextra -Werror -cp "$path" -Xfriend-paths="$home/lib/slipway-server.jar" -d "$scratch/tests.jar" "$here/types/test" "$here/server/test"
  classes=$(find "$here/types/test" "$here/server/test" -name "*Test.kt" -exec awk '/^package / { package = $2 } /class [A-Za-z]*Test / { for (i = 1; i < NF; i++) if ($i == "class") print package "." $(i + 1) }' {} +)
  # shellcheck disable=SC2086
  "$(jdk)/bin/java" $quick "-Djava.library.path=$home/native" -cp "$path:$scratch/tests.jar" org.junit.runner.JUnitCore $classes
  ;;
*) echo "check.sh format, lint or test" >&2 && exit 64 ;;
esac
