#!/bin/sh
# rustc, less the folders that it happens to run in: they would show in the program, and differ from build to build.
exec "$@" "--remap-path-prefix=$SLIPWAY_FOLDER=/build" "--remap-path-prefix=$SLIPWAY_CARGO_HOME=/cargo"
