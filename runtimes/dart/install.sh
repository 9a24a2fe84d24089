#!/bin/sh
# Puts the server's source, the two scripts and a program that has no function into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
home=$(cd "$home" && pwd)
rm -rf "$home/server" "$home/types"
for package in server types; do
  mkdir "$home/$package"
  cp -R "$here/$package/lib" "$here/$package/pubspec.yaml" "$home/$package/"
done
cp "$here/build.sh" "$here/launch.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch" PUB_CACHE="$scratch/cache"
cp -R "$home/server" "$home/types" "$scratch/"
cp -R "$here/server/bin" "$scratch/server/"
cd "$scratch/server"
dart pub get --offline >/dev/null
dart compile exe --output "$home/not-loaded" bin/not_loaded.dart
