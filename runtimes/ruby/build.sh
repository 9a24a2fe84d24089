#!/bin/sh
# Builds a Ruby function: FUNCTION_SOURCE (read-only) into FUNCTION_BUILD, with the gems that its Gemfile declares.
set -eu

source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}
ruby=${RUBY:-ruby}
entrypoint=${RUNTIME_ENTRYPOINT:-main.rb}

if [ ! -f "$source/$entrypoint" ]; then
  echo "build.sh: $source/$entrypoint does not exist: a Ruby function has a main.rb (or set RUNTIME_ENTRYPOINT)" >&2
  exit 66
fi
mkdir -p "$build"
source=$(cd "$source" && pwd -P)
build=$(cd "$build" && pwd -P)
# What lies in the build is replaced: it must not be the source.
case "$source/" in
"$build"/*)
  echo "build.sh: FUNCTION_BUILD ($build) holds FUNCTION_SOURCE ($source): name another folder" >&2
  exit 78
  ;;
esac

scratch=$(mktemp -d)
finish() {
  code=$?
  trap - EXIT
  rm -rf "$scratch"
  # A build that failed leaves nothing that could be launched.
  [ "$code" -eq 0 ] || find "$build" -mindepth 1 -delete 2>/dev/null || true
  exit "$code"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

echo "copying the source"
find "$build" -mindepth 1 -delete
# Links are kept as links, so that none of them brings in what lies outside the source.
# What the source holds, and not the source: the build may be another's folder, whose own mode can't be set.
(cd "$source" && find . -mindepth 1 -maxdepth 1 -print0) |
  tar -C "$source" --exclude ./.git --exclude ./.bundle --exclude ./.dependencies --null -T - -cf "$scratch/source.tar"
tar -C "$build" --no-same-owner -xf "$scratch/source.tar"

if [ -f "$build/Gemfile" ]; then
  echo "installing the Gemfile's gems"
  frozen=false
  if [ -f "$build/Gemfile.lock" ]; then frozen=true; fi
  (cd "$build" && HOME="$scratch" BUNDLE_USER_HOME="$scratch/bundle" BUNDLE_APP_CONFIG="$scratch/config" \
    BUNDLE_PATH="$build/.dependencies" BUNDLE_FROZEN="$frozen" BUNDLE_WITHOUT="${BUNDLE_WITHOUT:-development:test}" \
    BUNDLE_SILENCE_ROOT_WARNING=true BUNDLE_CACHE_ALL=false BUNDLE_NO_INSTALL=false BUNDLE_SHEBANG=ruby \
    bundle install --standalone --quiet --no-cache)
  # What building an extension leaves, and archives that have been unpacked.
  find "$build/.dependencies" \( -name cache -o -name build_info -o -name doc \) -type d -prune -exec rm -rf {} +
  find "$build/.dependencies" \( -name gem_make.out -o -name mkmf.log -o -name '*.o' -o -name gem.build_complete \) -delete
fi

echo "checking the syntax"
"$ruby" --disable=gems -c "$build/$entrypoint" >/dev/null

# The same source is the same bytes: times and modes don't depend on when and by whom it was built.
find "$build" -mindepth 1 ! -type l -exec chmod u+rwX,go+rX,go-w {} +
find "$build" -mindepth 1 -exec touch -h -d @0 {} +
echo "built $build"
