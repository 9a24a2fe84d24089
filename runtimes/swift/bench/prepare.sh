#!/bin/sh
# Compiles the bare server into /bench-out.
set -eu

home=${RUNTIME_HOME:-/runtime}
swiftc -O -wmo -swift-version 6 -static-stdlib -module-name bare -I "$home/modules" -I "$home/modules/CLlhttp" \
  /bench/bare/main.swift "$home/objects/Slipway.o" -o /bench-out/bare \
  -Xlinker -l:libllhttp.a -Xlinker --gc-sections -Xlinker -s
