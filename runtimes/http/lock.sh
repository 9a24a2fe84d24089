# shellcheck shell=sh
# Functions for lock files without addresses; to be sourced, in the folder of a Cargo.toml with a dependency.
#
# A Cargo.lock names the registry's address once for every package, and cargo takes none that leaves it out. Those in this
# repository leave it out all the same; here it is put back, as cargo itself writes it.

# The source that cargo names in a lock file of its own.
crate_source() {
  if [ ! -f Cargo.lock ]; then
    cargo generate-lockfile >&2
  fi
  sed -n '/^source = "registry/{p;q;}' Cargo.lock
}

# The lock file $1, with the source $2 wherever a package has a checksum and none.
with_source() {
  awk -v source="$2" '
    /^\[\[package\]\]/ { named = 0 }
    /^source = / { named = 1 }
    /^checksum = / && !named { print source }
    { print }
  ' "$1"
}
