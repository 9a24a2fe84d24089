#!/bin/sh
# Puts nginx and PHP-FPM, which the images lack, into /bench-out: Debian's packages, without what they bring for a machine to boot.
set -eu

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/state/lists/partial" "$scratch/cache/archives/partial" /bench-out/lib
cd "$scratch"
# Without rights on this system's own lists and caches.
apt() { apt-get -qq -o Dir::State="$scratch/state" -o Dir::Cache="$scratch/cache" "$@"; }
apt update
apt download nginx php8.4-fpm libapparmor1
for package in *.deb; do dpkg-deb --extract "$package" "$scratch"; done
cp usr/sbin/nginx usr/sbin/php-fpm8.4 /bench-out/
cp usr/lib/*/libapparmor.so.1 /bench-out/lib/
