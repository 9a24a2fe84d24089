#!/bin/sh
# Puts the server, its Deno side and the two scripts into RUNTIME_HOME, with what Deno compiles.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home"
home=$(cd "$home" && pwd)
rm -rf "${home:?}/server" "$home/cache"
mkdir "$home/server" "$home/cache"
cp "$here"/server/*.ts "$home/server/"
cp "$here/build.sh" "$here/launch.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh"

# In an image the program is there already, compiled.
if [ -d "$here/../front" ]; then
  sh "$here/../front/front.sh" build "$home/slipway-front"
fi

# A first launch fills the cache: later ones find nothing to compile. A loopback address of its own keeps the port free.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/function"
echo 'export default (_req, res) => res.send();' >"$scratch/function/main.js"
: >"$scratch/log"
FUNCTION_BUILD="$scratch/function" RUNTIME_HOME="$home" RUNTIME_HOST=127.19.0.83 RUNTIME_SECRET=first-launch \
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
