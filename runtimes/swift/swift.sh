# shellcheck shell=sh
# Sourced: how this runtime compiles and links, for install.sh, build.sh and check.sh. `home` is RUNTIME_HOME.

# No name of a folder gets into what is compiled, so that the same source is the same bytes.
compile() {
  swiftc -O -wmo -swift-version 6 -static-stdlib -parse-as-library -file-prefix-map "$PWD=." "$@"
}

# Adds what the server needs of the C world to where modules are looked for.
modules() {
  printf ' -I %s' "${home:?}/modules" "$home/modules/CLlhttp" "$home/modules/CSlipway"
}

# Links a main program, with the server, into $1. Of the names of functions it keeps those that $2, a file, lists.
link() {
  program=$1
  names=$2
  shift 2
  # shellcheck disable=SC2046 # the words are meant to be several
  swiftc -O -wmo -swift-version 6 -static-stdlib $(modules) "$@" "$home"/objects/*.o -o "$program" \
    -Xlinker -l:libllhttp.a -Xlinker --gc-sections
  objcopy --strip-all --keep-symbols="$names" "$program"
}
