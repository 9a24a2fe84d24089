#!/bin/sh
# Puts the server and the two scripts into RUNTIME_HOME, with what Deno compiles of the server.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
rm -rf "$home/server" "$home/cache"
mkdir "$home/server" "$home/cache"
cp "$here"/server/*.ts "$home/server/"
cp -R "$here/server/function" "$home/server/function"
cp "$here/build.sh" "$here/launch.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"

# The server's HTTP parser is one file of a package. Its lock says which bytes are taken.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$here/llhttp/." "$scratch"
(cd "$scratch" && DENO_DIR="$scratch/deno" deno run --quiet --frozen --allow-all --node-modules-dir=none extract.ts "$home/server/llhttp.wasm")

# A first launch fills the cache: later ones find nothing to compile. A loopback address of its own keeps the port free.
echo 'export default (_req, res) => res.send();' >"$scratch/main.js"
: >"$scratch/log"
FUNCTION_BUILD="$scratch" RUNTIME_HOME="$home" RUNTIME_HOST=127.19.0.83 RUNTIME_SECRET=first-launch \
  "$home/launch.sh" >"$scratch/log" 2>&1 &
server=$!
tries=0
until grep -q 'listening on' "$scratch/log"; do
  tries=$((tries + 1))
  if ! kill -0 "$server" 2>/dev/null || [ "$tries" -gt 200 ]; then
    cat "$scratch/log" >&2
    echo "the server did not start: see above" >&2
    exit 1
  fi
  sleep 0.1
done
kill "$server"
wait "$server"

# What the databases of the cache have in their logs goes into themselves: whoever copies them copies less.
cat >"$scratch/settle.js" <<'END'
import { DatabaseSync } from "node:sqlite";

for (const { name } of Deno.readDirSync(Deno.args[0])) {
  if (!/_cache_v[0-9]+$/.test(name)) continue;
  const database = new DatabaseSync(`${Deno.args[0]}/${name}`);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}
END
DENO_DIR="$scratch/deno" deno run --quiet --allow-all --no-config "$scratch/settle.js" "$home/cache"
chmod -R a+rX "$home/cache"
