#!/bin/sh
# Compiles what runs for every request with mypyc, inside an installed RUNTIME_HOME: a quarter less processor time. It needs a
# C compiler, Python's headers, setuptools and check-requirements.txt's mypy; without it the same modules run as plain Python.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:-/runtime}
python=${PYTHON:-python3}

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-compile --require-hashes \
  --target "$tools" --requirement "$here/check-requirements.txt"

cd "$home/python"
# By name, since what a program is said to be called is searched for in its own folder first.
PYTHONPATH="$tools" MYPYPATH="$home/python" "$python" -B -c 'import sys; from mypyc.__main__ import main; main()' \
  --ignore-missing-imports --explicit-package-bases --cache-dir "$tools/cache" \
  slipway_worker/call.py slipway_worker/channel.py slipway_worker/frames.py slipway_worker/request.py \
  slipway_worker/response.py slipway_worker/threads.py slipway_worker/values.py >"$tools/log" 2>&1 || {
  cat "$tools/log" >&2
  exit 1
}
rm -rf build
find . -name '*.so' -exec strip --strip-unneeded {} +
