# shellcheck shell=sh
# Functions for the scripts beside it; to be sourced where $home is the runtime's folder.

# The JDK to work with: the newest of Debian's, or the one that is on the path.
jdk() {
  if [ -n "${SLIPWAY_JDK:-}" ]; then
    echo "$SLIPWAY_JDK"
  elif [ -x /usr/lib/jvm/java-25-openjdk-"$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')"/bin/java ]; then
    echo /usr/lib/jvm/java-25-openjdk-"$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')"
  else
    dirname "$(dirname "$(readlink -f "$(command -v java)")")"
  fi
}

# The jars of folders as a class path, in an order that is the same everywhere.
jars() (
  LC_ALL=C
  path=
  for folder in "$@"; do
    for jar in "$folder"/*.jar; do
      if [ -e "$jar" ]; then path=$path:$jar; fi
    done
  done
  echo "${path#:}"
)

# Copies all that the pom.xml in $1 declares, and what that needs, into $2. Maven keeps what it fetches in $3.
fetch() {
  JAVA_HOME=$(jdk) MAVEN_OPTS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED" \
    mvn --batch-mode --no-transfer-progress --quiet --file "$1/pom.xml" \
    "-Dmaven.repo.local=$3" "-Dmaven.repo.local.tail=${home:-}/maven" "-Dnetty.platform=linux-$(uname -m | sed 's/aarch64/aarch_64/')" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    "-DoutputDirectory=$2" -DincludeScope=runtime
}

# Fails unless folder $1 holds just what the list $2 says. What is made for one platform has a line for each.
check() {
  mkdir -p "$1"
  (
    cd "$1"
    for jar in *.jar; do
      [ -e "$jar" ] || continue
      if ! grep -F "  $jar" "$2" | sha256sum --check --strict --status; then
        echo "$jar is not what $2 says" >&2
        exit 65
      fi
    done
  )
}

# Runs the compiler of the folder $home/compiler, as fast as it starts.
kotlinc() {
  "$(jdk)/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 ${COMPILER_OPTION:--XX:AOTCache=$home/compiler.aot -Xlog:aot=off -Xlog:cds=off} \
    -cp "$(jars "$home/compiler")" org.jetbrains.kotlin.cli.jvm.K2JVMCompiler \
    -no-stdlib -no-reflect -jvm-target 24 "-Xplugin=$(find "$home/compiler" -name 'kotlin-serialization-compiler-plugin*')" "$@"
}
