#!/bin/sh
# Builds FUNCTION_SOURCE into FUNCTION_BUILD: the source with the modules that it imports, in node_modules and vendor.
set -eu

source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}

if [ ! -d "$source" ]; then
  echo "FUNCTION_SOURCE is $source: there is no such folder" >&2
  exit 66
fi
entrypoint=
for name in ${RUNTIME_ENTRYPOINT:-main.ts mod.ts index.ts main.js mod.js index.js}; do
  if [ -f "$source/$name" ]; then
    entrypoint=$name
    break
  fi
done
if [ -z "$entrypoint" ]; then
  echo "$source holds no function: add main.ts, or name its file in RUNTIME_ENTRYPOINT" >&2
  exit 66
fi

mkdir -p "$build"
if [ -n "$(ls -A "$build")" ]; then
  # An earlier build, maybe: the result must come from this source alone.
  find "$build" -mindepth 1 -delete
fi

# Everything that Deno keeps for itself goes here.
scratch=$(mktemp -d)
finish() {
  status=$?
  trap - EXIT
  rm -rf "$scratch"
  [ "$status" -eq 0 ] || find "$build" -mindepth 1 -delete
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Links are kept as links, so that none of them brings in what lies outside the source.
# What the source holds, and not the source: the build may be another's folder, whose own mode can't be set.
(cd "$source" && find . -mindepth 1 -maxdepth 1 -print0) |
  tar -C "$source" --exclude=./node_modules --exclude=./vendor --exclude=./.git --null -T - -cf - |
  tar -C "$build" -xf - --no-same-owner

cd "$build"
export DENO_DIR="$scratch/deno" DENO_NO_UPDATE_CHECK=1 NO_COLOR=1
config=--no-config
if [ -f package.json ]; then config=; fi
for name in deno.json deno.jsonc; do
  if [ -f "$name" ]; then config="--config=$name"; fi
done
frozen=--no-lock
if [ -f deno.lock ]; then frozen=--frozen; fi
deno install --quiet --allow-import $config $frozen --vendor --node-modules-dir=auto --entrypoint "$entrypoint"
# Deno's notes to itself: what they say depends on where and when the build ran.
rm -f node_modules/.deno/.deno.lock node_modules/.deno/.setup-cache.bin

# The same source is the same bytes: times and modes don't depend on when and by whom it was built.
find "$build" -mindepth 1 ! -type l -exec chmod u+rwX,go+rX,go-w {} +
find "$build" -mindepth 1 -exec touch -h -d @0 {} +
echo "built $(find "$build" -type f | wc -l) files into $build"
