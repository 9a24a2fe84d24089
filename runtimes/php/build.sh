#!/bin/sh
# Builds a PHP function: FUNCTION_SOURCE (read-only) into FUNCTION_BUILD.
set -eu

source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}
entrypoint=${RUNTIME_ENTRYPOINT:-index.php}

if [ ! -f "$source/$entrypoint" ]; then
  echo "build.sh: $source/$entrypoint does not exist: a PHP function has an index.php (or set RUNTIME_ENTRYPOINT)" >&2
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

find "$build" -mindepth 1 -delete
# Installed beside the build, as it is launched: packages find their files by their own paths.
mkdir "$scratch/function"
# What composer installs anew is not copied; packages that came with the source alone are.
installs=
if [ -f "$source/composer.json" ]; then installs=yes; fi
tar -C "$source" --exclude ./.git ${installs:+--exclude ./vendor} -cf - . | tar -C "$scratch/function" --no-same-owner -xf -
chmod -R u+rwX "$scratch/function"

if [ -n "$installs" ]; then
  echo "installing composer.json"
  # Packages that are folders are copied: links would lead out of the build.
  (cd "$scratch/function" && COMPOSER_HOME="$scratch/composer" COMPOSER_CACHE_DIR="$scratch/cache" \
    COMPOSER_MIRROR_PATH_REPOS=1 COMPOSER_ROOT_VERSION=1.0.0 COMPOSER_ALLOW_SUPERUSER=1 \
    composer install --no-dev --no-interaction --no-progress --no-scripts --prefer-dist --classmap-authoritative)
fi

echo "checking the syntax"
find "$scratch/function" -path "$scratch/function/vendor" -prune -o -name '*.php' -print0 |
  xargs -0 -r -n 64 sh -c 'for file; do php -d display_errors=1 -d log_errors=0 -l "$file" >"$0" || { cat "$0" >&2; exit 255; }; done' \
    "$scratch/checked"

# What it holds, and not the folder itself: the build may be another's folder, whose own mode can't be set.
(cd "$scratch/function" && find . -mindepth 1 -maxdepth 1 -print0) |
  tar -C "$scratch/function" --null -T - -cf - | tar -C "$build" --no-same-owner -xf -
# The same source is the same bytes: times and modes don't depend on when and by whom it was built.
find "$build" -mindepth 1 ! -type l -exec chmod u+rwX,go+rX,go-w {} +
find "$build" -mindepth 1 -exec touch -h -d @0 {} +
echo "built $build"
