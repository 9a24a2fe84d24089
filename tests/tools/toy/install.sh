#!/bin/sh
set -eu

here=$(dirname -- "$0")
cp "$here/build.sh" "$here/launch.sh" "$here/server.py" "$RUNTIME_HOME"
