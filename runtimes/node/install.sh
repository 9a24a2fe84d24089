#!/bin/sh
# Puts the server and the two scripts into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
rm -rf "$home/server"
mkdir "$home/server"
cp -R "$here/server/function" "$home/server/function"
# An image has the compiled server instead, put there before.
if [ ! -x "$home/slipway-front" ]; then
  cp -R "$here/server/plain" "$home/server/plain"
fi
cp "$here/build.sh" "$here/launch.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"
