#!/bin/sh
# `check.sh lint`: formatter, linter and type checker over everything that is Python here; `check.sh test`: unit tests of this
# image's runtime, and of the one that a machine without an engine has. Run in the build image.
set -eu

lint() {
  python3 -m pip install --quiet --no-compile --require-hashes --target "$tools" --requirement /slipway/runtimes/python/check-requirements.txt
  export PYTHONPATH="$tools" RUFF_NO_CACHE=true
  cd /slipway/runtimes/python
  set -- server types example bench ../../conformance/functions/python
  python3 -m ruff format --check --config ruff.toml "$@"
  python3 -m ruff check --config ruff.toml "$@"
  MYPYPATH=server:types python3 -m mypy --strict --cache-dir "$tools/cache" --ignore-missing-imports -p slipway_server -p slipway_worker -p slipway
  MYPYPATH=server/tests:server python3 -m mypy --strict --cache-dir "$tools/cache" server/tests/*.py server/tests/plain/*.py
  MYPYPATH=types python3 -m mypy --strict --cache-dir "$tools/cache" --ignore-missing-imports example/main.py
  MYPYPATH=types python3 -m mypy --strict --cache-dir "$tools/cache" --ignore-missing-imports ../../conformance/functions/python/main.py
}

unit_tests() {
  tests=/slipway/runtimes/python/server/tests plain=$tools/home
  RUNTIME_HOME=$plain sh /slipway/runtimes/python/install.sh
  for home in /runtime "$plain"; do
    RUNTIME_HOME=$home python3 -B -m unittest discover -s "$tests"
  done
  RUNTIME_HOME=$plain PYTHONPATH=$tests:$plain/python python3 -B -m unittest discover -s "$tests/plain"
}

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
case ${1:-} in
lint) lint ;;
test) unit_tests ;;
*) echo "check.sh lint, or check.sh test" >&2 && exit 64 ;;
esac
