#!/bin/sh
# Installs the suggested servers for the bench.
set -eu
python3 -m pip install --quiet --no-compile --require-hashes --target /bench-out --requirement /bench/requirements.txt
