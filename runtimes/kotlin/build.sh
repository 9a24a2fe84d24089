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
java=$(find "$source/src" -name '*.java' | head -n 1)
if [ -n "$java" ]; then
  echo "$java is Java, and only Kotlin is compiled: write it in Kotlin, or have the pom.xml declare a jar that it is in" >&2
  exit 65
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

# What the runtime calls is of main's own file: so it has its package, whatever that is, and loads what that file holds.
cp -RL "$source/src" "$scratch/src"
chmod -R u+rwX "$scratch/src"
cat >>"$scratch/src/Function.kt" <<'END'


// The build adds this, so that the runtime can call main.
private fun slipwayLoaded() = Unit

class SlipwayEntryPoint : slipway.EntryPoint {
    init {
        slipwayLoaded()
    }

    override suspend fun call(
        req: slipway.Request,
        res: slipway.Response,
    ) {
        main(req, res)
    }
}
END
cd "$scratch"
kotlinc -cp "$(jars "$home/lib" "$scratch/lib")" -module-name function -d "$scratch/classes" src
entry=$(cd classes && find . -name SlipwayEntryPoint.class | sed 's|^\./||; s|\.class$||; s|/|.|g')

# Other files beside the sources are resources.
find src -name '*.kt' -delete
cp -R src/. classes/
(
  cd classes
  find . -type f | LC_ALL=C sort | sed 's|^\./||; s/["\\]/\\&/g; s/.*/"&"/' >"$scratch/files"
  # With one date for all: the tool would take the time of the build.
  "$(jdk)/bin/jar" -J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 --create --no-manifest --date=1980-01-01T00:00:02Z --file "$scratch/function.jar" "@$scratch/files"
)

# The same source is the same bytes: time and mode don't depend on when and by whom it was built.
cp "$scratch/function.jar" "$build/"
echo "$entry" >"$build/entry-point"
if [ -n "$(ls "$scratch/lib")" ]; then cp -R "$scratch/lib" "$build/"; fi
find "$build" -mindepth 1 -type f -exec chmod 644 {} +
find "$build" -mindepth 1 -exec touch -d @1 {} +
echo "built $(basename "$source") into $build"
