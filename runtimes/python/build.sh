#!/bin/sh
# Builds a Python function: FUNCTION_SOURCE (read-only) into FUNCTION_BUILD.
set -eu

source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}
python=${PYTHON:-python3}
entrypoint=${RUNTIME_ENTRYPOINT:-main.py}
scratch=$(mktemp -d)

finish() {
  code=$?
  rm -rf "$scratch"
  # A build that failed leaves nothing that could be launched.
  [ "$code" -eq 0 ] || find "$build" -mindepth 1 -delete 2>/dev/null || true
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ ! -f "$source/$entrypoint" ]; then
  echo "build.sh: $source/$entrypoint does not exist: a Python function has a main.py (or set RUNTIME_ENTRYPOINT)" >&2
  exit 66
fi

echo "copying the source"
find "$build" -mindepth 1 -delete
(cd "$source" && tar --exclude ./.git --exclude ./.venv --exclude __pycache__ -cf - .) | (cd "$build" && tar -xf - --no-same-owner)

if [ -f "$build/requirements.txt" ]; then
  echo "installing requirements.txt"
  hashed=
  if grep -q -e '--hash=' "$build/requirements.txt"; then hashed=--require-hashes; fi
  # Local paths in the requirements are meant from where the source stands.
  (cd "$source" && PIP_CACHE_DIR="$scratch/pip" "$python" -m pip install --disable-pip-version-check --no-compile \
    --no-warn-script-location --progress-bar off $hashed --target "$build/.dependencies" --requirement requirements.txt)
  # Who installed, when and from where differs from one build to the next.
  rm -rf "$build/.dependencies/bin"
  find "$build/.dependencies" \( -name RECORD -o -name direct_url.json -o -name REQUESTED -o -name INSTALLER \) -delete
fi

echo "compiling"
# The paths in tracebacks are those of the place where it is launched, wherever it is built.
"$python" -m compileall -q --invalidation-mode unchecked-hash -s "$build" -p /function/build "$build"
find "$build" -exec touch -h -d @0 {} +
echo "built $build"
