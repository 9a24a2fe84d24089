#!/bin/sh
set -eu

if [ -e "$FUNCTION_SOURCE/broken" ]; then
  echo "the compiler says no" >&2
  exit 3
fi
cp -R "$FUNCTION_SOURCE/." "$FUNCTION_BUILD"
