#!/bin/sh
# Puts the server, its dependencies and the two scripts into RUNTIME_HOME, compiled as far as a function lets them be.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${RUNTIME_HOME:?names the folder to install into}

mkdir -p "$home/cargo"
home=$(cd "$home" && pwd)
rm -rf "$home/workspace" "$home/target"
mkdir -p "$home/workspace/src"
cp "$here/build.sh" "$here/launch.sh" "$here/rustc.sh" "$here/../http/lock.sh" "$home/"
chmod 755 "$home/build.sh" "$home/launch.sh" "$home/rustc.sh"
# Laid out as in the repository, so that their paths to each other hold.
for crate in "$here/server" "$here/types"; do
  mkdir -p "$home/workspace/rust/${crate##*/}"
  cp -R "$crate/Cargo.toml" "$crate/src" "$home/workspace/rust/${crate##*/}/"
done
mkdir "$home/workspace/http"
cp -R "$here/../http/Cargo.toml" "$here/../http/src" "$home/workspace/http/"

# What a machine has set up for its cargo, such as a mirror, holds here too.
for settings in "${CARGO_HOME:-$HOME/.cargo}/config.toml" "${CARGO_HOME:-$HOME/.cargo}/credentials.toml"; do
  if [ -f "$settings" ] && [ "${settings%/*}" != "$home/cargo" ]; then
    cp "$settings" "$home/cargo/"
  fi
done

# The program that a function becomes part of. build.sh adds the function to its end.
cat >"$home/workspace/Cargo.toml" <<'END'
[workspace]
exclude = ["function"]

[package]
name = "slipway-program"
version = "0.0.0"
edition = "2024"
publish = false

[[bin]]
name = "program"
path = "src/main.rs"

[profile.release]
codegen-units = 1
strip = "debuginfo"

# serde and tokio have all that functions usually want of them, so that they need not be compiled again.
[dependencies]
serde = { version = "1", features = ["derive"] }
slipway-server = { path = "rust/server" }
tokio = { version = "1.54", features = ["full"] }
END
cat >"$home/workspace/src/main.rs" <<'END'
fn main() -> std::process::ExitCode {
    slipway_server::run(None)
}
END

export CARGO_HOME="$home/cargo" CARGO_TARGET_DIR="$home/target" RUSTC_WRAPPER="$home/rustc.sh"
export SLIPWAY_FOLDER="$home" SLIPWAY_CARGO_HOME="$CARGO_HOME"
cd "$home/workspace"
# shellcheck source=runtimes/http/lock.sh
. "$home/lock.sh"
source=$(crate_source)
if [ -f "$here/Cargo.lock" ]; then
  with_source "$here/Cargo.lock" "$source" >Cargo.lock
fi
cargo build --release --locked

# Launched where there is no built function: it says so to whoever asks.
cp "$home/target/release/program" "$home/not-loaded"
rm -rf "$home/cargo/registry/src"/*/*/tests "$home/target/release/program" "$home/target/release/program.d"
