#!/bin/sh
# Builds FUNCTION_SOURCE into FUNCTION_BUILD. Install here what the function declares (13.2), the same bytes each time (13.4).
set -eu

source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}

if [ ! -d "$source" ]; then
  echo "FUNCTION_SOURCE is $source: there is no such folder" >&2
  exit 66
fi
cp -R "$source/." "$build"
