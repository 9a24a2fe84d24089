#!/bin/sh
# Puts the server and both scripts into RUNTIME_HOME. Called by the Dockerfile, and by the process engine on a bare machine.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$RUNTIME_HOME"
cp -R "$here/build.sh" "$here/launch.sh" "$here/server" "$RUNTIME_HOME"
