#!/bin/sh
# Builds FUNCTION_SOURCE into FUNCTION_BUILD: the source with the dependencies that its package.json declares.
set -eu

home=${RUNTIME_HOME:-/runtime}
source=${FUNCTION_SOURCE:-/function/source}
build=${FUNCTION_BUILD:-/function/build}
PATH="$home/bin:$PATH"

if [ ! -d "$source" ]; then
  echo "FUNCTION_SOURCE is $source: there is no such folder" >&2
  exit 66
fi
entrypoint=
for name in ${RUNTIME_ENTRYPOINT:-index.js index.mjs index.cjs index.ts}; do
  if [ -f "$source/$name" ]; then
    entrypoint=$name
    break
  fi
done
if [ -z "$entrypoint" ]; then
  echo "$source holds no function: add index.js, or name its file in RUNTIME_ENTRYPOINT" >&2
  exit 66
fi

mkdir -p "$build"
if [ -n "$(ls -A "$build")" ]; then
  # An earlier build, maybe: the result must come from this source alone.
  find "$build" -mindepth 1 -delete
fi

# Everything that npm keeps for itself goes here.
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

# What npm installs anew is not copied; packages that came without a package.json are.
declared=
if [ -f "$source/package.json" ]; then declared=yes; fi
# Links are kept as links, so that none of them brings in what lies outside the source.
# What the source holds, and not the source: the build may be another's folder, whose own mode can't be set.
(cd "$source" && find . -mindepth 1 -maxdepth 1 -print0) |
  tar -C "$source" ${declared:+--exclude=./node_modules} --exclude=./.git --null -T - -cf - | tar -C "$build" -xf - --no-same-owner

cd "$build"
if [ -f package.json ]; then
  export HOME="$scratch" npm_config_cache="$scratch/cache" npm_config_update_notifier=false
  export npm_config_audit=false npm_config_fund=false npm_config_loglevel="${npm_config_loglevel:-warn}"
  if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then
    npm ci --omit=dev
  elif node -e 'const { dependencies, optionalDependencies } = JSON.parse(require("fs").readFileSync("package.json", "utf8"));
      process.exit(Object.keys({ ...dependencies, ...optionalDependencies }).length > 0 ? 0 : 1)'; then
    npm install --omit=dev --no-package-lock
  fi
  # npm's note to itself: what it says depends on where and when the build ran.
  rm -f node_modules/.package-lock.json
fi

# The same source is the same bytes: times and modes don't depend on when and by whom it was built.
find "$build" -mindepth 1 ! -type l -exec chmod u+rwX,go+rX,go-w {} +
find "$build" -mindepth 1 -exec touch -h -d @0 {} +
echo "built $(find "$build" -type f | wc -l) files into $build"
