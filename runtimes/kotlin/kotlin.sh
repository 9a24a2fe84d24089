# shellcheck shell=sh
# Functions for the scripts beside it; to be sourced where $home is the runtime's folder.

# The options of a quiet virtual machine that starts fast. What is warned of is the libraries' business.
quick="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED
  -Xlog:disable -Xlog:all=error:stderr"
# How the server is compiled: classes where there could be code that is made at each start, and every warning an error.
# shellcheck disable=SC2034
server_options="-Xlambdas=class -Xsam-conversions=class -Xstring-concat=inline -Wextra -Werror"

# The JDK to work with: Debian's, or the one that is on the path.
jdk() {
  debians=/usr/lib/jvm/java-25-openjdk-$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
  if [ -x "$debians/bin/javac" ]; then
    echo "$debians"
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
  JAVA_HOME=$(jdk) MAVEN_OPTS=$quick \
    mvn --batch-mode --no-transfer-progress --quiet --file "$1/pom.xml" \
    "-Dmaven.repo.local=$3" "-Dmaven.repo.local.tail=${home:?}/maven" "-Dnetty.platform=linux-$(uname -m | sed 's/aarch64/aarch_64/')" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    "-DoutputDirectory=$2" -DincludeScope=runtime
}

# Fails where a jar of folder $1 is not what the list $2 has for it. What is made for one platform has a line for each.
check() {
  (
    cd "$1" || exit
    for jar in *.jar; do
      if [ -e "$jar" ] && ! grep -F "  $jar" "$2" | sha256sum --check --strict --status 2>/dev/null; then
        echo "$jar is not what $2 says" >&2
        exit 65
      fi
    done
  )
}

# Runs the compiler in $home/compiler.
kotlinc() {
  # shellcheck disable=SC2086
  "$(jdk)/bin/java" $quick "${COMPILER_OPTION:--XX:AOTCache=$home/compiler.aot}" \
    -cp "$(jars "$home/compiler")" org.jetbrains.kotlin.cli.jvm.K2JVMCompiler \
    -no-stdlib -no-reflect -jvm-target 24 "-Xplugin=$(echo "$home"/compiler/kotlin-serialization-compiler-plugin*)" "$@"
}
