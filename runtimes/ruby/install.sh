#!/bin/sh
# Puts the server, its Ruby side and the two scripts into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
home=$(cd "$home" && pwd)
rm -rf "${home:?}/server"
mkdir "$home/server"
cp -R "$here/server/main.rb" "$here/server/lib" "$home/server/"
cp "$here/build.sh" "$here/launch.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"

# In an image the program is there already, compiled.
if [ -d "$here/../front" ]; then
  sh "$here/../front/front.sh" build "$home/slipway-front"
fi
