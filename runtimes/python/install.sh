#!/bin/sh
# Puts the server and what it needs into RUNTIME_HOME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:-/runtime}
python=${PYTHON:-python3}

mkdir -p "$home/python"
rm -rf "$home/python/slipway_server" "$home/python/slipway_worker" "$home/python/slipway"
cp -R "$here/server/slipway_worker" "$here/types/slipway" "$home/python/"
cp "$here/build.sh" "$here/launch.sh" "$home/"

# An image has the compiled server instead, put there before.
if [ ! -x "$home/slipway-front" ]; then
  cp -R "$here/server/slipway_server" "$home/python/"
  PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --disable-pip-version-check \
    --no-cache-dir --no-compile --no-deps --require-hashes --only-binary :all: --upgrade \
    --target "$home/lib" --requirement "$here/server/requirements.txt"
fi

# Compiled here, since a server writes nothing where it is launched.
find "$home" -name __pycache__ -prune -exec rm -rf {} +
"$python" -m compileall -q --invalidation-mode unchecked-hash "$home"
