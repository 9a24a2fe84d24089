#!/bin/sh
# Puts the server, compiled, its PHP side and the two scripts into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
home=$(cd "$home" && pwd)
rm -rf "$home/worker"
mkdir -p "$home/worker"
cp -R "$here/server/worker/main.php" "$here/server/worker/src" "$home/worker/"
cp -R "$here/types/src" "$home/worker/types"
cp "$here/build.sh" "$here/launch.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"

# Compiled where it isn't yet, or is older than its source.
program="$home/slipway-php"
if [ ! -x "$program" ] || [ -n "$(find "$here/server/front" -newer "$program")" ]; then
  sh "$here/front.sh" build "$program"
fi
