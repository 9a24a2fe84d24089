#!/bin/sh
# Puts the gems of the servers that are compared, which the launch image lacks, into /bench-out.
set -eu
for gem in nio4r puma; do
  ruby -e 'puts Gem::Specification.find_by_name(ARGV[0]).full_require_paths' "$gem" | while read -r path; do
    cp -R "$path"/. /bench-out/
  done
done
