#!/bin/sh
# Puts the server and the two scripts into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
rm -rf "$home/server"
mkdir "$home/server"
cp -R "$here/server/plain" "$home/server/plain"
cp -R "$here/server/function" "$home/server/function"
cp "$here/build.sh" "$here/launch.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"
