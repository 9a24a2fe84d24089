#!/bin/sh
# Formatter, linter and type checker over everything that is Python here; run in the build image.
set -eu
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m pip install --quiet --no-compile --require-hashes --target "$tools" --requirement /slipway/runtimes/python/check-requirements.txt
export PYTHONPATH="$tools" RUFF_NO_CACHE=true
cd /slipway/runtimes/python
set -- server types example bench ../../conformance/functions/python
python3 -m ruff format --check --config ruff.toml "$@"
python3 -m ruff check --config ruff.toml "$@"
MYPYPATH=server:types python3 -m mypy --strict --cache-dir "$tools/cache" --ignore-missing-imports -p slipway_server -p slipway_worker -p slipway
python3 -m mypy --strict --cache-dir "$tools/cache" server/tests/*.py
MYPYPATH=types python3 -m mypy --strict --cache-dir "$tools/cache" --ignore-missing-imports example/main.py
MYPYPATH=types python3 -m mypy --strict --cache-dir "$tools/cache" --ignore-missing-imports ../../conformance/functions/python/main.py
