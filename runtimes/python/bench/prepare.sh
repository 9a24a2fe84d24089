#!/bin/sh
# Installs what the bare server stands on, and the suggested servers.
set -eu
python3 -m pip install --quiet --no-compile --require-hashes --target /bench-out --requirement /bench/requirements.txt
