#!/bin/sh
# Compiles the servers to compare with into /bench-out.
set -eu
export HOME=/tmp
dart compile exe --output /bench-out/bare /bench/bare.dart
