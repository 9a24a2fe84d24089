#!/bin/sh
# Compiles FUNCTION_SOURCE into FUNCTION_BUILD: function.jar, and lib/ with what it declares.
set -eu

home=$(cd "${RUNTIME_HOME:-/runtime}" && pwd)
source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}
main=$source/src/Function.kt

if [ ! -f "$main" ]; then
  echo "FUNCTION_SOURCE is $source: there is no src/Function.kt in it" >&2
  exit 66
fi
# shellcheck source=runtimes/kotlin/kotlin.sh
. "$home/kotlin.sh"
mkdir -p "$build"
build=$(cd "$build" && pwd)
find "$build" -mindepth 1 -delete

scratch=$(mktemp -d)
finish() {
  status=$?
  trap - EXIT
  rm -rf "$scratch"
  [ "$status" -eq 0 ] || find "$build" -mindepth 1 -delete
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# What the function declares, less what the runtime has.
mkdir "$scratch/lib"
if [ -f "$source/pom.xml" ]; then
  fetch "$source" "$scratch/lib" "$scratch/maven"
  if [ -f "$source/dependencies.sha256" ]; then
    check "$scratch/lib" "$(cd "$source" && pwd)/dependencies.sha256"
  fi
  for jar in "$scratch/lib"/*.jar; do
    name=$(basename "$jar" | sed 's/-[0-9].*//')
    if ls "$home/lib/$name"-[0-9]*.jar >/dev/null 2>&1; then rm -f "$jar"; fi
  done
fi

# The function's main may have any package; what the runtime calls has the same.
package=$(sed -n 's/^package  *\([A-Za-z0-9_.`]*\).*/\1/p' "$main" | head -n 1)
class=$(sed -n 's/^@file:JvmName("\([^"]*\)").*/\1/p' "$main" | head -n 1)
qualified=${package:+$(printf %s "$package" | tr -d '`').}
cat >"$scratch/SlipwayEntryPoint.kt" <<END
${package:+package $package}

class SlipwayEntryPoint : slipway.EntryPoint {
    init {
        Class.forName("$qualified${class:-FunctionKt}")
    }

    override suspend fun call(
        req: slipway.Request,
        res: slipway.Response,
    ) {
        main(req, res)
    }
}
END
kotlinc -cp "$(jars "$home/lib" "$scratch/lib")" -module-name function -d "$scratch/function.jar" "$source/src" "$scratch/SlipwayEntryPoint.kt"

# The same source is the same bytes: time and mode don't depend on when and by whom it was built.
cp "$scratch/function.jar" "$build/"
echo "${qualified}SlipwayEntryPoint" >"$build/entry-point"
if [ -n "$(ls "$scratch/lib")" ]; then cp -R "$scratch/lib" "$build/"; fi
find "$build" -mindepth 1 -type f -exec chmod 644 {} +
find "$build" -mindepth 1 -exec touch -d @1 {} +
echo "built $(basename "$source") into $build"
