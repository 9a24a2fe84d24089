#!/bin/sh
# Builds a Python function: FUNCTION_SOURCE (read-only) into FUNCTION_BUILD.
set -eu

source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}
python=${PYTHON:-python3}
entrypoint=${RUNTIME_ENTRYPOINT:-main.py}

if [ ! -f "$source/$entrypoint" ]; then
  echo "build.sh: $source/$entrypoint does not exist: a Python function has a main.py (or set RUNTIME_ENTRYPOINT)" >&2
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
# What the source holds, and not the source: the build may be another's folder, whose own mode can't be set.
(cd "$source" && find . -mindepth 1 -maxdepth 1 -print0) |
  tar -C "$source" --exclude ./.git --exclude ./.venv --exclude __pycache__ --null -T - -cf "$scratch/source.tar"
tar -C "$build" --no-same-owner -xf "$scratch/source.tar"

if [ -f "$build/requirements.txt" ]; then
  echo "installing requirements.txt"
  hashed=
  if grep -q -e '--hash=' "$build/requirements.txt"; then hashed=--require-hashes; fi
  # From a copy of the source: requirements may be paths in it, and what is built there leaves its traces.
  mkdir "$scratch/source"
  tar -C "$scratch/source" --no-same-owner -xf "$scratch/source.tar"
  (cd "$scratch/source" && PIP_CACHE_DIR="$scratch/pip" PIP_ROOT_USER_ACTION=ignore "$python" -m pip install \
    --disable-pip-version-check --no-compile --no-warn-script-location --progress-bar off $hashed \
    --target "$build/.dependencies" --requirement requirements.txt)
  # Who installed, when and from where differs from one build to the next.
  rm -rf "$build/.dependencies/bin"
  find "$build/.dependencies" -path '*.dist-info/*' \
    \( -name RECORD -o -name direct_url.json -o -name REQUESTED -o -name INSTALLER \) -delete
fi

echo "compiling"
# The paths in tracebacks are those of the place where it is launched, wherever it is built.
compile() {
  "$python" -m compileall -q --invalidation-mode unchecked-hash -s "$build" -p /function/build "$@"
}
compile -x '/\.dependencies/' "$build"
# Packages may hold files that are no Python of this version, and never import them.
[ ! -d "$build/.dependencies" ] || compile "$build/.dependencies" >/dev/null || true

# The same source is the same bytes: times and modes don't depend on when and by whom it was built.
find "$build" -mindepth 1 ! -type l -exec chmod u+rwX,go+rX,go-w {} +
find "$build" -mindepth 1 -exec touch -h -d @0 {} +
echo "built $build"
