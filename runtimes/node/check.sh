#!/bin/sh
# Unit tests of this image's runtime, and of the one that a machine without an engine has. Run in the build image.
set -eu

cd "$(dirname "$0")"
node --test server/test/*.test.mjs server/test/plain/*.test.mjs
RUNTIME_HOME=/runtime node --test server/test/hang.test.mjs
