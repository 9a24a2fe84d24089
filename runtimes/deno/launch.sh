#!/bin/sh
# Launches what FUNCTION_BUILD holds, or plain source. The server takes this shell's place, so that signals reach it.
set -eu

home=${RUNTIME_HOME:-/runtime}
temporary=${TMPDIR:-/tmp}

# What Deno compiled of the function's process is here. It waits long for a cache that it can't write to: this copy is small.
cache=$home/cache
if [ ! -w "$cache" ]; then
  cache=$(mktemp -d)
  cp -R "$home/cache/." "$cache/"
fi

# What will be launched, as the server finds it too: the build, or the source where nothing was built.
folder=${FUNCTION_BUILD:-/function/build}
source=${FUNCTION_SOURCE:-/function/source}
for entry in "$folder"/* "$folder"/.[!.]* "$folder"/..?*; do
  if [ -e "$entry" ] || [ -L "$entry" ]; then
    source=
    break
  fi
done
if [ -d "$source" ]; then folder=$source; fi

# Flags are words, and nothing else that a shell sees in them.
set -f
flags=${RUNTIME_DENO_FLAGS:-}
everything=
own='unix:{socket}'
network=--allow-net
# Requests die young: V8 would let the young generation grow to four times that, which is no quicker and never given back.
young=--v8-flags=--max-semi-space-size=4
for flag in $flags; do
  case $flag in
  -A | --allow-all) everything=yes ;;
  --deny-net) network=--allow-net=$own ;;
  --allow-net=*) [ "$network" = "--allow-net=$own" ] || network=--allow-net=${flag#*=},$own ;;
  --v8-flags*) young= ;;
  esac
done

# It reads what its user can read, talks to the network, and writes to the folder for temporary files only. It starts no
# programs and loads no native libraries, so it can neither signal the server nor look into it.
set -- run --quiet --no-prompt --no-lock --cached-only --node-modules-dir=manual
if [ -d "$folder/vendor" ]; then set -- "$@" --vendor; fi
if [ -f "$folder/deno.json" ]; then
  set -- "$@" --config "$folder/deno.json"
elif [ -f "$folder/deno.jsonc" ]; then
  set -- "$@" --config "$folder/deno.jsonc"
elif [ ! -f "$folder/package.json" ]; then
  set -- "$@" --no-config
fi
if [ -z "$everything" ]; then
  set -- "$@" --allow-read --allow-write="$temporary" --deny-write="$cache" --allow-env --allow-sys "$network"
fi
if [ -n "$young" ]; then set -- "$@" "$young"; fi
for flag in $flags; do
  case $flag in
  --allow-net | --deny-net | --allow-net=*) ;;
  *) set -- "$@" "$flag" ;;
  esac
done

# Deno has a cache of its own here, and would put a node of its own before the PATH. What these variables were is the
# function's to see.
set -- --socket=path --yields=pong --entrypoint= "--env=DENO_DIR=$cache" --env=DENO_DISABLE_NODE_SHIM=1 -- \
  deno "$@" "$home/server/main.ts" "{socket}" "{folder}" "{entrypoint}" "${DENO_DIR:-}" "${DENO_DISABLE_NODE_SHIM:-}"

secret=${RUNTIME_SECRET:-}
unset RUNTIME_SECRET RUNTIME_SECRET_FD
# Where there is none, the server reads RUNTIME_SECRET_FILE, or says what is missing.
if [ -z "$secret" ]; then
  exec "$home/slipway-front" "$@"
fi

# A process's environment stays readable in /proc: the secret goes through a pipe instead.
export RUNTIME_SECRET_FD=9
exec "$home/slipway-front" "$@" 9<<END
$secret
END
